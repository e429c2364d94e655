"""Why a login did not succeed, in words that say what to do."""

from __future__ import annotations

import errno
import re
import socket
from dataclasses import dataclass

from dockgrader.errors import Unobserved
from dockgrader.hosts.ssh.library import asyncssh

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_GREETING_CAP = 4096
_UNREACHABLE = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN, errno.EADDRNOTAVAIL}


@dataclass
class Attempt:
    """What is known of one login: filled while it goes on, read when it fails."""

    where: str
    """As a person writes it: `student@vm:22`, with the number of the jump host."""
    connected: bool = False
    greeting: bytes = b""
    known: bool = False
    known_hosts: str = "~/.ssh/known_hosts"
    fingerprint: str = ""
    unwritable: str = ""
    keys: int = 0
    authenticating: bool = False
    logged_in: bool = False
    flooded: bool = False

    def heard(self, data: bytes) -> None:
        """Keep the first bytes that the server sends."""
        if len(self.greeting) < _GREETING_CAP:
            self.greeting += data[:_GREETING_CAP]


def clean(text: object) -> str:
    """One short line of what somebody else said."""
    return _CONTROL.sub(" ", str(text))[:200].strip()


def misconfigured(where: str, error: BaseException) -> Unobserved:
    """The user's own SSH files cannot be used."""
    return Unobserved("ssh.config", f"{where}: your SSH configuration cannot be used: {clean(error)}")


def explained(error: BaseException, attempt: Attempt, seconds: float) -> Unobserved:
    """The reason behind whatever asyncssh raised."""
    if isinstance(error, Unobserved):
        return error
    if attempt.flooded:
        return _garbage(attempt, ValueError("it sends without end"))
    if isinstance(error, TimeoutError):  # perhaps while it waited for the next try at a crowded server
        crowded = b"Exceeded MaxStartups" in attempt.greeting
        return _ended(attempt, error) if crowded else _slow(attempt, seconds)
    if isinstance(error, asyncssh.PermissionDenied):
        return denied(attempt)
    if isinstance(error, asyncssh.HostKeyNotVerifiable):
        return _host_key(attempt, error)
    if isinstance(error, asyncssh.KeyExchangeFailed):
        return _no_common(attempt, error)
    if isinstance(error, asyncssh.ChannelOpenError):
        return _not_from_there(attempt, error)
    if isinstance(error, OSError) and not attempt.connected:
        return _unreached(attempt, error)
    if isinstance(error, (asyncssh.ConnectionLost, OSError)) or _by_server(error):
        return _ended(attempt, error)
    return _garbage(attempt, error)


def _slow(attempt: Attempt, seconds: float) -> Unobserved:
    if not attempt.connected:
        why = "Is the machine on, is its address right, and is no firewall in between?"
    elif not attempt.greeting:
        why = "It accepts the connection, but nothing speaks SSH there. Is the machine frozen?"
    else:
        why = "It began to speak SSH and then fell silent. Is the machine frozen or overloaded?"
    return Unobserved("ssh.timeout", f"{attempt.where} did not answer within {seconds:.0f} s. {why}")


def _unreached(attempt: Attempt, error: OSError) -> Unobserved:
    if isinstance(error, socket.gaierror):
        return Unobserved(
            "ssh.host-unknown",
            f"{attempt.where}: no such host ({clean(error.strerror)}). Check the name, or give it a "
            "HostName in ~/.ssh/config.",
        )
    # asyncio joins the failures of several addresses into one error without a number.
    if isinstance(error, ConnectionRefusedError) or "refused" in str(error):
        return Unobserved(
            "ssh.refused",
            f"{attempt.where} refuses the connection: no SSH server listens there. Check the port, and start "
            "it on that machine (`sudo systemctl start ssh`).",
        )
    if error.errno in _UNREACHABLE or "unreachable" in str(error):
        return Unobserved(
            "ssh.unreachable",
            f"{attempt.where} cannot be reached ({clean(error.strerror)}). Is the machine on and on this network?",
        )
    if error.errno == errno.ETIMEDOUT:
        return _slow(attempt, 120)
    return Unobserved("ssh.unreachable", f"{attempt.where} cannot be reached: {clean(error)}")


