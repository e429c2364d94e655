"""The report for the log of a GitHub job: annotations, then the table.

The runner takes commands (`::error …::`, `##[…]`) from whatever a job prints, so text of the student's is either
the data of an annotation, in one escaped line, or stands between `::stop-commands::TOKEN` and `::TOKEN::`.
"""

from __future__ import annotations

import secrets

from dockgrader.report import table
from dockgrader.report.model import CheckReport, Report, Status, TaskReport
from dockgrader.report.plain import clean
from dockgrader.report.words import lost, points, words

MOST_ANNOTATIONS = 10
"""GitHub shows ten of a kind a step."""


def render(report: Report, token: str | None = None) -> str:
    """Annotations, the most costly first, and the table with commands stopped by a token that nobody guesses."""
    token = token or secrets.token_hex(16)
    return "\n".join(
        [
            *annotated(report),
            f"::stop-commands::{token}",
            table.render(report).rstrip("\n"),
            f"::{token}::",
            "",
        ]
    )


def annotated(report: Report) -> list[str]:
    """At most ten lines: errors for failed checks, warnings for what was not observed, each cause once."""
    spoken = words(report.lang)
    told = [
        (task, check)
        for task in report.tasks
        for check in task.checks
        if check.status in (Status.FAILED, Status.ERROR) and check.code != "prerequisite.error"
    ]
    costly = sorted(told, key=lambda pair: (pair[1].status is not Status.FAILED, -lost(pair[1])))
    lines = list(dict.fromkeys(_annotation(task, check, spoken["error"]) for task, check in costly))
    if len(lines) > MOST_ANNOTATIONS:
        count = len(lines) - MOST_ANNOTATIONS + 1
        rest = _command("notice", report.assignment.title, spoken["more"].format(count=count))
        lines = [*lines[: MOST_ANNOTATIONS - 1], rest]
    return lines


def _annotation(task: TaskReport, check: CheckReport, unobserved: str) -> str:
    if check.status is Status.ERROR:
        return _command("warning", unobserved, check.message)
    title = f"{task.id}/{check.id}: {check.title} ({points(check.score, check.max_score)})"
    return _command("error", title, f"{check.message} {check.hint}".strip())


def _command(name: str, title: str, text: str) -> str:
    """A workflow command; the escapes are those that the runner takes back."""
    data = clean(text, 1000).replace("%", "%25")
    plain = clean(title, 200).replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
    return f"::{name} title={plain or name}::{data or name}"
