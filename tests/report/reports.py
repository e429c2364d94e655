"""Reports as tests want them."""

from __future__ import annotations

import dataclasses
from typing import Any

from dockgrader.report.model import (
    AssignmentReport,
    CheckReport,
    HostReport,
    Report,
    Status,
    TaskReport,
    total,
)

_CHECK = CheckReport("memory", "Memory is limited", Status.PASSED, "ok", 2, 2, None, None, "As expected.", "")


def a_check(status: Status = Status.PASSED, **fields: Any) -> CheckReport:
    """A check with the score that belongs to its status."""
    scores = {Status.PASSED: fields.get("max_score", 2), Status.ERROR: None}
    given = {"status": status, "score": scores.get(status, 0)} | fields
    return dataclasses.replace(_CHECK, **given)


def a_task(*checks: CheckReport, **fields: Any) -> TaskReport:
    """A task with the sum of its checks."""
    score, most = total(check.score for check in checks), total(check.max_score for check in checks) or 0
    return dataclasses.replace(TaskReport("limits", "Limits", score, most, checks), **fields)


def a_report(*tasks: TaskReport, **fields: Any) -> Report:
    """A report with the sum of its tasks."""
    score = total(task.score for task in tasks)
    report = Report(
        status="error" if score is None else "graded",
        error=None,
        lang="en",
        assignment=AssignmentReport("homework-1", "Homework 1", "sha256:0"),
        host=HostReport("unix:///var/run/docker.sock", "20.10.24", "1.41", "1", "cgroupfs"),
        started_at="2026-03-01T10:05:00+00:00",
        duration_s=0.5,
        score=score,
        max_score=total(task.max_score for task in tasks) or 0,
        tasks=tasks,
    )
    return dataclasses.replace(report, **fields)
