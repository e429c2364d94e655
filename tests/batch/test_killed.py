"""kill -9 of a batch at random moments: what is resumed grades every student exactly once."""

from __future__ import annotations

import csv
import io
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dockgrader.batch.class_results import class_report
from dockgrader.batch.folder import RunFolder
from dockgrader.batch.results import Standing, results
from dockgrader.report import gradebook_csv
from tests.batch.a_command import standings, started
from tests.batch.slowly import STUDENTS

pytestmark = pytest.mark.live
KILLS = 50
COMMANDS_KILLED = 10
REPOSITORY = Path(__file__).parent.parent.parent


def test_killed_fifty_times_every_student_is_graded_exactly_once(tmp_path: Path) -> None:
    draw = random.Random(11)
    left, kills, seed = [], 0, 0
    command = [sys.executable, "-m", "tests.batch.slowly", str(tmp_path / "run")]
    with subprocess.Popen(
        command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        while True:
            seed += 1
            process.stdin.write(f"{seed}\n")
            pid, todo = map(int, process.stdout.readline().split())
            left.append(todo)
            if kills < KILLS:
                time.sleep(draw.uniform(0, 0.08))
                os.kill(pid, signal.SIGKILL)
            ended = int(process.stdout.readline())
            kills += ended == -signal.SIGKILL
            if ended == 0:
                break
        process.stdin.close()

    assert left == sorted(left, reverse=True)
    assert kills == KILLS
    assert left[-1] > 0, "the machine was too quick for this test: nothing was left to do after the kills"
    folder = RunFolder(tmp_path / "run")
    found = results(folder)
    assert folder.damaged == []
    assert [(result.student.id, result.score, len(result.attempts)) for result in found] == [
        (name, 30, 1) for name in STUDENTS
    ]
    assert not [path for path in tmp_path.rglob(".*") if path.is_file()]
    gradebook = csv.DictReader(io.StringIO(gradebook_csv.render(class_report(folder, "en"))))
    assert [(row["student"], row["score"], row["status"]) for row in gradebook] == [
        (name, "30", "graded") for name in STUDENTS
    ]


def test_the_command_is_killed_while_it_starts_and_while_it_grades(tmp_path: Path) -> None:
    """With its workers at work; each time it is resumed it grades some more, but for those that had just begun."""
    draw = random.Random(7)
    run, number = tmp_path / "run", 800
    for kill in range(COMMANDS_KILLED):
        with started(tmp_path, run, number, "--jobs", "20", *(["--resume"] if kill else [])) as process:
            if kill % 3 or not kill:
                _wait_for_one_more(process, run)
            time.sleep(draw.uniform(0, 0.1))
            process.kill()
            process.communicate(timeout=60)
        assert process.returncode == -signal.SIGKILL
    before = standings(run)[Standing.GRADED, 30, 1]

    with started(tmp_path, run, number, "--resume") as process:
        process.communicate(timeout=200)

    assert COMMANDS_KILLED // 2 < before < number
    assert process.returncode == 0
    assert standings(run) == {(Standing.GRADED, 30, 1): number}
    assert not [path for path in tmp_path.rglob(".*") if path.is_file()]


def _wait_for_one_more(process: subprocess.Popen[str], run: Path) -> None:
    """Until another student's outcome was written."""
    there, end = _attempts(run), time.monotonic() + 60
    while _attempts(run) == there:
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.01)


def _attempts(run: Path) -> int:
    return sum(1 for _ in run.glob("students/*/*.attempt.json"))
