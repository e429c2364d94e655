"""Report, Verdict and Status: what grading says, and the JSON contract `dockgrader.report/1`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import field
from enum import StrEnum
from typing import Any

from dockgrader.frozen import dataclass

SCHEMA = "dockgrader.report/1"


class Status(StrEnum):
    """What became of a check. An `error` is never the student's, and never scores."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Verdict:
    """What a judge says of one check.

    `expected` and `actual` are raw JSON values (bytes, billionths of a CPU, `-1`, `max`); `params` fill the
    texts that belong to `code`.
    """

    status: Status
    code: str
    expected: Any = None
    actual: Any = None
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class FactReport:
    """A fact that a judge read: its name, the command that shows the same, when, and what came of it.

    `at` is ISO 8601 in UTC, empty when no answer came in time. `excerpt` is the beginning of the answer as JSON
    text of several lines, or the reason why there is none when `hidden`; secrets are redacted before.
    """

    name: str
    shown_by: str
    at: str
    excerpt: str
    hidden: bool = False


@dataclass(frozen=True)
class CheckReport:
    """One check's verdict with its points and texts; `shown_by` are commands that show the same by hand.

    `facts` are those that the judge read, in its order; `visibility` says when students see the check where
    points are handed out (Gradescope). Neither belongs to the JSON contract.
    """

    id: str
    title: str
    status: Status
    code: str
    score: float | None
    max_score: float
    expected: Any
    actual: Any
    message: str
    hint: str
    shown_by: tuple[str, ...] = ()
    facts: tuple[FactReport, ...] = ()
    visibility: str = "visible"


@dataclass(frozen=True)
class TaskReport:
    """One task; its score is null as soon as one of its checks could not be observed."""

    id: str
    title: str
    score: float | None
    max_score: float
    checks: tuple[CheckReport, ...]
    note: str = ""


@dataclass(frozen=True)
class AssignmentReport:
    """Which assignment was graded; `digest` is the SHA-256 of its file."""

    id: str
    title: str
    digest: str


@dataclass(frozen=True)
class HostReport:
    """Which host was graded; everything but the name is null when it could not be read."""

    name: str
    engine: str | None = None
    api: str | None = None
    cgroup_version: str | None = None
    cgroup_driver: str | None = None


@dataclass(frozen=True)
class Report:
    """All that one grading of one assignment on one host says. Times are ISO 8601 in UTC, seconds."""

    status: str
    error: str | None
    lang: str
    assignment: AssignmentReport
    host: HostReport
    started_at: str
    duration_s: float
    score: float | None
    max_score: float
    tasks: tuple[TaskReport, ...]

    @property
    def percent(self) -> float | None:
        """The score in percent of the maximum; null when something could not be observed."""
        if self.score is None:
            return None
        return 100.0 * self.score / self.max_score if self.max_score else 100.0


def total(scores: Iterable[float | None]) -> float | None:
    """The sum of points, null as soon as one is null; rounded so that 0.1 + 0.2 is 0.3."""
    known = []
    for score in scores:
        if score is None:
            return None
        known.append(score)
    return whole(round(math.fsum(known), 6))


def whole(number: float) -> float:
    """An int where the number is one, so that JSON says 10 and not 10.0."""
    return int(number) if number == int(number) else number


def to_json(report: Report) -> dict[str, Any]:
    """The report as the JSON contract names it: exactly these keys, null where nothing could be read."""
    return {
        "schema": SCHEMA,
        **_picked(report, "status", "error", "lang"),
        "assignment": _picked(report.assignment, "id", "title", "digest"),
        "host": _picked(report.host, "name", "engine", "api", "cgroup_version", "cgroup_driver"),
        **_picked(report, "started_at", "duration_s", "score", "max_score"),
        "tasks": [_task_json(task) for task in report.tasks],
    }


def _task_json(task: TaskReport) -> dict[str, Any]:
    checks = [
        _picked(
            check,
            *("id", "title", "status", "code", "score", "max_score"),
            *("expected", "actual", "message", "hint"),
        )
        for check in task.checks
    ]
    return {**_picked(task, "id", "title", "score", "max_score"), "checks": checks}


def _picked(thing: object, *names: str) -> dict[str, Any]:
    return {name: getattr(thing, name) for name in names}
