"""Grading the saved evidence of a whole run anew: no machine is asked, and the history stays.

What the new assignment asks and the evidence has not keeps its old verdict, and is marked. First it is worked out
what would change; writing is another step.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from dockgrader.assignment.loading import Loaded
from dockgrader.assignment.model import Task
from dockgrader.assignment.source import Values
from dockgrader.batch.attempt import Attempt, Kind
from dockgrader.batch.folder import RunFolder, RunInfo
from dockgrader.batch.opening import about
from dockgrader.batch.results import StudentResult, result, standing
from dockgrader.batch.roster import Student
from dockgrader.errors import EvidenceError
from dockgrader.frozen import dataclass
from dockgrader.grading.evidence import Evidence, read_evidence
from dockgrader.grading.run import grade_evidence
from dockgrader.report.model import CheckReport, Report, Status, TaskReport, to_json, total

_UNKNOWN = ("evidence.missing", "prerequisite.error")


@dataclass(frozen=True)
class Regraded:
    """A student whose evidence was graded anew: the attempts to write, before and after, what differs and why."""

    student: Student
    attempts: tuple[Attempt, ...]
    before: StudentResult
    after: StudentResult
    why: tuple[str, ...]

    @property
    def changes(self) -> bool:
        """Whether the score changes."""
        return self.before.score != self.after.score


@dataclass(frozen=True)
class Plan:
    """What a regrade would write, and evidence that cannot be read."""

    run: RunInfo
    regraded: tuple[Regraded, ...]
    unreadable: tuple[str, ...]


def plan(
    folder: RunFolder,
    loaded: Loaded,
    tasks: Sequence[Task],
    only: tuple[str, str] | None,
    lang: str,
    individual: Callable[[Student, Values], Loaded] | None = None,
) -> Plan:
    """Grade the evidence anew, by these tasks, or `only` one check (task, check); nothing is written.

    Where the assignment has parameters `individual` is a student's own one, by the values of an attempt.
    """
    before = folder.run
    covered = [task for task in loaded.assignment.tasks if before.assignment.task in (None, task.id)]
    run = replace(before, assignment=about(loaded, before.assignment.task, covered, lang))
    covering = {task.id for task in covered}
    known = {info.id for info in before.assignment.tasks}
    asked = {task.id for task in tasks}
    found: list[Regraded] = []
    unreadable: list[str] = []
    for student in folder.roster:
        attempts = folder.attempts(student.id)
        new: list[Attempt] = []
        why: list[str] = []
        for attempt in standing(attempts):
            try:
                evidence = _evidence(folder, student, attempt)
            except EvidenceError as error:
                unreadable.append(str(error))
                continue
            if evidence is None or attempt.report is None:
                continue
            old = attempt.report
            ours = {task.id for task in old.tasks} | (asked - known)
            own = individual(student, attempt.parameters) if individual else loaded
            again = [task for task in own.assignment.tasks if task.id in ours & covering]
            report = grade_evidence(own, again, evidence, old.lang, facts=False)
            merged, kept = _merged(old, report, asked, only)
            differences = list(_differences(old, merged))
            if differences or kept != attempt.kept or merged.assignment.digest != old.assignment.digest:
                number = len(attempts) + len(new) + 1_000_000_000  # until it is written
                new.append(replace(_attempt(attempt, merged, kept, number), parameters=own.values))
                why += differences
        if new:
            was = result(before, student, attempts)
            will = result(run, student, [*attempts, *new])
            found.append(Regraded(student, tuple(new), was, will, tuple(dict.fromkeys(why))))
    return Plan(run, tuple(found), tuple(unreadable))


def write(folder: RunFolder, planned: Plan, assignment: bytes) -> None:
    """Write what was planned. Cut off at any moment, the next regrade writes the rest. Raises UsageError."""
    folder.rewrite(planned.run, assignment)
    for regraded in planned.regraded:
        for attempt in regraded.attempts:
            assert attempt.report is not None  # noqa: S101 - planned with one
            report = json.dumps(to_json(attempt.report), indent=1, ensure_ascii=True, default=str) + "\n"
            folder.add(regraded.student.id, attempt, report.encode())


def _evidence(folder: RunFolder, student: Student, attempt: Attempt) -> Evidence | None:
    file = folder.evidence_file(student.id, attempt)
    return read_evidence(file) if file else None


def _attempt(old: Attempt, report: Report, kept: tuple[str, ...], number: int) -> Attempt:
    hidden = report.score is None
    return replace(
        old,
        number=number,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        kind=Kind.REGRADED,
        reason=(report.error or old.reason) if hidden else "",
        code=(_code(report) or old.code) if hidden else "",
        retries=0,
        duration_s=0.0,
        of=old.number,
        kept=kept,
        report=report,
    )


def _code(report: Report) -> str:
    codes = [check.code for task in report.tasks for check in task.checks if check.score is None]
    return next((code for code in codes if code != "prerequisite.error"), "")


def _merged(
    old: Report, new: Report, asked: set[str], only: tuple[str, str] | None
) -> tuple[Report, tuple[str, ...]]:
    """The new report, with old verdicts where nothing was asked, and where evidence lacks what is asked."""
    kept: list[str] = []
    tasks = []
    for task in new.tasks:
        before = {check.id: check for each in old.tasks if each.id == task.id for check in each.checks}
        lacking = any(check.code == "evidence.missing" for check in task.checks)
        checks = []
        for check in task.checks:
            was = before.get(check.id)
            wanted = task.id in asked and only in (None, (task.id, check.id))
            if was is not None and not wanted:
                checks.append(was)
            elif was is not None and lacking and check.code in _UNKNOWN and was.score is not None:
                kept.append(f"{task.id}/{check.id}")
                checks.append(_still(was, check))
            else:
                checks.append(check)
        tasks.append(_task(task, tuple(checks)))
    score = total(task.score for task in tasks)
    merged = replace(
        new,
        status="graded" if score is not None else "error",
        error=None if score is not None else new.error or old.error,
        score=score,
        max_score=total(task.max_score for task in tasks) or 0,
        tasks=tuple(tasks),
    )
    return merged, tuple(kept)


def _still(old: CheckReport, new: CheckReport) -> CheckReport:
    """The old verdict, for the points that the check has now."""
    points = new.max_score if old.status is Status.PASSED else 0
    return replace(old, title=new.title, score=points, max_score=new.max_score)


def _task(task: TaskReport, checks: tuple[CheckReport, ...]) -> TaskReport:
    return replace(
        task,
        score=total(check.score for check in checks),
        max_score=total(check.max_score for check in checks) or 0,
        checks=checks,
    )


def _differences(old: Report, new: Report) -> Iterator[str]:
    before = {(task.id, check.id): check for task in old.tasks for check in task.checks}
    for task in new.tasks:
        for check in task.checks:
            was = before.pop((task.id, check.id), None)
            name = f"{task.id}/{check.id}"
            if was is None:
                yield f"{name} is new: {_said(check)}. {check.message}"
            elif (was.status, was.code, was.score, was.max_score) != (
                check.status,
                check.code,
                check.score,
                check.max_score,
            ):
                yield f"{name}: {_said(was)} -> {_said(check)}. {check.message}"
    for task_id, check_id in before:
        yield f"{task_id}/{check_id} is no more"


def _said(check: CheckReport) -> str:
    score = "-" if check.score is None else f"{check.score:g}"
    code = "" if check.code == check.status else f" {check.code}"
    return f"{check.status}{code}, {score} of {check.max_score:g}"
