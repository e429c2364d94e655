"""A run folder as the report of a class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from dockgrader.batch.folder import RunFolder
from dockgrader.batch.results import Standing, StudentResult, results
from dockgrader.batch.roster import COLUMNS, Student
from dockgrader.errors import DockgraderError
from dockgrader.report import class_report as shape
from dockgrader.report.class_report import CheckOutline, ClassReport, Source, StudentRow, TaskOutline
from dockgrader.report.model import AssignmentReport
from dockgrader.texts import picked

_MISSING = {
    "en": "Not tried yet: the run has not come to this student",
    "ru": "Ещё не проверялось: до этого студента очередь не дошла",
}
_UNKNOWN = {
    "en": "Not everything could be observed",
    "ru": "Увидеть удалось не всё",
}


def class_report(folder: RunFolder, lang: str, *, hints: bool = False) -> ClassReport:
    """The class as it stands, in the roster's order. With `hints`, evidence is read to see what machines share.

    Titles are in `lang`; what the verdicts say is in the language in which they were given.
    """
    found = results(folder)
    tasks, title = _outline(folder, lang)
    own = _own_columns(folder.roster)
    rows = tuple(_row(*pair, folder, lang) for pair in zip(found, own, strict=True))
    about = folder.run.assignment
    report = ClassReport(
        assignment=AssignmentReport(about.id, title, about.digest),
        lang=lang,
        max_score=about.max_score,
        tasks=tasks,
        students=rows,
        keep=folder.run.keep,
        graded_to=max((row.at for row in rows), default=""),
    )
    if not hints:
        return report
    from dockgrader.batch import same_machine

    return replace(report, hints=same_machine.hints(folder, found))


def _outline(folder: RunFolder, lang: str) -> tuple[tuple[TaskOutline, ...], str]:
    """Tasks with their checks, and the title, from the snapshot; what run.json says where that cannot be read."""
    from dockgrader.assignment.loading import load_outline

    about = folder.run.assignment
    try:
        assignment = load_outline(folder.assignment_file).assignment
    except (DockgraderError, OSError):
        return tuple(TaskOutline(task.id, task.title, task.max_score) for task in about.tasks), about.title
    models = {task.id: task for task in assignment.tasks}
    tasks = []
    for task in about.tasks:
        model = models.get(task.id)
        checks = [
            CheckOutline(check.id, picked(check.title, lang), check.points)
            for check in (model.checks if model else [])
        ]
        title = picked(model.title, lang) if model else task.title
        tasks.append(TaskOutline(task.id, title, task.max_score, tuple(checks)))
    return tuple(tasks), picked(assignment.title, lang)


def _row(result: StudentResult, own: Mapping[str, str], folder: RunFolder, lang: str) -> StudentRow:
    student = result.student
    counting = {task.attempt.number: task.attempt for task in result.tasks if task.attempt}
    times = [attempt.at for attempt in counting.values()] or [attempt.at for attempt in result.attempts]
    source = None
    if result.attempts:
        source = Source.STUDENT_PROVIDED if result.provided else Source.HOST
    reason, code = _reason(result, folder, lang)
    return StudentRow(
        student=student.id,
        standing=shape.Standing(result.status.value),
        score=result.score,
        reason=reason,
        code=code,
        source=source,
        at=max(times, default=""),
        attempts=tuple(sorted(counting)),
        tasks=tuple(task.report for task in result.tasks if task.report),
        name=student.name,
        email=student.email,
        host=student.host,
        roster=own,
    )


def _reason(result: StudentResult, folder: RunFolder, lang: str) -> tuple[str, str]:
    """Why there is no score: the attempt's reason, a damaged file, or that nothing was tried."""
    if result.status is Standing.GRADED:
        return "", ""
    if result.status is Standing.UNOBSERVED:
        return result.reason or _UNKNOWN[lang], result.code
    place = str(folder.student_folder(result.student.id))
    damaged = [text for text in folder.damaged if text.startswith(place)]
    return (damaged[-1], "damaged") if damaged else (_MISSING[lang], "missing")


def _own_columns(students: Sequence[Student]) -> list[dict[str, str]]:
    """Each student's columns of the roster but the id; known ones that the roster has nothing in are left out."""
    used = [name for name in COLUMNS if name != "student" and any(getattr(each, name) for each in students)]
    return [{name: str(getattr(each, name) or "") for name in used} | dict(each.extra) for each in students]
