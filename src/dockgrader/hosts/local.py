"""A host that is reached by a socket or TCP, with this machine's own files where they are the same machine's."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
from collections.abc import Mapping, Sequence
from functools import partial
from typing import IO
from urllib.parse import urlsplit

from dockgrader.errors import Unobserved
from dockgrader.hosts.base import ELSEWHERE, FILE_CAP, Engine, Missing, Nearness, Output, ReadFile
from dockgrader.hosts.deadline import Deadline, background
from dockgrader.hosts.endpoint import Endpoint
from dockgrader.hosts.engine import DockerEngine
from dockgrader.hosts.own import WithoutOwn, own_container

PROC = "/proc"
_LISTENS = "00010000"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_WILDCARDS = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - read, never bound


class LocalHost:
    """The engine on this machine, or over tcp:// one whose files are out of reach."""

    def __init__(self, endpoint: Endpoint, deadline: Deadline) -> None:
        self._name = endpoint.url
        self._endpoint = endpoint
        self._remote = (
            urlsplit(endpoint.url).hostname if endpoint.scheme in ("tcp", "http", "https") else None
        )
        self._docker = DockerEngine(endpoint, deadline)
        own = own_container()
        self._engine: Engine = WithoutOwn(self._docker, own) if own else self._docker
        self._programs: set[subprocess.Popen[bytes]] = set()

    @property
    def name(self) -> str:
        """The endpoint's URL."""
        return self._name

    @property
    def engine(self) -> Engine:
        """The host's engine."""
        return self._engine

    def near(self, container_id: str, pid: int) -> Nearness:
        """Here, when our own /proc knows the container's process, and its engine's socket is one of our network's.

        A socket that somebody forwarded (`ssh -L`), Docker Desktop's, or one that is mounted into a container leads
        to another machine, another kernel or another network, whose ports are not at our addresses.
        """
        if self._remote and self._remote not in _LOOPBACK:
            return Nearness(files=False, ports=True, silence=False)
        if pid <= 0 or container_id not in _read(f"{PROC}/{pid}/cgroup", regular=False).text:
            return ELSEWHERE
        return Nearness(
            files=True, ports=True, silence=bool(self._remote) or _in_our_network(self._endpoint.path)
        )

    def read_files(self, paths: Sequence[str], *, regular: bool = False) -> list[ReadFile]:
        """This machine's files; over tcp:// they are another machine's, so none can be read."""
        if self._remote:
            raise Unobserved("host.files", f"The files of {self.name} cannot be read over tcp://")
        return [_read(path, regular=regular) for path in paths]

    def connect(self, address: str, port: int, seconds: float) -> socket.socket:
        """Connect to a published port; a wildcard address means the host's loopback."""
        if self._remote:
            if address not in _WILDCARDS:
                raise Unobserved("host.http", f"{address}:{port} can only be asked on {self._remote} itself")
            address = self._remote
        return socket.create_connection((_WILDCARDS.get(address, address), port), timeout=seconds)

    def run(self, argv: Sequence[str], seconds: float) -> Output:
        """Run a program of this machine with the engine's address in its environment."""
        if self._remote:
            raise Unobserved("host.run", f"No program can be run on {self.name} over tcp://")
        # Our own settings are none of its business, above all the key of individual tasks.
        ambient = {name: text for name, text in os.environ.items() if not name.startswith("DOCKGRADER_")}
        env = {**ambient, "DOCKER_HOST": self._endpoint.url, "LC_ALL": "C"}
        env.pop("DOCKER_CONTEXT", None)
        program = _started(argv, env)
        self._programs.add(program)
        try:
            return _output(program, seconds)
        finally:
            self._programs.discard(program)

    def close(self) -> None:
        """Let go of the engine's connections, and end the programs that are still running."""
        self._docker.close()
        for program in tuple(self._programs):
            _end(program)


def _in_our_network(path: str) -> bool:
    """Whether the socket was made in our network namespace, which /proc/net/unix lists alone."""
    ours = os.path.realpath(path)
    for line in _read(f"{PROC}/net/unix", regular=False).text.splitlines():
        fields = line.split(None, 7)
        if len(fields) == 8 and fields[3] == _LISTENS and os.path.realpath(fields[7]) == ours:
            return True
    return False


def _read(path: str, *, regular: bool) -> ReadFile:
    """A file's first bytes. Opened without blocking, so that a FIFO that a label names cannot hold us up."""
    try:
        # Some devices do something when they are opened (/dev/watchdog): they are not even opened.
        if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116 - a path may hold anything
            return ReadFile(None, "irregular")
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0))
    except (FileNotFoundError, NotADirectoryError):
        return ReadFile(None, "missing")
    except PermissionError:
        return ReadFile(None, "denied")
    except (OSError, ValueError):
        return ReadFile(None, "unreadable")
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            return ReadFile(None, "irregular")
        if regular and status.st_size > FILE_CAP:
            return ReadFile(None, "too large")
        with os.fdopen(os.dup(handle), "rb") as file:
            return ReadFile(file.read(FILE_CAP))
    except OSError as error:
        gone = isinstance(error, ProcessLookupError)
        return ReadFile(None, "missing" if gone else "unreadable")
    finally:
        os.close(handle)


def _started(argv: Sequence[str], env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """A program in a session of its own, so that what it starts can be ended with it."""
    pipe = subprocess.PIPE
    try:
        return subprocess.Popen(
            argv, env=env, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, start_new_session=True
        )
    except FileNotFoundError:
        raise Missing from None
    except OSError as error:
        raise Unobserved("host.run", f"{argv[0]} cannot be run: {error.strerror}") from error


def _output(program: subprocess.Popen[bytes], seconds: float) -> Output:
    """What a program prints, FILE_CAP bytes at the most; what floods or takes too long is ended."""
    deadline = Deadline(seconds)
    streams = [background(partial(_read_all, stream)) for stream in (program.stdout, program.stderr)]
    try:
        stdout, stderr = (stream.result(timeout=deadline.remaining()) for stream in streams)
        if len(stdout) > FILE_CAP or len(stderr) > FILE_CAP:
            _end(program)
            return Output(None, stdout[:FILE_CAP], stderr[:FILE_CAP], flooded=True)
        return Output(program.wait(timeout=deadline.remaining()), stdout, stderr)
    except (TimeoutError, subprocess.TimeoutExpired):
        _end(program)
        return Output(None, b"", b"", timed_out=True)


def _read_all(stream: IO[bytes] | None) -> bytes:
    """All that comes, or one byte more than the cap."""
    if stream is None:
        return b""
    with stream:
        return stream.read(FILE_CAP + 1)


def _end(program: subprocess.Popen[bytes]) -> None:
    """Kill a program and its session, and reap it."""
    try:
        if hasattr(os, "killpg"):
            os.killpg(program.pid, signal.SIGKILL)
        else:
            program.kill()
    except ProcessLookupError:
        pass  # it has just ended by itself
    program.wait()
