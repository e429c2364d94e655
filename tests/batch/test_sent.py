"""Keys that go with a job."""

from __future__ import annotations

from pathlib import Path

import pytest

from dockgrader.batch.sent import files_of, laid_down
from dockgrader.errors import UsageError
from dockgrader.hosts.endpoint import Endpoint


@pytest.fixture
def endpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Endpoint:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "known_hosts").write_text("vm ssh-ed25519 AAAA\n")
    (tmp_path / "class_key").write_text("PRIVATE")
    (tmp_path / "class_key.pub").write_text("PUBLIC")
    return Endpoint("ssh://student@vm", "the roster", ssh_key=str(tmp_path / "class_key"))


def test_key_public_key_and_known_hosts_are_there_for_as_long_as_it_takes(endpoint: Endpoint) -> None:
    with laid_down(endpoint, files_of(endpoint)) as there:
        key, known_hosts = Path(there.ssh_key), Path(there.ssh_known_hosts)
        assert key.read_text() == "PRIVATE"
        assert key.with_name("key.pub").read_text() == "PUBLIC"
        assert known_hosts.read_text().startswith("vm ")
        assert (key.stat().st_mode & 0o777, key.parent.stat().st_mode & 0o777) == (0o600, 0o700)
        assert there.url == endpoint.url
    assert not key.parent.exists()


def test_nothing_is_sent_where_nobody_asked(endpoint: Endpoint) -> None:
    with laid_down(endpoint, {}) as there:
        assert there is endpoint


def test_a_host_without_a_key_is_refused() -> None:
    with pytest.raises(UsageError, match="column `key`"):
        files_of(Endpoint("ssh://student@vm", "the roster"))


def test_a_key_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no key file"):
        files_of(Endpoint("ssh://student@vm", "the roster", ssh_key=str(tmp_path / "none")))
