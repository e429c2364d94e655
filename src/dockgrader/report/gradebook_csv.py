"""The gradebook as plain CSV: a row a student, then the roster's own columns."""

from __future__ import annotations

from dockgrader.report.cells import cell, number, table
from dockgrader.report.class_report import ClassReport, StudentRow

COLUMNS = ("student", "score", "max_score", "status", "reason", "code", "source", "graded_at", "attempts")


def render(report: ClassReport) -> str:
    """UTF-8 text. Who could not be observed has an empty score and a reason.

    A task's score stands in `task.ID`, a roster's column under its own name, or as `roster.NAME` where that is taken.
    """
    taken = [*COLUMNS, *(f"task.{task.id}" for task in report.tasks)]
    own = list(dict.fromkeys(name for row in report.students for name in row.roster))
    headings = [f"roster.{name}" if name in taken else name for name in own]
    rows = [[cell(name) for name in (*taken, *headings)]]
    for row in report.students:
        rows.append([*_fixed(report, row), *(cell(row.roster.get(name, "")) for name in own)])
    return table(rows)


def _fixed(report: ClassReport, row: StudentRow) -> list[str]:
    results = [row.task(task.id) for task in report.tasks]
    return [
        cell(row.student),
        number(row.score),
        number(report.max_score),
        row.standing,
        cell(row.reason),
        cell(row.code),
        row.source or "",
        cell(row.at),
        "+".join(str(attempt) for attempt in row.attempts),
        *(number(result.score if result else None) for result in results),
    ]
