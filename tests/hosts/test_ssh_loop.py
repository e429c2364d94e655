"""Coroutines from a thread."""

from __future__ import annotations

import asyncio
import socket
import threading
import time

import pytest

from dockgrader.hosts.ssh.loop import Background


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
