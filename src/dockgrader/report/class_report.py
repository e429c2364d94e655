"""A whole class's results, as gradebooks and the class page show them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import field
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from dockgrader.frozen import dataclass
from dockgrader.report.model import AssignmentReport, TaskReport, whole


class Standing(StrEnum):
    """Where a student stands. Only who is graded has a score."""

    GRADED = "graded"
    UNOBSERVED = "unobserved"
    """Something could not be observed, for a reason that is not the student's."""
    MISSING = "missing"
    """Nothing was tried yet."""


class Source(StrEnum):
    """Who read the facts that were graded."""

    HOST = "host"
    STUDENT_PROVIDED = "student-provided"


@dataclass(frozen=True)
class CheckOutline:
    """A column of the heat map."""

    id: str
    title: str
    max_score: float


@dataclass(frozen=True)
class TaskOutline:
    """A task as the assignment has it."""

    id: str
    title: str
    max_score: float
    checks: tuple[CheckOutline, ...] = ()


@dataclass(frozen=True)
class StudentRow:
    """One student: the score is null unless graded, and then `reason` says why.

    `roster` holds the roster's own columns as they stand there; `attempts` are the numbers of those attempts that
    the result is made of; `at` is ISO 8601 in UTC, empty when nothing was tried.
    """

    student: str
    standing: Standing
    score: float | None = None
    reason: str = ""
    code: str = ""
    source: Source | None = None
    at: str = ""
    attempts: tuple[int, ...] = ()
    tasks: tuple[TaskReport, ...] = ()
    name: str = ""
    email: str = ""
    host: str = ""
    roster: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if (self.score is not None) != (self.standing is Standing.GRADED):
            raise ValueError(f"{self.student}: a score belongs to who is graded, and to nobody else")

    def task(self, task_id: str) -> TaskReport | None:
        """The student's result of a task; None when there is none."""
        return next((task for task in self.tasks if task.id == task_id), None)


class Strength(StrEnum):
    """How much it says that two machines share something."""

    STRONG = "strong"
    """It comes into being while the work is done, at random: a container's id."""
    WEAK = "weak"
    """It comes with a machine's image, so that clones share it: an SSH host key."""
    EXPLAINED = "explained"
    """The roster gives these students one machine, or most of the class shares it."""


@dataclass(frozen=True)
class Hint:
    """Something that several students' machines share. A hint to look, never a score."""

    strength: Strength
    what: str
    """`container`, `volume`, `engine`, `host-key`, `machine-id`."""
    values: tuple[str, ...]
    students: tuple[str, ...]
    why: str = ""
    """Of an explained one: `roster` or `class`."""


@dataclass(frozen=True)
class ClassReport:
    """All that a run folder says of a class. `graded_to` is the newest attempt's time, empty when there is none."""

    assignment: AssignmentReport
    lang: str
    max_score: float
    tasks: tuple[TaskOutline, ...]
    students: tuple[StudentRow, ...]
    keep: str = "best"
    graded_to: str = ""
    hints: tuple[Hint, ...] = ()
    scaled_from: float | None = None

    def count(self, standing: Standing) -> int:
        """How many students stand so."""
        return sum(row.standing is standing for row in self.students)


def scaled(report: ClassReport, maximum: float) -> ClassReport:
    """The same class with scores out of `maximum`, each rounded half up to two decimals.

    Each score is scaled from its exact value, so the tasks' rounded ones can differ from the whole by a hundredth or
    two. Checks keep the assignment's own points.
    """
    if not report.max_score:
        return report

    def score(points: float | None) -> float | None:
        return None if points is None else rescaled(points, report.max_score, maximum)

    def task(result: TaskReport) -> TaskReport:
        most = rescaled(result.max_score, report.max_score, maximum)
        return dataclasses.replace(result, score=score(result.score), max_score=most)

    rows = tuple(
        dataclasses.replace(row, score=score(row.score), tasks=tuple(task(one) for one in row.tasks))
        for row in report.students
    )
    outlines = tuple(
        dataclasses.replace(one, max_score=rescaled(one.max_score, report.max_score, maximum))
        for one in report.tasks
    )
    return dataclasses.replace(
        report, max_score=whole(maximum), tasks=outlines, students=rows, scaled_from=report.max_score
    )


def rescaled(points: float, most: float, maximum: float) -> float:
    """Points out of `most` as points out of `maximum`: 17.5 of 30 is 58.33 of 100. Half of a hundredth goes up."""
    exact = Decimal(str(points)) * Decimal(str(maximum)) / Decimal(str(most))
    return whole(float(exact.quantize(Decimal("0.01"), ROUND_HALF_UP)))
