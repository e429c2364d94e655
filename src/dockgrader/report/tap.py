"""The report as flat TAP, one line a check (testanything.org, version 13, which every reader knows)."""

from __future__ import annotations

from dockgrader.report.model import CheckReport, Report, Status, TaskReport
from dockgrader.report.plain import clean
from dockgrader.report.words import points, words


def render(report: Report) -> str:
    """The plan and a line for each check. What was not observed is `not ok` and says so: it is no pass."""
    checks = [(task, check) for task in report.tasks for check in task.checks]
    spoken = words(report.lang)["error"]
    lines = [_line(number, task, check, spoken) for number, (task, check) in enumerate(checks, 1)]
    return "\n".join(["TAP version 13", f"1..{len(checks)}", *lines]) + "\n"


def _line(number: int, task: TaskReport, check: CheckReport, unobserved: str) -> str:
    name = _escaped(f"{task.id}/{check.id}: {check.title} [{points(check.score, check.max_score)}]")
    message = _escaped(check.message)
    if check.status is Status.PASSED:
        return f"ok {number} - {name}"
    if check.status is Status.SKIPPED:
        return f"ok {number} - {name} # SKIP {message}".rstrip()
    told = f"{unobserved}: {message}" if check.status is Status.ERROR else message
    return f"not ok {number} - {name} - {told}".rstrip()


def _escaped(text: str) -> str:
    """One line in which `#` begins no directive."""
    return clean(text).replace("\\", "\\\\").replace("#", "\\#")
