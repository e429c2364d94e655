"""Student machines for the tests: each gets one of its own in which something was played, restored from a snapshot.

What has no snapshot yet is played now, and kept. The modules are run in the order of their names, those that matter
most first: there may not be time for all.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

from lab.command import LabError
from lab.vm import install_packages, make_image, may_start
from lab.vm_image import Guest, image_of
from lab.vm_scene import Scene, machine_in
from lab.vm_snapshot import SnapshotMachine

REQUIRED = "DOCKGRADER_REQUIRE_VM"
"""Set where nothing may be left out: what would be skipped for want of a machine fails there."""
MAKE = os.environ.get("DOCKGRADER_VM_MAKE") == "1" or bool(os.environ.get(REQUIRED))
"""Whether disks that are not there are made, however long it takes: two to ten minutes each."""
UNTIL = float(os.environ.get("DOCKGRADER_VM_UNTIL", "inf"))
"""No test begins later, in seconds since 1970."""
DISK_SECONDS = 500
"""CI makes a disk that is not there if so much time is left, which it is where machines are quick."""


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Let SIGTERM, which the machine makes an exception, end the session and not just one test of it."""
    if call.excinfo is not None and call.excinfo.errisinstance(SystemExit):
        item.session.shouldstop = str(call.excinfo.value)


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup() -> Generator[None, object, object]:
    """A machine that does not start, or a solution that cannot be played in it: nothing is said of the grader."""
    return (yield from _told_of_the_machine())


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call() -> Generator[None, object, object]:
    """The same in a test."""
    return (yield from _told_of_the_machine())


def _told_of_the_machine() -> Generator[None, object, object]:
    try:
        return (yield)
    except LabError as error:
        if MAKE:
            raise
        pytest.skip(f"NOT TESTED ON A VIRTUAL MACHINE: it failed: {error}")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what there is no time for any more, before a machine is started for it."""
    if time.time() > UNTIL:
        pytest.skip("NOT TESTED ON A VIRTUAL MACHINE: the time for these tests is over")


@contextmanager
def machine_with(scene: Scene, *, keep: bool = True) -> Iterator[SnapshotMachine]:
    """A machine in which the scene was played; skips with the reason where there can be none, or fails if it must not.

    Without `keep` what is played now is not kept.
    """
    possible, reason = may_start(scene.guest)
    if possible and not image_of(scene.guest).folder.exists():
        possible, reason = _disk_made(scene.guest)
    if not possible and os.environ.get(REQUIRED):
        pytest.fail(f"{reason} ({REQUIRED} is set)", pytrace=False)
    if not possible:
        pytest.skip(f"NOT TESTED ON A VIRTUAL MACHINE ({scene.guest.name}): {reason}")
    with machine_in(scene, keep=keep) as machine:
        yield machine


@cache
def _disk_made(guest: Guest) -> tuple[bool, str]:
    """Make the guest's disk in CI, if there is time; else why not. Asked once: what fails would fail again."""
    if MAKE:
        return True, ""  # whoever starts the machine makes it
    if "CI" not in os.environ:
        return False, "its disk is not made yet; `scripts/test -e vm` makes it"
    if time.time() + DISK_SECONDS > UNTIL:
        return False, "its disk is not made yet, and the time left is too short for it"
    try:
        install_packages()
        make_image(guest)
    except LabError as error:
        return False, f"its disk cannot be made: {error}"
    return True, ""


@pytest.fixture
def evidence(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A file for the evidence, which is kept if the test fails and somebody wants it."""
    path = tmp_path / "evidence.json"
    failed = request.session.testsfailed
    yield path
    folder = os.environ.get("DOCKGRADER_VM_EVIDENCE")
    if folder and path.exists() and request.session.testsfailed > failed:
        shutil.copy(path, Path(folder, request.node.name.replace("/", "-") + ".json"))
