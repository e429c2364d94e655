"""Homework-1 in a student's machine: graded there by the dockgrader that is installed there.

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
from lab.vm_stage import GuestStage
from tests.vm.rounds import Round, expected, found, round_id, rounds

CASES = load_cases()
ROUNDS = rounds(CASES, "v2", everything=os.environ.get("DOCKGRADER_VM_ALL") == "1")
MISTAKES = ("decimal-megabytes", "no-limits", "anonymous-volume-shared", "key-set-again", "plain-list")
OLD_ROUNDS = rounds([case for case in CASES if case.name in MISTAKES], "v1", everything=True)

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


def test_debian_13_is_on_cgroup_v2_with_systemd(debian_13: VirtualMachine) -> None:
    info = debian_13.run(["docker", "info", "--format={{.CgroupVersion}} {{.CgroupDriver}}"], user="student")
    assert info.stdout == "2 systemd\n"


def test_the_solution_gets_full_marks_on_cgroup_v2(stage: GuestStage, evidence: Path) -> None:
    status, report = stage.play_solution(evidence)
    assert [task["score"] for task in report["tasks"]] == [10, 10, 10]
    assert status == 0


@pytest.mark.parametrize("cases", ROUNDS, ids=map(round_id, ROUNDS))
def test_cases_get_their_verdicts_on_cgroup_v2(cases: Round, stage: GuestStage, evidence: Path) -> None:
    status, report = stage.play(cases, evidence)
    assert found(report, cases) == expected(cases)
    assert status == (3 if report["score"] is None else 1)


def test_debian_12_is_on_cgroup_v1_with_systemd(debian_12: VirtualMachine) -> None:
    info = debian_12.run(["docker", "info", "--format={{.CgroupVersion}} {{.CgroupDriver}}"], user="student")
    assert info.stdout == "1 systemd\n"


def test_the_solution_gets_full_marks_on_cgroup_v1(old_stage: GuestStage, evidence: Path) -> None:
    status, report = old_stage.play_solution(evidence)
    assert [task["score"] for task in report["tasks"]] == [10, 10, 10]
    assert status == 0


@pytest.mark.parametrize("cases", OLD_ROUNDS, ids=map(round_id, OLD_ROUNDS))
def test_mistakes_get_their_verdicts_on_cgroup_v1(
    cases: Round, old_stage: GuestStage, evidence: Path
) -> None:
    status, report = old_stage.play(cases, evidence)
    assert found(report, cases) == expected(cases)
    assert status == 1
