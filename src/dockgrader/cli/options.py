"""Options and arguments that several commands share."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from dockgrader.texts import LANGUAGES

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class Number(click.FloatRange):
    """A number in a range; `nan`, which compares with nothing, is in none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number. Raises click.BadParameter."""
        number: float = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value} is no number", param, ctx)
        return number


def _assignments(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    from dockgrader.assignment.loading import found

    return [name for name, _ in found() if name.startswith(incomplete)]


def _hosts(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    return [
        scheme for scheme in ("unix://", "ssh://", "tcp://", "recorded:") if scheme.startswith(incomplete)
    ]


def assignment_argument() -> Decorator:
    """ASSIGNMENT[/TASK], completed from the search path."""
    return click.argument("assignment", metavar="ASSIGNMENT[/TASK]", shell_complete=_assignments)


def host_option() -> Decorator:
    """`--host`."""
    return click.option(
        "--host",
        metavar="URL",
        shell_complete=_hosts,
        help="unix:///path, ssh://user@host:port, tcp://host:port, recorded:FILE or a docker context; "
        "else DOCKER_HOST, DOCKER_CONTEXT or the current context.",
    )


def new_keys_option() -> Decorator:
    """`--accept-new-host-keys`."""
    return click.option(
        "--accept-new-host-keys",
        "accept_new",
        is_flag=True,
        help="Remember the SSH keys of hosts that are new; changed ones are refused still.",
    )


def lang_option() -> Decorator:
    """`--lang`."""
    return click.option(
        "--lang", type=click.Choice(LANGUAGES), help="Language of the report; else the locale's."
    )


def parameter_key_option() -> Decorator:
    """`--parameter-key`."""
    return click.option(
        "--parameter-key",
        "key_file",
        type=click.Path(path_type=Path, readable=False),  # what is wrong with it is told without its name
        metavar="FILE",
        help="The key by which parameters are drawn; else DOCKGRADER_PARAMETER_KEY_FILE names it, or "
        "DOCKGRADER_PARAMETER_KEY is it.",
    )


def whose_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--student`, `--parameter-key` and `--parameter`."""
    for option in (
        click.option(
            "--parameter",
            "chosen",
            multiple=True,
            metavar="NAME=VALUE",
            help="In place of a student: the values of all parameters, one an option. No key is needed.",
        ),
        parameter_key_option(),
        click.option(
            "--student",
            metavar="ID",
            help="Whose: of an assignment with parameters each student has another one.",
        ),
    ):
        command = option(command)
    return command


def wait_option() -> Decorator:
    """`--wait`."""
    return click.option(
        "--wait",
        type=Number(min=0, max=3600),
        default=45.0,
        show_default=True,
        metavar="SECONDS",
        help="Bound of waiting until a container is healthy.",
    )


def timeout_option(what: str = "Bound of the whole run.") -> Decorator:
    """`--timeout`."""
    return click.option(
        "--timeout",
        type=Number(min=1, max=3600),
        default=60.0,
        show_default=True,
        metavar="SECONDS",
        help=what,
    )


def _formats(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    from dockgrader.cli.output import FORMATS

    return [name for name in FORMATS if name.startswith(incomplete)]


_REPORTS = "table (default), json, tap, junit, markdown, html, github, classroom50 or gradescope"


def format_option(formats: str = _REPORTS) -> Decorator:
    """`--format F[:FILE]`, any number of times."""
    return click.option(
        "--format",
        "formats",
        multiple=True,
        metavar="F[:FILE]",
        shell_complete=_formats,
        help=f"{formats}; with :FILE it is written there. Any number of times.",
    )


def pass_mark_option() -> Decorator:
    """`--pass-mark`."""
    return click.option(
        "--pass-mark",
        type=Number(min=0, max=100),
        default=100.0,
        metavar="PERCENT",
        show_default=True,
        help="The score from which the exit status is 0.",
    )
