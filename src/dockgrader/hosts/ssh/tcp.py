"""TCP connections from the host itself: a channel of the SSH connection, else a program there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from dockgrader.errors import Unobserved
from dockgrader.hosts.ssh.ends import End, Program
from dockgrader.hosts.ssh.errors import clean
from dockgrader.hosts.ssh.library import asyncssh
from dockgrader.hosts.ssh.script import quoted
from dockgrader.hosts.ssh.shell import NoShell, ProgramFailed, Shell, Stream

_WHICH = """\
for program in bash nc busybox; do
    if command -v $program >/dev/null 2>&1; then echo $program; break; fi
done"""
_PROGRAMS = {"bash": "bash", "nc": "nc", "busybox": "busybox nc"}
_EARLY = 0.5
"""Seconds in which `nc` ends when nobody listens; when somebody does, it says nothing."""


class TcpOpener:
    """Opens connections to addresses and ports as the host itself does. `at_end` is that of an End."""

    def __init__(
        self, connection: asyncssh.SSHClientConnection, shell: Shell, url: str, at_end: Callable[[], None]
    ) -> None:
        self._connection = connection
        self._shell = shell
        self._url = url
        self._at_end = at_end
        self._program: str | None = None

    async def open(self, address: str, port: int) -> End:
        """Connect. Raises OSError as a local connection would, Unobserved where the host lets nobody."""
        if self._program is None:
            made: Any = self._end
            try:
                _, forwarded = await self._connection.create_connection(made, address, port)
                return cast(End, forwarded)
            except asyncssh.ChannelOpenError as error:
                if error.code != asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED:
                    raise as_local(error.reason) from None
            self._program = await self._find()
        stream, end = await self._by_program(self._program, address, port), self._end()
        Program(stream, end)
        return end

    def _end(self) -> End:
        return End(self._at_end)

    async def _find(self) -> str:
        try:
            answer = await self._shell.run(_WHICH, 100)
        except NoShell as error:
            raise self._refused(str(error)) from None
        program = _PROGRAMS.get(answer.stdout.decode("utf-8", "replace").strip())
        if program is None:
            raise self._refused("neither bash nor nc is there to go around it")
        return program

    async def _by_program(self, program: str, address: str, port: int) -> Stream:
        where = f"{quoted(address)} {port}"
        try:
            if program == "bash":
                return await self._shell.pipe(lambda ready: f"exec bash -c {quoted(_bash(ready))} {where}")
            stream = await self._shell.pipe(lambda ready: f"{ready}; exec {program} {where}")
        except ProgramFailed as error:
            raise as_local(error.said.decode("utf-8", "replace")) from None
        except NoShell as error:
            raise self._refused(str(error)) from None
        try:
            async with asyncio.timeout(_EARLY):
                await stream.writer.wait_closed()
        except TimeoutError:
            return stream
        said = await stream.errors.read(200)
        await stream.close()
        raise as_local(said.decode("utf-8", "replace"))

    def _refused(self, why: str) -> Unobserved:
        return Unobserved(
            "host.http",
            f"{self._url}: its pages cannot be asked for from there. The SSH server forwards no TCP connections "
            f"(AllowTcpForwarding), and {why}",
        )


def _bash(ready: str) -> str:
    """bash connects by itself, and says when it has.

    sshd gives a command one socket for its input and its output, so that the far end's EOF arrives only when
    nobody holds it any more: whichever way ends first, the other is ended too. Each is a process group of its
    own (`set -m`), and only `wait` for one process is asked: `wait -n` misses what ended before it was called.
    """
    return "\n".join(
        [
            "set -m",
            "exec 3<>/dev/tcp/$0/$1 4<&0 || exit 1",
            ready,
            "cat <&4 >&3 & writer=$!",
            "{ cat <&3; kill $writer; } & reader=$!",
            "wait $writer",
            "kill -- -$reader",
        ]
    )


def as_local(said: str) -> OSError:
    """What connect(2) there came to. sshd, bash and nc give its words, some servers give none."""
    words = clean(said).lower()
    if "timed out" in words:
        return TimeoutError(words)
    if "unreachable" in words or "no route" in words:
        return OSError(words)
    return ConnectionRefusedError(words or "refused")
