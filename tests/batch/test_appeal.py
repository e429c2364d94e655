"""What one takes into an appeal: the verdicts that count, with the evidence that shows them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from dockgrader.batch.appeal import appeal
from dockgrader.batch.attempt import Attempt, Kind
from dockgrader.batch.folder import RunFolder
from dockgrader.batch.roster import Student
from dockgrader.errors import UsageError
from dockgrader.report import json as report_json
from dockgrader.report.model import Report
from tests.batch.a_class import SLIP, SOLUTION, a_folder, graded, unobserved

STUDENTS = [Student("zoe", "10.0.0.1"), Student("anna", "10.0.0.2"), Student("late", "10.0.0.3")]


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return a_folder(tmp_path / "run", STUDENTS)


def statuses(report: Report) -> dict[str, str]:
    return {f"{task.id}/{check.id}": check.status for task in report.tasks for check in task.checks}


def test_it_agrees_with_what_is_stored_and_has_the_commands(folder: RunFolder) -> None:
    stored = graded(folder, "zoe", SLIP, "limits")
    graded(folder, "zoe", SOLUTION, "volume")
    graded(folder, "zoe", SOLUTION, "compose")
    found = appeal(folder, "zoe", "en")
    assert found.disagreements == ()
    assert (found.report.score, found.report.max_score, found.report.status) == (26, 30, "graded")
    assert [task.score for task in found.report.tasks] == [6, 10, 10]
    memory = found.report.tasks[0].checks[2]
    assert (memory.code, memory.message) == ("memory.notes-slip", stored.tasks[0].checks[2].message)
    assert "docker container inspect" in memory.shown_by[0]
    assert found.report.tasks[0].note == "Attempt 1 of 3, 2026-03-01T18:05:00+00:00"
    assert found.report.assignment.title.startswith("zoe: Homework 1")
    assert all(fact.shown_by for task in found.report.tasks for check in task.checks for fact in check.facts)
    assert all(check.facts for check in found.report.tasks[1].checks)


def test_it_speaks_the_language_that_is_asked_for(folder: RunFolder) -> None:
    graded(folder, "zoe", SLIP)
    report = appeal(folder, "zoe", "ru").report
    assert "описка" in report.tasks[0].checks[2].message
    assert report.tasks[0].note.startswith("Попытка 1 из 1")


def test_where_it_does_not_agree_the_stored_verdict_stands_and_that_is_said(folder: RunFolder) -> None:
    graded(folder, "zoe", SLIP, "limits")
    file = next(folder.path.glob("students/zoe/*.report.json"))
    raw = json.loads(file.read_text())
    raw["tasks"][0]["checks"][2].update(status="passed", code="ok", score=2)
    raw["tasks"][0]["score"] = 8
    file.write_text(json.dumps(raw))
    found = appeal(RunFolder(folder.path), "zoe", "en")
    assert statuses(found.report)["limits/memory"] == "passed"
    assert found.report.tasks[0].score == 8
    assert found.disagreements == (
        "Graded again, the saved evidence says failed (memory.notes-slip) instead of passed (ok) for limits/memory: "
        "the latter counts",
    )
    assert found.disagreements[0] in found.report.tasks[0].note


def test_without_evidence_the_stored_verdicts_stand(folder: RunFolder) -> None:
    stored = graded(folder, "zoe", SLIP)
    for file in folder.path.glob("students/zoe/*.evidence.json*"):
        file.unlink()
    found = appeal(folder, "zoe", "en")
    assert statuses(found.report) == statuses(stored)
    assert "The evidence cannot be shown" in found.report.tasks[0].note


def test_evidence_of_another_kind_is_no_crash(folder: RunFolder) -> None:
    graded(folder, "zoe", SLIP)
    next(folder.path.glob("students/zoe/*.evidence.json*")).write_bytes(gzip.compress(b"[]"))
    assert "no evidence file" in appeal(folder, "zoe", "en").report.tasks[0].note


def test_who_could_not_be_observed_has_a_reason(folder: RunFolder) -> None:
    unobserved(folder, "anna", "ssh.auth", "No key is accepted")
    report = appeal(folder, "anna", "en").report
    assert (report.status, report.score, report.error) == ("error", None, "No key is accepted")
    assert set(statuses(report).values()) == {"error"}


def test_who_was_never_tried(folder: RunFolder) -> None:
    report = appeal(folder, "late", "en").report
    assert (report.status, report.score, report.max_score) == ("error", None, 30)
    assert report.error == "Not tried yet: the run has not come to this student"


def test_how_a_verdict_came_about_is_said(folder: RunFolder) -> None:
    report = graded(folder, "zoe", SLIP, "limits", kind=Kind.STUDENT_PROVIDED)
    attempt = Attempt(
        0, "2026-03-02T10:00:00+00:00", Kind.REGRADED, of=1, provided=True, kept=("limits/cpus",)
    )
    folder.add("zoe", attempt, report_json.render(report).encode(), SLIP.read_bytes())
    note = appeal(folder, "zoe", "en").report.tasks[0].note
    assert note.startswith(
        "Attempt 2 of 2, 2026-03-02T10:00:00+00:00; regraded from the evidence of attempt 1; "
    )
    assert "the student handed in" in note
    assert "the verdicts of limits/cpus are those of an earlier grading" in note


def test_an_unknown_student_has_near_names(folder: RunFolder) -> None:
    with pytest.raises(UsageError, match=r"there is no student 'ana' in .*; did you mean 'anna'"):
        appeal(folder, "ana", "en")
