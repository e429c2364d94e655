"""Connections to an engine: how many there are, and who waits for whom."""

from __future__ import annotations

import threading
from concurrent.futures import Future

from dockgrader.hosts.client import Client
from dockgrader.hosts.deadline import Deadline, background
from dockgrader.hosts.wire import Request


class Held:
    """A connection whose answers come when the test lets them; it is its own answer."""

    status = 200

    def __init__(self, asked: threading.Semaphore, let: threading.Event) -> None:
        self._asked, self._let = asked, let
        self._body = [b"{}"]

    def ask(self, request: Request, seconds: float, quiet: float | None = None) -> Held:
        self._asked.release()
        assert self._let.wait(60)
        self._body = [b"{}"]
        return self

    def header(self, name: str) -> str:
        return ""

    def read1(self, size: int) -> bytes:
        return self._body.pop() if self._body else b""

    def give_up(self) -> None:
        """Nobody waits."""

    def close(self) -> None:
        """Nothing is open."""


def made_for_two_questions(patience: float, asked_before: int) -> int:
    """Connections that were made, when the answers come after so many questions were asked."""
    asked, let, made = threading.Semaphore(0), threading.Event(), list[Held]()

    def wire() -> Held:
        made.append(Held(asked, let))
        return made[-1]

    client = Client("made up", wire, Deadline(60), 3, patience)
    answers: list[Future[object]] = [background(lambda: client.get("/info"))]
    assert asked.acquire(timeout=60)
    answers.append(background(lambda: client.get("/volumes")))
    for _ in range(asked_before - 1):
        assert asked.acquire(timeout=60)
    let.set()
    assert [answer.result(timeout=60) for answer in answers] == [{}, {}]
    return len(made)


def test_a_question_has_a_connection_of_its_own() -> None:
    assert made_for_two_questions(0.0, 2) == 2


def test_it_waits_for_one_that_is_in_use_but_not_for_long() -> None:
    assert made_for_two_questions(60.0, 1) == 1
    assert made_for_two_questions(0.05, 2) == 2
