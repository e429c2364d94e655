"""Debian 13 with the reference solution, graded over SSH: cgroup v2, systemd driver, Docker 26, Compose 2."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.instructor import Instructor
from lab.vm_image import DEBIAN_13
from lab.vm_scene import Scene
from tests.vm.conftest import machine_with

SOLUTION = Scene(DEBIAN_13, "solution", compose="docker compose")

pytestmark = pytest.mark.vm


def test_the_solution_gets_full_marks(tmp_path: Path) -> None:
    """Of the user in the group docker, and of the one who has to say sudo."""
    with machine_with(SOLUTION) as machine:
        for user in ("student", "sudoer"):
            status, report = Instructor(machine, tmp_path).check("homework-1", user=user)
            assert [task["score"] for task in report["tasks"]] == [10, 10, 10], report
            assert status == 0
        info = machine.run(
            ["docker", "info", "--format={{.CgroupVersion}} {{.CgroupDriver}}"], user="student"
        )
    assert info.stdout == "2 systemd\n"
