"""A student's machine that is not there: it answers after a drawn time with recorded evidence, or fails as drawn.

What a worker does with a real machine is done here too, but for the connection: the evidence is read from a file,
judged, made into a report and packed, in a thread that waits for most of its time.
"""

from __future__ import annotations

import math
import random
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from dockgrader.batch.work import Job, Outcome, grade_student, unobserved
from dockgrader.hosts.endpoint import Endpoint

RECORDINGS = Path(__file__).resolve().parents[1] / "fixtures" / "homework-1"
GOOD = ("recorded-solution.json.gz", "recorded-mistakes.json.gz")
FAULTS = {
    "ssh.timeout": ("did not answer within 10 s", 10.0),
    "ssh.refused": ("Connection refused: is sshd running there?", 9.0),
    "ssh.auth": ("the server refuses every key that was offered", 1.0),
}
"""Why, and about how many seconds it takes to say so, with the tries that a fault gets that may pass."""


@dataclass(frozen=True)
class Class:
    """Of what kind the machines are: shares of 1 that fail and that are slow, the median answer's time in seconds.

    Times are multiplied by `pace`, so that an evening can be simulated in a minute.
    """

    seed: int = 1
    faulty: float = 0.06
    slow: float = 0.02
    median: float = 2.0
    pace: float = 1.0


@dataclass(frozen=True)
class Fate:
    """What will come of a machine: a code, empty for one that answers, after so many seconds, from a recording."""

    code: str
    seconds: float
    recording: str


def fate(machines: Class, student: str) -> Fate:
    """Drawn, and always the same for a student: times are spread as on a network, a few are ten times as long."""
    draw = random.Random(f"{machines.seed} {student}")
    kind, recording = draw.random(), draw.choice(GOOD)
    if kind < machines.faulty:
        code = draw.choice(sorted(FAULTS))
        return Fate(code, machines.pace * FAULTS[code][1] * draw.uniform(0.8, 1.2), recording)
    seconds = machines.median * math.exp(draw.gauss(0, 0.4))
    if kind < machines.faulty + machines.slow:
        seconds *= 10
    return Fate("", machines.pace * seconds, recording)


def simulated(machines: Class, job: Job) -> Outcome:
    """In place of `grade_student`, in a worker."""
    drawn, begun = fate(machines, job.student), time.monotonic()
    time.sleep(drawn.seconds)
    if drawn.code:
        at = datetime.now(UTC).isoformat(timespec="seconds")
        return unobserved(
            job, at, (drawn.code, f"{job.endpoint.url}: {FAULTS[drawn.code][0]}"), drawn.seconds
        )
    recorded = Endpoint(f"recorded:{RECORDINGS / drawn.recording}", job.endpoint.why)
    outcome = grade_student(replace(job, endpoint=recorded))
    return replace(outcome, duration_s=round(time.monotonic() - begun, 3))
