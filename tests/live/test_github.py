"""The workflows as GitHub would run them, step by step on a live engine (the runner is fixtures/lab/actions.py).

Stand-ins, for lack of GitHub: actions/checkout copies a folder, actions/setup-python gives this Python. All that we
wrote ourselves is real: each `run:` step, the scripts, pip, the solution, the engine, the grading.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab.actions import Action, Outputs, Runner
from lab.cases import SOLUTION
from lab.engine import PrivateEngine
from lab.wheels import project_wheels

ROOT = Path(__file__).parents[2]
ACTION = "DOCKGRADER-OWNER/dockgrader"

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def workflows(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The workflows that `dockgrader init --github` writes, by their file's stem."""
    folder = tmp_path_factory.mktemp("course")
    for options in ([], ["--for", "course"]):
        command = [sys.executable, "-m", "dockgrader", "init", "--github", *options]
        subprocess.run(command, cwd=folder, check=True, timeout=120, stdout=subprocess.DEVNULL)
    files = (folder / ".github" / "workflows").glob("*.yml")
    return {file.stem: yaml.safe_load(file.read_text(encoding="utf-8")) for file in files}


@pytest.fixture
def runner(engine: PrivateEngine, compose: Callable[[str], list[str]], tmp_path: Path) -> Runner:
    """A fresh runner with Docker and Compose v2, as GitHub's are."""
    compose("v2")
    fork, workspace, temp = tmp_path / "fork", tmp_path / "workspace", tmp_path / "temp"
    for folder in (fork, workspace, temp):
        folder.mkdir()
    shutil.copytree(SOLUTION, fork / "solution")
    checks = tmp_path / "checks"
    shutil.copytree(ROOT / "checks", checks / "checks")

    def checkout(given: Mapping[str, str], here: Runner) -> Outputs:
        source = checks if given.get("repository", "").endswith("-CHECKS") else fork
        shutil.copytree(source, here.workspace / given.get("path", "."), dirs_exist_ok=True, symlinks=True)
        return {}

    def setup_python(given: Mapping[str, str], here: Runner) -> Outputs:
        return {"python-path": sys.executable}

    def upload(given: Mapping[str, str], here: Runner) -> Outputs:
        files = [Path(line) for line in given["path"].split()]
        assert all(file.is_file() for file in files)
        return {"artifact": given["name"]}

    actions: dict[str, Action | Path] = {
        "actions/checkout": checkout,
        "actions/setup-python": setup_python,
        "actions/upload-artifact": upload,
        ACTION: ROOT,
    }
    # The engine's network namespace has no way out; a runner has one.
    wheels = project_wheels(f"{sys.version_info.major}.{sys.version_info.minor}")
    env = {**engine.env, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}
    return Runner(workspace, temp, actions, engine.prefix, env)


@pytest.fixture(autouse=True)
def clean(engine: PrivateEngine) -> Any:
    """Nothing of one job is there in the next."""
    yield
    engine.run(
        "docker ps --all --quiet | xargs --no-run-if-empty docker rm --force --volumes\n"
        "docker volume ls --quiet | xargs --no-run-if-empty docker volume rm\n"
        "docker network prune --force"
    )


def test_the_template_grades_the_solution(workflows: dict[str, Any], runner: Runner, tmp_path: Path) -> None:
    job = with_id(workflows["dockgrader"]["jobs"]["grade"])
    outputs = runner.job(job, {})["dockgrader"]
    assert runner.status == 0, runner.log
    assert (outputs["score"], outputs["max-score"], outputs["passed"]) == ("30", "30", "true")
    assert json.loads(Path(outputs["report"]).read_text())["score"] == 30
    assert "30 / 30" in runner.summary and "❌" not in runner.summary
    assert not annotated(runner)
    assert len(runner.used) == 4  # checkout, the action, and in it setup-python and the checks


def test_the_template_tells_a_mistake(workflows: dict[str, Any], runner: Runner, tmp_path: Path) -> None:
    compose = tmp_path / "fork" / "solution" / "compose" / "docker-compose.yml"
    text = compose.read_text()
    assert "mem_limit: 524288000" in text
    compose.write_text(text.replace("mem_limit: 524288000", "mem_limit: 400m"))
    # A student's checks and modules must not be taken for the course's or Python's.
    (tmp_path / "fork" / "checks").mkdir()
    (tmp_path / "fork" / "checks" / "homework-1.yaml").write_text("id: homework-1\ntitle: mine\ntasks: []\n")
    (tmp_path / "fork" / "json.py").write_text("raise SystemExit('hijacked')\n")
    job = with_id(workflows["dockgrader"]["jobs"]["grade"])
    assert runner.job(job, {}) == {}
    outputs = runner.failed_outputs["dockgrader"]
    assert runner.status == 1, runner.log
    assert (outputs["passed"], outputs["max-score"]) == ("false", "30")
    report = json.loads(Path(outputs["report"]).read_text())
    found = {check["id"]: check["status"] for check in report["tasks"][2]["checks"]}
    assert (found["memory"], found["cgroup"], outputs["score"]) == ("failed", "skipped", "28")
    told = annotated(runner)
    assert len(told) == 1 and told[0].startswith("::error title=compose/memory%3A")
    assert "❌" in runner.summary


