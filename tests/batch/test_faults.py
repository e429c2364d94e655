"""What ends a batch in real life, made to happen: a full disk, a read-only one, a killed worker."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dockgrader.batch.executor import LocalExecutor
from dockgrader.batch.results import Standing, results
from dockgrader.batch.run import Batch
from dockgrader.batch.work import Job, Outcome, grade_student
from tests.batch.a_command import said, standings, started
from tests.batch.givens import a_folder, jobs, students
from tests.batch.slowly import STUDENTS, Quiet

pytestmark = pytest.mark.live


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system with place for a few students."""
    if os.geteuid() != 0:
        pytest.skip("NOT TESTED: only root can mount a small disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(disk)], check=True)
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def remount(disk: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(disk)], check=True)


def test_a_full_disk_is_waited_for_and_nobody_is_lost(tmp_path: Path, small_disk: Path) -> None:
    with started(tmp_path, small_disk / "run", 40) as process:
        said(process, "No space left")
        before = standings(small_disk / "run")
        remount(small_disk, "size=20m")
        process.communicate(timeout=120)

    assert 0 < before[Standing.GRADED, 30, 1] < 40
    assert process.returncode == 0
    assert standings(small_disk / "run") == {(Standing.GRADED, 30, 1): 40}


def test_a_disk_that_stays_full_ends_it_and_it_goes_on_later(tmp_path: Path, small_disk: Path) -> None:
    with started(tmp_path, small_disk / "run", 40) as process:
        said(process, "No space left")
        process.send_signal(signal.SIGTERM)
        _, noted = process.communicate(timeout=120)
    assert process.returncode == 2
    assert "No space left" in noted
    found = standings(small_disk / "run")
    assert set(found) == {(Standing.GRADED, 30, 1), (Standing.MISSING, None, 0)}

    remount(small_disk, "size=20m")
    with started(tmp_path, small_disk / "run", 40, "--resume") as process:
        process.communicate(timeout=120)

    assert process.returncode == 0
    assert standings(small_disk / "run") == {(Standing.GRADED, 30, 1): 40}


def test_a_folder_that_turns_read_only_in_the_middle(tmp_path: Path, small_disk: Path) -> None:
    remount(small_disk, "size=20m")
    with started(tmp_path, small_disk / "run", 120, "--jobs", "1") as process:
        end = time.monotonic() + 90
        while not (small_disk / "run/students/s00/0001.attempt.json").exists():
            assert time.monotonic() < end
            time.sleep(0.01)
        while subprocess.run(
            ["mount", "-o", "remount,ro", str(small_disk)], stderr=subprocess.DEVNULL
        ).returncode:
            assert time.monotonic() < end  # a file is open for writing just now
        said(process, "Read-only file system")
        before = standings(small_disk / "run")
        remount(small_disk, "rw")
        process.communicate(timeout=200)

    assert 0 < before[Standing.GRADED, 30, 1] < 120
    assert process.returncode == 0
    assert standings(small_disk / "run") == {(Standing.GRADED, 30, 1): 120}


def test_workers_that_are_killed_lose_nobody_and_die_with_the_batch(tmp_path: Path) -> None:
    with started(tmp_path, tmp_path / "run", 120, "--jobs", "10") as process:
        killed: set[int] = set()
        while len(killed) < 2 and process.poll() is None:
            for pid in workers_of(process.pid) - killed:
                os.kill(pid, signal.SIGKILL)
                killed.add(pid)
                break
            time.sleep(0.2)
        process.communicate(timeout=200)

    assert killed
    assert process.returncode == 0
    assert standings(tmp_path / "run") == {(Standing.GRADED, 30, 1): 120}


def poisoned(job: Job) -> Outcome:
    """One machine makes the grader's process die, whatever else that process is doing."""
    if job.student == STUDENTS[5]:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.1)
    return grade_student(job)


def test_a_machine_that_kills_workers_is_the_only_one_that_is_not_graded(tmp_path: Path) -> None:
    roster = students(*STUDENTS[:12])
    folder = a_folder(tmp_path / "run", roster)
    with LocalExecutor(2) as executor:
        Batch(folder, executor, Quiet(), 12, call=poisoned).run(jobs(roster))

    codes = {result.student.id: result.code for result in results(folder) if result.score is None}
    assert codes == {STUDENTS[5]: "grader.worker-died"}


def test_when_the_batch_is_killed_its_workers_end(tmp_path: Path) -> None:
    with started(tmp_path, tmp_path / "run", 120, "--jobs", "10") as process:
        end = time.monotonic() + 90
        while not (workers := workers_of(process.pid)):
            assert time.monotonic() < end
            time.sleep(0.02)
        process.kill()
        process.communicate(timeout=60)

    end = time.monotonic() + 60
    while any(alive(pid) for pid in workers):
        assert time.monotonic() < end
        time.sleep(0.05)


def workers_of(pid: int) -> set[int]:
    """The workers of a batch: its own forks, and what its server process has forked in the place of dead ones."""
    forks = {child for child in children(pid) if command_of(child) == command_of(pid)}
    return forks | {worker for server in children(pid) - forks for worker in children(server)}


def command_of(pid: int) -> bytes | None:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return None


def children(pid: int) -> set[int]:
    try:
        return {int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}
    except OSError:
        return set()


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
