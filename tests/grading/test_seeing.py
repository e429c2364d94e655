"""Facts are read once, together, and bounded."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

import pytest

from dockgrader.errors import Unobserved
from dockgrader.facts.base import Fact, Setting
from dockgrader.grading.seeing import LiveSee
from dockgrader.hosts.deadline import Deadline
from tests.made_up_host import MadeUpHost

READ: dict[str, Callable[[Setting], Any]] = {}
"""How a test's question is read."""


@dataclass(frozen=True)
class Question(Fact[Any]):
    what: str
    name: ClassVar[str] = "question"

    def read(self, setting: Setting) -> Any:
        return READ[self.what](setting)

    def parse(self, raw: Any) -> Any:
        return raw

    def shown_by(self) -> str:
        return f"ask {self.what}"


def looking(seconds: float = 10, **read: Callable[[Setting], Any]) -> LiveSee:
    READ.clear()
    READ.update(read)
    return LiveSee(MadeUpHost(), Deadline(seconds), 0)


def test_each_question_is_read_once_however_many_ask() -> None:
    reads: list[int] = []
    all_ask = threading.Barrier(20)

    def slow(_: Setting) -> int:
        reads.append(1)
        all_ask.wait(5)  # nobody gets an answer before everybody has asked
        return 42

    see = looking(slow=slow)

    def ask(number: int) -> Any:
        if number:
            all_ask.wait(5)
        return see(Question("slow"))

    see.start([Question("slow")])
    with ThreadPoolExecutor(20) as pool:
        assert set(pool.map(ask, range(20))) == {42}
    assert (len(reads), len(see.readings())) == (1, 1)


def test_questions_that_are_started_are_read_at_the_same_time() -> None:
    together = threading.Barrier(30)
    see = looking(10, **{f"q{number}": lambda _: together.wait(5) for number in range(30)})
    questions = [Question(name) for name in READ]
    see.start(questions)
    assert sorted(see(question) for question in questions) == list(range(30))


def test_a_fact_may_see_others_as_deep_as_it_likes() -> None:
    """In a bounded pool, facts that wait for facts would starve it."""

    def deeper(number: int) -> Callable[[Setting], Any]:
        return lambda setting: 1 + setting.see(Question(f"q{number + 1}")) if number < 60 else 0

    see = looking(10, **{f"q{number}": deeper(number) for number in range(61)})
    assert see(Question("q0")) == 60
    assert len(see.readings()) == 61


def test_what_hides_a_fact_hides_those_that_need_it() -> None:
    def down(_: Setting) -> Any:
        raise Unobserved("engine.down", "gone")

    see = looking(first=down, second=lambda setting: setting.see(Question("first")))
    for what in ("second", "first", "first"):
        with pytest.raises(Unobserved, match="gone") as caught:
            see(Question(what))
        assert caught.value.code == "engine.down"
    assert [reading.error for reading in see.readings()] == [("engine.down", "gone")] * 2


def test_a_fact_that_breaks_is_an_error_of_this_fact() -> None:
    see = looking(broken=lambda _: [][1], fine=lambda _: "fine")
    with pytest.raises(Unobserved, match="question: IndexError while reading it") as caught:
        see(Question("broken"))
    assert caught.value.code == "fact.broken"
    assert see(Question("fine")) == "fine"


def test_a_read_that_hangs_ends_with_the_deadline() -> None:
    release = threading.Event()
    see = looking(0.2, hangs=lambda _: release.wait(10), fine=lambda _: "fine")
    begin = time.monotonic()
    assert see(Question("fine")) == "fine"
    with pytest.raises(Unobserved, match="did not answer in time: ask hangs") as caught:
        see(Question("hangs"))
    assert caught.value.code == "host.timeout"
    assert time.monotonic() - begin < 5
    assert [reading.answer for reading in see.readings()] == ["fine"]
    release.set()


@pytest.mark.parametrize(("timeout", "left"), [(60, 50), (12, 6), (4, 2)])
def test_waiting_ends_before_the_run_does(timeout: float, left: float) -> None:
    see = looking(timeout, bound=lambda setting: setting.patience())
    assert see(Question("bound")) == pytest.approx(left, abs=0.5)


@pytest.mark.parametrize(("timeout", "left"), [(60, 58), (12, 10), (4, 3)])
def test_what_is_asked_after_a_wait_has_time_and_the_engine_has_the_last_word(
    timeout: float, left: float
) -> None:
    see = looking(timeout, bound=lambda setting: setting.deadline.remaining())
    assert see(Question("bound")) == pytest.approx(left, abs=0.5)


def test_a_reading_says_what_was_asked_when_and_for_how_long() -> None:
    see = looking(answer=lambda _: {"a": 1})
    see(Question("answer"))
    [reading] = see.readings()
    assert reading.question == {"fact": "question", "what": "answer"}
    assert (reading.shown_by, reading.answer, reading.error) == ("ask answer", {"a": 1}, None)
    assert datetime.fromisoformat(reading.at).utcoffset() is not None
    assert 0 <= reading.seconds < 5


def test_a_fact_that_cannot_even_be_named_keeps_nobody_waiting() -> None:
    @dataclass(frozen=True)
    class Nameless(Fact[str]):
        name = "nameless"

        def read(self, setting: Setting) -> str:
            return "read"

        def parse(self, raw: str) -> str:
            return raw

        def shown_by(self) -> str:
            raise KeyError("no command")

    see = LiveSee(MadeUpHost(), Deadline(30), 0)
    started = time.monotonic()
    with pytest.raises(Unobserved, match="nameless: KeyError"):
        see(Nameless())
    assert time.monotonic() - started < 5
    assert see.readings() == []
