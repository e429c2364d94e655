"""Reading facts: each question once a run, all at the same time, each bounded, each kept as evidence.

A thread a question: a fact may see another one and waits for it, so a bounded pool could starve. What is bounded
is the number of connections to the engine (`hosts.client`).
"""

from __future__ import annotations

import json
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from datetime import UTC, datetime
from functools import partial
from typing import Any

from dockgrader.errors import Unobserved
from dockgrader.facts.base import Answer, Fact, Setting, built_in
from dockgrader.frozen import dataclass
from dockgrader.hosts.base import Host
from dockgrader.hosts.deadline import Deadline, begin


@dataclass(frozen=True)
class Reading:
    """A question with what was read: an answer as JSON, or the error that hid it. `at` is ISO 8601 in UTC."""

    question: dict[str, Any]
    shown_by: str
    at: str
    seconds: float
    answer: Any = None
    error: tuple[str, str] | None = None


Told = Callable[[Fact[Any], Reading | Unobserved], None]
"""Gets what was read, or why that cannot even be written down."""


class Parser:
    """Typed answers. Those of built-in facts are made once, as many judges ask for the same."""

    def __init__(self) -> None:
        self._made: dict[Fact[Any], Any] = {}

    def __call__(self, fact: Fact[Any], raw: Any) -> Any:
        """The typed answer in what was read; a list is the asker's own."""
        if not built_in(fact):
            return fact.parse(raw)
        if fact not in self._made:
            self._made[fact] = fact.parse(raw)
        made = self._made[fact]
        return list(made) if isinstance(made, list) else made


class Seeing(ABC):
    """Facts of a live host, each asked for once; `deadline` bounds everything."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self._parse = Parser()
        self._lock = threading.Lock()
        self._futures: dict[Fact[Any], Future[Reading]] = {}

    def start(self, facts: Iterable[Fact[Any]]) -> None:
        """Begin reading facts that will be asked for."""
        for fact in facts:
            self._future(fact)

    def __call__(self, fact: Fact[Answer]) -> Answer:
        """The answer, read once. Raises Unobserved when it was hidden or time ran out."""
        try:
            reading = self._future(fact).result(timeout=self._deadline.remaining())
        except FutureTimeout:
            raise Unobserved(
                "host.timeout",
                f"The host did not answer in time: {fact.shown_by()} (is it frozen? --timeout gives more)",
            ) from None
        if reading.error is not None:
            raise Unobserved(*reading.error)
        answer: Answer = self._parse(fact, reading.answer)
        return answer

    def has(self, fact: Fact[Any]) -> bool:
        """Whether this was read already."""
        return self.reading(fact) is not None

    def readings(self) -> list[Reading]:
        """What was read so far, in the order of asking."""
        with self._lock:
            futures = list(self._futures.values())
        return [future.result() for future in futures if future.done() and not future.exception()]

    def reading(self, fact: Fact[Any]) -> Reading | None:
        """What was read for this question so far."""
        with self._lock:
            future = self._futures.get(fact)
        return future.result() if future and future.done() and not future.exception() else None

    def _future(self, fact: Fact[Any]) -> Future[Reading]:
        future, new = self._kept(fact)
        if new:
            self._ask(fact)
        return future

    def _kept(self, fact: Fact[Any]) -> tuple[Future[Reading], bool]:
        """Where the answer will be, and whether nobody has asked for it before."""
        with self._lock:
            future = self._futures.get(fact)
            if future is not None:
                return future, False
            future = self._futures[fact] = Future()
            return future, True

    @abstractmethod
    def _ask(self, fact: Fact[Any]) -> None:
        """Have this read, and `_answered` called with what was read."""

    def _answered(self, fact: Fact[Any], outcome: Reading | Unobserved) -> None:
        future, _ = self._kept(fact)
        if isinstance(outcome, Reading):
            future.set_result(outcome)
        else:
            future.set_exception(outcome)


class LiveSee(Seeing):
    """Facts that this process reads. `wait` bounds waiting for health; `told` gets all that was read."""

    def __init__(self, host: Host, deadline: Deadline, wait: float, told: Told = lambda *_: None) -> None:
        super().__init__(deadline)
        last_word, for_the_rest = min(2.0, deadline.remaining() / 4), min(10.0, deadline.remaining() / 2)
        reading = deadline.sooner(deadline.remaining() - last_word)
        self._setting = Setting(host, self, reading, wait, for_the_rest - last_word)
        self._told = told

    def _ask(self, fact: Fact[Any]) -> None:
        # In a daemon, so that a read that is stuck in the kernel cannot keep the command from ending.
        begin(partial(self._read, fact))

    def _read(self, fact: Fact[Any]) -> None:
        at, begun = datetime.now(UTC).isoformat(timespec="milliseconds"), time.monotonic()
        answer, error = None, None
        try:
            found = fact.read(self._setting)
            # Of somebody's code, what is no JSON is told now; and the answer is what a recording will give.
            answer = found if built_in(fact) else json.loads(json.dumps(found, allow_nan=False))
        except Unobserved as hidden:
            error = (hidden.code, hidden.reason)
        except Exception as bug:  # noqa: BLE001 - an answer of an unknown shape is an error of this fact, not a crash
            error = ("fact.broken", f"{fact.name}: {type(bug).__name__} while reading it: {str(bug)[:200]}")
        seconds = round(time.monotonic() - begun, 4)
        outcome: Reading | Unobserved
        try:
            outcome = Reading(fact.question(), fact.shown_by(), at, seconds, answer, error)
        except Exception as bug:  # noqa: BLE001 - whoever waits for this fact must not wait for ever
            outcome = Unobserved("fact.broken", f"{fact.name}: {type(bug).__name__}: {str(bug)[:200]}")
        self._answered(fact, outcome)
        self._told(fact, outcome)
