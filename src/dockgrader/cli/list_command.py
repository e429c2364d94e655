"""`dockgrader list`."""

from __future__ import annotations

import click

from dockgrader.cli import options


@click.command("list")
@options.lang_option()
def command(lang: str | None) -> None:
    """List the assignments on the search path: ./checks, DOCKGRADER_PATH, those that ship.

    \b
    Example:
      dockgrader list
    """
    from dockgrader.assignment import loading
    from dockgrader.errors import AssignmentError
    from dockgrader.report.plain import clean
    from dockgrader.texts import language, picked

    spoken = language(lang)
    rows = []
    for name, file in loading.found():
        try:
            loaded = loading.load_outline(file)
        except AssignmentError as error:
            click.echo(f"{clean(name)}: {clean(str(error).splitlines()[0])}", err=True)
            continue
        rows.append((name, picked(loaded.assignment.title, spoken)))
    width = max((len(name) for name, _ in rows), default=0)
    for name, title in rows:
        click.echo(f"{clean(name):{width}}  {clean(title)}")
