"""Grading many: one future a student, a bounded number at a time, and only this process writes.

Whatever happens to a worker, a network, a disk or the person at the keyboard, what was written stays whole, and what
was not written is graded by the next `--resume`.
"""

from __future__ import annotations

import queue
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol

from dockgrader.batch.breaker import Breaker, Failure
from dockgrader.batch.executor import WorkerDied
from dockgrader.batch.folder import RunFolder
from dockgrader.batch.recording import Recorder
from dockgrader.batch.work import Job, Outcome, grade_student, unobserved
from dockgrader.frozen import dataclass

_TICK = 1.0
_MOST_DEATHS = 3
_SUSPICIOUS = 2
_MOST_AGAIN = 3
_OVERDUE = 60.0


class Watcher(Protocol):
    """Who is told how the batch goes."""

    def recorded(self, outcome: Outcome) -> None:
        """A student's outcome has been written."""

    def notice(self, text: str) -> None:
        """Something that the person should know now."""


@dataclass(frozen=True)
class Patience:
    """Seconds and numbers: how many alike failures are held back, how long is waited for what may pass."""

    alike: int = 10
    pauses: Sequence[float] = (2, 5, 10, 20, 30)
    """Before each look whether it is over; the last one again and again."""
    ours: float = 600.0
    """For our own network, agent or jump host to come back."""
    unproven: int = 3
    """Looks, when no machine has answered yet that could be a witness."""
    disk: float = 60.0
    probe: float = 15.0


@dataclass(frozen=True)
class Ending:
    """How a batch ended: `left` are the students that it did not get to, `problem` says why; empty when it is done."""

    left: int = 0
    problem: str = ""
    interrupted: bool = False
    unwritable: bool = False


class Stop:
    """What the person wants: `soon` lets what is in flight end, `now` does not."""

    def __init__(self) -> None:
        self.soon = False
        self.now = False
        self.told: Callable[[], None] = lambda: None

    def ask(self) -> None:
        """Called by a signal handler: the first time soon, the second time now."""
        self.now = self.soon
        self.soon = True
        self.told()


