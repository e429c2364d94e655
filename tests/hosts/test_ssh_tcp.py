"""What a connection there came to, in the words of sshd, bash and nc."""

from __future__ import annotations

import pytest

from dockgrader.hosts.ssh.tcp import as_local


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
