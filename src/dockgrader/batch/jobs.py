"""From students to jobs, and evidence that students hand in."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from dockgrader.assignment.source import Values
from dockgrader.batch.folder import RunFolder
from dockgrader.batch.recording import attempt_of
from dockgrader.batch.roster import Student
from dockgrader.batch.sent import files_of
from dockgrader.batch.work import Job, Outcome, Work, accepted
from dockgrader.errors import UsageError
from dockgrader.grading.evidence import Evidence, read_evidence
from dockgrader.hosts.endpoint import resolve


def job_of(
    student: Student,
    work: Work,
    lang: str,
    accept_new: bool,
    *,
    send_keys: bool = False,
    values: Values | None = None,
) -> Job:
    """The job of grading a student's machine; `values` are those of the assignment's parameters.

    Raises UsageError for an unusable URL, or a key that cannot be sent.
    """
    endpoint = replace(
        resolve(student.url, os.environ),
        why="the roster",
        accept_new_host_keys=accept_new,
        ssh_key=str(Path(student.key).expanduser()) if student.key else "",
        ssh_jump=student.jump,
    )
    sent = files_of(endpoint) if send_keys and endpoint.scheme == "ssh" else {}
    return Job(student.id, endpoint, student.lang or lang, work, sent=sent, values=values or {})


def handed_in(pairs: Sequence[str], roster: Sequence[Student]) -> list[tuple[Student, Evidence]]:
    """Students and the evidence of theirs in `STUDENT=FILE` pairs. Raises UsageError before anything is written."""
    by_id = {student.id: student for student in roster}
    found = []
    for pair in pairs:
        name, equals, file = (
            pair.rpartition("=") if pair.partition("=")[0] not in by_id else pair.partition("=")
        )
        if not equals or not file:
            raise UsageError(f"--accept {pair}: expected STUDENT=FILE")
        if name not in by_id:
            raise UsageError(f"--accept {pair}: there is no student {name!r} on the roster")
        found.append((by_id[name], read_evidence(Path(file))))
    return found


def accept(folder: RunFolder, job: Job, evidence: Evidence) -> Outcome:
    """Grade evidence that a student handed in into the folder, marked as provided. Raises UsageError."""
    outcome = accepted(job, evidence)
    folder.add(job.student, attempt_of(outcome, provided=True), outcome.report, outcome.evidence)
    return outcome
