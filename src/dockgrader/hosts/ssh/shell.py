"""Running scripts on the host, over the one connection, whatever its login shell, banner and profile."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from dockgrader.errors import Unobserved
from dockgrader.hosts.ssh.errors import clean
from dockgrader.hosts.ssh.library import asyncssh
from dockgrader.hosts.ssh.script import COMMAND, MARK_LINE, Marks, whole

_CHUNK = 1 << 16
_SAID_CAP = 2048
_PAUSES = (0.05, 0.2, 0.5)
"""Seconds in which a server lets go of a session that has ended."""


@dataclass(frozen=True)
class Answer:
    """What a script printed. `status` is None when it had to be cut off at the cap."""

    status: int | None
    stdout: bytes
    stderr: bytes


@dataclass
class Stream:
    """Two directions, to be pumped; `errors` is what a program says beside them."""

    reader: Any
    writer: Any
    errors: Any = None

    async def close(self) -> None:
        """End both directions, and what is at their other end."""
        self.writer.close()


class NoShell(Unobserved):
    """The login shell runs no commands."""


class ProgramFailed(Exception):
    """A program whose streams were wanted ended before it was ready; `said` is what it said on standard error."""

    def __init__(self, said: bytes) -> None:
        super().__init__(clean(said.decode("utf-8", "replace")))
        self.said = said


class Shell:
    """Runs scripts in sessions that are used again, as one takes three round trips to open.

    sshd allows so many at a time (MaxSessions, 10 by default, 1 on hardened machines). The limit is learnt when it
    is met; from then on sessions wait for each other, and none is kept. A script waits `patience` seconds for a
    session that is in use before another one is opened for it.
    """

    def __init__(self, connection: asyncssh.SSHClientConnection, where: str, patience: float = 0.0) -> None:
        self._connection = connection
        self._where = where
        self._patience = patience
        self._brief = 0
        """Sessions that are about to be free: they run scripts, or are opened for one."""
        self._freed = asyncio.Event()
        self._places = asyncio.Condition()
        self._used = 0
        self._most: int | None = None
        self._idle: list[Any] = []
        self._all: set[Any] = set()
        self._proven: set[Any] = set()
        """Those that have run a script; what else a login shell starts may not read what we write (`exec sleep 60`)."""
        self._ending: set[asyncio.Task[None]] = set()

    async def warm(self) -> None:
        """Have a session ready for the next script, where the server allows one more."""
        with contextlib.suppress(Unobserved), self._briefly():
            process = await self._open(patient=False)
            if self._most is None:
                self._idle.append(process)
            else:
                self._end(process)

    @contextlib.contextmanager
    def _briefly(self) -> Iterator[None]:
        self._brief += 1
        try:
            yield
        finally:
            self._brief -= 1
            self._freed.set()

    async def run(self, script: str, cap: int, *, errors: bool = True) -> Answer:
        """What a script prints, up to `cap` bytes of each kind, its errors only where they are wanted.

        Raises NoShell, Unobserved.
        """
        await self._wait_a_little()
        with self._briefly():
            return await self._run(script, cap, wanted=errors)

    async def _run(self, script: str, cap: int, *, wanted: bool) -> Answer:
        process, marks = await self._session(), Marks()
        errors = asyncio.create_task(_between(process.stderr, marks, cap, drain=True)) if wanted else None
        again = False
        try:
            process.stdin.write(whole(script, marks, errors=wanted))
            output = await _between(process.stdout, marks, cap)
            if output.rest is None:
                return Answer(None, output.data, b"")
            status = (
                output.rest if b"\n" in output.rest else output.rest + await process.stdout.readuntil(b"\n")
            )
            said = (await errors).data if errors else b""
            answer = Answer(int(status.split()[0]), output.data, said)
            again = self._most is None
            return answer
        except (asyncio.IncompleteReadError, ValueError, IndexError) as error:
            raise self._ended(getattr(error, "partial", b"")) from None
        finally:
            if errors:
                errors.cancel()
            if again:
                self._proven.add(process)
                self._idle.append(process)
            else:
                self._end(process)

    async def pipe(self, script: Callable[[str], str]) -> Stream:
        """The standard streams of the program that a script ends in (`exec …`).

        `script` is given the command that says that the program is about to start, and has to place it. Raises
        ProgramFailed, NoShell, Unobserved.
        """
        process, marks = await self._session(), Marks()
        try:
            process.stdin.write(whole(script(marks.say(end=True)), marks))
            await _reach(process.stdout, marks.begin)
            await _reach(process.stderr, marks.begin)
            try:
                await _reach(process.stdout, marks.end)
            except asyncio.IncompleteReadError:
                raise ProgramFailed(await process.stderr.read(_SAID_CAP)) from None
        except asyncio.IncompleteReadError as error:
            self._end(process)
            raise self._ended(error.partial) from None
        except BaseException:
            self._end(process)
            raise
        return _ProcessStream(process.stdout, process.stdin, process.stderr, self._end, process)

    async def close(self) -> None:
        """End all sessions, and what runs in them; a shell that waits for a script ends with the connection."""
        for process in self._all.difference(each for each in self._idle if each in self._proven):
            _kill(process)

    @property
    def crowded(self) -> bool:
        """Whether the server lets no more sessions be opened just now."""
        return self._most is not None and self._used >= self._most

    def _ended(self, said: bytes) -> Unobserved:
        if self._connection.is_closed():
            return Unobserved("ssh.lost", f"{self._where}: the connection was lost.")
        words = clean(said[:200].decode("utf-8", "replace"))
        return NoShell(
            "ssh.shell",
            f"{self._where}: the login shell does not run commands as it should"
            + (f"; it says: {words}" if words else "."),
        )

    async def _wait_a_little(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._patience):
                while self._patience and self._brief and not self._idle:
                    self._freed.clear()
                    await self._freed.wait()

    async def _session(self) -> Any:
        while self._idle:
            process = self._idle.pop()
            if not process.channel.is_closing():
                return process
            self._end(process)  # a shell that ends by itself (TMOUT)
        return await self._open()

    async def _open(self, *, patient: bool = True) -> Any:
        pauses = iter(_PAUSES if patient else ())
        while True:
            async with self._places:
                await self._places.wait_for(lambda: self._most is None or self._used < self._most)
                self._used += 1
            try:
                process = await self._connection.create_process(COMMAND, encoding=None)
                self._all.add(process)
                return process
            except asyncssh.ChannelOpenError as error:
                others = await self._give_back()
                if self._connection.is_closed():
                    raise Unobserved("ssh.lost", f"{self._where}: the connection was lost.") from None
                if others:
                    self._most = others
                    self._end_idle()
                    if patient:
                        continue
                if (pause := next(pauses, None)) is None:
                    raise Unobserved(
                        "ssh.sessions", f"{self._where} allows no session to run a command in: {clean(error)}"
                    ) from None
                await asyncio.sleep(pause)
            except BaseException:
                await self._give_back()
                raise

    async def _give_back(self) -> int:
        """A place is free again; how many are still taken."""
        async with self._places:
            self._used -= 1
            self._places.notify()
            return self._used

    def _end_idle(self) -> None:
        while self._idle:
            self._end(self._idle.pop())

    def _end(self, process: Any) -> None:
        """End a session and what still runs in it; nobody has to wait for that."""
        task = asyncio.create_task(self._let_go(process))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def _let_go(self, process: Any) -> None:
        try:
            _kill(process)
            async with asyncio.timeout(0.5):
                await process.wait_closed()
        except (TimeoutError, OSError, asyncssh.Error):
            pass
        finally:
            self._all.discard(process)
            self._proven.discard(process)
            await self._give_back()


def _kill(process: Any) -> None:
    """A program that reads nothing does not notice that its session has ended; it is told by a signal."""
    if not process.channel.is_closing():
        process.stdin.write_eof()
        process.kill()
        process.close()


@dataclass
class _ProcessStream(Stream):
    end: Callable[[Any], None] = lambda process: None
    process: Any = None

    async def close(self) -> None:
        """End the program; its session can be used by another."""
        self.end(self.process)


@dataclass(frozen=True)
class _Between:
    """What stood between the marks, up to the cap, and what followed them; None when the cap was met first."""

    data: bytes
    rest: bytes | None


async def _reach(reader: Any, mark: bytes) -> None:
    """Read to the end of a mark's line. By one expression for all marks: asyncssh makes one of each separator.

    Raises IncompleteReadError when the stream ends before.
    """
    line = mark + b"\n"
    while not (await reader.readuntil(MARK_LINE, len(line))).endswith(line):
        pass  # something else of that look


async def _between(reader: Any, marks: Marks, cap: int, *, drain: bool = False) -> _Between:
    """Read up to the end mark, or to the cap; with `drain` what is over the cap is thrown away.

    Raises IncompleteReadError when the stream ends before.
    """
    await _reach(reader, marks.begin)
    mark = b"\n" + marks.end + b"\n"
    data, kept, searched = bytearray(), b"", 0
    while (position := data.find(mark, searched)) < 0:
        searched = max(0, len(data) - len(mark))
        if len(data) > cap + len(mark):
            if not drain:
                return _Between(bytes(data[:cap]), None)
            kept = kept or bytes(data[:cap])
            del data[: -len(mark)]
            searched = 0
        chunk = await reader.read(_CHUNK)
        if not chunk:
            raise asyncio.IncompleteReadError(bytes(data), None)
        data += chunk
    return _Between(kept or bytes(data[:position][:cap]), bytes(data[position + len(mark) :]))
