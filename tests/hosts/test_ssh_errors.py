"""Why a login did not succeed."""

from __future__ import annotations

import errno
import socket

import pytest

from dockgrader.errors import Unobserved
from dockgrader.hosts.ssh.errors import Attempt, explained
from dockgrader.hosts.ssh.library import asyncssh

HELLO = b"SSH-2.0-OpenSSH_9.2p1\r\n"
LOST = asyncssh.ConnectionLost("Connection lost")


def attempt(
    greeting: bytes = HELLO, *, connected: bool = True, known: bool = False, keys: int = 0
) -> Attempt:
    return Attempt("student@vm:22", connected, greeting, known=known, keys=keys)


@pytest.mark.parametrize(
    ("error", "at", "code"),
    [
        (TimeoutError(), attempt(b"", connected=False), "ssh.timeout"),
        (TimeoutError(), attempt(b""), "ssh.timeout"),
        (TimeoutError(), attempt(), "ssh.timeout"),
        (socket.gaierror(-2, "Name or service not known"), attempt(b"", connected=False), "ssh.host-unknown"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "x"), attempt(b"", connected=False), "ssh.refused"),
        (OSError("Multiple exceptions: refused, refused"), attempt(b"", connected=False), "ssh.refused"),
        (OSError(errno.EHOSTUNREACH, "No route to host"), attempt(b"", connected=False), "ssh.unreachable"),
        (OSError(errno.ENETUNREACH, "x"), attempt(b"", connected=False), "ssh.unreachable"),
        (OSError(errno.ETIMEDOUT, "x"), attempt(b"", connected=False), "ssh.timeout"),
        (OSError("something else"), attempt(b"", connected=False), "ssh.unreachable"),
        (ConnectionResetError(errno.ECONNRESET, "x"), attempt(), "ssh.lost"),
        (LOST, attempt(), "ssh.lost"),
        (LOST, attempt(b""), "ssh.penalised"),
        (LOST, attempt(b"Not allowed at this time\r\n"), "ssh.penalised"),
        (LOST, attempt(b"Exceeded MaxStartups\r\n"), "ssh.max-startups"),
        (LOST, attempt(b"220 mail.example ESMTP\r\n"), "ssh.garbage"),
        (asyncssh.DisconnectError(2, "Too many authentication failures"), attempt(), "ssh.auth"),
        (asyncssh.DisconnectError(11, "going down"), attempt(), "ssh.lost"),
        (asyncssh.PermissionDenied("x"), attempt(keys=2), "ssh.auth"),
        (asyncssh.PermissionDenied("x"), attempt(), "ssh.no-key"),
        (asyncssh.HostKeyNotVerifiable("x"), attempt(), "ssh.host-key-unknown"),
        (asyncssh.HostKeyNotVerifiable("x"), attempt(known=True), "ssh.host-key-changed"),
        (asyncssh.HostKeyNotVerifiable("Host key is revoked"), attempt(), "ssh.host-key-changed"),
        (
            asyncssh.KeyExchangeFailed("No matching host key algorithm"),
            attempt(known=True),
            "ssh.host-key-changed",
        ),
        (asyncssh.KeyExchangeFailed("No matching MAC algorithm"), attempt(known=True), "ssh.algorithms"),
        (asyncssh.ProtocolError("x"), attempt(), "ssh.garbage"),
        (asyncssh.MACError("x"), attempt(), "ssh.garbage"),
        (UnicodeDecodeError("ascii", b"\xff", 0, 1, "x"), attempt(), "ssh.garbage"),
        (ZeroDivisionError(), attempt(), "ssh.garbage"),
        (asyncssh.ChannelOpenError(1, "administratively prohibited"), attempt(b""), "ssh.forwarding-refused"),
        (asyncssh.ChannelOpenError(2, "Connection refused"), attempt(b""), "ssh.refused"),
        (asyncssh.ChannelOpenError(2, "Name or service not known"), attempt(b""), "ssh.host-unknown"),
        (asyncssh.ChannelOpenError(2, ""), attempt(b""), "ssh.unreachable"),
        (Unobserved("ssh.config", "x"), attempt(), "ssh.config"),
    ],
)
def test_the_code(error: Exception, at: Attempt, code: str) -> None:
    assert explained(error, at, 5).code == code


def test_the_server_cannot_write_to_the_terminal() -> None:
    hostile = "\x1b[2J\n::error::" + "x" * 5000
    for error in (asyncssh.DisconnectError(2, hostile), asyncssh.ProtocolError(hostile)):
        for greeting in (HELLO, b"\x1b]0;title\x07", hostile.encode()):
            found = explained(error, attempt(greeting), 5).reason
            assert found.isprintable()
            assert len(found) < 700


def test_only_the_first_bytes_are_kept() -> None:
    at = attempt(b"")
    for _ in range(100):
        at.heard(b"x" * 1000)
    assert len(at.greeting) <= 8192
