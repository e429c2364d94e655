"""`dockgrader batch` as a process, over machines that are recordings of the solution."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from dockgrader.batch.folder import RunFolder
from dockgrader.batch.results import Standing, results
from tests.batch.givens import SOLVED


def started(tmp_path: Path, run: Path, number: int, *more: str) -> subprocess.Popen[str]:
    roster = tmp_path / "students.csv"
    roster.write_text("student,host\n" + "".join(f"s{n:02},{SOLVED}\n" for n in range(number)))
    command = [sys.executable, "-m", "dockgrader", "batch", "homework-1", "--roster", str(roster)]
    return subprocess.Popen(
        [*command, "--out", str(run), "--lang", "en", *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def said(process: subprocess.Popen[str], words: str) -> None:
    """Wait until it says so."""
    assert process.stderr is not None
    for line in process.stderr:
        if words in line:
            return
    pytest.fail(f"it never said {words!r}")


def standings(run: Path) -> Counter[tuple[Standing, float | None, int]]:
    folder = RunFolder(run)
    found = Counter((result.status, result.score, len(result.attempts)) for result in results(folder))
    assert folder.damaged == []
    return found
