"""One connection to an engine, which speaks HTTP: what is asked over it, and what comes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from dockgrader.frozen import dataclass


class WireFailed(OSError):
    """A connection failed; its cause is what the library raised that makes it."""


@dataclass(frozen=True)
class Request:
    """What is asked: an API path with its version, parameters behind it, and a `body` that is JSON."""

    method: str
    path: str
    params: Mapping[str, str] | None = None
    body: Mapping[str, Any] | None = None


class Answer(Protocol):
    """An answer whose head has come. After `close` the connection can be asked again."""

    @property
    def status(self) -> int:
        """The HTTP status."""

    def header(self, name: str) -> str:
        """A header's value by its name in small letters; empty where there is none."""

    def read1(self, size: int) -> bytes:
        """What comes next of the body, at most so many bytes; empty at its end.

        Raises OSError and HTTPException, TimeoutError when nothing has come for as long as was asked for.
        """

    def give_up(self) -> None:
        """Wake whoever reads in another thread; there is nothing more to come."""

    def close(self) -> None:
        """Let go of what has not been read."""


class Wire(Protocol):
    """A connection for one thread at a time, made when it is needed."""

    def ask(self, request: Request, seconds: float, quiet: float | None = None) -> Answer:
        """The answer to a request. It may take `seconds` to connect, and to begin.

        From then on nothing may come for `quiet` seconds, where they are given. Raises OSError and HTTPException.
        """

    def close(self) -> None:
        """Close it."""


Wires = Callable[[], Wire]
