"""Which `docker` cgroup folders a private engine takes away with it, on trees made of plain folders."""

from pathlib import Path
from typing import IO

import pytest

from lab import remains

pytestmark = pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks for processes in /proc")

LOCKS: list[IO[str]] = []  # open as long as the lab that holds them lives


@pytest.fixture
def trees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two cgroup v1 trees, as they look to the lab."""
    for controller in ("cpu", "memory"):
        (tmp_path / "cgroup" / controller).mkdir(parents=True)
        (tmp_path / "cgroup" / controller / "cgroup.procs").touch()
    monkeypatch.setattr(remains, "CGROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(remains, "RECORDS", tmp_path / "records")
    return tmp_path


def start(trees: Path, name: str) -> remains.Remains:
    """What starting an engine and its first container leaves."""
    (trees / name).mkdir()
    engine, lock = remains.record(trees / name, trees / name / "docker.sock")
    LOCKS.append(lock)
    for tree in (trees / "cgroup").iterdir():
        (tree / "docker").mkdir(exist_ok=True)
    return engine


def test_folders_that_the_engine_brought_go_with_it(trees: Path) -> None:
    remains.remove(start(trees, "one"))

    assert list(trees.glob("cgroup/*/docker")) == []
    assert not (trees / "one").exists()
    assert not (trees / "records").exists()


def test_folders_that_were_there_before_stay(trees: Path) -> None:
    (trees / "cgroup/cpu/docker").mkdir()

    remains.remove(start(trees, "one"))

    assert list(trees.glob("cgroup/*/docker")) == [trees / "cgroup/cpu/docker"]


def test_folders_with_containers_in_them_stay(trees: Path) -> None:
    engine = start(trees, "one")
    (trees / "cgroup/cpu/docker/somebodys").mkdir()

    remains.remove(engine)

    assert list(trees.glob("cgroup/*/docker")) == [trees / "cgroup/cpu/docker"]


def test_the_last_of_two_engines_takes_the_folders_away(trees: Path) -> None:
    first, second = start(trees, "one"), start(trees, "two")
    in_use = trees / "cgroup/cpu/docker/container"
    in_use.mkdir()

    remains.remove(first)
    in_use.rmdir()
    remains.remove(second)

    assert list(trees.glob("cgroup/*/docker")) == []


def test_an_engine_that_is_in_use_is_not_swept_and_one_that_was_killed_is(trees: Path) -> None:
    start(trees, "killed")
    LOCKS.pop().close()
    start(trees, "used")

    remains.sweep()

    assert not (trees / "killed").exists()
    assert (trees / "used").exists()
