"""Every format from one run on a real engine: full marks, every check failed, and nothing to be seen."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from lxml import etree
from tests.report.test_classroom50 import problems
from tests.report.test_gradescope import SCHEMA as GRADESCOPE
from tests.report.test_junit import SCHEMA as JUNIT

from dockgrader.cli.output import FORMATS
from dockgrader.report.schema import schema
from lab.cases import SOLUTION, Stage

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.live


def written(stage: Stage, folder: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit status, and the JSON report, of one run that writes every format, each valid."""
    asked = [word for name in FORMATS for word in ("--format", f"{name}:{folder / name}")]
    command = [sys.executable, "-m", "dockgrader", "check", "homework-1", *asked, *arguments]
    done = subprocess.run(
        [*stage.engine.prefix, *command],
        env=stage.engine.env,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("", "")
    assert {path.name for path in folder.iterdir()} == set(FORMATS)
    report: dict[str, Any] = json.loads((folder / "json").read_text())
    Draft202012Validator(schema()).validate(report)
    Draft202012Validator(GRADESCOPE).validate(json.loads((folder / "gradescope").read_text()))
    JUNIT.assertValid(etree.parse(folder / "junit"))
    assert (folder / "html").read_text().startswith("<!doctype html>")
    return done.returncode, report


def test_full_marks(stage: Stage, compose: Callable[[str], list[str]], tmp_path: Path) -> None:
    solution, folder = tmp_path / "solution", tmp_path / "out"
    shutil.copytree(SOLUTION, solution)
    folder.mkdir()
    try:
        stage.engine.run(["env", f"COMPOSE={' '.join(compose('v2'))}", "bash", str(solution / "up.sh")])
        status, report = written(stage, folder)
    finally:
        stage.clear()
    assert (status, report["score"]) == (0, 30)
    assert not problems(json.loads((folder / "classroom50").read_text()))
    assert (folder / "tap").read_text().count("\nok ") == 19
    assert "docker exec redis_2 redis-cli get mykey" in (folder / "html").read_text()


def test_every_check_fails_where_nothing_was_done(stage: Stage, tmp_path: Path) -> None:
    stage.clear()
    status, report = written(stage, tmp_path)
    assert (status, report["score"]) == (1, 0)
    result = json.loads((tmp_path / "classroom50").read_text())
    assert not problems(result)
    assert (result["score"], result["max-score"]) == (0, 30)


def test_nothing_can_be_observed(stage: Stage, tmp_path: Path) -> None:
    status, report = written(stage, tmp_path, "--host", "unix:///nowhere/docker.sock")
    assert (status, report["score"], report["status"]) == (3, None, "error")
    assert problems(json.loads((tmp_path / "classroom50").read_text()))
    assert '"score"' not in (tmp_path / "gradescope").read_text()
    assert "not ok 19" in (tmp_path / "tap").read_text()
