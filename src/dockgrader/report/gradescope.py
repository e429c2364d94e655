"""The report as Gradescope's results.json.

A report without a score has no `score` at all, neither at the top nor on any test: Gradescope demands one of the
two and else says that the autograder failed, for an instructor to run it again. A partial sum, or a zero, would be
taken for the mark.
"""

from __future__ import annotations

import json
from typing import Any

from dockgrader.report.model import CheckReport, Report, Status, TaskReport
from dockgrader.report.plain import clean, value
from dockgrader.report.words import details, host_line, words

_VISIBILITIES = ("visible", "hidden", "after_due_date", "after_published")


def render(report: Report) -> str:
    """The results; texts are marked as plain text, so that nothing in them is HTML or Markdown."""
    spoken = words(report.lang)
    output = [] if report.score is not None else [spoken["unobserved"], clean(report.error or "", 2000)]
    output.append(f"{spoken['host']}: {clean(host_line(report))}")
    result: dict[str, Any] = {
        "output": "\n".join(output),
        "output_format": "text",
        "test_name_format": "text",
        "test_output_format": "text",
        "execution_time": max(1, round(report.duration_s)),
        "stdout_visibility": "hidden",
        "tests": [
            _test(report, task, number, place, check)
            for number, task in enumerate(report.tasks, 1)
            for place, check in enumerate(task.checks, 1)
        ],
    }
    if report.score is not None:
        result = {"score": report.score, **result}
    return json.dumps(result, indent=2, ensure_ascii=True) + "\n"


def _test(report: Report, task: TaskReport, number: int, place: int, check: CheckReport) -> dict[str, Any]:
    test: dict[str, Any] = {
        "name": clean(f"{task.id}/{check.id}: {check.title}"),
        "name_format": "text",
        "number": f"{number}.{place}",
        "max_score": check.max_score,
        "output": _output(check, report.lang),
        "output_format": "text",
        "visibility": check.visibility if check.visibility in _VISIBILITIES else "hidden",
        "extra_data": {"status": str(check.status), "code": clean(check.code)},
    }
    if report.score is not None:
        test["score"] = check.score
        test["status"] = "passed" if check.status is Status.PASSED else "failed"
    return test


def _output(check: CheckReport, lang: str) -> str:
    spoken = words(lang)
    lines = [f"{spoken[check.status.value]}: {clean(check.message)}"]
    lines += [f"{spoken[word]}: {value(found)}" for word, found in details(check)]
    lines += [f"{spoken['see']}: {clean(command, 1000)}" for command in check.shown_by]
    return "\n".join(lines)
