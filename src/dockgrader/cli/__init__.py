"""The command line. Each command is a module that is imported only when it is called."""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import sys
from typing import Any

import click

_COMMANDS = {
    "list": "List the assignments that are found.",
    "show": "Show an assignment's tasks, checks and points.",
    "check": "Grade an assignment on a Docker host and show the report.",
    "batch": "Grade a whole class, a roster of hosts, into a folder.",
    "regrade": "Grade saved evidence again, without the host.",
    "report": "Make the gradebook or the class page of a batch, or one student's report.",
    "observe": "Write a draft of an assignment from what runs on a host.",
    "new": "Begin an assignment, with its cases.",
    "validate": "Say everything that is wrong in assignment files.",
    "schema": "Print a JSON Schema: of assignments, of their cases, of the report.",
    "selftest": "Test an assignment's checks on its cases, and on mutants of a correct one.",
    "doctor": "Say which engine would be graded, and what is in the way.",
    "init": "Write workflows for GitHub Actions.",
}


class Group(click.Group):
    """Commands by name, imported when they are called; `--help` of the group needs none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which people need them."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command itself."""
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"dockgrader.cli.{cmd_name}_command")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Names and summaries; no module is imported for them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


def _version(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked and not ctx.resilient_parsing:
        from dockgrader import __version__

        click.echo(f"dockgrader {__version__}")
        ctx.exit()


@click.command(cls=Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version."
)
def cli() -> None:
    """Grade Docker homework on a live Docker host.

    \b
    Examples:
      dockgrader list
      dockgrader check homework-1
      dockgrader check homework-1/limits --lang ru
      dockgrader check homework-1 --format json:report.json --evidence evidence.json
      dockgrader batch homework-1 --roster students.csv --out autumn-hw1
      dockgrader regrade homework-1 evidence.json
      dockgrader doctor

    \b
    Exit status: 0 full marks (or --pass-mark reached), 1 graded and below it,
    2 wrong usage or a broken assignment, 3 not everything could be observed.
    """


def main(argv: list[str] | None = None) -> None:
    """Run the command line and end the process with its exit status."""
    # What the imports make stays to the end, and looking through it for garbage, above all at the end, takes a
    # fifth of the CPU time of a run. Plug-ins of pydantic that happen to be installed are none of our business,
    # and looking for them takes time in which nothing is asked of the host yet.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    gc.disable()
    try:
        _run(argv)
    finally:
        gc.freeze()
        gc.enable()


def _run(argv: list[str] | None) -> None:
    from dockgrader.errors import DockgraderError, Unobserved

    _speak_utf8()
    try:
        status: Any = cli.main(args=argv, prog_name="dockgrader", standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("Stopped.", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except DockgraderError as error:
        _complain(str(error))
        sys.exit(3 if isinstance(error, Unobserved) else 2)
    except OSError as error:  # not the host's, which is Unobserved: a full disk, a name that is too long
        where = f": {error.filename}" if error.filename is not None else ""
        _complain(f"{error.strerror or error}{where}")
        _let_go_of_output()
        sys.exit(2)
    sys.exit(status if isinstance(status, int) else 0)


def _complain(text: str) -> None:
    from dockgrader.report.plain import clean

    for line in text.splitlines():
        click.echo(f"Error: {clean(line, 2000)}", err=True)


def _let_go_of_output() -> None:
    """What standard output could not take is not tried again when the interpreter ends."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _speak_utf8() -> None:
    """Marks and Russian reach the terminal, or a replacement does, whatever the locale says."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            encoding = (getattr(stream, "encoding", "") or "").lower().replace("-", "")
            reconfigure(
                encoding="utf-8" if encoding in ("ascii", "ansi_x3.41968", "utf8") else None, errors="replace"
            )
