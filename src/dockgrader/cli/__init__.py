"""The command line. Each command is a module that is imported only when it is called."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import click

_COMMANDS = {
    "list": "List the assignments that are found.",
    "show": "Show an assignment's tasks, checks and points.",
    "check": "Grade an assignment on a Docker host and show the report.",
    "regrade": "Grade saved evidence again, without the host.",
    "doctor": "Say which engine would be graded, and what is in the way.",
}


class _Lazy(click.Command):
    """A command's name and summary, without its module."""


class Group(click.Group):
    """Commands by name, imported when they are called; `--help` of the group needs none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which people need them."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command itself, or a stand-in with its summary where only the list is printed."""
        if cmd_name not in _COMMANDS:
            return None
        if not ctx.protected_args and ctx.resilient_parsing is False and _listing(ctx):
            return _Lazy(cmd_name, short_help=_COMMANDS[cmd_name])
        module = importlib.import_module(f"dockgrader.cli.{cmd_name}_command")
        command: click.Command = module.command
        return command


def _listing(ctx: click.Context) -> bool:
    return bool(ctx.meta.get("dockgrader.listing"))


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
      dockgrader regrade homework-1 evidence.json
      dockgrader doctor

    \b
    Exit status: 0 full marks (or --pass-mark reached), 1 graded and below it,
    2 wrong usage or a broken assignment, 3 not everything could be observed.
    """


def main(argv: list[str] | None = None) -> None:
    """Run the command line and end the process with its exit status."""
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
        from dockgrader.report.plain import clean

        for line in str(error).splitlines():
            click.echo(f"Error: {clean(line, 2000)}", err=True)
        sys.exit(3 if isinstance(error, Unobserved) else 2)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    sys.exit(status if isinstance(status, int) else 0)


def _speak_utf8() -> None:
    """Marks and Russian reach the terminal, or a replacement does, whatever the locale says."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            encoding = (getattr(stream, "encoding", "") or "").lower().replace("-", "")
            reconfigure(
                encoding="utf-8" if encoding in ("ascii", "ansi_x3.41968", "utf8") else None, errors="replace"
            )
