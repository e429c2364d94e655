"""`dockgrader show`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dockgrader.cli import options

if TYPE_CHECKING:
    from dockgrader.assignment.model import AnyCheck


@click.command("show")
@options.assignment_argument()
@options.whose_options
@options.lang_option()
def command(
    assignment: str, student: str | None, key_file: Path | None, chosen: tuple[str, ...], lang: str | None
) -> None:
    """Show an assignment's tasks, checks and points, and everything that it runs on the student's host.

    Of a kind that a package adds, all fields are shown. Of an assignment with parameters, one student's text.

    \b
    Examples:
      dockgrader show homework-1
      dockgrader show my-homework --student ivanov --parameter-key ~/keys/my-homework
    """
    from dockgrader.assignment import loading
    from dockgrader.report.model import total, whole
    from dockgrader.report.plain import clean
    from dockgrader.texts import language, picked

    spoken = language(lang)
    wanted = loading.find(assignment)
    source = loading.read(wanted.file)
    if loading.has_parameters(source):
        from dockgrader.cli.individual import individual

        source = individual(source, student, key_file, chosen)
    loaded = loading.validated(source, wanted.file)
    tasks = loading.tasks_of(loaded, wanted.task)
    click.echo(
        f"{clean(picked(loaded.assignment.title, spoken))}\n{clean(str(loaded.file))}  {loaded.digest[:19]}"
    )
    for task in tasks:
        points = total(check.points for check in task.checks)
        click.echo(f"\n{task.id}: {clean(picked(task.title, spoken))}  [{points}]")
        for check in task.checks:
            needs = f"  (needs {', '.join(check.needs)})" if check.needs else ""
            click.echo(
                f"  {whole(check.points):>4}  {check.id}: {clean(picked(check.title, spoken) or check.id)}{needs}"
            )
            for line in _runs(check):
                click.echo(f"        {clean(line)}")


def _runs(check: AnyCheck) -> list[str]:
    """What a check runs on the student's host, so that nobody has to guess."""
    from dockgrader.kinds.base import BUILT_IN

    if check.kind in BUILT_IN:
        return check.runs()
    from dockgrader.grading.plugged import shown

    return shown(check)
