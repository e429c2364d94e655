"""Reading facts: each question once a run, all at the same time, each bounded, each kept as evidence.

A thread a question: a fact may see another one and waits for it, so a bounded pool could starve. What is bounded
is the number of connections to the engine (`hosts.client`).
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dockgrader.errors import Unobserved
from dockgrader.facts.base import Answer, Fact, Setting, built_in
from dockgrader.hosts.base import Host
from dockgrader.hosts.deadline import Deadline


@dataclass(frozen=True)
class Reading:
    """A question with what was read: an answer as JSON, or the error that hid it. `at` is ISO 8601 in UTC."""

    question: dict[str, Any]
    shown_by: str
    at: str
    seconds: float
    answer: Any = None
    error: tuple[str, str] | None = None


class LiveSee:
    """Facts of a live host. `wait` bounds waiting for health; `deadline` bounds everything."""

    def __init__(self, host: Host, deadline: Deadline, wait: float) -> None:
        self._deadline = deadline
        last_word, for_the_rest = min(2.0, deadline.remaining() / 4), min(10.0, deadline.remaining() / 2)
        reading = deadline.sooner(deadline.remaining() - last_word)
        self._setting = Setting(host, self, reading, wait, for_the_rest - last_word)
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
                "host.timeout", f"The host did not answer in time: {fact.shown_by()} (--timeout gives more)"
            ) from None
        if reading.error is not None:
            raise Unobserved(*reading.error)
        return fact.parse(reading.answer)

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
        with self._lock:
            future = self._futures.get(fact)
            if future is not None:
                return future
            future = self._futures[fact] = Future()
        # A daemon, so that a read that is stuck in the kernel cannot keep the command from ending.
        threading.Thread(target=self._read, args=(fact, future), daemon=True).start()
        return future

    def _read(self, fact: Fact[Any], future: Future[Reading]) -> None:
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
        try:
            reading = Reading(fact.question(), fact.shown_by(), at, seconds, answer, error)
        except Exception as bug:  # noqa: BLE001 - whoever waits for this fact must not wait for ever
            future.set_exception(
                Unobserved("fact.broken", f"{fact.name}: {type(bug).__name__}: {str(bug)[:200]}")
            )
        else:
            future.set_result(reading)
