"""A host that is reached over SSH: everything goes over one connection, and nothing is installed there."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from dockgrader.errors import Unobserved
from dockgrader.hosts.base import FILE_CAP, HERE, Missing, Nearness, Output, ReadFile
from dockgrader.hosts.deadline import Deadline
from dockgrader.hosts.endpoint import Endpoint
from dockgrader.hosts.engine import CONNECTIONS
from dockgrader.hosts.ssh import engine as ssh_engine
from dockgrader.hosts.ssh.address import parse
from dockgrader.hosts.ssh.connect import Login, log_in
from dockgrader.hosts.ssh.ends import End
from dockgrader.hosts.ssh.engine import DEFAULT_SOCKET, Route
from dockgrader.hosts.ssh.errors import clean
from dockgrader.hosts.ssh.explaining import SshEngine
from dockgrader.hosts.ssh.files import FilesScript
from dockgrader.hosts.ssh.library import asyncssh
from dockgrader.hosts.ssh.loop import background, is_shared
from dockgrader.hosts.ssh.script import quoted, usable
from dockgrader.hosts.ssh.shell import NoShell, ProgramFailed, Shell
from dockgrader.hosts.ssh.tcp import TcpOpener
from dockgrader.hosts.ssh.wire import ChannelWire, Forwarded, Spoken, Way

Result = TypeVar("Result")
_WILDCARDS = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - read, never bound
_FILES_SECONDS = 20.0
_TO_SAY_IT = 0.1
"""Seconds before the end of a run, in which its reason must still be heard."""
_NOT_FOUND = 127
_FIRST = (("/containers/json", {"all": "1"}),)
"""What most runs ask first. Where many hosts are asked, nobody waits for a round trip, and nothing is asked in vain."""
_CONNECTIONS_OF_MANY = 3
"""To an engine, where many hosts are asked at the same time: each is a channel that has to be opened."""
_READY_SHELLS = 2
_PATIENCE_OF_MANY = 1.0
"""Seconds that a script waits for another one's session, and a question for another one's connection, where many
hosts are asked at the same time."""
_SESSIONS = 4
"""Connections to an engine behind a program, each of which takes one of the ten sessions that sshd usually allows."""


class SshHost:
    """A Docker host behind SSH. Raises Unobserved when it cannot be logged in to, or no engine answers there.

    `meanwhile` is called while the login is waited for; what it raises ends that. `login_seconds` bounds the login.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        deadline: Deadline,
        meanwhile: Callable[[], object] = lambda: None,
        login_seconds: float | None = None,
    ) -> None:
        self._name = endpoint.url
        self._address = replace(
            parse(endpoint.url),
            key=endpoint.ssh_key,
            jump=endpoint.ssh_jump,
            known_hosts=endpoint.ssh_known_hosts,
        )
        if os.name == "nt":
            raise Unobserved(
                "host.ssh", f"{self._name}: hosts over SSH are graded from Linux, macOS or WSL only"
            )
        # What is left of the time when an engine falls silent is for finding out whether the host did, too.
        self._deadline = deadline.sooner(deadline.remaining() - min(2.0, deadline.remaining() / 10))
        self._last_word = deadline
        self._background = background()
        self._many = is_shared()
        self._most = _CONNECTIONS_OF_MANY if self._many else CONNECTIONS
        self._patience = _PATIENCE_OF_MANY if self._many else 0.0
        self._along: list[str] = []
        self._known: dict[str, ReadFile] = {}
        self._login: Login | None = None
        self._engine: SshEngine | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._route = Route(self._address.socket or DEFAULT_SOCKET)
        try:
            self._open(endpoint, meanwhile, min(self._deadline.remaining(), login_seconds or math.inf))
        except BaseException:
            self.close()
            raise

    def _open(self, endpoint: Endpoint, meanwhile: Callable[[], object], seconds: float) -> None:
        login = log_in(self._address, accept_new=endpoint.accept_new_host_keys, seconds=seconds)
        logging_in = self._background.start(login)
        meanwhile()
        try:
            self._login = self._background.result(logging_in, seconds + 0.5)
        except (
            TimeoutError
        ):  # `Match exec` in the configuration runs what it likes, and cannot be interrupted
            raise Unobserved("ssh.timeout", f"{self._name}: the login did not end in time") from None
        self._connection = self._login.connection
        self._shell = Shell(self._connection, self._name, self._patience)
        self._tcp = TcpOpener(self._connection, self._shell, self._name, self.must_be_connected)
        self._engine = self._reached_engine()

    async def _prepare(self, forwarded: Forwarded) -> None:
        """What will be needed is begun, all in one round trip."""
        forwarded.begin(1 if self._many else self._most)
        for _ in range(1 if self._many else _READY_SHELLS):
            self._tasks.add(task := asyncio.create_task(self._shell.warm()))
            task.add_done_callback(self._tasks.discard)

    def _reached_engine(self) -> SshEngine:
        """The engine by the first route that leads to it."""
        forwarded = self._forwarded(self._route)
        self._background.start(self._prepare(forwarded))
        try:
            return self._engine_by(self._route, forwarded)
        except Unobserved:
            if not isinstance(forwarded.failure, asyncssh.ChannelOpenError):
                raise
            self.must_be_connected()
        survey = self._survey()
        said = b""
        for route in ssh_engine.routes(survey, self._route.socket):
            way = (
                Spoken(self._shell, route.command, self.must_be_connected)
                if route.command
                else self._forwarded(route)
            )
            try:
                engine = self._engine_by(route, way)
            except Unobserved as failure:
                if failure.code.startswith("ssh.") or failure.code == "engine.timeout":
                    raise
                said = way.said or said
                continue
            self._route = route
            return engine
        raise ssh_engine.reason(self._name, survey, said)

    def _forwarded(self, route: Route) -> Forwarded:
        return Forwarded(self._connection, route.socket, self.must_be_connected)

    def _engine_by(self, route: Route, way: Way) -> SshEngine:
        connections = _SESSIONS if route.command else self._most
        ahead = () if route.command or self._many else _FIRST

        def connect(seconds: float) -> End:
            return self._background.call(way.open(), seconds)

        endpoint = Endpoint(self._name, "")
        wires = partial(ChannelWire, connect)
        return SshEngine(self.explained, endpoint, self._deadline, connections, ahead, wires, self._patience)

    def _survey(self) -> ssh_engine.Survey:
        script = ssh_engine.survey_script(self._address.socket)
        answer = self._call(self._shell.run(script, ssh_engine.SURVEY_CAP), _FILES_SECONDS)
        return ssh_engine.parse_survey(answer.stdout)

    @property
    def name(self) -> str:
        """The endpoint's URL."""
        return self._name

    @property
    def host_key(self) -> str:
        """The fingerprint of the machine's own key, as `ssh-keygen -l` shows it."""
        key = self._connection.get_server_host_key()
        return str(key.get_fingerprint()) if key else ""

    @property
    def way(self) -> str:
        """How the engine is reached, for `doctor`."""
        return self._route.command or f"the socket {self._route.socket}, forwarded"

    @property
    def engine(self) -> SshEngine:
        """The host's engine."""
        assert self._engine is not None  # noqa: S101 - a host that is made has one
        return self._engine

    def near(self, container_id: str, pid: int) -> Nearness:
        """We are logged in where the engine is."""
        return HERE

    def read_files(self, paths: Sequence[str], *, regular: bool = False) -> list[ReadFile]:
        """The host's files, in one answer of its shell."""
        if not regular and all(path in self._known for path in paths):
            return [self._known[path] for path in paths]
        along, self._along = ([], self._along) if regular else (self._along, [])
        found = self._read([*paths, *along], regular=regular)
        self._known.update(zip(along, found[len(paths) :], strict=True))
        return found[: len(paths)]

    def read_along(self, paths: Sequence[str]) -> None:
        """Have files that never change read with the next ones: they will be asked for."""
        self._along = [*paths]

    def _read(self, paths: Sequence[str], *, regular: bool) -> list[ReadFile]:
        script = FilesScript(paths, regular=regular)
        try:
            answer = self._call(self._shell.run(script.text, script.cap, errors=False), _FILES_SECONDS)
        except NoShell as error:
            raise Unobserved("host.files", f"The files of {self._name} cannot be read: {error}") from None
        files = script.parse(answer.stdout)
        if files is None:
            raise Unobserved(
                "host.files", f"The files of {self._name} cannot be read: its shell garbles them"
            )
        return files

    def connect(self, address: str, port: int, seconds: float) -> End:
        """Connect to a published port from the host itself; a wildcard address means its loopback."""
        opening = self._tcp.open(_WILDCARDS.get(address, address), port)
        end = self._background.call(opening, min(seconds, self._deadline.remaining()))
        end.settimeout(seconds)
        return end

    def run(self, argv: Sequence[str], seconds: float) -> Output:
        """Run a program there, as its user does, or by sudo where the engine needs that."""
        if not all(usable(word) for word in argv):
            raise Unobserved(
                "host.run", f"{self._name}: a NUL, or bytes that are no text, cannot be in a command"
            )
        words = " ".join(quoted(word) for word in argv)
        target = f"DOCKER_HOST={quoted(f'unix://{self._route.socket}')}"
        call = f"{'sudo -n ' if self._route.sudo else ''}env -u DOCKER_CONTEXT {target} {words}"
        script = (
            f"if command -v {quoted(argv[0])} >/dev/null 2>&1; then {call} </dev/null\n"
            f"else (exit {_NOT_FOUND}); fi"
        )
        try:
            answer = self._background.call(
                self._shell.run(script, FILE_CAP), min(seconds, self._deadline.remaining())
            )
        except TimeoutError:
            self.must_be_there()
            if self._deadline.passed():
                raise Unobserved("host.timeout", f"{self._name}: {argv[0]} did not end in time") from None
            return Output(None, b"", b"", timed_out=True)
        except NoShell as error:
            raise Unobserved("host.run", str(error)) from None
        if answer.status == _NOT_FOUND and not answer.stdout:
            raise Missing
        return Output(answer.status, answer.stdout, answer.stderr, flooded=answer.status is None)

    def must_be_connected(self) -> None:
        """Raise Unobserved when the connection to the host is known to be lost."""
        if self._connection.is_closed():
            raise self._lost()

    def must_be_there(self) -> None:
        """Raise Unobserved unless the host still answers; its failure must not be taken for the student's."""
        self.must_be_connected()
        if (seconds := min(2.0, self._last_word.remaining() - _TO_SAY_IT)) < 0.05:
            return  # no time is left to find out
        try:
            self._background.call(self._knock(), seconds)
        except TimeoutError:
            raise Unobserved(
                "ssh.timeout", f"{self._name} has stopped answering. Is the machine frozen or overloaded?"
            ) from None
        except OSError:
            raise self._lost() from None

    async def _knock(self) -> None:
        """Ask for something that is refused at once, and not at all by a host that is gone."""
        try:
            _, writer = await self._connection.open_unix_connection("/")
            writer.close()
        except asyncssh.ChannelOpenError:
            if self._connection.is_closed():
                raise ConnectionError from None

    def _lost(self) -> Unobserved:
        return Unobserved(
            "ssh.lost", f"The connection to {self._name} was lost. Did the machine or its network go down?"
        )

    def explained(self, failure: Unobserved) -> Unobserved:
        """An engine's failure, or the host's own behind it."""
        if failure.code in ("engine.timeout", "engine.lost", "engine.down", "engine.garbage"):
            try:
                self.must_be_there()
            except Unobserved as hosts_own:
                return hosts_own
        return failure

    def _call(self, work: Coroutine[Any, Any, Result], seconds: float) -> Result:
        """Run a coroutine. Raises Unobserved where the host does not answer, beside what it raises."""
        try:
            return self._background.call(work, min(seconds, self._deadline.remaining()))
        except TimeoutError:
            self.must_be_there()
            if self._shell.crowded:
                raise Unobserved(
                    "ssh.sessions", f"{self._name} allows too few sessions at the same time (MaxSessions)"
                ) from None
            raise Unobserved("host.timeout", f"{self._name}: a command did not end in time") from None
        except (asyncssh.Error, ProgramFailed, OSError) as error:
            self.must_be_there()
            raise Unobserved("ssh.lost", f"{self._name}: {clean(error)}") from error

    def close(self) -> None:
        """Let go of everything: the connection with all that goes over it, the thread."""
        if self._login is not None:
            with contextlib.suppress(TimeoutError, OSError, asyncssh.Error):
                self._background.call(self._log_out(self._login), 3)
            self._login = None
        self._background.close()

    async def _log_out(self, login: Login) -> None:
        await self._shell.close()
        await login.close()
