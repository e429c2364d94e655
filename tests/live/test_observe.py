"""`dockgrader observe` on the reference solution of homework-1, and on mistakes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lab.cases import SOLUTION, Stage

pytestmark = pytest.mark.live


def test_the_draft_passes_where_it_was_made_and_fails_on_mistakes(
    stage: Stage, compose: Callable[[str], list[str]], tmp_path: Path
) -> None:
    argv = compose("v2")
    solution = tmp_path / "solution"
    shutil.copytree(SOLUTION, solution)
    draft = tmp_path / "draft.yaml"
    try:
        stage.engine.run(["env", f"COMPOSE={' '.join(argv)}", "bash", str(solution / "up.sh")])
        draft.write_text(dockgrader(stage, "observe", "--id", "draft")[1])
        assert dockgrader(stage, "validate", str(draft))[0] == 0
        status, out = dockgrader(stage, "check", str(draft), "--format", "json")
        report = json.loads(out)
        assert status == 0 and report["score"] == report["max_score"] > 15
        assert {task["id"] for task in report["tasks"]} == {"test_limit", "redis_2", "compose"}
        part = dockgrader(stage, "observe", "container", "redis_2")[1]
        assert "same_as: redis_1" in part and "test_limit" not in part

        stage.engine.run("docker rm --force test_limit redis_2")
        stage.engine.run("docker run --detach --name test_limit --memory=100m --cpus=.5 test_resource")
        stage.engine.run("docker run --detach --name redis_2 redis_1")
        stage.engine.run(
            "docker update --cpus=1 $(docker ps -q --filter label=com.docker.compose.service=redis)"
        )
        status, out = dockgrader(stage, "check", str(draft), "--format", "json")
        assert status == 1
        assert failed(json.loads(out)) == {"test_limit/memory", "redis_2/volume", "compose/redis-cpus"}
    finally:
        stage.clear()


def failed(report: dict[str, Any]) -> set[str]:
    return {
        f"{task['id']}/{check['id']}"
        for task in report["tasks"]
        for check in task["checks"]
        if check["status"] == "failed"
    }


def dockgrader(stage: Stage, *words: str) -> tuple[int, str]:
    done = subprocess.run(
        [*stage.engine.prefix, sys.executable, "-m", "dockgrader", *words],
        env=stage.engine.env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout
