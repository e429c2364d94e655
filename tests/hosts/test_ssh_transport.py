"""What asyncssh writes in one turn of the event loop is sent in one go."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from dockgrader.hosts.ssh.transport import _Gathering


class Sent:
    """Stands in for a socket's transport: keeps what it was given."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.closed = ""

    def write(self, data: bytes) -> None:
        assert not self.closed
        self.sent.append(data)

    def is_closing(self) -> bool:
        return bool(self.closed)

    def close(self) -> None:
        self.closed = "closed"

    def abort(self) -> None:
        self.closed = "aborted"


def played(turns: Callable[[Any, Sent], None]) -> Sent:
    async def play() -> Sent:
        below = Sent()
        turns(_Gathering(below), below)
        await asyncio.sleep(0)
        return below

    return asyncio.run(play())


def test_what_is_written_in_one_turn_is_sent_together() -> None:
    def turns(transport: Any, below: Sent) -> None:
        transport.write(b"one ")
        transport.write(b"two")
        assert below.sent == []

    assert played(turns).sent == [b"one two"]


def test_what_waits_is_sent_before_the_end() -> None:
    def turns(transport: Any, below: Sent) -> None:
        transport.write(b"good-bye")
        transport.close()

    assert (played(turns).sent, played(turns).closed) == ([b"good-bye"], "closed")


def test_nothing_is_written_to_what_is_closed() -> None:
    def turns(transport: Any, below: Sent) -> None:
        transport.write(b"late")
        below.close()

    assert played(turns).sent == []


def test_an_aborted_connection_says_its_last_word() -> None:
    def turns(transport: Any, below: Sent) -> None:
        transport.write(b"disconnect")
        transport.abort()

    assert (played(turns).sent, played(turns).closed) == ([b"disconnect"], "aborted")
