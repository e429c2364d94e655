"""The grader in a container, started by the very line of the docs, beside the installed command."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.live.test_homework_1 import check, verdicts

from lab.cases import SOLUTION, Case, Stage, load_cases
from lab.engine import PrivateEngine
from lab.grader_image import build_grader_image, documented

# Each way of seeing that could differ in a container: cgroup files, volumes, execs, the compose file (merged, hashed,
# with ${PWD}), published ports, events.
CHOSEN = {
    *("limits/notes-slip", "limits/other-cgroup-parent", "limits/ran-out-rm"),
    *("volume/anonymous-volume-shared", "volume/wrong-value"),
    *("compose-v1/depends-on-edited", "compose-v1/pwd-in-file", "compose-v1/plain-list"),
    *("compose-v2/extends", "compose-v2/unhealthy", "compose-v1/other-port", "compose-v2/limits-on-web"),
}
CASES = [case for case in load_cases() if case.id in CHOSEN]

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def image(engine: PrivateEngine) -> Iterator[str]:
    """The grader's image."""
    yield build_grader_image(engine)
    engine.run("docker image prune --force && docker rmi dockgrader", timeout=300)


@pytest.fixture(scope="module")
def stage(engine: PrivateEngine, image: str) -> Stage:
    """A stage on which the image is there from the beginning, so that it stays."""
    return Stage(engine)


def grade(
    engine: PrivateEngine,
    folder: Path,
    assignment: str,
    *arguments: str,
    prefix: Sequence[str] = (),
    options: Sequence[str] = (),
) -> tuple[int, dict[str, Any]]:
    """Exit status and JSON report of the grader in a container, started in `folder`."""
    line = documented(
        "check",
        assignment,
        "--timeout=100",
        "--format=json",
        *arguments,
        socket=engine.socket,
        options=options,
    )
    done = engine.run([*prefix, "bash", "-c", line], cwd=folder, timeout=300, check=False)
    assert done.returncode in (0, 1, 3), done.stderr
    return done.returncode, json.loads(done.stdout)


def test_the_chosen_cases_are_there() -> None:
    assert {case.id for case in CASES} == CHOSEN


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_a_case_gets_the_verdicts_of_the_installed_command(
    case: Case, stage: Stage, compose: Callable[[str], list[str]], tmp_path: Path
) -> None:
    argv = compose(case.generation) if case.generation else []
    with stage.playing(case, argv) as folder:
        # A student's folder is nobody else's; root reads it all the same.
        shutil.chown(folder, 12345, 12345)
        folder.chmod(0o700)
        name = f"homework-1/{case.task}"
        contained = grade(stage.engine, folder, name, *case.arguments)
        installed = check(stage.engine, name, tmp_path / "evidence.json", *case.arguments)
    (task,) = contained[1]["tasks"]
    assert verdicts(task) == case.expect
    assert told(*contained) == told(*installed)


def told(exit_status: int, report: dict[str, Any]) -> tuple[int, Any, dict[str, Any]]:
    """What must be the same: exit status, score, and each check's verdict and what was found.

    The page counts its visitors, so that its number is another one.
    """
    (task,) = report["tasks"]
    found = {
        item["id"]: (item["status"], item["code"], re.sub(r"seen \d+", "seen N", str(item["actual"])))
        for item in task["checks"]
    }
    return exit_status, report["score"], found


@pytest.mark.parametrize("generation", ["v1", "v2"])
def test_the_solution_gets_full_marks_when_a_student_grades_it(
    generation: str, stage: Stage, compose: Callable[[str], list[str]], tmp_path: Path
) -> None:
    student = f"docker-{generation}"
    gid = str(stage.engine.socket.stat().st_gid)
    setpriv = ["setpriv", "--reuid=12345", "--regid=12345", f"--groups={gid}"]
    solution = stage.engine.folder / student  # where a user who is not root may go, unlike pytest's folder
    shutil.copytree(SOLUTION, solution)
    try:
        argv = " ".join(compose(generation))
        stage.engine.run(["env", f"COMPOSE={argv}", "bash", str(solution / "up.sh")])
        env = ["env", f"DOCKER_CONFIG={solution}"]
        status, report = grade(stage.engine, solution / "compose", "homework-1", prefix=[*setpriv, *env])
    finally:
        stage.clear()
        shutil.rmtree(solution)
    assert report["error"] is None
    assert [task["score"] for task in report["tasks"]] == [10, 10, 10]
    assert status == 0


@pytest.mark.parametrize("name", ["test_limit", "test-limit"])
def test_the_graders_own_container_is_none_of_the_students(name: str, stage: Stage, tmp_path: Path) -> None:
    labels = {"project": "homework", "service": "redis", "config-hash": "0"}
    options = [f"--label=com.docker.compose.{key}={value}" for key, value in labels.items()]
    case = next(case for case in load_cases() if case.id == "limits/nothing")
    with stage.playing(case) as folder:
        status, report = grade(stage.engine, folder, "homework-1", options=[f"--name={name}", *options])
    limits, _, compose = report["tasks"]
    assert verdicts(limits) == case.expect
    assert verdicts(compose)["redis-running"] == "compose.no-project"
    assert status == 1


def test_its_doctor_sees_the_hosts_cgroup_files(stage: Stage, tmp_path: Path) -> None:
    case = next(case for case in load_cases() if case.id == "limits/reference")
    with stage.playing(case) as folder:
        said = stage.engine.run(
            ["bash", "-c", documented("doctor", socket=stage.engine.socket)], cwd=folder
        ).stdout
    assert "cgroup files: those of the host" in said
    assert "docker-compose: 1.29.2" in said
