"""What a run folder says of each student: which attempt counts for each task, and what became of the whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

from dockgrader.batch.attempt import Attempt, Kind
from dockgrader.batch.folder import RunFolder, RunInfo, TaskInfo
from dockgrader.batch.roster import Student
from dockgrader.frozen import dataclass
from dockgrader.report.model import TaskReport, total


class Standing(StrEnum):
    """Of a student: every task graded, something not observed, or not tried at all."""

    GRADED = "graded"
    UNOBSERVED = "unobserved"
    MISSING = "missing"


@dataclass(frozen=True)
class ChosenTask:
    """A task with the attempt that counts for it; None where nothing was ever read of it."""

    info: TaskInfo
    report: TaskReport | None
    attempt: Attempt | None

    @property
    def score(self) -> float | None:
        """Null when it was not observed."""
        return self.report.score if self.report else None


@dataclass(frozen=True)
class StudentResult:
    """A student's standing. `score` is null unless every task has one."""

    student: Student
    attempts: tuple[Attempt, ...]
    tasks: tuple[ChosenTask, ...]
    status: Standing
    score: float | None
    max_score: float
    reason: str
    """Why something was not observed; empty when all was."""
    code: str
    provided: bool
    """Whether evidence that the student handed in counts for a task."""


def results(folder: RunFolder) -> list[StudentResult]:
    """A result for each student of the roster, in its order."""
    return [result(folder.run, student, folder.attempts(student.id)) for student in folder.roster]


def result(run: RunInfo, student: Student, attempts: Sequence[Attempt]) -> StudentResult:
    """One student's result from the attempts, the oldest first."""
    counting = standing(attempts)
    tasks = tuple(_chosen(task, counting, run) for task in run.assignment.tasks)
    score = total(task.score for task in tasks)
    status = Standing.GRADED if score is not None else Standing.UNOBSERVED if attempts else Standing.MISSING
    failed = [attempt for attempt in reversed(counting) if attempt.reason]
    why = failed[0] if failed and status is Standing.UNOBSERVED else None
    return StudentResult(
        student=student,
        attempts=tuple(attempts),
        tasks=tasks,
        status=status,
        score=score,
        max_score=total(task.info.max_score for task in tasks) or 0,
        reason=why.reason if why else "",
        code=why.code if why else "",
        provided=any(task.attempt.provided for task in tasks if task.attempt and task.report),
    )


def standing(attempts: Sequence[Attempt]) -> list[Attempt]:
    """The attempts that were not regraded since; a regraded one stands where the one that it replaces stood."""
    replaces = {attempt.number: attempt.of for attempt in attempts if attempt.kind is Kind.REGRADED}

    def first(number: int) -> int:
        while (earlier := replaces.get(number)) is not None and earlier < number:
            number = earlier
        return number

    left = [attempt for attempt in attempts if attempt.number not in replaces.values()]
    return sorted(left, key=lambda attempt: first(attempt.number))


def _chosen(task: TaskInfo, attempts: Sequence[Attempt], run: RunInfo) -> ChosenTask:
    """An attempt that observed the task before one that did not, today's assignment before an earlier one.

    Then the best one, or the latest: what could not be observed never stands in for what was.
    """
    found = [(each, report) for each in attempts if (report := _task_of(each, task.id)) is not None]
    scored = [pair for pair in found if pair[1].score is not None]
    today = [
        pair
        for pair in scored
        if pair[0].report and pair[0].report.assignment.digest == run.assignment.digest
    ]
    pool = today or scored or found
    if not pool:
        return ChosenTask(task, None, None)
    by_score = run.keep == "best" and bool(scored)
    attempt, report = max(reversed(pool), key=lambda pair: _worth(pair[1])) if by_score else pool[-1]
    return ChosenTask(task, report, attempt)


def _worth(report: TaskReport) -> float:
    """Of its own maximum, since an earlier assignment may have had another."""
    return (report.score or 0.0) / report.max_score if report.max_score else 1.0


def _task_of(attempt: Attempt, task: str) -> TaskReport | None:
    reports: Iterable[TaskReport] = attempt.report.tasks if attempt.report else ()
    return next((report for report in reports if report.id == task), None)
