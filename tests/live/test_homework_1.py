"""Every case of homework-1 on a real engine, graded by the command line as a student runs it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.live.conftest import Instructor

from lab.cases import SOLUTION, Case, Stage, load_cases, recording, verdict
from lab.engine import Engine

ROOT = Path(__file__).resolve().parents[2]
CASES = load_cases()


def one_a_verdict() -> set[str]:
    """Cases in which all that can be said of each check is said: the first for each."""
    seen: set[tuple[str, str]] = set()
    chosen = set()
    for case in CASES:
        if not seen.issuperset(case.expect.items()):
            seen |= set(case.expect.items())
            chosen.add(case.id)
    return chosen


OVER_SSH = {case.id for case in CASES} if os.environ.get("DOCKGRADER_ALL") == "1" else one_a_verdict()
"""Graded over SSH as well. To grade all of them so takes minutes: DOCKGRADER_ALL=1."""

pytestmark = pytest.mark.live


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_case_gets_its_verdicts(
    case: Case,
    stage: Stage,
    compose: Callable[[str], list[str]],
    instructor: Instructor,
    tmp_path: Path,
) -> None:
    """Here and, where a verdict is new, over SSH at the same time: what the one sees the other sees as well."""
    argv = compose(case.generation) if case.generation else []
    evidence, asked = evidence_file(case.id, tmp_path), f"homework-1/{case.task}"
    with stage.playing(case, argv) as folder, ThreadPoolExecutor(1) as beside:
        folder.parent.chmod(0o755)  # over SSH it is somebody else who reads the compose file
        far = case.id in OVER_SSH and beside.submit(instructor.check, "student", asked, *case.arguments)
        here = check(stage.engine, asked, evidence, *case.arguments)
        over_ssh = far.result() if far else here
    for exit_status, report in (here, over_ssh):
        (task,) = report["tasks"]
        assert verdicts(task) == case.expect
        assert task["score"] == report["score"] == case.score
        assert exit_status == (3 if case.score is None else 0 if case.score == task["max_score"] else 1)
    assert observed(here[1]) == observed(over_ssh[1])


@pytest.mark.parametrize("generation", ["v1", "v2"])
def test_reference_solution_gets_full_marks(
    generation: str, stage: Stage, compose: Callable[[str], list[str]], tmp_path: Path
) -> None:
    argv = compose(generation)
    solution = tmp_path / "solution"
    shutil.copytree(SOLUTION, solution)
    try:
        stage.engine.run(["env", f"COMPOSE={' '.join(argv)}", "bash", str(solution / "up.sh")])
        evidence = evidence_file(f"solution-{generation}", tmp_path)
        exit_status, report = check(stage.engine, "homework-1", evidence)
    finally:
        stage.clear()
    assert [task["score"] for task in report["tasks"]] == [10, 10, 10]
    assert report["score"] == report["max_score"] == 30
    assert exit_status == 0


def evidence_file(name: str, tmp_path: Path) -> Path:
    """Where the evidence goes: with DOCKGRADER_RECORD=1 it becomes the recording."""
    if os.environ.get("DOCKGRADER_RECORD") != "1":
        return tmp_path / "evidence.json.gz"
    path = recording(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def check(engine: Engine, assignment: str, evidence: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit status and JSON report of `dockgrader check` on the engine."""
    command = [sys.executable, "-m", "dockgrader", "check", assignment, "--format", "json"]
    done = subprocess.run(
        [*engine.prefix, *command, "--evidence", str(evidence), *arguments],
        env=engine.env,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode in (0, 1, 3), done.stderr
    return done.returncode, json.loads(done.stdout)


def verdicts(task: dict[str, Any]) -> dict[str, str]:
    """The verdicts as cases give them."""
    return {item["id"]: verdict(item["status"], item["code"]) for item in task["checks"]}


def observed(report: dict[str, Any]) -> list[tuple[str, Any]]:
    """What was found by each check; of a page, which grows with each look, not its number."""
    (task,) = report["tasks"]
    return [(item["id"], re.sub(r"[0-9]+ times", "N times", str(item["actual"]))) for item in task["checks"]]
