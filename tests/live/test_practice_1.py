"""Every case of practice-1 on a real engine, graded by the command line as a student runs it."""

from __future__ import annotations

import fcntl
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.live.test_homework_1 import check, verdicts

from lab.cases import PRACTICE, Case, Stage, load_cases
from lab.engine import Engine

RECORDINGS = Path(__file__).resolve().parents[2] / "checks" / "practice-1" / "recordings"
CASES = load_cases(PRACTICE / "cases")

pytestmark = pytest.mark.live


def evidence_file(name: str, tmp_path: Path) -> Path:
    """Where the evidence goes: with DOCKGRADER_RECORD=1 it becomes the recording."""
    if os.environ.get("DOCKGRADER_RECORD") != "1":
        return tmp_path / "evidence.json.gz"
    path = RECORDINGS / f"{name}.json.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_case_gets_its_verdicts(
    case: Case, stage: Stage, compose: Callable[[str], list[str]], tmp_path: Path
) -> None:
    argv = compose(case.generation) if case.generation else []
    evidence = evidence_file(case.id, tmp_path)
    with alone(case.task), stage.playing(case, argv):
        before = states(stage.engine)
        exit_status, report = check(stage.engine, f"practice-1/{case.task}", evidence, *case.arguments)
        assert states(stage.engine) == before  # also of what was stopped, with --active
    (task,) = report["tasks"]
    assert verdicts(task) == case.expect
    assert task["score"] == report["score"] == case.score
    assert exit_status == (0 if case.score == task["max_score"] else 1)


@pytest.mark.parametrize("generation", ["v1", "v2"])
def test_reference_solution_gets_full_marks(
    generation: str, stage: Stage, compose: Callable[[str], list[str]], tmp_path: Path
) -> None:
    """All tasks at once; here, where the grader may look at every process."""
    argv = compose(generation)
    settings = [f"COMPOSE={' '.join(argv)}", "SHELL_SECONDS=60"]
    evidence = evidence_file(f"solution-{generation}", tmp_path)
    with alone("unshare"):
        try:
            done = stage.engine.run(["env", *settings, "bash", str(PRACTICE / "solution" / "up.sh")])
            exit_status, report = check(stage.engine, "practice-1", evidence, "--active")
            stage.engine.run(["kill", *re.findall(r"^shell (\d+)$", done.stdout, re.MULTILINE)])
        finally:
            stage.clear()
    assert [task["score"] for task in report["tasks"]] == [10, 10, 10, 10, 10, 10]
    assert {check["code"] for task in report["tasks"] for check in task["checks"]} == {"ok"}
    assert exit_status == 0


@contextmanager
def alone(task: str) -> Iterator[None]:
    """The shells of the whole machine are looked at, so that other workers' cases wait."""
    if task != "unshare":
        yield
        return
    with Path(tempfile.gettempdir(), "dockgrader-unshare.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def states(engine: Engine) -> list[str]:
    """Containers with their states."""
    return sorted(engine.run(["docker", "ps", "--all", "--format", "{{.ID}} {{.State}}"]).stdout.splitlines())
