"""HTTP to an engine over a channel, and the ways to open one."""

from __future__ import annotations

import asyncio
import errno
import json
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Protocol, cast
from urllib.parse import quote, urlencode

from dockgrader.hosts.ssh.answer import HttpAnswer
from dockgrader.hosts.ssh.ends import End, Program
from dockgrader.hosts.ssh.library import asyncssh
from dockgrader.hosts.ssh.shell import Shell
from dockgrader.hosts.wire import Request


class Way(Protocol):
    """A way to an engine. `failure` is why it last could not be gone, `said` what a program complained of."""

    failure: Exception | None
    said: bytes

    async def open(self) -> End:
        """A connection. Raises ConnectionResetError."""


class Forwarded:
    """Channels to a socket there. Some are opened ahead, so that whoever needs one waits no round trip for it."""

    said = b""

    def __init__(
        self, connection: asyncssh.SSHClientConnection, path: str, at_end: Callable[[], None]
    ) -> None:
        self._connection = connection
        self._path = path
        self._at_end = at_end
        self._ahead: list[asyncio.Task[End]] = []
        self.failure: Exception | None = None

    def begin(self, number: int) -> None:
        """Begin to open so many. Called in the event loop."""
        self._ahead += [asyncio.create_task(self._open()) for _ in range(number)]

    async def open(self) -> End:
        """A channel. Raises ConnectionResetError."""
        return await _or_reset(self, self._ahead.pop(0) if self._ahead else self._open())

    async def _open(self) -> End:
        made: Any = partial(End, self._at_end)
        _, end = await self._connection.create_unix_connection(made, self._path)
        return cast(End, end)


class Spoken:
    """Programs there that speak to the engine, a session for each connection."""

    def __init__(self, shell: Shell, command: str, at_end: Callable[[], None]) -> None:
        self._shell = shell
        self._command = command
        self._at_end = at_end
        self.failure: Exception | None = None
        self.said = b""

    async def open(self) -> End:
        """A program's streams. Raises ConnectionResetError."""
        return await _or_reset(self, self._open())

    async def _open(self) -> End:
        stream = await self._shell.pipe(lambda ready: f"{ready}; exec {self._command}")
        end = End(self._at_end)
        Program(stream, end, self._complained)
        return end

    def _complained(self, said: bytes) -> None:
        self.said = said


async def _or_reset(way: Way, opening: Awaitable[End]) -> End:
    """To whoever asks for a connection the engine has closed it; why that is so is the way's to tell."""
    try:
        end = await opening
    except Exception as error:
        way.failure = error
        raise ConnectionResetError(errno.ECONNRESET, "no connection") from error
    way.failure = None
    return end


class ChannelWire:
    """A Wire over an End that `connect` gives within so many seconds; kept for the next request while that lasts."""

    def __init__(self, connect: Callable[[float], End]) -> None:
        self._connect = connect
        self._end: End | None = None

    def ask(self, request: Request, seconds: float, quiet: float | None = None) -> _Answer:
        """As a Wire's."""
        if self._end is None or self._end.over:
            self._end = self._connect(seconds)
        end = self._end
        end.settimeout(quiet or seconds)
        end.sendall(_bytes(request))
        try:
            return _Answer(self, end)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close it."""
        if self._end is not None:
            self._end.close()
        self._end = None


class _Answer(HttpAnswer):
    def __init__(self, wire: ChannelWire, end: End) -> None:
        super().__init__(end.makefile())
        self._wire = wire
        self._end = end

    def give_up(self) -> None:
        """As an Answer's."""
        self._end.give_up()

    def close(self) -> None:
        """As an Answer's."""
        if not self.whole:
            self._wire.close()


def _bytes(request: Request) -> bytes:
    target = quote(request.path, safe="/:@%") + (f"?{urlencode(request.params)}" if request.params else "")
    content = b"" if request.body is None else json.dumps(request.body).encode()
    lines = [f"{request.method} {target} HTTP/1.1", "Host: docker", "Accept-Encoding: identity"]
    if request.body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + content
