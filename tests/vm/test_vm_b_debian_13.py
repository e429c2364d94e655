"""Homework-1 on Debian 13, graded over SSH: cgroup v2, systemd, Docker 26, Compose 2.

Some of the cases, as an emulated machine is slow; with DOCKGRADER_VM_ALL=1 all that suit it.
DOCKGRADER_VM_EVIDENCE=FOLDER keeps the evidence of what fails.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.cases import load_cases
from lab.vm import VirtualMachine
from lab.vm_stage import GuestStage, Instructor, play_solution
from tests.vm.rounds import Round, expected, found, round_id, rounds

ROUNDS = rounds(load_cases(), "v2", everything=os.environ.get("DOCKGRADER_VM_ALL") == "1")

pytestmark = pytest.mark.vm


@pytest.fixture
def evidence(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A file for the evidence, which is kept if the test fails and somebody wants it."""
    path = tmp_path / "evidence.json"
    failed = request.session.testsfailed
    yield path
    folder = os.environ.get("DOCKGRADER_VM_EVIDENCE")
    if folder and path.exists() and request.session.testsfailed > failed:
        shutil.copy(path, Path(folder, request.node.name.replace("/", "-") + ".json"))


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


@pytest.mark.parametrize("cases", ROUNDS, ids=map(round_id, ROUNDS))
def test_cases_get_their_verdicts(
    cases: Round, stage: GuestStage, compose: list[str], instructor: Instructor, evidence: Path
) -> None:
    arguments = [argument for case in cases for argument in case.arguments]
    with stage.playing_together(cases, compose):
        status, report = instructor.check("homework-1", "--evidence", str(evidence), *arguments)
    assert found(report, cases) == expected(cases)
    assert status == (3 if report["score"] is None else 1)
