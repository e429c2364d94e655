"""`dockgrader selftest`."""

from __future__ import annotations

import sys

import click

from dockgrader.cli import options


@click.command("selftest")
@options.assignment_argument()
@click.option("--all", "everything", is_flag=True, help="List the blind spots that are accepted as well.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For whom.",
)
def command(assignment: str, everything: bool, form: str) -> int:
    """Test an assignment's checks: grade its cases, then mutants of a correct solution.

    The cases lie beside it, in checks/NAME/cases.yaml for checks/NAME.yaml. Each check must fail in one of them, and
    whatever is changed in a correct solution must cost points, or be accepted there with a reason. Where there are
    parameters, each case says its values, a correct one is there at both ends, and none passes for another student's.

    \b
    Examples:
      dockgrader selftest homework-1
      dockgrader selftest checks/my-homework.yaml --all

    \b
    Exit status: 0 all is as it should be, 1 it is not, 2 the assignment or a case cannot be used.
    """
    from dockgrader.assignment import loading
    from dockgrader.errors import UsageError
    from dockgrader.selftest import as_json, table
    from dockgrader.selftest.loading import load_cases
    from dockgrader.selftest.run import selftest

    wanted = loading.find(assignment)
    if wanted.task is not None:
        raise UsageError("selftest is about a whole assignment; leave the task away")
    loaded = loading.load_outline(wanted.file)
    outcome = selftest(loaded, load_cases(loaded), _progress)
    if form == "json":
        click.echo(as_json.render(outcome), nl=False)
    else:
        click.echo(table.render(outcome, all_blind_spots=everything), nl=False)
    return 0 if outcome.sound else 1


def _progress(what: str) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{what} …\r", nl=False, err=True)
