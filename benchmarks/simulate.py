"""Grade a class of thousands of machines that are not there, with the real coordinator, workers and run folder.

    python benchmarks/simulate.py [--students 10000] [--jobs 400] [--workers 2] [--engine local|dask] [--scheduler URL]

For an environment that has this checkout's dockgrader (for Dask, its extra `dask`). The machines are those of
simulated.py. With `--engine dask` and no scheduler, one is started here, with its workers, on the loopback.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from counted import descendants
from simulated import Class, fate, simulated

from dockgrader.batch import folder as folders
from dockgrader.batch.executor import LocalExecutor
from dockgrader.batch.jobs import job_of
from dockgrader.batch.opening import ask, open_run
from dockgrader.batch.results import results
from dockgrader.batch.roster import Student
from dockgrader.batch.run import Batch
from dockgrader.batch.work import Outcome, Work

HERE = Path(__file__).resolve().parent
START_SECONDS = 90
_TICKS = os.sysconf("SC_CLK_TCK")


class Progress:
    """Tells how far it is, every five seconds, and remembers who was recorded."""

    def __init__(self, students: int) -> None:
        self._students = students
        self._told = time.monotonic()
        self.recorded_students: Counter[str] = Counter()

    def recorded(self, outcome: Outcome) -> None:
        """A student's outcome has been written."""
        self.recorded_students[outcome.student] += 1
        if time.monotonic() - self._told > 5:
            self._told = time.monotonic()
            self.notice(f"{len(self.recorded_students)} of {self._students}")

    def notice(self, text: str) -> None:
        """On standard error."""
        print(f"simulate: {text}", file=sys.stderr, flush=True)


@contextmanager
def executor(options: argparse.Namespace, scratch: Path) -> Iterator[Executor]:
    """The engine, as `dockgrader batch` uses it."""
    with ExitStack() as stack:
        if options.engine == "local":
            engine: Executor = LocalExecutor(options.workers)
        else:
            from dockgrader.batch.cluster import DaskExecutor

            url = options.scheduler or stack.enter_context(cluster(options, scratch))
            engine = DaskExecutor(url, seconds=START_SECONDS)
        try:
            yield engine
        finally:
            engine.shutdown(cancel_futures=True)


@contextmanager
def cluster(options: argparse.Namespace, scratch: Path) -> Iterator[str]:
    """A Dask scheduler and workers on the loopback, which end with the block; its URL."""
    file = scratch / "scheduler.json"
    threads = str(-(-options.jobs // options.workers))
    with ExitStack() as stack:

        def start(what: str, *more: str) -> subprocess.Popen[bytes]:
            log = stack.enter_context((scratch / f"{what}.log").open("ab"))
            process = subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.dask_{what}", "--no-dashboard", *more],
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONPATH": str(HERE)},
                cwd=scratch,
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
            return process

        scheduler = start("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file))
        end = time.monotonic() + START_SECONDS
        while not file.exists():
            if scheduler.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"the scheduler did not start: {(scratch / 'scheduler.log').read_text()}")
            time.sleep(0.05)
        for _ in range(options.workers):
            local = ("--no-nanny", "--nthreads", threads, "--local-directory", str(scratch))
            start("worker", "--scheduler-file", str(file), *local)
        yield str(json.loads(file.read_text())["address"])


def below() -> tuple[float, float]:
    """Of the processes below this one: seconds of CPU that they have had, and MiB that they have (PSS)."""
    seconds, memory = 0.0, 0
    for pid in list(descendants(os.getpid())):
        try:
            words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            seconds += (int(words[11]) + int(words[12])) / _TICKS
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            memory += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        except (OSError, StopIteration):
            continue
    return seconds, memory / 1024


def wrong(machines: Class, found: dict[str, str], recorded: Counter[str], students: Sequence[Student]) -> int:
    """Students who do not have exactly one attempt, or another outcome than was drawn for them."""
    return sum(
        recorded[student.id] != 1 or found.get(student.id) != fate(machines, student.id).code
        for student in students
    )


def roster(number: int) -> list[Student]:
    """Students with an address each, that nothing is ever sent to."""
    return [
        Student(f"s{each:06}", f"10.{each >> 16}.{each >> 8 & 255}.{each & 255}") for each in range(number)
    ]


def simulate(options: argparse.Namespace, scratch: Path) -> int:
    """Run it, print the figures; how many students are not as drawn."""
    machines = Class(seed=options.seed, pace=options.pace)
    numbers = range(options.students)
    students = [Student(f"s{each:06}", f"10.{each >> 16}.{each >> 8 & 255}.{each & 255}") for each in numbers]
    asked = ask("homework-1", students, "en", None)
    work = Work(asked.source.text, str(asked.loaded.file), asked.task)
    folders.make_folder(scratch / "run")
    folder = open_run(scratch / "run", asked)
    jobs = [job_of(student, work, "en", accept_new=False) for student in students]
    progress = Progress(len(students))
    with executor(options, scratch) as engine:
        others, begun, own = below()[0], time.monotonic(), time.process_time()
        batch = Batch(folder, engine, progress, options.jobs, call=partial(simulated, machines))
        ending = batch.run(jobs)
        wall, own = time.monotonic() - begun, time.process_time() - own
        seconds, memory = below()
        others = seconds - others
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    begun = time.monotonic()
    found = {result.student.id: result.code for result in results(folder)}
    read = time.monotonic() - begun
    bad = wrong(machines, found, progress.recorded_students, students)
    count = len(students)
    kinds = ", ".join(f"{many} {code or 'graded'}" for code, many in Counter(found.values()).most_common())
    waiting = sum(fate(machines, student.id).seconds for student in students) / options.jobs
    print(
        f"{count} students, {options.jobs} at once on {options.workers} workers ({options.engine}), "
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n"
        f"{wall:.1f} s, {count / wall:.0f} students a second ({waiting:.1f} s would be the machines' own time)\n"
        f"coordinator: {own / count * 1000:.2f} ms of CPU a student, at most {most:.0f} MiB\n"
        f"workers: {others / count * 1000:.2f} ms of CPU a student, {memory:.0f} MiB together at the end\n"
        f"the folder is read back in {read:.1f} s; {kinds}\n"
        f"{bad} not as drawn, {ending.left} left {ending.problem}",
        flush=True,
    )
    return bad + ending.left


def main() -> int:
    """Exit status 1 when a student is not as drawn."""
    parser = argparse.ArgumentParser(prog="benchmarks/simulate.py", description=__doc__.splitlines()[0])
    parser.add_argument("--students", type=int, default=10_000)
    parser.add_argument("--jobs", type=int, default=400, help="machines at once, over all workers")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--engine", choices=("local", "dask"), default="local")
    parser.add_argument("--scheduler", help="a Dask scheduler whose workers can import simulated.py")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pace", type=float, default=1.0, help="multiplies the machines' times")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dg-simulate-", dir="/var/tmp") as scratch:
        return 1 if simulate(options, Path(scratch)) else 0


if __name__ == "__main__":
    sys.exit(main())
