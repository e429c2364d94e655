"""Real worker processes: many jobs in each, and one that dies takes only its own jobs with it."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import wait
from pathlib import Path

import pytest

from dockgrader.batch.executor import LocalExecutor, WorkerDied


@pytest.fixture
def executor() -> Iterator[LocalExecutor]:
    with LocalExecutor(2) as executor:
        yield executor


def meeting(folder: str, name: str, others: int) -> int:
    """Ends when so many are here at the same time; the worker's process."""
    (Path(folder) / name).touch()
    end = time.monotonic() + 60
    while len(os.listdir(folder)) < others:  # noqa: PTH208 - counted again and again
        assert time.monotonic() < end
        time.sleep(0.01)
    return os.getpid()


def die(folder: str) -> None:
    meeting(folder, "dying", 6)
    os.kill(os.getpid(), signal.SIGKILL)


def complain(text: str) -> None:
    raise ValueError(text)


def unpicklable() -> object:
    return threading.Lock()


def interrupted() -> str:
    os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGTERM)
    return "still here"


def cores(folder: str, name: str) -> frozenset[int]:
    """Those that this worker may use."""
    meeting(folder, name, 4)
    return frozenset(os.sched_getaffinity(0))


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="cores cannot be chosen here")
def test_each_worker_keeps_to_a_core_of_its_own(tmp_path: Path, executor: LocalExecutor) -> None:
    ours = os.sched_getaffinity(0)
    futures = [executor.submit(cores, str(tmp_path), str(number)) for number in range(4)]

    found = [future.result(timeout=90) for future in futures]

    assert {len(of_one) for of_one in found} == {1}
    assert frozenset.union(*found) <= ours
    assert len(set(found)) == min(2, len(ours))
    assert os.sched_getaffinity(0) == ours


def test_many_jobs_run_at_once_in_few_processes(tmp_path: Path, executor: LocalExecutor) -> None:
    futures = [executor.submit(meeting, str(tmp_path), str(number), 12) for number in range(12)]

    pids = {future.result(timeout=90) for future in futures}

    assert len(pids) == 2
    assert os.getpid() not in pids


def test_what_a_job_raises_arrives_and_what_cannot_travel_is_told(executor: LocalExecutor) -> None:
    with pytest.raises(ValueError, match="too short"):
        executor.submit(complain, "too short").result(timeout=90)
    with pytest.raises(RuntimeError, match="pickle"):
        executor.submit(unpicklable).result(timeout=90)


def test_a_worker_that_dies_fails_its_own_jobs_and_another_is_started(
    tmp_path: Path, executor: LocalExecutor
) -> None:
    dying = executor.submit(die, str(tmp_path))
    others = [executor.submit(meeting, str(tmp_path), str(number), 6) for number in range(5)]

    wait([dying, *others], timeout=90)

    with pytest.raises(WorkerDied):
        dying.result()
    assert any(future.exception() is None for future in others)
    assert executor.submit(os.getpid).result(timeout=90) != os.getpid()
    assert len(executor.pids()) <= 2


def test_a_worker_that_is_stopped_is_ended_when_asked(tmp_path: Path, executor: LocalExecutor) -> None:
    """It takes neither jobs nor signals; whoever submits must not hang on it."""
    pid = executor.submit(os.getpid).result(timeout=90)
    os.kill(pid, signal.SIGSTOP)
    stuck = executor.submit(bytes, b"x" * (4 << 20))

    executor.end_worker_of(stuck)

    with pytest.raises(WorkerDied):
        stuck.result(timeout=90)


def test_signals_of_the_terminal_are_the_coordinators(executor: LocalExecutor) -> None:
    assert executor.submit(interrupted).result(timeout=90) == "still here"


FORKED = """
import fcntl, os, signal, sys
from dockgrader.batch.executor import LocalExecutor

MADE = []

def seen():
    files = []
    for number in os.listdir("/proc/self/fd"):
        try:
            files.append(os.readlink(f"/proc/self/fd/{number}"))
        except FileNotFoundError:
            pass
    return os.getpid(), os.getppid(), MADE, files

def replaced(executor, dead):
    while True:
        future = executor.submit(os.getpid)
        if not future.exception(timeout=60) and dead not in executor.pids():
            return len(executor.pids())

if __name__ == "__main__":
    MADE.append("by whoever starts the workers")
    lock = open(sys.argv[1], "w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    with LocalExecutor(2) as executor:
        executor.start()
        found = [future.result(timeout=60) for future in [executor.submit(seen) for _ in range(20)]]
        assert {parent for _, parent, _, _ in found} == {os.getpid()}, found
        assert all(made == MADE and sys.argv[1] not in files for _, _, made, files in found), found
        dead = executor.pids()[0]
        os.kill(dead, signal.SIGKILL)
        assert replaced(executor, dead) <= 2
        print(*executor.pids(), flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only there workers are forks of whoever starts them")
def test_the_first_workers_are_forks_that_keep_nothing_of_ours(tmp_path: Path) -> None:
    """Not the lock of the folder, which would then outlive us; and they end when we are killed."""
    script, lock = tmp_path / "forked.py", tmp_path / "lock"
    script.write_text(FORKED)
    done = subprocess.run(
        [sys.executable, str(script), str(lock)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    with lock.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    workers = [Path("/proc", pid) for pid in done.stdout.split()]
    assert workers
    end = time.monotonic() + 60
    while any(worker.exists() and "Z" not in (worker / "stat").read_text() for worker in workers):
        assert time.monotonic() < end
        time.sleep(0.01)


def test_nothing_is_left_when_it_is_shut_down() -> None:
    with LocalExecutor(2) as executor:
        executor.submit(os.getpid).result(timeout=90)
        pids = executor.pids()

    assert pids
    for pid in pids:
        assert not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text()
    with pytest.raises(RuntimeError, match="stopped"):
        executor.submit(os.getpid)
