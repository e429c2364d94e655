"""What an ssh:// URL names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockgrader.errors import UsageError
from dockgrader.hosts.ssh.address import SshAddress, parse


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("ssh://vm", SshAddress("vm")),
        ("ssh://student@vm", SshAddress("vm", "student")),
        ("ssh://student@vm:2222", SshAddress("vm", "student", 2222)),
        ("ssh://vm/run/user/1000/docker.sock", SshAddress("vm", socket="/run/user/1000/docker.sock")),
        ("ssh://vm/", SshAddress("vm")),
        ("ssh://VM-Of-Anna", SshAddress("VM-Of-Anna")),
        ("ssh://a@[2001:db8::1]:22", SshAddress("2001:db8::1", "a", 22)),
        ("ssh://first%40mail@vm", SshAddress("vm", "first@mail")),
        ("ssh://vm/srv/my%20docker.sock", SshAddress("vm", socket="/srv/my docker.sock")),
    ],
)
def test_the_parts(url: str, expected: SshAddress) -> None:
    assert parse(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        *(
            "ssh://",
            "ssh:///path",
            "ssh://user@",
            "ssh://vm:port",
            "ssh://vm:99999",
            "ssh://[::1",
            "ssh://vm?x=1",
        ),
        *("ssh://vm#x", "ssh://-oProxyCommand=reboot", "ssh://-x@vm", "ssh://%2doops", "ssh://\udcff"),
    ],
)
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(UsageError, match="expected ssh://USER@HOST"):
        parse(url)


def test_a_password_is_refused_and_not_shown() -> None:
    with pytest.raises(UsageError) as raised:
        parse("ssh://student:hunter2@vm")
    assert "hunter2" not in str(raised.value)
    assert "takes no password" in str(raised.value)


@given(st.text(max_size=40))
def test_nothing_else_is_raised(rest: str) -> None:
    try:
        parsed = parse(f"ssh://{rest}")
    except UsageError:
        return
    assert parsed.host and not parsed.host.startswith("-")
