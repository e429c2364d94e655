"""How snapshots of student machines are named and kept; restoring them is what the tests in tests/vm do."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from lab import vm_snapshot
from lab.cases import load_cases
from lab.command import LabError
from lab.vm_image import DEBIAN_12_CGROUP_V1, DEBIAN_13
from lab.vm_scene import Scene
from lab.vm_snapshot import Snapshot, ensure_snapshot, snapshot_of

CASE = load_cases()[0]
SCENE = Scene(DEBIAN_13, "a-case", (CASE,))


def saved(folder: Path) -> None:
    """What saving a machine leaves."""
    (folder / "memory.zst").write_bytes(b"m" * 8192)
    (folder / "disk.qcow2").write_bytes(b"d" * 8192)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.is_dir()}


@pytest.fixture
def parent(tmp_path: Path) -> Path:
    return tmp_path / "snapshots"


def test_it_lies_beside_the_disk_that_it_differs_from(tmp_path: Path) -> None:
    snapshot = snapshot_of(DEBIAN_13, "booted", cache_folder=tmp_path)
    assert snapshot.folder.parent.parent.parent == tmp_path / "vm"
    assert snapshot.folder.parent.parent.name.startswith("debian-13-")
    assert snapshot.folder.name.startswith("booted-")


@pytest.mark.parametrize(
    "other",
    [
        dataclasses.replace(SCENE, name="another"),
        dataclasses.replace(SCENE, guest=DEBIAN_12_CGROUP_V1),
        dataclasses.replace(SCENE, cases=(dataclasses.replace(CASE, script=CASE.script + "\ntrue"),)),
        dataclasses.replace(SCENE, cases=(dataclasses.replace(CASE, functions=Path(__file__)),)),
        dataclasses.replace(SCENE, user="sudoer"),
        dataclasses.replace(SCENE, settings="true"),
        dataclasses.replace(SCENE, service="docker"),
    ],
    ids=["name", "guest", "script", "functions", "user", "settings", "service"],
)
def test_its_name_changes_with_what_is_played(other: Scene) -> None:
    assert other.snapshot != SCENE.snapshot


def test_its_name_does_not_change_with_what_is_expected() -> None:
    other = dataclasses.replace(SCENE, cases=(dataclasses.replace(CASE, expect={}, score=0),))
    assert other.snapshot == SCENE.snapshot


def test_its_name_changes_with_qemu(monkeypatch: pytest.MonkeyPatch) -> None:
    before = SCENE.snapshot
    monkeypatch.setattr(vm_snapshot, "_qemu_version", lambda: "QEMU emulator version 99")
    assert SCENE.snapshot != before


def test_it_is_made_once_and_for_its_owner_alone(parent: Path) -> None:
    snapshot = Snapshot(parent / "a-000000000000")
    ensure_snapshot(snapshot, saved)
    assert snapshot.memory.exists()
    assert snapshot.disk.exists()
    assert snapshot.folder.stat().st_mode & 0o777 == 0o700
    ensure_snapshot(snapshot, lambda folder: pytest.fail("made again"))


def test_it_is_there_whole_or_not_at_all(parent: Path) -> None:
    def half_saved(folder: Path) -> None:
        (folder / "memory.zst").write_bytes(b"m")
        raise LabError("qemu: migrate: no space")

    with pytest.raises(LabError):
        ensure_snapshot(Snapshot(parent / "a-000000000000"), half_saved)
    assert names(parent) == set()


def test_what_was_left_half_made_is_removed(parent: Path) -> None:
    (parent / "a-111111111111.draft").mkdir(parents=True)
    ensure_snapshot(Snapshot(parent / "a-000000000000"), saved)
    assert names(parent) == {"a-000000000000"}


def test_older_ones_of_its_name_are_removed(parent: Path) -> None:
    for name in ("a-111111111111", "a-b-111111111111", "a-000000000000"):
        ensure_snapshot(Snapshot(parent / name), saved)
    assert names(parent) == {"a-000000000000", "a-b-111111111111"}


def test_those_not_used_for_longest_make_room(parent: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vm_snapshot, "ALL_BYTES", 40_000)
    for second, name in enumerate(("a-000000000000", "b-000000000000")):
        ensure_snapshot(Snapshot(parent / name), saved)
        os.utime(parent / name, (1000 - second, 1000 - second))
    ensure_snapshot(Snapshot(parent / "c-000000000000"), saved)
    assert names(parent) == {"a-000000000000", "c-000000000000"}


def test_none_is_made_where_the_disk_is_nearly_full(parent: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vm_snapshot, "FREE_BYTES", 1 << 62)
    with pytest.raises(LabError, match="disk free"):
        ensure_snapshot(Snapshot(parent / "a-000000000000"), saved)
