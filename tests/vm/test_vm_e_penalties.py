"""OpenSSH's own penalties: the machine sees one address for all who come, and lets nobody in for a while."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lab.command import run
from lab.instructor import Instructor
from lab.vm import VirtualMachine
from lab.vm_image import DEBIAN_13
from lab.vm_scene import booted
from tests.vm.conftest import machine_with

STRANGERS = 8
"""Each failed login costs five seconds, and from fifteen on nobody from that address is let in."""
PASSED_SECONDS = 600
"""The longest penalty that there is."""

pytestmark = pytest.mark.vm


def test_a_penalty_is_told_waited_for_and_not_made_longer(
    tmp_path: Path,
) -> None:
    with machine_with(booted(DEBIAN_13)) as machine:
        machine.connect()  # while root is let in
        told_waited_for_and_not_made_longer(machine, Instructor(machine, tmp_path), tmp_path)


def told_waited_for_and_not_made_longer(
    machine: VirtualMachine, instructor: Instructor, tmp_path: Path
) -> None:
    stranger = tmp_path / "stranger"
    (stranger / ".ssh").mkdir(parents=True, mode=0o700)
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(stranger / ".ssh" / "id_ed25519")])
    wrong_key = Instructor(machine, stranger)

    with ThreadPoolExecutor(STRANGERS) as threads:  # one after the other, some would be forgiven by the end
        failed = list(
            threads.map(lambda _: wrong_key.check("homework-1/limits", seconds=120), range(STRANGERS))
        )
    for status, report in failed:
        assert (status, report["score"]) == (3, None)
    assert "Do not try again at once" in failed[0][1]["error"]

    before = refused(machine)
    status, report = instructor.check("homework-1", seconds=120)
    assert status == 3
    assert (report["status"], report["score"]) == ("error", None)
    checks = [check for task in report["tasks"] for check in task["checks"]]
    assert {(check["status"], check["score"]) for check in checks} == {("error", None)}
    assert {check["code"] for check in checks} == {"ssh.penalised", "prerequisite.error"}
    assert "Wait some minutes before you try again" in report["error"]
    assert refused(machine) == before + 1  # it was not tried a second time

    deadline = time.monotonic() + PASSED_SECONDS
    while report["error"] and time.monotonic() < deadline:
        time.sleep(10)
        status, report = instructor.check("homework-1/limits")
    assert (report["status"], status) == ("graded", 1)
    assert report["tasks"][0]["checks"][0]["code"] == "container.missing"


def refused(machine: VirtualMachine) -> int:
    """How many connections its sshd has dropped, by its journal; the connection of root's was there before."""
    said = machine.run("journalctl --unit ssh --output cat | grep --count 'penalty: ' || true").stdout
    return int(said)
