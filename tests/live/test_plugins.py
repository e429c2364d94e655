"""The pytest plugin, and the docs' own kind, on a live engine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.plugins.conftest import EXAMPLE, ROOT, installed_example, registered

from lab.cases import SOLUTION, Stage

pytestmark = pytest.mark.live


def on(stage: Stage, site: Path, cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*stage.engine.prefix, sys.executable, "-m", *arguments],
        env={**stage.engine.env, "PYTHONPATH": str(site), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def test_pytest_grades_homework_1(stage: Stage, compose: Callable[[str], list[str]], tmp_path: Path) -> None:
    site, folder = tmp_path / "site", tmp_path / "empty"
    site.mkdir()
    folder.mkdir()
    registered(site)
    shutil.copytree(SOLUTION, tmp_path / "solution")
    arguments = ["pytest", "-p", "no:cacheprovider", "-rA", "--color=no", "--dockgrader", "homework-1"]
    try:
        argv = compose("v2")
        stage.engine.run(["env", f"COMPOSE={' '.join(argv)}", "bash", str(tmp_path / "solution" / "up.sh")])
        good = on(stage, site, folder, *arguments)
        stage.engine.run(["docker", "rm", "-f", "test_limit"])
        bad = on(stage, site, folder, *arguments)
    finally:
        stage.clear()
    assert good.returncode == 0, good.stdout + good.stderr
    assert "dockgrader homework-1: 30 / 30" in good.stdout
    assert bad.returncode == 1, bad.stdout + bad.stderr
    assert "FAILED homework-1::limits::" in bad.stdout and "PASSED homework-1::compose::" in bad.stdout
    assert " error" not in bad.stdout.splitlines()[-1]


def test_the_docs_kind_asks_a_live_container(stage: Stage, tmp_path: Path) -> None:
    site = installed_example(tmp_path)
    found = []
    try:
        for hostname in ("web-1", "other"):
            stage.engine.docker(
                "run", "-d", "--name", "web", "--hostname", hostname, "alpine", "sleep", "300"
            )
            arguments = ["check", str(EXAMPLE / "assignment.yaml"), "--format", "json"]
            done = on(stage, site, ROOT, "dockgrader", *arguments)
            assert done.returncode in (0, 1), done.stderr
            found.append([check["code"] for check in json.loads(done.stdout)["tasks"][0]["checks"]])
            stage.engine.run(["docker", "rm", "-f", "web"])
    finally:
        stage.clear()
    assert found == [["ok", "ok"], ["ok", "hostname.other"]]
