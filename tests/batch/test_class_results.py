"""A run folder as a class: who is graded, who is not and why, in the roster's order."""

from __future__ import annotations

import json
from pathlib import Path

from dockgrader.batch.attempt import Kind
from dockgrader.batch.class_results import class_report
from dockgrader.batch.folder import RunFolder
from dockgrader.batch.roster import Student
from dockgrader.report.class_report import Source, Standing
from tests.batch.a_class import SLIP, SOLUTION, a_folder, graded, unobserved

STUDENTS = [
    Student("zoe", "10.0.0.1", name="Zoe", email="zoe@example.org", extra=(("group", "B"),)),
    Student("anna", "10.0.0.2", extra=(("group", "A"),)),
    Student("late", "10.0.0.3", port=2222, extra=(("group", "A"),)),
]


def test_a_class(tmp_path: Path) -> None:
    folder = a_folder(tmp_path / "run", STUDENTS)
    graded(folder, "zoe", SLIP, "limits")
    graded(folder, "zoe", SOLUTION, at="2026-03-01T19:00:00+00:00")
    unobserved(folder, "anna", "ssh.auth", "No key is accepted")
    report = class_report(RunFolder(folder.path), "ru")

    zoe, anna, late = report.students
    assert (zoe.student, zoe.standing, zoe.score, zoe.reason, zoe.source) == (
        "zoe",
        Standing.GRADED,
        30,
        "",
        Source.HOST,
    )
    assert (anna.standing, anna.score, anna.reason, anna.code) == (
        Standing.UNOBSERVED,
        None,
        "No key is accepted",
        "ssh.auth",
    )
    assert (late.standing, late.score, late.code, late.source) == (Standing.MISSING, None, "missing", None)
    assert late.reason.startswith("Ещё не проверялось")
    assert zoe.attempts == (2,)
    assert (report.max_score, report.graded_to) == (30, "2026-03-01T19:00:00+00:00")
    assert report.assignment.title.startswith("Домашняя работа 1")
    assert [len(task.checks) for task in report.tasks] == [6, 4, 9]
    assert report.tasks[0].checks[0].title == "test_limit работает"


def test_the_roster_s_own_columns(tmp_path: Path) -> None:
    folder = a_folder(tmp_path / "run", STUDENTS)
    rows = class_report(folder, "en").students
    assert list(rows[0].roster) == ["host", "name", "email", "port", "group"]
    assert [row.roster["group"] for row in rows] == ["B", "A", "A"]
    assert [row.roster["port"] for row in rows] == ["", "", "2222"]


def test_evidence_that_a_student_handed_in_is_marked(tmp_path: Path) -> None:
    folder = a_folder(tmp_path / "run", STUDENTS)
    graded(folder, "zoe", SOLUTION, kind=Kind.STUDENT_PROVIDED)
    assert class_report(folder, "en").students[0].source is Source.STUDENT_PROVIDED


def test_a_task_that_was_never_observed_takes_the_score_but_not_the_other_tasks(tmp_path: Path) -> None:
    folder = a_folder(tmp_path / "run", STUDENTS)
    graded(folder, "zoe", SOLUTION, "limits")
    row = class_report(folder, "en").students[0]
    assert (row.standing, row.score, [task.score for task in row.tasks]) == (Standing.UNOBSERVED, None, [10])
    assert row.reason


def test_a_file_that_was_cut_short_is_a_reason_and_no_zero(tmp_path: Path) -> None:
    folder = a_folder(tmp_path / "run", STUDENTS)
    graded(folder, "zoe", SOLUTION)
    file = next(folder.path.glob("students/zoe/*.report.json"))
    file.write_text(file.read_text()[:500])
    row = class_report(RunFolder(folder.path), "en").students[0]
    assert (row.standing, row.score, row.code) == (Standing.MISSING, None, "damaged")
    assert "0001.report.json" in row.reason


def test_without_a_readable_snapshot_the_run_s_own_words_stand(tmp_path: Path) -> None:
    folder = a_folder(tmp_path / "run", STUDENTS)
    graded(folder, "zoe", SOLUTION)
    folder.assignment_file.write_text("tasks: 5")
    report = class_report(RunFolder(folder.path), "en")
    assert report.students[0].score == 30
    assert [(task.id, task.checks) for task in report.tasks] == [
        ("limits", ()),
        ("volume", ()),
        ("compose", ()),
    ]
    assert (
        report.assignment.title == json.loads((folder.path / "run.json").read_text())["assignment"]["title"]
    )
