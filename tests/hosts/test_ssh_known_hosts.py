"""Which host keys are trusted, and which are known."""

from __future__ import annotations

from pathlib import Path

import pytest

from dockgrader.hosts.ssh.known_hosts import KnownHosts
from dockgrader.hosts.ssh.library import asyncssh

KEY = asyncssh.generate_private_key("ssh-ed25519").convert_to_public()
OTHER = asyncssh.generate_private_key("ecdsa-sha2-nistp256").convert_to_public()
HASHED = "|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg= "
"""192.168.1.61, the example of a hash in sshd(8)'s source."""


def line(names: str, key: asyncssh.SSHKey = KEY, marker: str = "") -> str:
    return f"{marker}{names} {key.export_public_key().decode()}"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "ssh" / "known_hosts"


def known(file: Path, text: str, host: str = "vm", port: int = 22) -> KnownHosts:
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    return KnownHosts([str(file), str(file.parent / "none")], host, port)


@pytest.mark.parametrize("names", ["vm", "a,vm,b", "*", "v?", "[vm]:22,vm"])
def test_a_host_that_is_known(file: Path, names: str) -> None:
    found = known(file, line(names))
    assert found.known
    assert list(found.trusted[0]) == [KEY]


@pytest.mark.parametrize(
    "text",
    ["", "garbage\n", line("other"), line("vmx"), line("vm,!vm"), line("*", marker="@revoked ")],
    ids=["nothing", "garbage", "another", "longer", "negated", "revoked"],
)
def test_a_host_that_is_not_known(file: Path, text: str) -> None:
    found = known(file, text)
    assert not found.known
    assert list(found.trusted[0]) == []


def test_a_port_of_its_own(file: Path) -> None:
    assert known(file, line("[vm]:2222"), port=2222).known
    assert not known(file, line("[vm]:2222"), port=2223).known
    assert not known(file, line("[vm]:2222"), port=22).known


def test_a_key_known_without_the_port_is_trusted_but_another_is_no_change(file: Path) -> None:
    """127.0.0.1 is many machines when their ports are forwarded to it."""
    found = known(file, line("127.0.0.1"), "127.0.0.1", 2222)
    assert not found.known
    assert list(found.trusted[0]) == [KEY]


def test_broken_lines_do_not_hide_others(file: Path) -> None:
    text = f"vm\n@strange vm ssh-rsa AAAA\n|1|bad vm\nvm ssh-ed25519 !!!\n\xff\n{line('vm')}"
    assert known(file, text).known


def test_hashed_names(file: Path) -> None:
    text = HASHED + KEY.export_public_key().decode()
    assert known(file, text, "192.168.1.61").known
    assert not known(file, text, "192.168.1.62").known


def test_algorithms_of_known_keys_come_first_and_none_is_missing(file: Path) -> None:
    found = known(file, line("vm", OTHER)).algorithms()
    assert found[0] == "ecdsa-sha2-nistp256"
    assert {"ssh-ed25519", "rsa-sha2-512", "ssh-ed25519-cert-v01@openssh.com"} <= set(found)
    assert len(found) == len(set(found))
    certified = known(file, line("vm", OTHER, "@cert-authority ")).algorithms()
    assert "-cert-" in certified[0]


def test_a_new_key_is_remembered(file: Path) -> None:
    found = KnownHosts([str(file)], "vm", 2222)
    found.remember(KEY)
    found.remember(OTHER)
    again = KnownHosts([str(file)], "vm", 2222)
    assert again.known
    assert set(again.trusted[0]) == {KEY, OTHER}
    assert file.parent.stat().st_mode & 0o077 == 0


def test_a_file_that_was_changed_is_read_anew(file: Path) -> None:
    assert not known(file, line("other")).known
    assert known(file, line("other") + "\n" + line("vm")).known
    file.unlink()
    assert not KnownHosts([str(file)], "vm", 22).known
