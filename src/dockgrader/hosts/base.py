"""What the grader can do on a Docker host: the narrow seam between facts and the ways to reach a host."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol, Self

from dockgrader.frozen import dataclass

FILE_CAP = 1 << 20
"""Bytes of one file that are read at the most."""


class Missing(Exception):
    """The engine answers that there is no such object (404)."""


class Conflict(Exception):
    """The engine answers that the object is in no state for this (409): not running, paused."""


@dataclass(frozen=True)
class ReadFile:
    """A file's first bytes, or why there are none: `missing`, `denied`, `irregular`, `too large`, `unreadable`."""

    data: bytes | None
    problem: str = ""

    @property
    def text(self) -> str:
        """The content as text; what is no UTF-8 is replaced."""
        return (self.data or b"").decode("utf-8", "replace")


@dataclass(frozen=True)
class Output:
    """What a command left: exit status (None when it had to be cut off), output, and why it was cut off."""

    exit: int | None
    stdout: bytes
    stderr: bytes
    timed_out: bool = False
    flooded: bool = False


@dataclass(frozen=True)
class ToRestart:
    """A running container that is to be stopped and started again.

    `started` is when it was started, `grace` the seconds that its program has to end by itself before it is killed.
    """

    id: str
    name: str
    started: str
    grace: float


@dataclass(frozen=True)
class NotBack:
    """A container that was stopped, and is not known to run again.

    `problem`: the engine answers that it is `gone`, or that it does not start (`refused`); else it is `unseen`.
    """

    name: str
    problem: str
    reason: str = ""


@dataclass(frozen=True)
class Nearness:
    """What counts of the things that we reach beside the engine, whose socket may be forwarded from anywhere.

    `files`: the host's files and programs are those of the container's machine. `ports`: what a published port
    answers is the container's answer. `silence`: that a published port does not answer is the container's doing.
    """

    files: bool
    ports: bool
    silence: bool


HERE = Nearness(files=True, ports=True, silence=True)
ELSEWHERE = Nearness(files=False, ports=False, silence=False)


class Engine(Protocol):
    """The Docker engine's API. Every call is bounded in time and size and raises `Unobserved` for the host's sake."""

    @property
    def version(self) -> str:
        """The engine's own version, such as 20.10.24; empty where it does not tell."""

    @property
    def api(self) -> str:
        """The API version that is spoken, such as 1.41."""

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        """The JSON at an API path (`/containers/x/json`). Raises Missing, Conflict, Unobserved."""

    def exec(self, container: str, argv: Sequence[str], seconds: float) -> Output:
        """Run a command in a container, for so many seconds, or more where the machine is slow.

        Raises Missing, Conflict, Unobserved.
        """

    def control(self, container: str) -> float:
        """Seconds that the shortest command takes in a container: the pace of the machine. Raises Unobserved."""

    def restart(self, container: ToRestart) -> None:
        """Stop a container and start it again: all that is ever changed. Raises Missing, Conflict, Unobserved."""

    def put_back(self) -> list[NotBack]:
        """Wait until what `restart` began has ended, start what does not run then, and tell what does not even so.

        Bounded, raises nothing; from then on `restart` raises Unobserved.
        """

    def own(self, exec_id: str) -> bool:
        """Whether a command that ran in a container was ours, so that an event tells nothing new."""

    def events(self, since: str | None, quiet: float) -> Iterator[Mapping[str, Any]]:
        """The engine's events from now on, or from `since`, until it ends them or is quiet. Raises Unobserved."""

    def ping(self) -> None:
        """Raise Unobserved unless the engine answers."""


class Connection(Protocol):
    """What is used of a socket that is connected."""

    def settimeout(self, seconds: float | None, /) -> None:
        """Seconds that `recv` may take."""

    def sendall(self, data: bytes, /) -> None:
        """Send. Raises OSError."""

    def recv(self, size: int, /) -> bytes:
        """What comes, at most so many bytes; empty at the end. Raises OSError, Unobserved."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None:
        """Close it."""


class Host(Protocol):
    """A reachable Docker host."""

    @property
    def name(self) -> str:
        """The endpoint's URL."""

    @property
    def engine(self) -> Engine:
        """The host's engine."""

    def near(self, container_id: str, pid: int) -> Nearness:
        """How near we are to a running container; `pid` is its first process's number on its machine."""

    def read_files(self, paths: Sequence[str], *, regular: bool = False) -> list[ReadFile]:
        """Files of the host, each up to FILE_CAP bytes; `regular` refuses all but regular files of that size.

        Raises Unobserved where this host's files cannot be reached at all.
        """

    def connect(self, address: str, port: int, seconds: float) -> Connection:
        """A TCP connection as the host itself would open it. Raises OSError for the student's, Unobserved else."""

    def run(self, argv: Sequence[str], seconds: float) -> Output:
        """Run a program on the host. Raises Missing when there is none of that name, Unobserved else."""

    def close(self) -> None:
        """Let go of every connection."""
