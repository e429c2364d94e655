"""Homework-1 graded over SSH, as every user. The known mistakes are graded both ways in test_homework_1.py."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.live.conftest import Instructor

from lab.cases import SOLUTION, Stage

USERS = ["student", "noisy", "fisher", "cshell", "sudoer"]

pytestmark = pytest.mark.live


def test_reference_solution_gets_full_marks(
    stage: Stage, compose: Callable[[str], list[str]], instructor: Instructor, tmp_path: Path
) -> None:
    """As every user who may use the engine, whatever the login shell; Compose's hash is asked for there too."""
    solution = Path(tempfile.mkdtemp(dir="/var/tmp")) / "solution"
    shutil.copytree(SOLUTION, solution)
    solution.parent.chmod(0o755)
    try:
        stage.engine.run(["env", f"COMPOSE={' '.join(compose('v1'))}", "bash", str(solution / "up.sh")])
        for user in USERS:
            status, report = instructor.check(user, "homework-1")
            codes = [check["code"] for task in report["tasks"] for check in task["checks"]]
            assert (status, report["score"], set(codes)) == (0, 30, {"ok"}), (user, report)
    finally:
        stage.clear()
        shutil.rmtree(solution.parent)


def test_nothing_is_left_on_the_machine(instructor: Instructor) -> None:
    assert instructor.machine.processes() == []
