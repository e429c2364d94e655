"""What a connection there came to, in the words of sshd, bash and nc."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading

import pytest

from dockgrader.hosts.ssh.tcp import _bash, as_local


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("Connection refused", ConnectionRefusedError),
        (
            "bash: connect: Connection refused\nbash: line 1: /dev/tcp/127.0.0.1/1: Connection refused",
            ConnectionRefusedError,
        ),
        ("", ConnectionRefusedError),
        ("nc: can't connect to remote host (127.0.0.1): Connection refused", ConnectionRefusedError),
        ("Connection timed out", TimeoutError),
        ("No route to host", OSError),
        ("Network is unreachable", OSError),
    ],
)
def test_the_error_is_that_of_a_local_connection(said: str, kind: type[OSError]) -> None:
    assert type(as_local(said)) is kind


needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not here")


@needs_bash
def test_bash_ends_when_the_page_does_however_quick() -> None:
    """A page that has ended before bash waits for it was once waited for without end."""
    with socket.create_server(("127.0.0.1", 0)) as page:
        for _ in range(40):
            with _piped(page.getsockname()[1]) as bash:
                connection, _ = page.accept()
                with connection:
                    connection.sendall(b"hello")
                out, _ = _communicate_without_closing(bash)
            assert out == b"hello"


@needs_bash
def test_bash_ends_when_the_grader_does() -> None:
    """No process is left with a page that says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as page:
        with _piped(page.getsockname()[1]) as bash:
            connection, _ = page.accept()
            bash.communicate(timeout=10)
        with connection:
            connection.settimeout(10)
            assert connection.recv(1) == b""


def _piped(port: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["bash", "-c", _bash(":"), "127.0.0.1", str(port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def _communicate_without_closing(bash: subprocess.Popen[bytes]) -> tuple[bytes, int]:
    """What it writes until it ends, while its input stays open. It is killed after ten seconds."""
    assert bash.stdout is not None
    killer = threading.Timer(10, bash.kill)
    killer.start()
    try:
        out = bash.stdout.read()
        return out, bash.wait()
    finally:
        assert killer.is_alive(), "bash did not end"
        killer.cancel()
