"""What the tests of a batch need: students, outcomes, run folders, without a machine."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from dockgrader.assignment.loading import shipped
from dockgrader.batch import folder as folders
from dockgrader.batch.folder import RunFolder
from dockgrader.batch.jobs import job_of
from dockgrader.batch.opening import Asked, ask, open_run
from dockgrader.batch.recording import attempt_of
from dockgrader.batch.roster import Student
from dockgrader.batch.work import Job, Outcome, Work, grade_student, unobserved

RECORDINGS = Path(__file__).parent.parent.parent / "fixtures" / "homework-1"
SOLVED, MISTAKEN = (f"recorded:{RECORDINGS}/recorded-{name}.json.gz" for name in ("solution", "mistakes"))
HOMEWORK = shipped() / "homework-1.yaml"
NOW = "2026-03-01T10:00:00+00:00"


def students(*names: str, host: str = SOLVED) -> list[Student]:
    return [Student(name, host) for name in names]


def asked(roster: Sequence[Student], assignment: str = str(HOMEWORK), **more: Any) -> Asked:
    return replace(_asked(assignment), roster=tuple(roster), **more)


@functools.cache
def _asked(assignment: str) -> Asked:
    return ask(assignment, (), "en", None)


_graded = functools.lru_cache(maxsize=64)(grade_student)


def work_of(what: Asked, **more: Any) -> Work:
    return Work(what.source.text, str(what.loaded.file), what.task, **more)


def jobs(roster: Sequence[Student], **more: Any) -> list[Job]:
    work = work_of(asked(roster), **more)
    return [job_of(student, work, "en", accept_new=False) for student in roster]


def a_folder(path: Path, roster: Sequence[Student], **more: Any) -> RunFolder:
    folders.make_folder(path)
    return open_run(path, asked(roster, **more))


def failed(job: Job, code: str = "ssh.unreachable", reason: str = "it cannot be reached") -> Outcome:
    return unobserved(job, NOW, (code, reason))


def scored(job: Job, **points: float | None) -> Outcome:
    """A graded outcome in which each task named has so many points; None: its last check was not observed."""
    outcome = replace(_graded(replace(job, student="anybody")), student=job.student)
    report = json.loads(outcome.report)
    for task in report["tasks"]:
        if task["id"] in points:
            points_of_task = points[task["id"]]
            task["score"] = points_of_task
            for check in task["checks"]:
                check["score"] = None if points_of_task is None else check["score"]
    scores = [task["score"] for task in report["tasks"]]
    report["score"] = None if None in scores else sum(scores)
    hidden = report["score"] is None
    return replace(
        outcome,
        report=json.dumps(report).encode(),
        score=report["score"],
        code="engine.lost" if hidden else "",
        reason="the engine went away" if hidden else "",
    )


def add(folder: RunFolder, outcome: Outcome) -> None:
    folder.add(outcome.student, attempt_of(outcome), outcome.report, outcome.evidence)
