"""Classes as tests want them."""

from __future__ import annotations

import dataclasses
from typing import Any

from dockgrader.report.class_report import (
    CheckOutline,
    ClassReport,
    Source,
    Standing,
    StudentRow,
    TaskOutline,
)
from dockgrader.report.model import AssignmentReport, Status, total
from tests.report.reports import a_check, a_task

CHECKS = (CheckOutline("memory", "Memory is limited", 2), CheckOutline("cpus", "CPU is limited", 1))


def a_student(student: str = "anna", *statuses: Status, **fields: Any) -> StudentRow:
    """A student with these verdicts on the checks of `CHECKS`; without a status, nothing was tried."""
    if not statuses:
        given: dict[str, Any] = {"standing": Standing.MISSING, "reason": "Not tried yet", "code": "missing"}
        return StudentRow(student, **(given | fields))
    checks = [
        a_check(status, id=outline.id, title=outline.title, max_score=outline.max_score)
        for outline, status in zip(CHECKS, statuses, strict=True)
    ]
    task = a_task(*checks)
    unread = task.score is None
    given = {
        "standing": Standing.UNOBSERVED if unread else Standing.GRADED,
        "score": total([task.score]),
        "reason": "Connection refused" if unread else "",
        "code": "ssh.refused" if unread else "",
        "source": Source.HOST,
        "attempts": (1,),
        "at": "2026-03-01T18:05:00+00:00",
        "tasks": (task,),
    }
    return StudentRow(student, **(given | fields))


PASSED = (Status.PASSED, Status.PASSED)
UNREAD = (Status.PASSED, Status.ERROR)


def a_class(*students: StudentRow, **fields: Any) -> ClassReport:
    """A class on an assignment of one task, out of 3 points."""
    report = ClassReport(
        assignment=AssignmentReport("homework-1", "Homework 1", "sha256:0"),
        lang="en",
        max_score=3,
        tasks=(TaskOutline("limits", "Limits", 3, CHECKS),),
        students=students,
    )
    return dataclasses.replace(report, **fields)
