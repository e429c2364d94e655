"""What an `ssh://` URL names: a user, a host, a port, and the Docker socket there."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from dockgrader.errors import UsageError
from dockgrader.frozen import dataclass

EXPECTED = "expected ssh://USER@HOST:PORT/PATH/OF/docker.sock, where all but HOST can be left out"


@dataclass(frozen=True)
class SshAddress:
    """Where to log in, with which key, through which jump hosts, and a file of known hosts that comes first.

    None and empty are for what `~/.ssh/config`, or else the default, says.
    """

    host: str
    user: str | None = None
    port: int | None = None
    socket: str | None = None
    key: str = ""
    jump: str = ""
    known_hosts: str = ""


def parse(url: str) -> SshAddress:
    """The parts of an ssh:// URL. Raises UsageError, which never shows a password that stands in it."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise UsageError(f"This ssh:// URL has no valid host or port; {EXPECTED}") from None
    if parts.password is not None:
        raise UsageError(
            "An ssh:// URL takes no password, as it would end up in reports and in the list of processes. "
            "Use a key or the agent."
        )
    if parts.query or parts.fragment or not parts.hostname:
        raise UsageError(f"{url!r} is no SSH address; {EXPECTED}")
    host = unquote(parts.netloc.rpartition("@")[2])
    # urlsplit lowers the case of a host's name, which is an alias in ~/.ssh/config that has a case.
    host = host[1 : host.index("]")] if host.startswith("[") else host.partition(":")[0]
    user = unquote(parts.username) if parts.username else None
    if any(word.startswith("-") or not word.isprintable() for word in (host, user or "")):
        raise UsageError(f"{url!r} is no SSH address; {EXPECTED}")
    path = unquote(parts.path)
    return SshAddress(host, user, port, path if path.strip("/") else None)
