"""A real Dask scheduler and workers, each a process, and work for them that takes its time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from dockgrader.batch.work import Job, Outcome, grade_student

ROOT = Path(__file__).resolve().parents[2]
WORKERS = 2
THREADS = 3
_SECONDS = 90


class Cluster:
    """Processes on the loopback."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self.process: subprocess.Popen[bytes] | None = None
        self.workers: list[subprocess.Popen[bytes]] = []

    def start(self, workers: int = WORKERS) -> None:
        file = self._folder / "scheduler.json"
        self.process = self._started(
            "scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file)
        )
        end = time.monotonic() + _SECONDS
        while not file.exists():
            assert self.process.poll() is None and time.monotonic() < end, "the scheduler did not start"
            time.sleep(0.05)
        for _ in range(workers):
            options = ("--no-nanny", "--nthreads", str(THREADS), "--local-directory", str(self._folder))
            self.workers.append(self._started("worker", "--scheduler-file", str(file), *options))

    def scheduler_url(self) -> str:
        """Such as `tcp://127.0.0.1:40123`."""
        return str(json.loads((self._folder / "scheduler.json").read_text())["address"])

    def _started(self, what: str, *options: str) -> subprocess.Popen[bytes]:
        log = self._stack.enter_context((self._folder / f"{what}.log").open("ab"))
        process = subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.dask_{what}", "--no-dashboard", *options],
            stdout=log,
            stderr=log,
            env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT}/fixtures"},
            cwd=self._folder,
        )
        self._stack.callback(self._end, process)
        return process

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        process.kill()
        process.wait()

    def stop(self) -> None:
        self._stack.close()


@contextmanager
def cluster(folder: Path, workers: int = WORKERS) -> Iterator[Cluster]:
    """A scheduler and its workers, until the end of the block."""
    ours = Cluster(folder)
    try:
        ours.start(workers)
        yield ours
    finally:
        ours.stop()


def slowly(job: Job) -> Outcome:
    """As `grade_student`, with a delay, so that something can happen meanwhile."""
    time.sleep(0.3)
    return grade_student(job)
