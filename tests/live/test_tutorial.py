"""The author's tutorial, as it stands in the docs, on a real engine."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lab.cases import Stage

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "how-to" / "write-an-assignment.md"

pytestmark = pytest.mark.live


def test_every_step_does_what_it_says(stage: Stage, tmp_path: Path) -> None:
    blocks = re.findall(
        r"^```(sh|text)\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    assert [kind for kind, _ in blocks].count("sh") >= 7
    said = ""
    try:
        for kind, block in blocks:
            if kind == "sh":
                said = run(stage, block, tmp_path)
                continue
            missing = [line for line in block.splitlines() if line not in said]
            assert not missing, said
    finally:
        stage.clear()


def run(stage: Stage, script: str, folder: Path) -> str:
    """Everything that the commands of one block print."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{stage.engine.env.get('PATH', os.environ['PATH'])}"
    done = subprocess.run(
        [*stage.engine.prefix, "bash", "-euo", "pipefail", "-c", script],
        env={**stage.engine.env, "PATH": path, "LANG": "C", "DOCKGRADER_PATH": ""},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}"
    return done.stdout
