"""Running scripts on the host, over the one connection, whatever its login shell, banner and profile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from dockgrader.errors import Unobserved
from dockgrader.hosts.ssh_errors import clean
from dockgrader.hosts.ssh_library import asyncssh
from dockgrader.hosts.ssh_script import COMMAND, Marks, whole

NOISE_CAP = 1 << 20
_CHUNK = 1 << 16
_SAID_CAP = 2048
_PAUSES = (0.05, 0.2, 0.5)
"""Seconds in which a server lets go of a session that has ended."""


@dataclass(frozen=True)
class Answer:
    """What a script printed. `status` is None when it had to be cut off at the cap."""

    status: int | None
    stdout: bytes
    stderr: bytes = b""


@dataclass
class Stream:
    """Two directions, to be pumped; `close` ends both. `errors` is what a program says beside it."""

    reader: Any
    writer: Any
    errors: Any = None

    async def close(self) -> None:
        """End it, and what runs at its other end."""
        self.writer.close()
        try:
            async with asyncio.timeout(0.5):
                await self.writer.wait_closed()
        except (TimeoutError, OSError, asyncssh.Error):
            pass


class NoShell(Unobserved):
    """The login shell runs no commands."""


class ProgramFailed(Exception):
    """A program whose streams were wanted ended before it was ready; `said` is what it said on standard error."""

    def __init__(self, said: bytes) -> None:
        super().__init__(clean(said.decode("utf-8", "replace")))
        self.said = said


class Shell:
    """Runs scripts. Short ones share one session, as many as are asked; others have one of their own.

    sshd allows so many sessions (MaxSessions, 10 by default, 1 on hardened machines): the limit is learnt when it
    is met; from then on sessions wait for each other, and none is kept open for later.
    """

    def __init__(self, connection: asyncssh.SSHClientConnection, where: str) -> None:
        self._connection = connection
        self._where = where
        self._places = asyncio.Condition()
        self._used = 0
        self._most: int | None = None
        self._shared: Any = None
        self._turn = asyncio.Lock()

    async def ask(self, script: str, cap: int) -> Answer:
        """A short script's standard output, up to `cap` bytes. Raises NoShell, Unobserved."""
        async with self._turn:
            if self._shared is None:
                self._shared = await self._open(errors=False)
            process, marks = self._shared, Marks()
            try:
                process.stdin.write(whole(script, marks))
                answer = await self._answer(process, marks, cap)
            except BaseException:
                self._shared = None
                await self._let_go(process)
                raise
            if answer.status is None or self._most is not None:
                self._shared = None
                await self._let_go(process)
            return answer

    async def run(self, script: str, cap: int) -> Answer:
        """A script that may take its time, in a session of its own. Raises NoShell, Unobserved."""
        marks, errors = Marks(), bytearray()
        async with self._session() as process:
            process.stdin.write(whole(script, marks))
            listener = asyncio.create_task(_listen(process.stderr, errors, cap))
            try:
                answer = await self._answer(process, marks, cap)
                if answer.status is not None:
                    process.stdin.write_eof()
                    await asyncio.wait([listener], timeout=1)
            finally:
                listener.cancel()
        return Answer(answer.status, answer.stdout, bytes(errors))

    async def pipe(self, script: Callable[[str], str]) -> Stream:
        """The standard streams of the program that a script ends in (`exec …`).

        `script` is given the command that says that the program is about to start, and has to place it. Raises
        ProgramFailed, NoShell, Unobserved.
        """
        process, marks = await self._open(errors=True), Marks()
        try:
            process.stdin.write(whole(script(marks.say(end=True)), marks))
            await self._skip_to(process, marks.begin)
            try:
                await process.stdout.readuntil(marks.end + b"\n")
            except asyncio.IncompleteReadError:
                raise ProgramFailed(await process.stderr.read(_SAID_CAP)) from None
        except BaseException:
            await self._let_go(process)
            raise
        return _ProcessStream(process.stdout, process.stdin, process.stderr, self, process)

    @property
    def crowded(self) -> bool:
        """Whether the server lets no more sessions be opened just now."""
        return self._most is not None and self._used >= self._most

    async def close(self) -> None:
        """End the shared session."""
        if self._shared is not None:
            process, self._shared = self._shared, None
            await self._let_go(process)

    async def _answer(self, process: Any, marks: Marks, cap: int) -> Answer:
        await self._skip_to(process, marks.begin)
        data, end = bytearray(), b"\n" + marks.end + b"\n"
        while True:
            position = data.find(end, max(0, len(data) - _CHUNK - len(end)))
            if position >= 0 and data.endswith(b"\n", position + len(end)):
                status = bytes(data[position + len(end) :]).strip()
                return Answer(int(status) if status.isdigit() else None, bytes(data[:position][:cap]))
            if len(data) > cap + _CHUNK:
                return Answer(None, bytes(data[:cap]))
            chunk = await process.stdout.read(_CHUNK)
            if not chunk:
                raise self._ended(process, bytes(data))
            data += chunk

    async def _skip_to(self, process: Any, mark: bytes) -> None:
        try:
            await process.stdout.readuntil(mark + b"\n")
        except asyncio.IncompleteReadError as error:
            raise self._ended(process, error.partial) from None

    def _ended(self, process: Any, said: bytes) -> Unobserved:
        if self._connection.is_closed():
            return Unobserved("ssh.lost", f"{self._where}: the connection was lost.")
        words = clean(said[:200].decode("utf-8", "replace"))
        return NoShell(
            "ssh.shell",
            f"{self._where}: the login shell does not run commands as it should"
            + (f"; it says: {words}" if words else "."),
        )

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[Any]:
        process = await self._open(errors=True)
        try:
            yield process
        finally:
            await self._let_go(process)

    async def _open(self, *, errors: bool) -> Any:
        pauses = iter(_PAUSES)
        while True:
            async with self._places:
                await self._places.wait_for(lambda: self._most is None or self._used < self._most)
                self._used += 1
            try:
                return await self._connection.create_process(
                    COMMAND, encoding=None, stderr=asyncssh.PIPE if errors else asyncssh.DEVNULL
                )
            except asyncssh.ChannelOpenError as error:
                others = await self._give_back()
                if self._connection.is_closed():
                    raise Unobserved("ssh.lost", f"{self._where}: the connection was lost.") from None
                if others:
                    self._most = others
                    if not self._turn.locked():
                        await self.close()
                elif (pause := next(pauses, None)) is not None:
                    await asyncio.sleep(pause)
                else:
                    raise Unobserved(
                        "ssh.sessions", f"{self._where} allows no session to run a command in: {clean(error)}"
                    ) from None
            except BaseException:
                await self._give_back()
                raise

    async def _give_back(self) -> int:
        """A place is free again; how many are still taken."""
        async with self._places:
            self._used -= 1
            self._places.notify()
            return self._used

    async def _let_go(self, process: Any) -> None:
        """End a session and what still runs in it."""
        try:
            if not process.channel.is_closing():
                process.stdin.write_eof()
                process.kill()
                process.close()
            async with asyncio.timeout(0.5):
                await process.wait_closed()
        except (TimeoutError, OSError, asyncssh.Error):
            pass
        finally:
            await self._give_back()


@dataclass
class _ProcessStream(Stream):
    shell: Any = None
    process: Any = None

    async def close(self) -> None:
        """End the program; its session can be used by another."""
        await self.shell._let_go(self.process)


async def _listen(reader: Any, into: bytearray, cap: int) -> None:
    while chunk := await reader.read(_CHUNK):
        into += chunk[: max(0, cap - len(into))]