def test_output_of_the_solution_is_text_and_a_failing_one_is_graded(
    workflows: dict[str, Any], runner: Runner, tmp_path: Path
) -> None:
    """The reusable form, called on a solution that does nothing but print workflow commands and fail."""
    (tmp_path / "fork" / "solution" / "up.sh").write_text(
        'echo "::error title=forged::by the student"\necho "::add-mask::e"\n'
        'echo "files:${GITHUB_OUTPUT:-}${GITHUB_ENV:-}${GITHUB_STEP_SUMMARY:-}:"\nprintf "::set-output"\nexit 7\n'
    )
    job = workflows["dockgrader-grade"]["jobs"]["grade"]
    assert runner.job(job, {"inputs": {"assignment": "homework-1/limits", "language": "ru"}}) == {}
    outputs = runner.failed_outputs["dockgrader"]
    assert runner.status == 1, runner.log
    assert (outputs["score"], outputs["max-score"], outputs["passed"]) == ("0", "10", "false")
    told = annotated(runner)
    assert not [line for line in told if "forged" in line]
    assert "::warning title=dockgrader::Starting the solution failed with status 7" in "\n".join(told)
    assert "files::" in runner.log
    assert "Счёт" in runner.summary or "балл" in runner.summary.lower()


def test_an_engine_that_is_gone_is_no_zero(workflows: dict[str, Any], runner: Runner, tmp_path: Path) -> None:
    (tmp_path / "fork" / "solution" / "up.sh").write_text("true\n")
    runner.env = {**runner.env, "DOCKER_HOST": f"unix://{tmp_path}/none.sock", "HEALTH_SECONDS": "1"}
    job = workflows["dockgrader-settle"]["jobs"]["grade"]
    git = ["git", "-c", "user.name=s", "-c", "user.email=s@localhost"]
    for words in (["init", "--quiet"], ["commit", "--quiet", "--allow-empty", "--message=mine"]):
        subprocess.run([*git, *words], cwd=tmp_path / "fork", check=True, timeout=60)
    matrix = {"fork": {"owner": "student", "name": "homework", "ref": ""}}
    assert runner.job(job, {"matrix": matrix}) == {}
    outputs = runner.failed_outputs["dockgrader"]
    assert runner.status == 3, runner.log
    assert (outputs["score"], outputs["max-score"], outputs["passed"]) == ("", "30", "")
    assert "::error title=dockgrader::Not everything could be observed" in runner.log
    assert runner.summary.startswith("# student/homework\n\nCommit `")
    assert runner.used[-1].startswith("actions/upload-artifact@")  # kept all the same


def test_a_misspelled_assignment_does_not_fall_back_on_one_that_ships(
    workflows: dict[str, Any], runner: Runner, tmp_path: Path
) -> None:
    (tmp_path / "fork" / "solution" / "up.sh").write_text("true\n")
    shutil.rmtree(tmp_path / "checks" / "checks")
    (tmp_path / "checks" / "checks").mkdir()
    assert runner.job(with_id(workflows["dockgrader"]["jobs"]["grade"]), {}) == {}
    assert runner.status == 2
    assert "::error title=dockgrader::The folder of checks has no file" in runner.log


def test_the_list_of_forks(workflows: dict[str, Any], runner: Runner, tmp_path: Path) -> None:
    job = workflows["dockgrader-settle"]["jobs"]["list"]
    (tmp_path / "fork" / "forks.txt").write_text("# the class\nanna/hw\n\nboris/hw@v1.0/final  # late\n")
    forks = runner.job(job, {"inputs": {"forks": ""}})["list"]["forks"]
    assert json.loads(forks) == [
        {"owner": "anna", "name": "hw", "ref": ""},
        {"owner": "boris", "name": "hw", "ref": "v1.0/final"},
    ]
    forks = runner.job(job, {"inputs": {"forks": "carla/hw dan/x.y"}})["list"]["forks"]
    assert [fork["owner"] for fork in json.loads(forks)] == ["carla", "dan"]


@pytest.mark.parametrize("line", ['a/b"}],"x":[{"', "a/$(touch pwned)", "--upload-pack=x/y", "a/b@-x", "a"])
def test_a_list_of_forks_that_is_wrong(
    line: str, workflows: dict[str, Any], runner: Runner, tmp_path: Path
) -> None:
    (tmp_path / "fork" / "forks.txt").write_text(f"{line}\n")
    assert runner.job(workflows["dockgrader-settle"]["jobs"]["list"], {"inputs": {"forks": ""}}) == {}
    assert runner.status == 1
    assert "is not OWNER/NAME" in runner.log


def with_id(job: dict[str, Any]) -> dict[str, Any]:
    """The job with an id on the action's step, so that its outputs can be looked at."""
    named = [
        {**step, "id": "dockgrader"} if ACTION in step.get("uses", "") else step for step in job["steps"]
    ]
    return {**job, "steps": named}


def annotated(runner: Runner) -> list[str]:
    """The annotations that the runner would take from the log, which minds `::stop-commands::`."""
    found, stopped = [], ""
    for line in runner.log.splitlines():
        if stopped:
            stopped = "" if line == f"::{stopped}::" else stopped
        elif match := re.fullmatch(r"::stop-commands::(\w+)", line):
            stopped = match[1]
        elif re.match(r"::(error|warning|notice)\b", line):
            found.append(line)
    assert not stopped
    return found
