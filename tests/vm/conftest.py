"""Student machines for the tests: one of each kind, started by the first test that asks for it.

The modules are run in the order of their names, those that matter most first: there may not be time for all.
"""

from __future__ import annotations

import os
import time
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from lab.command import LabError
from lab.compose import compose_v2
from lab.vm import VirtualMachine, may_start
from lab.vm_image import DEBIAN_12_CGROUP_V1, DEBIAN_13, Guest, image_of
from lab.vm_stage import GuestStage, Instructor, guest_stage

REQUIRED = "DOCKGRADER_REQUIRE_VM"
"""Set where nothing may be left out: what would be skipped for want of a machine fails there."""
MAKE = os.environ.get("DOCKGRADER_VM_MAKE") == "1" or bool(os.environ.get(REQUIRED))
"""Whether disks that are not there are made, which takes ten minutes each where the processor is emulated."""
UNTIL = float(os.environ.get("DOCKGRADER_VM_UNTIL", "inf"))
"""No test begins later, in seconds since 1970."""


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


def started(guest: Guest) -> Iterator[VirtualMachine]:
    """A machine of this kind; skips with the reason where none can be started, or fails if it must not skip."""
    possible, reason = may_start(guest)
    if possible and not MAKE and not image_of(guest).folder.exists():
        possible, reason = False, "its disk is not made yet; `scripts/test -e vm` makes it"
    if not possible and os.environ.get(REQUIRED):
        pytest.fail(f"{reason} ({REQUIRED} is set)", pytrace=False)
    if not possible:
        pytest.skip(f"NOT TESTED ON A VIRTUAL MACHINE ({guest.name}): {reason}")
    with VirtualMachine(guest) as machine:
        yield machine


@pytest.fixture(scope="module")
def debian_12() -> Iterator[VirtualMachine]:
    """Docker 20.10, Compose 1.29, cgroup v1, systemd driver."""
    yield from started(DEBIAN_12_CGROUP_V1)


@pytest.fixture(scope="session")
def debian_13() -> Iterator[VirtualMachine]:
    """Docker 26, Compose 2, cgroup v2, systemd driver."""
    yield from started(DEBIAN_13)


@pytest.fixture(scope="session")
def stage(debian_13: VirtualMachine) -> Iterator[GuestStage]:
    """Its engine with root."""
    with guest_stage(debian_13) as stage:
        yield stage


@pytest.fixture(scope="session")
def compose(stage: GuestStage) -> list[str]:
    """The argv of Compose 2 on this side; the machine's own is of the same version."""
    return compose_v2(stage.engine)


@pytest.fixture
def old_instructor(debian_12: VirtualMachine, tmp_path: Path) -> Instructor:
    """Who grades the older machine."""
    return Instructor(debian_12, tmp_path)


@pytest.fixture
def instructor(debian_13: VirtualMachine, tmp_path: Path) -> Instructor:
    """Who grades the newer one."""
    return Instructor(debian_13, tmp_path)
