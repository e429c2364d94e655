"""Homework-1 on Debian 12 booted with cgroup v1, graded over SSH: systemd driver, Docker 20.10, Compose 1.29."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.cases import load_cases
from lab.compose import compose_v1
from lab.vm import VirtualMachine
from lab.vm_stage import GuestStage, Instructor, guest_stage, play_solution
from tests.vm.rounds import Round, expected, found, round_id, rounds

MISTAKES = ("decimal-megabytes", "key-set-again")
OLD_ROUNDS = rounds([case for case in load_cases() if case.name in MISTAKES], "v1", everything=True)

pytestmark = pytest.mark.vm


@pytest.fixture(scope="module")
def old_stage(debian_12: VirtualMachine) -> Iterator[GuestStage]:
    with guest_stage(debian_12) as stage:
        yield stage


def test_it_is_on_cgroup_v1_with_systemd(debian_12: VirtualMachine) -> None:
    info = debian_12.run(["docker", "info", "--format={{.CgroupVersion}} {{.CgroupDriver}}"], user="student")
    assert info.stdout == "1 systemd\n"


def test_the_solution_gets_full_marks(
    debian_12: VirtualMachine, old_stage: GuestStage, old_instructor: Instructor
) -> None:
    play_solution(debian_12, compose="docker-compose")
    try:
        status, report = old_instructor.check("homework-1")
    finally:
        old_stage.clear()
    assert [task["score"] for task in report["tasks"]] == [10, 10, 10], report
    assert status == 0


@pytest.mark.parametrize("cases", OLD_ROUNDS, ids=map(round_id, OLD_ROUNDS))
def test_mistakes_get_their_verdicts(cases: Round, old_stage: GuestStage, old_instructor: Instructor) -> None:
    with old_stage.playing_together(cases, compose_v1(old_stage.engine)):
        status, report = old_instructor.check("homework-1")
    assert found(report, cases) == expected(cases)
    assert status == 1
