"""Beginning a run, or going on with one: what may be done in a folder, and who is still to be graded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from dockgrader import __version__
from dockgrader.assignment import loading
from dockgrader.assignment.loading import Loaded
from dockgrader.assignment.model import Task
from dockgrader.assignment.source import Source, Values
from dockgrader.batch import folder as folders
from dockgrader.batch.folder import AssignmentInfo, RunFolder, RunInfo, TaskInfo
from dockgrader.batch.results import result
from dockgrader.batch.roster import Student
from dockgrader.errors import UsageError
from dockgrader.frozen import dataclass
from dockgrader.report.model import total
from dockgrader.texts import language, picked

if TYPE_CHECKING:
    from dockgrader.assignment.drawing import Key


@dataclass(frozen=True)
class Asked:
    """What the command line asks for. `tasks` are all of the assignment's, or the one that `task` names.

    `key` draws the students' parameters, where the assignment has any.
    """

    loaded: Loaded
    source: Source
    task: str | None
    tasks: Sequence[Task]
    roster: Sequence[Student]
    keep: str | None
    lang: str
    resume: bool = False
    changed_assignment: bool = False
    again: bool = False
    key: Key | None = None

    @property
    def fingerprint(self) -> str:
        """Of the key; "" without one."""
        return self.key.fingerprint(self.loaded.assignment.id) if self.key else ""

    def values(self, student: Student) -> Values:
        """The student's, of the assignment's parameters; none without any."""
        if self.key is None:
            return {}
        from dockgrader.assignment.drawing import drawn

        return drawn(self.source, student.id, self.key)


def ask(
    assignment: str,
    students: Sequence[Student],
    lang: str | None,
    keep: str | None,
    key: Callable[[str], Key] | None = None,
) -> Asked:
    """What is asked for, with the assignment by its name. Raises UsageError, AssignmentError.

    `key` is called with the assignment's file where that has parameters.
    """
    wanted = loading.find(assignment)
    source = loading.read(wanted.file)
    loaded = loading.outline(source, wanted.file)
    tasks = loading.tasks_of(loaded, wanted.task)
    asked = Asked(loaded, source, wanted.task, tasks, students, keep, language(lang))
    return replace(asked, key=key(source.file)) if key and loading.has_parameters(source) else asked


def open_run(path: Path, asked: Asked) -> RunFolder:
    """The run in a folder that is held: a new one, or the one that goes on. Raises UsageError."""
    if not folders.make_folder(path):
        return folders.create(path, _new(asked), asked.source.text.encode())
    if not (asked.resume or asked.again):
        raise UsageError(
            f"{path} has a run in it already; go on with it (--resume), grade everybody once more (--again), or "
            "name another folder"
            if any((path / name).exists() for name in ("run.json", "assignment.yaml"))
            else f"{path} is not empty; name a new folder"
        )
    run_folder = _existing(path, asked)
    run_folder.tidy()
    run = run_folder.run
    _refuse_another(path, run.assignment, asked)
    refuse_other_key(path, run, asked.fingerprint)
    updated = replace(
        run,
        roster=tuple(asked.roster),
        keep=asked.keep or run.keep,
        parameter_key=asked.fingerprint or run.parameter_key,
    )
    if run.assignment.digest != asked.loaded.digest:
        updated = replace(updated, assignment=_about(asked, run.assignment.task))
    if updated != run:
        text = asked.source.text.encode() if updated.assignment != run.assignment else None
        run_folder.rewrite(updated, text)
    return run_folder


def to_grade(run_folder: RunFolder, asked: Asked) -> list[Student]:
    """Who has a task, of those that are asked for, without a score; everybody with `again`."""
    if asked.again:
        return list(asked.roster)
    wanted = {task.id for task in asked.tasks}
    found = []
    for student in asked.roster:
        tasks = result(run_folder.run, student, run_folder.attempts(student.id)).tasks
        if any(task.score is None for task in tasks if task.info.id in wanted):
            found.append(student)
    return found


def _existing(path: Path, asked: Asked) -> RunFolder:
    """The run that is there. A run.json that was cut short is made anew, as the assignment beside it is whole."""
    try:
        return RunFolder(path)
    except UsageError as error:
        try:
            kept = (path / "assignment.yaml").read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise error from None
        if kept != asked.source.text:
            raise error from None
        run_folder = folders.create(path, _new(asked), asked.source.text.encode())
        run_folder.damaged.append(str(error))
        return run_folder


def _refuse_another(path: Path, before: AssignmentInfo, asked: Asked) -> None:
    if before.id != asked.loaded.assignment.id:
        raise UsageError(f"{path} is a run of {before.id}, not of {asked.loaded.assignment.id}")
    if before.task not in (None, asked.task):
        raise UsageError(
            f"{path} is a run of {before.id}/{before.task} only; name another folder for the rest"
        )
    if before.digest != asked.loaded.digest and not asked.changed_assignment:
        raise UsageError(
            f"{asked.loaded.file} is not as it was when {path} was begun (the copy is {path / 'assignment.yaml'}). "
            "Take the copy; or regrade what was read (dockgrader regrade), or grade the rest by the changed one "
            "(--changed-assignment)"
        )


def refuse_other_key(path: Path, run: RunInfo, fingerprint: str) -> None:
    """Raises UsageError where the key would draw other values than the run's: students did what they were told."""
    if run.parameter_key and fingerprint and run.parameter_key != fingerprint:
        raise UsageError(
            f"{path} was begun with another key, by which its students have their parameters; give that one"
        )


def _new(asked: Asked) -> RunInfo:
    return RunInfo(
        assignment=_about(asked, asked.task),
        roster=tuple(asked.roster),
        keep=asked.keep or "best",
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        dockgrader=__version__,
        parameter_key=asked.fingerprint,
    )


def _about(asked: Asked, task: str | None) -> AssignmentInfo:
    tasks = asked.tasks if task else asked.loaded.assignment.tasks
    return about(asked.loaded, task, tasks, asked.lang)


def about(loaded: Loaded, task: str | None, tasks: Sequence[Task], lang: str) -> AssignmentInfo:
    """What run.json says of an assignment."""
    infos = tuple(
        TaskInfo(each.id, picked(each.title, lang), total(check.points for check in each.checks) or 0)
        for each in tasks
    )
    return AssignmentInfo(
        id=loaded.assignment.id,
        title=picked(loaded.assignment.title, lang),
        digest=loaded.digest,
        task=task,
        max_score=total(info.max_score for info in infos) or 0,
        tasks=infos,
    )
