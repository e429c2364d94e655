"""Our ends of connections that begin at the host: used by threads, fed by the event loop.

No sockets of this machine are in between: what comes over a channel is handed to the thread that waits for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import threading
from collections.abc import Callable
from typing import Any, Protocol

from dockgrader.hosts.ssh.library import asyncssh
from dockgrader.hosts.ssh.shell import Stream

_CHUNK = 1 << 16
_ROOM = 1 << 18
"""Bytes that wait for a reader before no more are taken."""
_SAID_CAP = 2048


class _Channel(Protocol):
    """What is used of an SSH channel."""

    def write(self, data: bytes) -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...
    def close(self) -> None: ...


class End:
    """An SSH session's end that is as much of a socket as is needed. Made in the event loop.

    `at_end` is called by a reader before it is told that nothing more comes: it raises where that is not the other
    side's doing, as the connection to the host was lost.
    """

    def __init__(self, at_end: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._at_end = at_end
        self._changed = threading.Condition()
        self._data = bytearray()
        self._over = False
        self._paused = False
        self._seconds: float | None = None
        self._channel: _Channel

    # The event loop's side, as asyncssh calls it.

    def connection_made(self, channel: _Channel) -> None:
        """The channel is open."""
        self._channel = channel

    def session_started(self) -> None:
        """Nothing to do."""

    def data_received(self, data: bytes, datatype: int | None = None) -> None:
        """Something has come."""
        with self._changed:
            self._data += data
            if len(self._data) > _ROOM and not self._paused:
                self._paused = True
                self._channel.pause_reading()
            self._changed.notify()

    def eof_received(self) -> bool:
        """Nothing more comes; so we say no more either."""
        self._end()
        return False

    def connection_lost(self, error: Exception | None) -> None:
        """The channel is closed. Told a moment later, when a connection that is lost knows of it as a whole."""
        self._loop.call_soon(self._end)

    def pause_writing(self) -> None:
        """What we write is short."""

    def resume_writing(self) -> None:
        """What we write is short."""

    def _end(self) -> None:
        with self._changed:
            self._over = True
            self._changed.notify()

    # The threads' side, as that of a socket.

    @property
    def over(self) -> bool:
        """Whether the other side has closed it."""
        return self._over

    def settimeout(self, seconds: float | None, /) -> None:
        """Seconds that `recv` waits for at the most."""
        self._seconds = seconds

    def sendall(self, data: bytes, /) -> None:
        """Send, without waiting for it. What cannot be sent shows when an answer is waited for."""
        self._soon(self._write, data)

    def _write(self, data: bytes) -> None:
        with contextlib.suppress(OSError):
            self._channel.write(data)

    def recv(self, size: int, /) -> bytes:
        """What has come, at most so many bytes; empty at the end. Raises TimeoutError, and what `at_end` raises."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._data or self._over, self._seconds):
                raise TimeoutError("timed out")
            chunk = bytes(self._data[:size])
            del self._data[:size]
            if self._paused and len(self._data) <= _ROOM // 2:
                self._paused = False
                self._soon(self._channel.resume_reading)
        if not chunk:
            self._at_end()
        return chunk

    def makefile(self, mode: str = "rb", /) -> io.BufferedReader:
        """What comes as a file, whose end does not close the connection."""
        return io.BufferedReader(_Reading(self))

    def give_up(self) -> None:
        """Wake whoever reads; to them it is the end."""
        with self._changed:
            self._data.clear()
        self._end()

    def close(self) -> None:
        """Close the channel."""
        self._soon(self._channel.close)

    def __enter__(self) -> End:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _soon(self, call: Callable[..., None], *arguments: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed, and the connection with it
            self._loop.call_soon_threadsafe(call, *arguments)


class _Reading(io.RawIOBase):
    def __init__(self, end: End) -> None:
        self._end = end

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        data = self._end.recv(len(buffer))
        buffer[: len(data)] = data
        return len(data)


class Program:
    """The streams of a program there, as an End takes a channel. `ended` is told what it complained of."""

    def __init__(self, stream: Stream, end: End, ended: Callable[[bytes], None] = lambda said: None) -> None:
        self._stream = stream
        self._end = end
        self._ended = ended
        self._room = asyncio.Event()
        self._room.set()
        end.connection_made(self)
        self._task = asyncio.create_task(self._feed())

    async def _feed(self) -> None:
        try:
            with contextlib.suppress(OSError, asyncssh.Error):
                while data := await self._stream.reader.read(_CHUNK):
                    self._end.data_received(data)
                    await self._room.wait()
            if self._stream.errors is not None:
                with contextlib.suppress(TimeoutError, OSError, asyncssh.Error):
                    async with asyncio.timeout(0.2):
                        self._ended(await self._stream.errors.read(_SAID_CAP))
        finally:
            self._end.connection_lost(None)
            await self._stream.close()

    def write(self, data: bytes) -> None:
        """To its standard input."""
        self._stream.writer.write(data)

    def pause_reading(self) -> None:
        """Leave what it prints where it is."""
        self._room.clear()

    def resume_reading(self) -> None:
        """Go on."""
        self._room.set()

    def close(self) -> None:
        """End it."""
        self._task.cancel()
