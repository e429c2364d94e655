"""`--active`: what will be done is said first, and a signal that ends the run lets it put back what it changed."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

import click

from dockgrader.errors import UsageError
from dockgrader.hosts.endpoint import Endpoint
from dockgrader.report.plain import clean
from dockgrader.signals import handled

if TYPE_CHECKING:
    from dockgrader.assignment.model import Task

_TEXTS = {
    "en": (
        "--active: stopped containers are started again, also when this is interrupted. Their programs lose what they "
        "hold in memory only.",
        "--active: nothing here stops anything.",
    ),
    "ru": (
        "--active: остановленные контейнеры будут запущены снова, даже если прервать проверку. Их программы потеряют "
        "то, что держат только в памяти.",
        "--active: здесь ничего не останавливается.",
    ),
}


def refuse_contradictions(endpoint: Endpoint, *, watch: bool) -> None:
    """Raises UsageError where nothing can be stopped, or should not be again and again."""
    if endpoint.scheme == "recorded":
        raise UsageError("--active needs a live host; a recording has what was done, or has it not")
    if watch:
        raise UsageError("--active and --watch: a watch would stop containers again and again")


@contextmanager
def allowed(tasks: Sequence[Task], lang: str) -> Iterator[None]:
    """Say on standard error what will be done. Signals that end the process end it by way of all `finally`."""
    doing = [
        f"  {task.id}/{check.id}: {line.removeprefix('only with --active: ')}"
        for task in tasks
        for check in task.checks
        if list(check.acts())
        for line in check.runs()
    ]
    some, nothing = _TEXTS[lang]
    for line in [some, *doing] if doing else [nothing]:
        click.echo(clean(line, 2000), err=True)
    with handled(("SIGTERM", "SIGHUP"), _end):
        yield


def _end(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)
