"""Logging in: one connection, through as many jump hosts as `~/.ssh/config` says, within a time.

asyncssh does the work. The jump hosts are gone through here, so that each is named in a message, lets go of its
connection, and obeys the same rules.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from dockgrader.errors import UsageError
from dockgrader.hosts.ssh import errors as ssh_errors
from dockgrader.hosts.ssh import options as ssh_options
from dockgrader.hosts.ssh.address import SshAddress
from dockgrader.hosts.ssh.errors import Attempt
from dockgrader.hosts.ssh.known_hosts import KnownHosts
from dockgrader.hosts.ssh.library import asyncssh
from dockgrader.hosts.ssh.transport import Connector

from asyncssh.encryption import get_default_encryption_algs  # isort: skip - after the import that makes it quick

_MOST_JUMPS = 8
_PAUSES = (0.5, 1.0, 2.0)
"""Seconds before the next try at a server that has too many logins going on. After all else there is no second
one: servers lock out addresses that fail often."""


@dataclass
class Login:
    """An authenticated connection, and those of the jump hosts that it goes through, the nearest first."""

    hops: list[asyncssh.SSHClientConnection] = field(default_factory=list)

    @property
    def connection(self) -> asyncssh.SSHClientConnection:
        """The connection to the host itself."""
        return self.hops[-1]

    async def close(self) -> None:
        """Close them all, the farthest first; what does not go quickly is aborted."""
        for hop in reversed(self.hops):
            hop.close()
            try:
                async with asyncio.timeout(0.5):
                    await hop.wait_closed()
            except (TimeoutError, OSError, asyncssh.Error):
                hop.abort()
        self.hops.clear()


async def log_in(address: SshAddress, *, accept_new: bool, seconds: float) -> Login:
    """Log in within so many seconds. Raises Unobserved with the reason.

    `accept_new` remembers the keys of hosts that are not known yet.
    """
    login = Login()
    attempts = [Attempt(address.host)]
    try:
        async with asyncio.timeout(seconds):
            await _go(login, address, accept_new, attempts)
    except asyncio.CancelledError:
        await login.close()
        raise
    except Exception as error:  # noqa: BLE001 - a hostile server can make a library raise anything
        await login.close()
        raise ssh_errors.explained(error, attempts[-1], seconds) from None
    return login


async def _go(
    login: Login, address: SshAddress, accept_new: bool, attempts: list[Attempt], depth: int = 0
) -> None:
    """Append the connection to `address` to the login's, after those of its jump hosts."""
    try:
        options = ssh_options.read(address)
        # A pattern that matches the jump host as well does not send it through itself.
        jumps = [jump for jump in ssh_options.jumps(options) if jump.host != address.host]
        known = ssh_options.known_hosts(options, address.known_hosts)
        keys = ssh_options.keys(options, address.key)
    except (ValueError, OSError, UsageError) as error:
        raise ssh_errors.misconfigured(address.host, error) from None
    if depth + len(jumps) > _MOST_JUMPS:
        raise ssh_errors.misconfigured(address.host, ValueError("too many jump hosts, or a circle of them"))
    if not login.hops:
        for jump in jumps:
            await _go(login, jump, accept_new, attempts, depth + 1)
    for pause in (*_PAUSES, None):
        attempt = Attempt(ssh_options.shown(options, is_jump=depth > 0), known=known.known)
        attempts.append(attempt)
        try:
            login.hops.append(await _connect(login, options, keys, known, accept_new, attempt))
            attempt.logged_in = True
            return
        except asyncssh.PermissionDenied:
            attempt.keys = await ssh_options.count(options, keys)
            raise
        except (asyncssh.Error, OSError):
            if pause is None or b"Exceeded MaxStartups" not in attempt.greeting:
                raise
        await asyncio.sleep(pause)


async def _connect(
    login: Login, options: Any, keys: dict[str, Any], known: KnownHosts, accept_new: bool, attempt: Attempt
) -> asyncssh.SSHClientConnection:
    via = login.hops[-1] if login.hops else None
    # A ProxyCommand has a stream of its own; what it says cannot be watched.
    own_stream = options.proxy_command and via is None
    return await asyncssh.connect(
        options.orig_host,
        options.port,
        options=options,
        client_factory=_client(known, accept_new, attempt),
        known_hosts=known.trusted,
        server_host_key_algs=() if options.config.get("HostKeyAlgorithms") else known.algorithms(),
        encryption_algs=() if options.config.get("Ciphers") else _ciphers(),
        tunnel=None if own_stream else Connector(via, options, attempt),
        **keys,
    )


def _ciphers() -> list[str]:
    """asyncssh's own, those that are quick in it first: ChaCha20 takes it six times as long a packet as AES-GCM."""
    names = [name.decode("ascii") for name in get_default_encryption_algs()]
    return sorted(names, key=lambda name: "gcm" not in name)


def _client(known: KnownHosts, accept_new: bool, attempt: Attempt) -> Callable[[], asyncssh.SSHClient]:
    class Client(asyncssh.SSHClient):
        def connection_made(self, conn: asyncssh.SSHClientConnection) -> None:
            attempt.connected = True

        def begin_auth(self, username: str) -> None:
            attempt.authenticating = True

        def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
            """Asked for a key that is not among the trusted ones."""
            attempt.fingerprint = key.get_fingerprint()
            if known.known or not accept_new:
                return False
            try:
                known.remember(key)
            except OSError as error:
                attempt.unwritable = f"{error.filename}: {error.strerror}"
                return False
            return True

    return Client
