"""Coroutines from a thread."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from dockgrader.hosts.ssh import loop
from dockgrader.hosts.ssh.loop import Background, Guest


def test_results_and_errors_come_back() -> None:
    async def half(number: int) -> float:
        return 1 / number

    background = Background()
    assert background.call(half(2), 5) == 0.5
    with pytest.raises(ZeroDivisionError):
        background.call(half(0), 5)
    background.close()


def test_what_takes_too_long_is_cancelled() -> None:
    cancelled = threading.Event()

    async def never() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    background = Background()
    with pytest.raises(TimeoutError):
        background.call(never(), 0.05)
    assert cancelled.wait(5)
    background.close()


def test_closing_ends_the_thread_and_whoever_waits() -> None:
    background = Background()
    began = threading.Event()

    async def wait() -> None:
        began.set()
        await asyncio.Event().wait()

    def ask() -> None:
        with pytest.raises(ConnectionError):
            background.call(wait(), 60)

    waiting = threading.Thread(target=ask)
    waiting.start()
    assert began.wait(5)
    background.close()
    background.close()
    waiting.join(timeout=5)
    assert not waiting.is_alive()
    assert not any(thread.name == "dockgrader-ssh" for thread in threading.enumerate())
    with pytest.raises(ConnectionError):
        background.call(asyncio.sleep(0), 1)


def test_a_name_server_that_hangs_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    hung = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: hung.wait(60))
    background = Background()
    start = time.monotonic()
    with pytest.raises(TimeoutError):
        background.call(asyncio.open_connection("host.invalid", 1), 0.1)
    background.close()
    assert time.monotonic() - start < 30
    hung.set()


@pytest.mark.parametrize("name", ["no-such-host.invalid", "a" * 70 + ".example"])
def test_a_name_that_does_not_exist(name: str) -> None:
    background = Background()
    with pytest.raises(socket.gaierror):
        background.call(asyncio.open_connection(name, 1), 20)
    background.close()


@pytest.fixture
def shared() -> Iterator[Background]:
    whole = Background("dockgrader-test")
    whole._loop.set_task_factory(loop._guests_task)
    yield whole
    whole.close()


async def _beginning(done: list[str], name: str) -> None:
    """Something goes on beside it, begun by a task and by a callback."""

    async def going_on(how: str) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            done.append(f"{name} {how}")
            raise

    async def nested() -> None:
        kept.append(asyncio.create_task(going_on("task")))

    kept.append(asyncio.create_task(nested()))
    asyncio.get_running_loop().call_soon(lambda: kept.append(asyncio.create_task(going_on("callback"))))
    await asyncio.sleep(0.05)


kept: list[asyncio.Task[None]] = []


def test_a_guest_that_leaves_ends_what_it_began_and_nothing_else(shared: Background) -> None:
    one, other = Guest(shared), Guest(shared)
    done: list[str] = []
    one.call(_beginning(done, "one"), 20)
    other.call(_beginning(done, "other"), 20)

    one.close()

    assert sorted(done) == ["one callback", "one task"]
    with pytest.raises(ConnectionError):
        one.call(asyncio.sleep(0), 5)
    other.call(asyncio.sleep(0), 20)
    other.close()
    assert len(done) == 4