class Batch:
    """One run over jobs. `run` is to be called once."""

    def __init__(
        self,
        folder: RunFolder,
        executor: Executor,
        watcher: Watcher,
        at_once: int,
        *,
        stop: Stop | None = None,
        patience: Patience | None = None,
        call: Callable[[Job], Outcome] = grade_student,
    ) -> None:
        self._executor = executor
        self._watcher = watcher
        self._at_once = at_once
        self._stop = stop or Stop()
        self._patience = patience or Patience()
        self._call = call
        self._todo: deque[Job] = deque()
        self._suspects: deque[Job] = deque()
        """Jobs whose workers died twice: done one at a time, so that the one that kills them is alone in the end."""
        self._flying: dict[Future[Outcome], tuple[Job, float]] = {}
        self._ended: queue.SimpleQueue[Future[Outcome] | None] = queue.SimpleQueue()
        self._deaths: Counter[str] = Counter()
        self._asked_again: Counter[str] = Counter()
        self._breaker = Breaker(self._patience.alike)
        self._recorder = Recorder(folder, watcher.recorded)

    def run(self, jobs: Iterable[Job]) -> Ending:
        """Grade all; returns when all is written, or why not."""
        self._todo.extend(jobs)
        self._stop.told = lambda: self._ended.put(None)
        gone: Callable[[], str] = getattr(self._executor, "problem", lambda: "")
        while (self._waiting() or self._flying or self._breaker.tripped) and not self._stop.now:
            if problem := gone():
                return self._end(problem)
            if self._breaker.tripped and not self._stop.soon:
                if problem := self._find_out():
                    return self._end(problem)
            elif self._stop.soon and not self._flying:
                break
            else:
                self._fill()
                self._take_one()
                self._take_others()
                self._fill()  # a disk can take long, and nobody should be idle meanwhile
            if problem := self._written():
                return self._end(problem, unwritable=True)
        if not self._breaker.tripped:
            self._write(self._breaker.release())
        problem = self._written()
        return self._end(problem, unwritable=bool(problem))

    def _end(self, problem: str, *, unwritable: bool = False) -> Ending:
        left = self._waiting() + len(self._flying) + len(self._breaker.held) + self._recorder.left
        return Ending(left, problem, self._stop.soon, unwritable)

    def _waiting(self) -> int:
        return len(self._todo) + len(self._suspects)

    def _fill(self) -> None:
        alone = any(self._deaths[job.student] >= _SUSPICIOUS for job, _ in self._flying.values())
        if self._suspects and not alone and not self._stop.soon:
            self._fly(self._suspects.popleft())
        while self._todo and len(self._flying) < self._at_once and not self._stop.soon:
            self._fly(self._todo.popleft())

    def _fly(self, job: Job) -> Future[Outcome]:
        future: Future[Outcome] = self._executor.submit(self._call, job)
        self._flying[future] = (job, time.monotonic() + job.work.timeout + _OVERDUE)
        future.add_done_callback(self._ended.put)
        return future

    def _take_one(self, seconds: float = _TICK) -> Outcome | None:
        """Wait until a job ends, and deal with it; its outcome, None when none did in time."""
        try:
            future = self._ended.get(timeout=seconds)
        except queue.Empty:
            self._hurry()
            return None
        if future is None or future not in self._flying:
            return None
        job, _ = self._flying.pop(future)
        outcome = self._outcome(job, future)
        if outcome is not None and not job.probe:
            self._write(self._breaker.take(job, outcome))
        return outcome

    def _take_others(self) -> None:
        """Deal with all that have ended meanwhile."""
        while not self._ended.empty() and not self._breaker.tripped:
            self._take_one()

    def _outcome(self, job: Job, future: Future[Outcome]) -> Outcome | None:
        """What came of a job; None when its worker died and it will be done again."""
        try:
            outcome = future.result()
        except (WorkerDied, BrokenExecutor) as death:
            self._deaths[job.student] += 1
            if self._deaths[job.student] < _MOST_DEATHS and not job.probe:
                suspicious = self._deaths[job.student] >= _SUSPICIOUS
                (self._suspects if suspicious else self._todo).appendleft(job)
                return None
            return self._broken(job, "grader.worker-died", f"Its worker died {_MOST_DEATHS} times ({death})")
        except Exception as error:  # noqa: BLE001 - one job's failure is not the others'
            return self._broken(job, "grader.broken", f"{type(error).__name__}: {str(error)[:200]}")
        return outcome

    def _broken(self, job: Job, code: str, reason: str) -> Outcome:
        return unobserved(job, datetime.now(UTC).isoformat(timespec="seconds"), (code, reason))

    def _hurry(self) -> None:
        """A worker that holds a job long after its time hangs as a whole; it is ended, and its jobs done again."""
        end = getattr(self._executor, "end_worker_of", None)
        for future, (_, late) in list(self._flying.items()):
            if end and time.monotonic() > late:
                end(future)

    def _write(self, failures: Iterable[Failure]) -> None:
        self._recorder.take(failure.outcome for failure in failures)

    def _written(self) -> str:
        """Write what has come; where the disk is full or read-only, wait a while for it. Why it cannot be written."""
        end, told = time.monotonic() + self._patience.disk, False
        while self._recorder.left:
            if not (problem := self._recorder.write_some()):
                continue
            if time.monotonic() > end or self._stop.soon:
                return problem
            if not told:
                told = True
                self._watcher.notice(f"{problem}. Waiting {self._patience.disk:.0f} s for that to be mended.")
            self._sleep(min(2.0, self._patience.disk / 20))
        return ""

    def _sleep(self, seconds: float) -> None:
        """Wait, but not for longer than the person wants to; what ends meanwhile is dealt with."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not self._stop.soon:
            self._take_one(min(left, _TICK))

    def _find_out(self) -> str:
        """Many failed alike: is it the machines, or is it us? Returns why the run cannot go on, empty if it can."""
        patience, breaker = self._patience, self._breaker
        what = breaker.held[-1].outcome.reason
        end, look = time.monotonic() + patience.ours, 0
        while breaker.tripped and not self._stop.soon:
            witness = breaker.witness
            asked = [witness] if witness else [breaker.held[0].job, breaker.held[-1].job]
            answers = [self._probe(job) for job in asked]
            if any(answers):
                self._go_on(ours=breaker.ours or witness is None)
                return ""
            look += 1
            if witness is None and look > patience.unproven:
                self._write(breaker.believe())
                return ""
            if time.monotonic() > end:
                return f"The grader's own network, agent or jump host is gone, and did not come back: {what}"
            if not breaker.ours:
                breaker.ours = True
                self._watcher.notice(
                    f"{len(breaker.held)} machines in a row cannot be reached, nor can one that "
                    f"{'answered before' if witness else 'is asked again'}: {what} Paused until that has passed."
                )
            self._sleep(patience.pauses[min(look, len(patience.pauses)) - 1])
        return ""

    def _go_on(self, *, ours: bool) -> None:
        """The witness answers. If it did not a while ago, it was us: what was held back is done again."""
        again = [failure.job for failure in self._breaker.held]
        self._asked_again.update(job.student for job in again)
        if ours and max(self._asked_again[job.student] for job in again) <= _MOST_AGAIN:
            self._breaker.release()
            self._todo.extendleft(reversed(again))
            self._watcher.notice(f"It has passed: the batch goes on, {len(again)} machines are asked again.")
        else:
            self._write(self._breaker.believe())

    def _probe(self, job: Job) -> bool:
        """Whether a machine can be reached, or fails in another way than those that are held."""
        work = replace(job.work, timeout=min(self._patience.probe, job.work.timeout))
        future = self._fly(replace(job, probe=True, work=work))
        while future in self._flying and not self._stop.now:
            self._take_one()
        if not future.done() or future.exception() is not None:
            return False
        return not self._breaker.same(future.result())
