"""The grader in a container on cgroup v2 and the systemd driver, beside the installed command over SSH."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from lab.engine import PrivateEngine
from lab.grader_image import TAG, build_grader_image, documented
from lab.vm import VirtualMachine
from lab.vm_stage import GuestStage, Instructor, guest_stage, play_solution
from tests.vm.rounds import chosen, expected, found

PATIENCE = ("--timeout=600", "--wait=300")
MISTAKES = chosen("limits/decimal-megabytes", "volume/wrong-value", "compose-v2/decimal-megabytes")

pytestmark = pytest.mark.vm


@pytest.fixture(scope="module")
def stage_with_grader(
    debian_13: VirtualMachine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GuestStage]:
    """The machine's engine with the grader's image, which was built on this side: there it would take long."""
    saved = tmp_path_factory.mktemp("grader") / "image.tar"
    with PrivateEngine() as engine:
        build_grader_image(engine)
        engine.run(["docker", "save", "--output", str(saved), TAG], timeout=300)
    debian_13.put(saved, "/root/grader/image.tar", timeout=600)
    debian_13.run("cd grader; docker load --quiet --input image.tar; rm -r ~/grader", timeout=900)
    try:
        with guest_stage(debian_13) as stage:
            yield stage
    finally:
        debian_13.run(["docker", "rmi", TAG], timeout=300)


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


def test_the_solution_gets_full_marks_on_cgroup_v2(
    debian_13: VirtualMachine, stage_with_grader: GuestStage, instructor: Instructor
) -> None:
    """Of the cgroup's files, too, which the container sees as the machine has them."""
    play_solution(debian_13)
    try:
        inside = contained(debian_13, "student", "~/solution/compose")
        _, beside = instructor.check("homework-1")
    finally:
        stage_with_grader.clear()
    assert [task["score"] for task in inside["tasks"]] == [10, 10, 10], inside
    assert verdicts(inside) == verdicts(beside)


def test_mistakes_get_their_verdicts_on_cgroup_v2(
    debian_13: VirtualMachine, stage_with_grader: GuestStage, instructor: Instructor, compose: list[str]
) -> None:
    with stage_with_grader.playing_together(MISTAKES, compose):
        inside = contained(debian_13, "root", "/root")
        _, beside = instructor.check("homework-1")
    assert found(inside, MISTAKES) == expected(MISTAKES)
    assert verdicts(inside) == verdicts(beside)
