"""Real worker processes: many jobs in each, and one that dies takes only its own jobs with it."""

from __future__ import annotations

import os
import signal
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


def test_nothing_is_left_when_it_is_shut_down() -> None:
    with LocalExecutor(2) as executor:
        executor.submit(os.getpid).result(timeout=90)
        pids = executor.pids()

    assert pids
    for pid in pids:
        assert not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text()
    with pytest.raises(RuntimeError, match="stopped"):
        executor.submit(os.getpid)
