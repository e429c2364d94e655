"""The grader in a container on cgroup v2 and the systemd driver, beside the installed command over SSH."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from lab.engine import PrivateEngine
from lab.grader_image import TAG, build_grader_image, documented
from lab.instructor import Instructor
from lab.vm import VirtualMachine
from lab.vm_image import DEBIAN_13
from lab.vm_scene import Scene
from lab.vm_snapshot import SnapshotMachine
from tests.vm.conftest import machine_with
from tests.vm.rounds import chosen, expected, found
from tests.vm.test_vm_a_debian_13 import SOLUTION

PATIENCE = ("--timeout=600", "--wait=300")
MISTAKES = chosen("limits/decimal-megabytes", "volume/wrong-value", "compose-v2/decimal-megabytes")

pytestmark = pytest.mark.vm


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The grader's image, which is built on this side: in the machine it would take long."""
    saved = tmp_path_factory.mktemp("grader") / "image.tar"
    with PrivateEngine() as engine:
        build_grader_image(engine)
        engine.run(["docker", "save", "--output", str(saved), TAG], timeout=300)
    return saved


@contextmanager
def with_grader(scene: Scene, image: Path) -> Iterator[SnapshotMachine]:
    """The machine with that image in it."""
    with machine_with(scene) as machine:
        machine.connect()
        machine.put(image, "/root/grader/image.tar", timeout=600)
        machine.run("cd grader; docker load --quiet --input image.tar; rm -r ~/grader", timeout=900)
        yield machine


def contained(machine: VirtualMachine, user: str, folder: str) -> dict[str, Any]:
    """The report of the line in the docs, typed by a user in a folder of the machine."""
    line = documented("check", "homework-1", "--format=json", *PATIENCE)
    done = machine.run(f"cd {folder}; {line}", user=user, timeout=900, check=False)
    assert done.returncode in (0, 1, 3), done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def verdicts(report: dict[str, Any]) -> list[tuple[Any, ...]]:
    """What must be the same wherever the grader is, of work that no file of the host tells more about."""
    return [
        (task["id"], check["id"], check["status"], check["code"], check["score"])
        for task in report["tasks"]
        for check in task["checks"]
    ]


def test_the_solution_gets_full_marks_on_cgroup_v2(image: Path, tmp_path: Path) -> None:
    """Of the cgroup's files, too, which the container sees as the machine has them."""
    with with_grader(SOLUTION, image) as machine:
        inside = contained(machine, "student", "~/solution/compose")
        _, beside = Instructor(machine, tmp_path).check("homework-1")
    assert [task["score"] for task in inside["tasks"]] == [10, 10, 10], inside
    assert verdicts(inside) == verdicts(beside)


def test_mistakes_get_their_verdicts_on_cgroup_v2(image: Path, tmp_path: Path) -> None:
    with with_grader(Scene(DEBIAN_13, "mistakes", MISTAKES), image) as machine:
        inside = contained(machine, "root", "/root")
        _, beside = Instructor(machine, tmp_path).check("homework-1")
    assert found(inside, MISTAKES) == expected(MISTAKES)
    assert verdicts(inside) == verdicts(beside)
