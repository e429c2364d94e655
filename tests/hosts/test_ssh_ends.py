"""Our ends of connections at the host: fed by an event loop, used by a thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from dockgrader.errors import Unobserved
from dockgrader.hosts.deadline import background as in_thread
from dockgrader.hosts.ssh.ends import End
from dockgrader.hosts.ssh.loop import Background


class Channel:
    """Notes what is done to it."""

    def __init__(self) -> None:
        self.said: list[bytes | str] = []
        self.noted = threading.Event()

    def write(self, data: bytes) -> None:
        self._note(data)

    def pause_reading(self) -> None:
        self._note("pause")

    def resume_reading(self) -> None:
        self._note("resume")

    def close(self) -> None:
        self._note("close")

    def _note(self, word: bytes | str) -> None:
        self.said.append(word)
        self.noted.set()


@pytest.fixture
def loop() -> Iterator[Background]:
    background = Background()
    yield background
    background.close()


def made(loop: Background, channel: Channel, lost: Unobserved | None = None) -> End:
    def at_end() -> None:
        if lost:
            raise lost

    async def make() -> End:
        end = End(at_end)
        end.connection_made(channel)
        return end

    return loop.call(make(), 5)


def fed(loop: Background, end: End, data: bytes) -> None:
    async def feed() -> None:
        end.data_received(data)

    loop.call(feed(), 5)


def closed(loop: Background, end: End) -> None:
    async def close() -> None:
        end.connection_lost(None)
        await asyncio.sleep(0)  # it is told in the next turn

    loop.call(close(), 5)


def test_what_comes_is_read_and_what_is_sent_goes(loop: Background) -> None:
    end = made(loop, channel := Channel())
    reading = in_thread(lambda: end.recv(100))
    fed(loop, end, b"hello")
    assert reading.result(timeout=5) == b"hello"
    end.sendall(b"hi")
    assert channel.noted.wait(5)
    assert channel.said == [b"hi"]
    closed(loop, end)
    assert end.recv(100) == b""
    assert end.over


def test_nothing_comes_in_time(loop: Background) -> None:
    end = made(loop, Channel())
    end.settimeout(0.01)
    with pytest.raises(TimeoutError):
        end.recv(1)


def test_a_flood_is_held_back_until_there_is_room(loop: Background) -> None:
    end = made(loop, channel := Channel())
    for _ in range(5):
        fed(loop, end, b"x" * 60_000)
    assert channel.said == ["pause"]
    channel.noted.clear()
    while channel.said == ["pause"] and not channel.noted.is_set():
        assert end.recv(60_000)
        channel.noted.wait(0.2)
    assert channel.said == ["pause", "resume"]


def test_the_end_is_none_when_the_host_is_lost(loop: Background) -> None:
    end = made(loop, Channel(), Unobserved("ssh.lost", "gone"))
    fed(loop, end, b"half")
    closed(loop, end)
    assert end.recv(100) == b"half"
    with pytest.raises(Unobserved, match="gone"):
        end.recv(100)


def test_a_reader_can_be_woken(loop: Background) -> None:
    end = made(loop, Channel())
    reading = in_thread(lambda: end.recv(100))
    end.give_up()
    assert reading.result(timeout=5) == b""


def test_a_loop_that_is_gone_takes_nothing(loop: Background) -> None:
    end = made(loop, Channel())
    loop.close()
    end.sendall(b"hi")
    end.close()