def denied(attempt: Attempt) -> Unobserved:
    """No key was taken, or there was none."""
    if not attempt.keys:
        return Unobserved(
            "ssh.no-key",
            f"{attempt.where} wants a key, and there is none to offer: no usable one in ~/.ssh, none in the "
            "agent. Load it with `ssh-add` (a key with a passphrase is used through the agent only), or name "
            "it as IdentityFile in ~/.ssh/config.",
        )
    return Unobserved(
        "ssh.auth",
        f"{attempt.where} takes none of your {attempt.keys} keys. Is the user's name right, and is your public "
        "key in that user's ~/.ssh/authorized_keys (`ssh-copy-id`)? Do not try again at once: servers lock "
        "out addresses that fail often.",
    )


def _host_key(attempt: Attempt, error: BaseException) -> Unobserved:
    shown = f" It shows the key {attempt.fingerprint}." if attempt.fingerprint else ""
    if attempt.unwritable:
        return Unobserved(
            "ssh.host-key-unknown",
            f"The host key of {attempt.where} is new and cannot be remembered: {attempt.unwritable}",
        )
    if attempt.known or "revoked" in str(error):
        return Unobserved(
            "ssh.host-key-changed",
            f"The host key of {attempt.where} is not the one that is known from {attempt.known_hosts}.{shown} "
            "Somebody may be in between, or the machine was made anew: ask its owner, then remove the old key "
            "with `ssh-keygen -R`.",
        )
    return Unobserved(
        "ssh.host-key-unknown",
        f"The host key of {attempt.where} is unknown.{shown} Compare it with the machine's own "
        "(`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`) and log in once with `ssh`, or let "
        "--accept-new-host-keys remember it.",
    )


def _no_common(attempt: Attempt, error: BaseException) -> Unobserved:
    if attempt.known and "host key" in str(error):
        return _host_key(attempt, error)
    return Unobserved(
        "ssh.algorithms",
        f"{attempt.where} and this program have no algorithm in common: {clean(error)}",
    )


def _not_from_there(attempt: Attempt, error: asyncssh.ChannelOpenError) -> Unobserved:
    """The last jump host's answer."""
    said = clean(error.reason) or "no reason given"
    reason = f"The jump host before {attempt.where} cannot connect to it: {said}."
    if error.code == asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED or "prohibited" in said:
        return Unobserved("ssh.forwarding-refused", f"{reason} It must allow TCP forwarding.")
    if "refused" in said:
        return Unobserved("ssh.refused", f"{reason} Does an SSH server listen there?")
    if "not known" in said or "resol" in said:
        return Unobserved("ssh.host-unknown", reason)
    return Unobserved("ssh.unreachable", reason)


def _by_server(error: BaseException) -> bool:
    """Whether the server itself said goodbye; our own complaints have classes of their own."""
    return type(error) is asyncssh.DisconnectError


def _ended(attempt: Attempt, error: BaseException) -> Unobserved:
    said = attempt.greeting
    if b"Exceeded MaxStartups" in said:
        return Unobserved(
            "ssh.max-startups",
            f"{attempt.where} has too many logins at the same time (MaxStartups of its SSH server). "
            "Try again in a minute, or grade fewer hosts at once.",
        )
    if not said or b"Not allowed at this time" in said:
        return Unobserved(
            "ssh.penalised",
            f"{attempt.where} closes the connection before it says anything. It may lock this address out for "
            "a while after failed logins (PerSourcePenalties, fail2ban), or allow it not at all. Wait some "
            "minutes before you try again.",
        )
    if not _speaks_ssh(said):
        return _garbage(attempt, error)
    if "authentication failures" in str(error):
        return Unobserved(
            "ssh.auth",
            f"{attempt.where} gave up after several keys. Name the right one with IdentityFile and "
            "IdentitiesOnly in ~/.ssh/config.",
        )
    stage = "during the login" if attempt.authenticating else "before the login"
    return Unobserved(
        "ssh.lost", f"{attempt.where} closed the connection {stage} ({clean(error)}). Try again."
    )


def _speaks_ssh(greeting: bytes) -> bool:
    return any(line.startswith(b"SSH-") for line in greeting.splitlines())


def _garbage(attempt: Attempt, error: BaseException) -> Unobserved:
    said = "" if _speaks_ssh(attempt.greeting) else f"; it begins with {attempt.greeting[:30]!r}"
    return Unobserved(
        "ssh.garbage",
        f"{attempt.where} does not speak SSH as it should: {clean(error)}{said}. Is this the right port?",
    )
