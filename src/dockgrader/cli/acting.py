"""`--active`: what will be done is said first, and a signal that ends the run lets it put back what it changed."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING

import click

from dockgrader.errors import UsageError
from dockgrader.hosts.endpoint import Endpoint
from dockgrader.report.plain import clean
from dockgrader.signals import handled

if TYPE_CHECKING:
    from dockgrader.assignment.model import Task
    from dockgrader.hosts.base import NotBack

_TEXTS = {
    "en": {
        "stops": "--active: stopped containers are started again, also when this is interrupted. Their programs lose "
        "what they hold in memory only.",
        "nothing": "--active: nothing here stops anything.",
        "busy": "--active: whatever was stopped is started first, which may take a minute; please wait.",
        "gone": "--active: {name} was stopped and is gone, as the engine removes a container of --rm that does not "
        "start. Start it anew.",
        "refused": "--active: {name} was stopped and does not start again: {reason}",
        "unseen": "--active: {name} was stopped, and whether it runs again could not be seen: {reason} "
        "`docker ps -a` shows it, `docker start {name}` starts it.",
    },
    "ru": {
        "stops": "--active: остановленные контейнеры будут запущены снова, даже если прервать проверку. Их программы "
        "потеряют то, что держат только в памяти.",
        "nothing": "--active: здесь ничего не останавливается.",
        "busy": "--active: сначала будет запущено всё, что было остановлено; это может занять минуту, подождите.",
        "gone": "--active: {name} был остановлен, и его больше нет: Docker удаляет контейнер с --rm, который не "
        "запустился. Запустите его заново.",
        "refused": "--active: {name} был остановлен и снова не запускается: {reason}",
        "unseen": "--active: {name} был остановлен, и не удалось увидеть, работает ли он снова: {reason} "
        "Это покажет `docker ps -a`, а запустит его `docker start {name}`.",
    },
}


def refuse_contradictions(endpoint: Endpoint, *, watch: bool) -> None:
    """Raises UsageError where nothing can be stopped, or should not be again and again."""
    if endpoint.scheme == "recorded":
        raise UsageError("--active needs a live host; a recording has what was done, or has it not")
    if watch:
        raise UsageError("--active and --watch: a watch would stop containers again and again")


class Acting:
    """A run that may stop containers. `unseen`: whether one of them is not known to run again."""

    def __init__(self, lang: str) -> None:
        self._texts = _TEXTS[lang]
        self._ending = False
        self.unseen = False

    def put_back(self, put_back: Callable[[], list[NotBack]]) -> None:
        """Start what was stopped, whatever signals come, and say what does not run even so."""
        if self._ending:
            _say(self._texts["busy"])
        self._ending = True
        try:
            for left in put_back():
                self.unseen = self.unseen or left.problem == "unseen"
                _say(self._texts[left.problem].format(name=left.name, reason=left.reason))
        finally:
            self._ending = False

    def announce(self, tasks: Sequence[Task]) -> None:
        """Say what will be done."""
        doing = [
            f"  {task.id}/{check.id}: {line.removeprefix('only with --active: ')}"
            for task in tasks
            for check in task.checks
            if list(check.acts())
            for line in check.runs()
        ]
        for line in [self._texts["stops"], *doing] if doing else [self._texts["nothing"]]:
            _say(line)

    def end(self, number: int, frame: FrameType | None) -> None:
        """End the process by way of all `finally`; once it is at its end, only say that it takes a moment."""
        if self._ending:
            _say(self._texts["busy"])
            return
        self._ending = True
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        sys.exit(128 + number)


@contextmanager
def allowed(tasks: Sequence[Task], lang: str) -> Iterator[Acting]:
    """Say on standard error what will be done. The first signal to end lets what was stopped be started again."""
    acting = Acting(lang)
    acting.announce(tasks)
    with handled(("SIGINT", "SIGTERM", "SIGHUP"), acting.end):
        yield acting


def _say(text: str) -> None:
    """A line on standard error, which is gone with a terminal that was closed, or busy in what a signal interrupted."""
    with suppress(OSError, RuntimeError, ValueError):
        click.echo(clean(text, 2000), err=True)
