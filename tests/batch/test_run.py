"""The coordinator, on threads in place of processes and on made-up outcomes: what it does when things go wrong."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from dockgrader.batch.executor import WorkerDied
from dockgrader.batch.folder import RunFolder
from dockgrader.batch.results import Standing, results
from dockgrader.batch.run import Batch, Ending, Patience, Stop
from dockgrader.batch.work import Job, Outcome
from dockgrader.errors import UsageError
from tests.batch.givens import a_folder, failed, jobs, scored, students

QUICK = Patience(alike=5, pauses=(0.01,), ours=30, unproven=2, disk=0.3, probe=5)
NAMES = [f"s{number:02}" for number in range(30)]
Call = Callable[[Job], Outcome]


class Told:
    """A watcher that remembers."""

    def __init__(self) -> None:
        self.outcomes: list[str] = []
        self.notices: list[str] = []
        self.heard = threading.Event()

    def recorded(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome.student)

    def notice(self, text: str) -> None:
        self.notices.append(text)
        self.heard.set()


@pytest.fixture(scope="module")
def good() -> Outcome:
    return scored(jobs(students("x"))[0])


def graded(outcome: Outcome, job: Job) -> Outcome:
    return Outcome(**{**outcome.__dict__, "student": job.student})


def ran(
    path: Path,
    call: Call,
    told: Told | None = None,
    *,
    at_once: int = 4,
    names: list[str] = NAMES,
    stop: Stop | None = None,
    patience: Patience = QUICK,
    executor: Executor | None = None,
) -> tuple[Ending, RunFolder]:
    roster = students(*names)
    folder = a_folder(path, roster)
    with executor or ThreadPoolExecutor(at_once) as pool:
        batch = Batch(folder, pool, told or Told(), at_once, stop=stop, patience=patience, call=call)
        return batch.run(jobs(roster)), folder


def standings(folder: RunFolder) -> Counter[str]:
    return Counter(result.code or result.status.value for result in results(folder))


def test_every_student_is_graded_once_and_no_more_than_asked_at_the_same_time(
    tmp_path: Path, good: Outcome
) -> None:
    lock, now, most = threading.Lock(), [0], [0]

    def call(job: Job) -> Outcome:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        outcome = graded(good, job)
        with lock:
            now[0] -= 1
        return outcome

    told = Told()
    ending, folder = ran(tmp_path, call, told)

    assert ending == Ending()
    assert standings(folder) == {"graded": 30}
    assert sorted(told.outcomes) == NAMES
    assert most[0] <= 4


def test_a_bug_and_a_cancelled_job_are_that_students_alone(tmp_path: Path, good: Outcome) -> None:
    def call(job: Job) -> Outcome:
        if job.student == "s03":
            raise ZeroDivisionError("oops")
        return graded(good, job)

    _, folder = ran(tmp_path, call)

    assert standings(folder) == {"graded": 29, "grader.broken": 1}
    assert "oops" in results(folder)[3].reason


def test_a_worker_that_dies_loses_nobody(tmp_path: Path, good: Outcome) -> None:
    deaths: Counter[str] = Counter()

    def call(job: Job) -> Outcome:
        deaths[job.student] += 1
        if job.student == "s05" or (job.student in ("s01", "s02") and deaths[job.student] < 3):
            raise WorkerDied("killed")
        return graded(good, job)

    _, folder = ran(tmp_path, call)

    assert standings(folder) == {"graded": 29, "grader.worker-died": 1}
    assert deaths["s05"] == 3


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("ssh.timeout", "student@vm:22 did not answer"),
        ("ssh.no-key", "there is none in the agent"),
        ("ssh.refused", "admin@gate:22 (a jump host) refuses"),
    ],
    ids=["network", "agent", "jump host"],
)
def test_what_is_gone_on_our_side_pauses_it_until_it_is_back(
    tmp_path: Path, good: Outcome, code: str, reason: str
) -> None:
    """It goes after ten machines; it comes back once somebody was told."""
    told, calls = Told(), Counter[str]()

    def call(job: Job) -> Outcome:
        calls[job.student] += 1
        gone = sum(calls.values()) > 10 and not told.heard.is_set()
        return failed(job, code, reason) if gone else graded(good, job)

    ending, folder = ran(tmp_path, call, told)

    assert ending == Ending()
    assert standings(folder) == {"graded": 30}
    assert [len(result.attempts) for result in results(folder)] == [1] * 30
    assert "Paused" in told.notices[0] and reason in told.notices[0]
    assert "goes on" in told.notices[1]


def test_machines_that_are_really_off_are_found_out_by_one_that_answered(
    tmp_path: Path, good: Outcome
) -> None:
    told = Told()

    def call(job: Job) -> Outcome:
        return failed(job, "ssh.timeout") if job.student > "s09" else graded(good, job)

    ending, folder = ran(tmp_path, call, told, at_once=1)

    assert ending == Ending()
    assert standings(folder) == {"graded": 10, "ssh.timeout": 20}
    assert told.notices == []


def test_a_class_of_which_no_machine_is_on_is_not_waited_for_without_end(tmp_path: Path) -> None:
    ending, folder = ran(tmp_path, failed)

    assert ending == Ending()
    assert standings(folder) == {"ssh.unreachable": 30}


def test_a_network_that_does_not_come_back_is_nobodys_failure(tmp_path: Path, good: Outcome) -> None:
    def call(job: Job) -> Outcome:
        return failed(job) if job.student > "s09" or job.probe else graded(good, job)

    patience = Patience(alike=5, pauses=(0.01,), ours=0.2)
    ending, folder = ran(tmp_path, call, at_once=1, patience=patience)

    assert "own network" in ending.problem
    assert ending.left == 20
    assert standings(folder) == {"graded": 10, "missing": 20}


def test_machines_that_answer_a_probe_and_fail_again_are_believed_in_the_end(
    tmp_path: Path, good: Outcome
) -> None:
    ending, folder = ran(tmp_path, lambda job: graded(good, job) if job.probe else failed(job))

    assert ending == Ending()
    assert standings(folder) == {"ssh.unreachable": 30}


def test_asked_to_stop_it_finishes_what_is_in_flight(tmp_path: Path, good: Outcome) -> None:
    stop = Stop()

    def call(job: Job) -> Outcome:
        if job.student == "s10":
            stop.ask()
        return graded(good, job)

    ending, folder = ran(tmp_path, call, stop=stop, at_once=1)

    assert ending.interrupted
    assert standings(folder) == {"graded": 11, "missing": 19}
    assert ending.left == 19


def test_asked_twice_it_stops_at_once(tmp_path: Path, good: Outcome) -> None:
    stop, release = Stop(), threading.Event()

    def call(job: Job) -> Outcome:
        if job.student == "s01":
            stop.ask()
            stop.ask()
        if job.student != "s00":
            assert release.wait(20)
        return graded(good, job)

    roster = students(*NAMES)
    folder = a_folder(tmp_path, roster)
    with ThreadPoolExecutor(4) as pool:
        ending = Batch(folder, pool, Told(), 4, stop=stop, call=call).run(jobs(roster))
        release.set()

    assert ending.interrupted
    assert ending.left >= 29
    assert set(standings(folder)) <= {"graded", "missing"}


def test_a_disk_that_is_full_for_a_while_is_waited_for(
    tmp_path: Path, good: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real one, on a file system that fills up, is among the live tests."""
    whole, failures = RunFolder.add, iter([True] * 2)

    def add(self: RunFolder, *args: Any, **more: Any) -> Any:
        if args[0] == "s07" and next(failures, False):
            raise UsageError("No space left on device")
        return whole(self, *args, **more)

    monkeypatch.setattr(RunFolder, "add", add)
    told = Told()
    ending, folder = ran(tmp_path, lambda job: graded(good, job), told, patience=Patience(disk=10))

    assert ending == Ending()
    assert standings(folder) == {"graded": 30}
    assert [text for text in told.notices if "No space left" in text]


