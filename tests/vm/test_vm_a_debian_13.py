"""Debian 13 with the reference solution and a mistake in each task, graded over SSH: cgroup v2, systemd, Docker 26."""

from __future__ import annotations

import pytest

from lab.vm import VirtualMachine
from lab.vm_stage import GuestStage, Instructor, play_solution
from tests.vm.rounds import chosen, expected, found

MISTAKES = chosen("limits/decimal-megabytes", "volume/key-set-again", "compose-v2/plain-list")

pytestmark = pytest.mark.vm


def test_it_is_on_cgroup_v2_with_systemd(debian_13: VirtualMachine) -> None:
    info = debian_13.run(["docker", "info", "--format={{.CgroupVersion}} {{.CgroupDriver}}"], user="student")
    assert info.stdout == "2 systemd\n"


def test_the_solution_gets_full_marks(
    debian_13: VirtualMachine, stage: GuestStage, instructor: Instructor
) -> None:
    """Of the user in the group docker, and of the one who has to say sudo."""
    play_solution(debian_13)
    try:
        for user in ("student", "sudoer"):
            status, report = instructor.check("homework-1", user=user)
            assert [task["score"] for task in report["tasks"]] == [10, 10, 10], report
            assert status == 0
    finally:
        stage.clear()


def test_mistakes_get_their_verdicts(stage: GuestStage, compose: list[str], instructor: Instructor) -> None:
    with stage.playing_together(MISTAKES, compose):
        status, report = instructor.check("homework-1")
    assert found(report, MISTAKES) == expected(MISTAKES)
    assert status == 1
