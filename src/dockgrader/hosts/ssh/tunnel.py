"""Streams of the host at a local end: a socket in a folder of our own, or one half of a pair."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from dockgrader.hosts.ssh.library import asyncssh
from dockgrader.hosts.ssh.shell import Stream

_CHUNK = 1 << 16
_SAID_CAP = 2048

Opener = Callable[[], Awaitable[Stream]]


class Tunnel:
    """A Unix socket here; each connection to it is one to what `opener` opens there, which may be changed.

    `failure` is why the last one could not be opened, `said` what the program behind it complained of.
    """

    def __init__(self, opener: Opener) -> None:
        self.opener = opener
        self.failure: Exception | None = None
        self.said = b""
        # Short: a Unix socket's path has 107 bytes at the most, 103 on macOS.
        self._folder = Path(tempfile.mkdtemp(prefix="dockgrader-"))
        self.path = self._folder / "docker.sock"
        self._server: asyncio.Server | None = None

    async def listen(self) -> None:
        """Begin to take connections."""
        self._server = await asyncio.start_unix_server(self._serve, self.path)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.said = b""
        try:
            stream = await self.opener()
        except Exception as error:  # noqa: BLE001 - whoever has connected asks for it
            self.failure = error
            writer.close()
            return
        self.failure = None
        try:
            await pump(reader, writer, stream)
        finally:
            if stream.errors is not None:
                with contextlib.suppress(TimeoutError, OSError, asyncssh.Error):
                    async with asyncio.timeout(0.2):
                        self.said = await stream.errors.read(_SAID_CAP)
            await stream.close()

    def remove(self) -> None:
        """Take no more connections, and leave no socket behind. Called from any thread."""
        if self._server is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed, and the server with it
                self._server.get_loop().call_soon_threadsafe(self._server.close)
        shutil.rmtree(self._folder, ignore_errors=True)


class Forwarded:
    """Channels to a socket there. Some are opened ahead, so that whoever needs one waits no round trip for it."""

    def __init__(self, connection: asyncssh.SSHClientConnection, path: str) -> None:
        self._connection = connection
        self._path = path
        self._ahead: list[asyncio.Task[Stream]] = []

    async def begin(self, number: int) -> None:
        """Begin to open so many."""
        self._ahead += [asyncio.create_task(self._open()) for _ in range(number)]

    async def open(self) -> Stream:
        """A channel. Raises asyncssh.ChannelOpenError."""
        return await (self._ahead.pop(0) if self._ahead else self._open())

    async def _open(self) -> Stream:
        reader, writer = await self._connection.open_unix_connection(self._path)
        return Stream(reader, writer)


async def pump(reader: Any, writer: Any, stream: Stream) -> None:
    """Move bytes both ways until either side ends."""
    ways = [
        asyncio.create_task(_move(reader, stream.writer)),
        asyncio.create_task(_move(stream.reader, writer)),
    ]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        writer.close()


async def _move(reader: Any, writer: Any) -> None:
    with contextlib.suppress(OSError, asyncssh.Error):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()


async def local_end(stream: Stream, into: set[asyncio.Task[None]]) -> socket.socket:
    """A connected socket for what is not asynchronous; the stream is pumped to it by a task kept in `into`."""
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    reader, writer = await asyncio.open_connection(sock=theirs)

    async def serve() -> None:
        try:
            await pump(reader, writer, stream)
        finally:
            await stream.close()

    task = asyncio.create_task(serve())
    into.add(task)
    task.add_done_callback(into.discard)
    return ours
