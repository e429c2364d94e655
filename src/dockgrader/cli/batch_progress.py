"""How a batch goes, on standard error: a bar on a terminal, else a line now and then."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

import click

from dockgrader.report.plain import clean

if TYPE_CHECKING:
    from rich.progress import TaskID

    from dockgrader.batch.work import Outcome

_LINE_SECONDS = 10.0
_TEXTS = {
    "en": {
        "line": "{done}/{total}: {graded} graded, {failed} not observed, {left} left",
        "time": "{rate:.1f} a second, {seconds:.0f} s to go",
        "bar": "{graded} graded, {failed} not observed, {left} left",
        "stopping": "Stopping: what is in flight is finished and saved. Ctrl-C again stops at once.",
    },
    "ru": {
        "line": "{done}/{total}: оценено {graded}, не удалось проверить {failed}, осталось {left}",
        "time": "{rate:.1f} в секунду, ещё {seconds:.0f} с",
        "bar": "оценено {graded}, не удалось проверить {failed}, осталось {left}",
        "stopping": "Останавливаюсь: начатое будет закончено и сохранено. Ещё раз Ctrl-C - остановить сразу.",
    },
}


class Display(Protocol):
    """A context manager that is told how the batch goes."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def recorded(self, outcome: Outcome) -> None:
        """A student's outcome has been written."""

    def notice(self, text: str) -> None:
        """Something that the person should know now."""


def display(total: int, lang: str) -> Display:
    """The bar where a person looks, lines elsewhere."""
    return Bar(total, lang) if sys.stderr is not None and sys.stderr.isatty() else Lines(total, lang)


def stopping(lang: str) -> None:
    """Ctrl-C was heard. Called by a signal handler: whoever was interrupted may hold the bar's lock, or be in the
    middle of a print, which cannot be entered twice."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.write(sys.stderr.fileno(), f"{_TEXTS[lang]['stopping']}\n".encode())


class Lines:
    """A line every ten seconds at the most, and one at the end."""

    def __init__(self, total: int, lang: str) -> None:
        self._texts = _TEXTS[lang]
        self._total = total
        self._graded = self._failed = 0
        self._begun = self._told = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and self._total:
            _say(self._line())

    def recorded(self, outcome: Outcome) -> None:
        """Count it, and say so now and then."""
        if outcome.score is None:
            self._failed += 1
        else:
            self._graded += 1
        now = time.monotonic()
        if now - self._told >= _LINE_SECONDS and self._graded + self._failed < self._total:
            self._told = now
            rate = (self._graded + self._failed) / (now - self._begun)
            left = self._total - self._graded - self._failed
            _say(f"{self._line()}, {self._texts['time'].format(rate=rate, seconds=left / rate)}")

    def notice(self, text: str) -> None:
        """At once."""
        _say(text)

    def _line(self) -> str:
        done = self._graded + self._failed
        return self._texts["line"].format(
            done=done, total=self._total, graded=self._graded, failed=self._failed, left=self._total - done
        )


class Bar:
    """Graded, failed, remaining, rate and time left."""

    def __init__(self, total: int, lang: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._texts = _TEXTS[lang]
        self._total = total
        self._graded = self._failed = 0
        self._begun = time.monotonic()
        self._progress = Progress(
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.description}", markup=False),
            TextColumn("{task.fields[rate]}", markup=False),
            TimeRemainingColumn(),
            console=Console(stderr=True, highlight=False),
            transient=True,
            refresh_per_second=4,
        )
        self._bar: TaskID = self._progress.add_task(self._counts(), total=total, rate="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def recorded(self, outcome: Outcome) -> None:
        """One step."""
        if outcome.score is None:
            self._failed += 1
        else:
            self._graded += 1
        rate = (self._graded + self._failed) / max(0.001, time.monotonic() - self._begun)
        self._progress.update(self._bar, advance=1, description=self._counts(), rate=f"{rate:.1f}/s")

    def notice(self, text: str) -> None:
        """Above the bar."""
        self._progress.console.print(clean(text, 2000), markup=False, style="yellow")

    def _counts(self) -> str:
        left = self._total - self._graded - self._failed
        return self._texts["bar"].format(graded=self._graded, failed=self._failed, left=left)


def _say(text: str) -> None:
    """A line that is lost when the terminal is gone, and not the batch with it."""
    with contextlib.suppress(OSError, ValueError):
        click.echo(clean(text, 2000), err=True)
