"""What a worker does: grade one student's machine. Plain data in, plain data out, nothing written, nothing raised.

A job can run in this process, in another one or on another machine; all that it needs is in it. What is the same
for all students (the assignment, the models behind it) is built once a worker.
"""

from __future__ import annotations

import contextlib
import functools
import gzip
import json
import random
import time
from collections.abc import Mapping
from dataclasses import field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dockgrader.assignment import loading
from dockgrader.assignment.loading import Loaded
from dockgrader.assignment.model import Task
from dockgrader.assignment.source import Source, Values, parse_source
from dockgrader.batch.machine import fingerprints
from dockgrader.batch.sent import laid_down
from dockgrader.errors import DockgraderError, Unobserved
from dockgrader.facts.machine import MACHINE_ID, Machine
from dockgrader.frozen import dataclass
from dockgrader.grading.evidence import Evidence
from dockgrader.grading.reach import Bounds, Live, reach
from dockgrader.grading.run import grade_evidence, grade_reached
from dockgrader.hosts.deadline import Deadline, within
from dockgrader.hosts.endpoint import Endpoint
from dockgrader.report.model import HostReport, Report, to_json

PASSING = frozenset(
    ("ssh.refused", "ssh.timeout", "ssh.max-startups", "ssh.unreachable", "ssh.lost", "engine.lost")
)
"""What may be over a moment later. Nothing that a server could count as a failed login: those are penalised."""
LARGE = 32 << 10
"""Bytes of evidence from which it is compressed."""
_LEVEL = 3
"""Of the compression: a tenth larger than the usual level, in less than half of the time."""
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 15.0
_MOST_TRIES = 4
_LEAST_SECONDS = 3.0
_LOGIN_SECONDS = 10.0
_GRACE = 20.0


@dataclass(frozen=True)
class Work:
    """What is the same for all students. `assignment` is the text of the file that is called `file`."""

    assignment: str
    file: str
    task: str | None
    timeout: float = 60.0
    wait: float = 45.0


@dataclass(frozen=True)
class Job:
    """One student to grade. `probe` only finds out whether the machine can be reached.

    `sent` are key files by name that go with it (batch.sent), where the worker's own are not to be used. `values` are
    the student's, of an assignment with parameters; the key by which they were drawn stays with the coordinator.
    """

    student: str
    endpoint: Endpoint
    lang: str
    work: Work
    probe: bool = False
    sent: Mapping[str, bytes] = field(default_factory=dict, hash=False, repr=False)
    values: Values = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Outcome:
    """What came of a job. `report` and `evidence` are the files' contents; evidence may be gzip, None: nothing read.

    `score` is null and `code` says why when something could not be observed.
    """

    student: str
    at: str
    code: str
    reason: str
    report: bytes
    evidence: bytes | None
    score: float | None
    max_score: float
    duration_s: float = 0.0
    retries: int = 0
    machine: Mapping[str, Any] = field(default_factory=dict)
    parameters: Values = field(default_factory=dict)


def prepare() -> None:
    """Make this process a worker, which reaches many machines at a time."""
    from dockgrader.hosts.ssh import loop

    loop.share()


def build(job: Job) -> None:
    """Build what is the same for all, before there are workers: those that are forks of this process have it then."""
    _assignment(job)


def grade_student(job: Job) -> Outcome:
    """Grade one student's machine, within the work's time. Never raises for what the machine or the grader does."""
    begun, at = time.monotonic(), datetime.now(UTC).isoformat(timespec="seconds")
    try:
        return within(job.work.timeout + _GRACE, lambda: _graded_with_keys(job, at, begun))
    except TimeoutError:
        error = (
            "host.timeout",
            f"{job.endpoint.url}: it was not graded in time, and the grading does not end",
        )
    except DockgraderError as wrong:
        error = (wrong.code if isinstance(wrong, Unobserved) else "host.address", str(wrong))
    except Exception as bug:  # noqa: BLE001 - a bug that one machine finds must not end the others' grading
        error = ("grader.broken", f"The grader itself is broken: {type(bug).__name__}: {str(bug)[:200]}")
    return unobserved(job, at, error, time.monotonic() - begun)


def unobserved(job: Job, at: str, error: tuple[str, str], seconds: float = 0.0) -> Outcome:
    """The outcome of a job of which nothing could be seen, for a reason."""
    evidence = Evidence(HostReport(job.endpoint.url), at, error, ())
    return _outcome(job, at, _from_evidence(job, evidence), evidence, seconds, 0)


