"""A report read back from its JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dockgrader.report.model import (
    SCHEMA,
    AssignmentReport,
    CheckReport,
    HostReport,
    Report,
    Status,
    TaskReport,
)


def report_from(raw: Any) -> Report:
    """The report in what `json.loads` gave. Raises ValueError when it is none, or has not all of its fields."""
    try:
        if raw["schema"] != SCHEMA:
            raise ValueError(f"its schema is {str(raw['schema'])[:60]!r}")
        return _report(raw)
    except (LookupError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError(f"it is no report ({type(error).__name__}: {str(error)[:60]})") from None


def _report(raw: Mapping[str, Any]) -> Report:
    assignment, host = raw["assignment"], raw["host"]
    details = {name: _text(host[name]) for name in ("engine", "api", "cgroup_version", "cgroup_driver")}
    return Report(
        status=str(raw["status"]),
        error=_text(raw["error"]),
        lang=str(raw["lang"]),
        assignment=AssignmentReport(*(str(assignment[name]) for name in ("id", "title", "digest"))),
        host=HostReport(str(host["name"]), **details),
        started_at=str(raw["started_at"]),
        duration_s=_number(raw["duration_s"]) or 0.0,
        score=_number(raw["score"]),
        max_score=_number(raw["max_score"]) or 0,
        tasks=tuple(_task(task) for task in raw["tasks"]),
    )


def _task(raw: Mapping[str, Any]) -> TaskReport:
    return TaskReport(
        id=str(raw["id"]),
        title=str(raw["title"]),
        score=_number(raw["score"]),
        max_score=_number(raw["max_score"]) or 0,
        checks=tuple(_check(check) for check in raw["checks"]),
    )


def _check(raw: Mapping[str, Any]) -> CheckReport:
    return CheckReport(
        id=str(raw["id"]),
        title=str(raw["title"]),
        status=Status(raw["status"]),
        code=str(raw["code"]),
        score=_number(raw["score"]),
        max_score=_number(raw["max_score"]) or 0,
        expected=raw["expected"],
        actual=raw["actual"],
        message=str(raw["message"]),
        hint=str(raw["hint"]),
    )


def _text(raw: Any) -> str | None:
    return None if raw is None else str(raw)


def _number(raw: Any) -> float | None:
    if raw is not None and (isinstance(raw, bool) or not isinstance(raw, int | float)):
        raise ValueError(f"{str(raw)[:40]!r} is no number")
    return raw
