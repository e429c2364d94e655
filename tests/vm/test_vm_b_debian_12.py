"""Homework-1 on Debian 12 booted with cgroup v1, graded over SSH: systemd driver, Docker 20.10, Compose 1.29."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.cases import load_cases
from lab.instructor import Instructor
from lab.vm_image import DEBIAN_12_CGROUP_V1
from lab.vm_scene import Scene
from tests.vm.conftest import machine_with
from tests.vm.rounds import expected, found, round_id, rounds

SOLUTION = Scene(DEBIAN_12_CGROUP_V1, "solution", compose="docker-compose")
MISTAKES = ("decimal-megabytes", "key-set-again")
OLD_ROUNDS = rounds([case for case in load_cases() if case.name in MISTAKES], "v1", everything=True)
MISTAKEN = [
    Scene(DEBIAN_12_CGROUP_V1, f"mistakes-{number}", cases) for number, cases in enumerate(OLD_ROUNDS, 1)
]

pytestmark = pytest.mark.vm


def test_the_solution_gets_full_marks(tmp_path: Path) -> None:
    with machine_with(SOLUTION) as machine:
        status, report = Instructor(machine, tmp_path).check("homework-1")
        info = machine.run(
            ["docker", "info", "--format={{.CgroupVersion}} {{.CgroupDriver}}"], user="student"
        )
    assert info.stdout == "1 systemd\n"
    assert [task["score"] for task in report["tasks"]] == [10, 10, 10], report
    assert status == 0


@pytest.mark.parametrize("scene", MISTAKEN, ids=[round_id(scene.cases) for scene in MISTAKEN])
def test_mistakes_get_their_verdicts(scene: Scene, tmp_path: Path, evidence: Path) -> None:
    with machine_with(scene) as machine:
        status, report = Instructor(machine, tmp_path).check("homework-1", "--evidence", str(evidence))
    assert found(report, scene.cases) == expected(scene.cases)
    assert status == 1