def test_a_disk_that_stays_full_ends_it_with_the_reason(
    tmp_path: Path, good: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = RunFolder.add

    def add(self: RunFolder, *args: Any, **more: Any) -> Any:
        if args[0] > "s19":
            raise UsageError("No space left on device")
        return whole(self, *args, **more)

    monkeypatch.setattr(RunFolder, "add", add)
    ending, folder = ran(tmp_path, lambda job: graded(good, job), at_once=1)

    assert (ending.problem, ending.unwritable, ending.left) == ("No space left on device", True, 10)
    assert standings(folder) == {"graded": 20, "missing": 10}


def test_a_worker_that_hangs_is_ended_and_its_jobs_are_done_again(
    tmp_path: Path, good: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dockgrader.batch.run._OVERDUE", -59.9)
    tries: Counter[str] = Counter()

    class Hanging(ThreadPoolExecutor):
        stuck: Future[Outcome] | None = None

        def submit(self, call: Any, job: Any) -> Any:  # type: ignore[override]
            tries[job.student] += 1
            if job.student == "s02" and tries["s02"] == 1:
                self.stuck = Future()
                return self.stuck
            return super().submit(call, job)

        def end_worker_of(self, future: Future[Outcome]) -> None:
            if future is self.stuck:
                future.set_exception(WorkerDied("ended"))

    _, folder = ran(tmp_path, lambda job: graded(good, job), executor=Hanging(2), names=NAMES[:6])

    assert results(folder)[2].status is Standing.GRADED
    assert tries["s02"] == 2
