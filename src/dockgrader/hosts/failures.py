"""What the exceptions of a connection to an engine mean, in words that say what to do."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException

from dockgrader.errors import Unobserved

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


def garbage(url: str, what: str) -> str:
    """An answer that no Docker engine gives."""
    return f"{url} does not answer as a Docker engine does: it sent {what}. Is this the engine's address?"


def slow(url: str, seconds: float | None = None) -> str:
    """An engine that takes the call but does not answer, in so many seconds or in those of the whole run."""
    when = "in time (--timeout gives more)" if seconds is None else f"within {seconds:.0f} s"
    return f"{url} did not answer {when}. Is the engine hanging? `docker info` shows the same."


def refused(status: int, body: bytes) -> str:
    """An error answer of the engine's own."""
    text = _CONTROL.sub(" ", body[:300].decode("utf-8", "replace")).strip()
    return f"The engine answered with an error ({status}): {text}"


@contextmanager
def explained(url: str, seconds: float) -> Iterator[None]:
    """Turn whatever the transport raises into Unobserved with the reason."""
    try:
        yield
    except (HTTPException, OSError, ValueError) as error:
        raise _reason(url, seconds, error) from error


def _reason(url: str, seconds: float, error: BaseException) -> Unobserved:
    chain = list(_causes(error))
    names = {type(cause).__name__ for cause in chain}
    numbers = {cause.errno for cause in chain if isinstance(cause, OSError) and cause.errno is not None}
    # Before the numbers: an SSLError's own are not the system's.
    if names & {"SSLError", "SSLCertVerificationError"}:
        return Unobserved("engine.tls", f"The TLS connection to {url} failed: {_short(error)}")
    if numbers & {errno.EACCES, errno.EPERM}:
        return Unobserved(
            "engine.permission",
            f"No permission for {url}. Add yourself to the group docker (`sudo usermod -aG docker $USER`, "
            "then log in again), or run the command with sudo.",
        )
    if errno.ENOENT in numbers:
        return Unobserved(
            "engine.no-socket",
            f"There is no socket at {url}. Is Docker installed and running (`sudo systemctl start docker`)?",
        )
    if names & {"Timeout", "ReadTimeout", "ConnectTimeout", "ReadTimeoutError", "TimeoutError"}:
        return Unobserved("engine.timeout", slow(url, seconds))
    if errno.ECONNREFUSED in numbers:
        return Unobserved(
            "engine.down",
            f"Nothing answers at {url}. Start the engine (`sudo systemctl start docker`) and try again.",
        )
    if numbers & {errno.ECONNRESET, errno.EPIPE} or names & {"RemoteDisconnected", "IncompleteRead"}:
        return _lost(url)
    no_http = names & {"ProtocolError", "InvalidHeader", "UnicodeError"}
    if (no_http or any(isinstance(cause, HTTPException) for cause in chain)) and not numbers:
        return Unobserved("engine.garbage", garbage(url, "something that is no HTTP"))
    return Unobserved("engine.lost", f"The connection to {url} failed: {_short(error)}")


def _lost(url: str) -> Unobserved:
    return Unobserved("engine.lost", f"{url} closed the connection in the middle. Did the engine stop?")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error, what it wraps as an argument, and what it was raised from, each once; bounded."""
    todo: list[object] = [error]
    met: set[int] = set()
    while todo and len(met) < 40:
        current = todo.pop(0)
        if isinstance(current, BaseException) and id(current) not in met:
            met.add(id(current))
            yield current
            todo += [*current.args, current.__cause__, current.__context__, getattr(current, "reason", None)]


def _short(error: BaseException) -> str:
    return _CONTROL.sub(" ", str(error))[:200]
