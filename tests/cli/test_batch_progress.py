"""How a batch goes, as a terminal of the usual width and a log show it."""

from __future__ import annotations

import io
import re

import pytest

from dockgrader.batch.work import Outcome
from dockgrader.cli import batch_progress
from dockgrader.cli.batch_progress import Bar, Lines
from tests.batch.givens import failed, jobs, students

JOB = jobs(students("a"))[0]
DEAD = failed(JOB)
GRADED = Outcome("a", DEAD.at, "", "", b"", None, 30, 30)
LANGUAGES = {
    "en": ("240 graded, 30 not observed", "30 left"),
    "ru": ("оценено 240, не удалось проверить 30", "осталось 30"),
}


class Clock:
    """Moves by hand."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(batch_progress, "time", clock)
    return clock


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_bar_of_80_columns_has_it_all(lang: str, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Graded, failed, remaining, rate and time left; nothing is cut off."""
    monkeypatch.setattr("sys.stderr", Terminal())
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.delenv("NO_COLOR", raising=False)
    bar = Bar(300, lang)
    for number in range(270):
        clock.now += 0.5
        bar.recorded(DEAD if number % 9 == 0 else GRADED)
    console = bar._progress.console
    with console.capture() as capture:
        console.print(bar._progress.get_renderable())
    shown = capture.get()
    assert " ".join(shown.split()).count("270/300") == 1
    for words in (*LANGUAGES[lang], "2.0/s"):
        assert words in shown
    assert re.search(r"\d:\d\d:\d\d\s*$", shown)


class Terminal(io.StringIO):
    """Says that somebody looks."""

    def isatty(self) -> bool:
        return True


def test_a_line_now_and_then(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with Lines(30, "en") as lines:
        for outcome in [GRADED] * 20 + [DEAD]:
            clock.now += 1
            lines.recorded(outcome)
        lines.notice("the network is gone")
    assert capsys.readouterr().err.splitlines() == [
        "10/30: 10 graded, 0 not observed, 20 left, 1.0 a second, 20 s to go",
        "20/30: 20 graded, 0 not observed, 10 left, 1.0 a second, 10 s to go",
        "the network is gone",
        "21/30: 20 graded, 1 not observed, 9 left",
    ]
