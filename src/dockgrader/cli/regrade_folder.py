"""`dockgrader regrade ASSIGNMENT FOLDER`: what changes is shown before it is written."""

from __future__ import annotations

import gc
import sys
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dockgrader.errors import UsageError

if TYPE_CHECKING:
    from dockgrader.assignment.drawing import Key
    from dockgrader.assignment.loading import Loaded
    from dockgrader.assignment.source import Source, Values
    from dockgrader.batch.folder import RunFolder
    from dockgrader.batch.regrading import Plan
    from dockgrader.batch.roster import Student


def regrade_folder(
    assignment: str, path: Path, check: str | None, lang: str | None, key_file: Path | None, *, yes: bool
) -> int:
    """Grade a run's evidence anew; the exit status is a batch's. Raises UsageError."""
    gc.enable()
    from dockgrader.assignment import loading
    from dockgrader.batch import regrading
    from dockgrader.batch.folder import RunFolder, locked
    from dockgrader.batch.results import Standing, results
    from dockgrader.texts import language

    folder = RunFolder(path)
    wanted = loading.find(assignment)
    source = loading.read(wanted.file)
    loaded = loading.outline(source, wanted.file)
    if loaded.assignment.id != folder.run.assignment.id:
        raise UsageError(f"{path} is a run of {folder.run.assignment.id}, not of {loaded.assignment.id}")
    tasks = loading.tasks_of(loaded, wanted.task)
    only = _only(check, {(task.id, each.id) for task in tasks for each in task.checks})
    with locked(path):
        own = _Own(folder, source, wanted.file, key_file) if loading.has_parameters(source) else None
        planned = regrading.plan(folder, loaded, tasks, only, language(lang), own)
        for problem in [*folder.damaged, *planned.unreadable]:
            _note(f"{problem}; what it says is left as it is")
        _show(planned)
        if not planned.regraded:
            click.echo("Nothing changes.")
        elif not _confirmed(yes):
            return 2
        else:
            regrading.write(folder, planned, source.text.encode())
            click.echo(f"Written: {len(planned.regraded)} students.")
    return 0 if all(found.status is Standing.GRADED for found in results(folder)) else 3


class _Own:
    """Each student's own assignment: the values of the attempt, as the student did what those said.

    Parameters that the assignment did not have then are drawn, for which the key is needed.
    """

    def __init__(self, folder: RunFolder, source: Source, file: Path, key_file: Path | None) -> None:
        self._folder, self._source, self._file, self._key_file = folder, source, file, key_file

    def __call__(self, student: Student, recorded: Values) -> Loaded:
        from dockgrader.assignment.loading import validated
        from dockgrader.assignment.references import given

        names = self._source.data["parameters"]
        values = {name: value for name, value in recorded.items() if name in names}
        if len(values) < len(names):
            values = {**self._drawn(student), **values}
        return validated(given(self._source, values), self._file)

    def _drawn(self, student: Student) -> Values:
        from dockgrader.assignment.drawing import drawn

        return drawn(self._source, student.id, self._key)

    @cached_property
    def _key(self) -> Key:
        from dockgrader.batch.opening import refuse_other_key
        from dockgrader.cli.individual import needed_key

        key, run = needed_key(self._source.file, self._key_file), self._folder.run
        refuse_other_key(self._folder.path, run, key.fingerprint(run.assignment.id))
        return key


def _only(check: str | None, known: set[tuple[str, str]]) -> tuple[str, str] | None:
    if check is None:
        return None
    task, slash, name = check.partition("/")
    if not slash or (task, name) not in known:
        raise UsageError(
            f"--check {check}: expected TASK/CHECK, one of " + ", ".join(sorted(map("/".join, known)))
        )
    return task, name


def _show(planned: Plan) -> None:
    from dockgrader.report.plain import clean

    changed = [regraded for regraded in planned.regraded if regraded.changes]
    for regraded in changed:
        before, after = regraded.before, regraded.after
        said = f"{_score(before.score)} -> {_score(after.score)} of {after.max_score:g}"
        click.echo(clean(f"{regraded.student.id}: {said}", 300))
        for why in regraded.why:
            click.echo(clean(f"  {why}", 1000))
    kept = [regraded for regraded in planned.regraded if any(attempt.kept for attempt in regraded.attempts)]
    same = len(planned.regraded) - len(changed)
    click.echo(f"{len(changed)} scores change; {same} more students are graded anew with the same score.")
    if kept:
        checks = sorted({name for regraded in kept for attempt in regraded.attempts for name in attempt.kept})
        click.echo(
            clean(
                f"{len(kept)} students keep old verdicts where their evidence has not what is asked now: "
                f"{', '.join(checks)}",
                2000,
            )
        )


def _score(score: float | None) -> str:
    return "-" if score is None else f"{score:g}"


def _confirmed(yes: bool) -> bool:
    if yes:
        return True
    if not sys.stdin.isatty():
        _note("Nothing was written: --yes writes it")
        return False
    return click.confirm("Write this?", err=True)


def _note(text: str) -> None:
    from dockgrader.report.plain import clean

    click.echo(clean(text, 2000), err=True)