def accepted(job: Job, evidence: Evidence) -> Outcome:
    """The outcome of evidence that was read elsewhere."""
    begun, at = time.monotonic(), datetime.now(UTC).isoformat(timespec="seconds")
    return _outcome(job, at, _from_evidence(job, evidence), evidence, time.monotonic() - begun, 0)


def _from_evidence(job: Job, evidence: Evidence) -> Report:
    loaded, tasks = _assignment(job)
    return grade_evidence(loaded, tasks, evidence, job.lang, facts=False)


def _assignment(job: Job) -> tuple[Loaded, list[Task]]:
    """What is to be graded; the same for all, unless there are parameters."""
    work, values = job.work, json.dumps(dict(job.values))
    return _built(work.assignment, work.file, work.task, values)


@functools.lru_cache(maxsize=64)
def _built(text: str, file: str, task: str | None, values: str) -> tuple[Loaded, list[Task]]:
    source = _parsed(text, file)
    if loading.has_parameters(source):
        from dockgrader.assignment.references import given

        source = given(source, json.loads(values))
    loaded = loading.validated(source, Path(file))
    return loaded, loading.tasks_of(loaded, task)


@functools.lru_cache(maxsize=4)
def _parsed(text: str, file: str) -> Source:
    return parse_source(text, file)


def _graded_with_keys(job: Job, at: str, begun: float) -> Outcome:
    with laid_down(job.endpoint, job.sent) as endpoint:
        return _graded(replace(job, endpoint=endpoint), at, begun)


def _graded(job: Job, at: str, begun: float) -> Outcome:
    deadline, retries = Deadline(job.work.timeout), 0
    while True:
        evidence, report = _once(job, deadline)
        code = _cause(report, evidence)[0]
        pause = _pause(retries)
        late = deadline.remaining() < pause + _LEAST_SECONDS or retries + 1 >= _MOST_TRIES
        if code not in PASSING or late:
            return _outcome(job, at, report, evidence, time.monotonic() - begun, retries)
        retries += 1
        time.sleep(pause)


def _pause(retries: int) -> float:
    """Seconds before the next try, drawn, so that many hosts do not come back together."""
    return float(min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**retries) * random.uniform(0.5, 1.5))  # noqa: S311


def _once(job: Job, deadline: Deadline) -> tuple[Evidence, Report]:
    work = job.work
    loaded, tasks = _assignment(job)
    seconds = deadline.remaining()
    # A login that takes longer than a third of the time is tried again rather than waited for, but not a short one.
    reached = reach(job.endpoint, Bounds(seconds, work.wait, reach=max(_LOGIN_SECONDS, work.timeout / 3)))
    if job.probe and isinstance(reached, Live):
        reached.close()
        reached = Evidence(reached.report(), reached.started_at, None, ())
    graded = functools.partial(
        grade_reached, loaded, [] if job.probe else tasks, reached, job.lang, facts=False
    )
    if isinstance(reached, Live):
        if read_along := getattr(reached.host, "read_along", None):
            read_along([MACHINE_ID])
        run = graded(afterwards=functools.partial(_look_at_machine, reached))
    else:
        run = graded()
    return run.evidence, run.report


def _look_at_machine(reached: Live) -> None:
    """What tells this machine from others is no condition of anything. By now all ways to it are open and idle."""
    with contextlib.suppress(Unobserved):
        reached.see(Machine())


def _outcome(job: Job, at: str, report: Report, evidence: Evidence, seconds: float, retries: int) -> Outcome:
    code, reason = _cause(report, evidence)
    return Outcome(
        student=job.student,
        at=at,
        code=code,
        reason=reason,
        report=(json.dumps(to_json(report), indent=1, ensure_ascii=True, default=str) + "\n").encode(),
        evidence=_packed(evidence) if evidence.readings else None,
        score=report.score,
        max_score=report.max_score,
        duration_s=round(seconds, 3),
        retries=retries,
        machine=fingerprints(evidence),
        parameters=job.values,
    )


def _cause(report: Report, evidence: Evidence) -> tuple[str, str]:
    """Why not all was observed: code and reason; empty when all was."""
    if evidence.error:
        return evidence.error
    if report.score is not None:
        return "", ""
    failed = [check for task in report.tasks for check in task.checks if check.score is None]
    own = [check for check in failed if check.code != "prerequisite.error"] or failed
    return (own[0].code if own else "host.error"), report.error or ""


def _packed(evidence: Evidence) -> bytes:
    """Indented where it can be read as it is. That takes ten times as long, so not before it is compressed."""
    data = evidence.to_json()
    dense = json.dumps(data, ensure_ascii=True).encode()
    if len(dense) > LARGE:
        return gzip.compress(dense, _LEVEL, mtime=0)
    return json.dumps(data, indent=1, ensure_ascii=True).encode()
