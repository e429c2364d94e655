"""Student machines for the tests: one of each kind a session, started by the first test that asks for it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from lab.vm import VirtualMachine, may_start
from lab.vm_image import DEBIAN_12_CGROUP_V1, DEBIAN_13, Guest
from lab.vm_stage import GuestStage

REQUIRED = "DOCKGRADER_REQUIRE_VM"
"""Set where nothing may be left out: what would be skipped fails there."""


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Let SIGTERM, which the machine makes an exception, end the session and not just one test of it."""
    if call.excinfo is not None and call.excinfo.errisinstance(SystemExit):
        item.session.shouldstop = str(call.excinfo.value)


def started(guest: Guest) -> Iterator[VirtualMachine]:
    """A machine of this kind; skips with the reason where none can be started, or fails if it must not skip."""
    possible, reason = may_start(guest)
    if not possible and os.environ.get(REQUIRED):
        pytest.fail(f"{reason} ({REQUIRED} is set)", pytrace=False)
    if not possible:
        pytest.skip(f"NOT TESTED ON A VIRTUAL MACHINE ({guest.name}): {reason}")
    with VirtualMachine(guest) as machine:
        yield machine


@pytest.fixture(scope="session")
def debian_13() -> Iterator[VirtualMachine]:
    """Docker 26, Compose 2, cgroup v2, systemd driver."""
    yield from started(DEBIAN_13)


@pytest.fixture(scope="session")
def stage(debian_13: VirtualMachine) -> GuestStage:
    """The same with this tree's dockgrader installed."""
    return GuestStage(debian_13)


@pytest.fixture(scope="module")
def debian_12() -> Iterator[VirtualMachine]:
    """Docker 20.10, Compose 1.29, cgroup v1, systemd driver."""
    yield from started(DEBIAN_12_CGROUP_V1)


@pytest.fixture(scope="module")
def old_stage(debian_12: VirtualMachine) -> GuestStage:
    """The same with this tree's dockgrader installed."""
    return GuestStage(debian_12, compose="docker-compose")
