"""Gradebooks, opened by a CSV reader as each system's documentation and importer describe."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dockgrader.report import canvas, gradebook_csv, moodle
from dockgrader.report.class_report import ClassReport, Source, Standing, StudentRow
from dockgrader.report.model import Status
from tests.report.classes import PASSED, UNREAD, a_class, a_student
from tests.report.test_cells import ANYTHING, looks_like_a_formula

ANNA = a_student("anna", *PASSED, name="Анна Ковалёва", email="anna@example.org")
BORIS = a_student("boris", Status.PASSED, Status.FAILED, name="Boris", email="boris@example.org")
GONE = a_student("gone", *UNREAD, name="Gone, Away", email="gone@example.org")
LATE = a_student("late", name="Late", email="late@example.org")
CLASS = a_class(ANNA, BORIS, GONE, LATE)


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


# Plain CSV.


def test_csv() -> None:
    found = read(gradebook_csv.render(CLASS))
    assert [(row["student"], row["score"], row["max_score"], row["status"]) for row in found] == [
        ("anna", "3", "3", "graded"),
        ("boris", "2", "3", "graded"),
        ("gone", "", "3", "unobserved"),
        ("late", "", "3", "missing"),
    ]
    assert [row["reason"] for row in found] == ["", "", "Connection refused", "Not tried yet"]
    assert [row["task.limits"] for row in found] == ["3", "2", "", ""]
    assert found[0]["source"] == "host"


def test_csv_begins_with_the_promised_columns_and_ends_with_the_roster_s() -> None:
    report = a_class(
        a_student("anna", *PASSED, roster={"host": "10.0.0.5", "group": "A", "score": "7"}),
        a_student("boris", roster={"host": "10.0.0.6", "room": "12"}),
    )
    text = gradebook_csv.render(report)
    assert text.startswith("student,score,max_score,status,reason,")
    assert text.splitlines()[0].endswith(",task.limits,host,group,roster.score,room")
    assert [(row["group"], row["room"], row["roster.score"]) for row in read(text)] == [
        ("A", "", "7"),
        ("", "12", ""),
    ]


def test_evidence_that_students_handed_in_is_marked_in_each_gradebook() -> None:
    report = a_class(a_student("anna", *PASSED, source=Source.STUDENT_PROVIDED), BORIS)
    assert [row["source"] for row in read(gradebook_csv.render(report))] == ["student-provided", "host"]
    feedback = [row["Homework 1 (feedback)"] for row in read(moodle.render(report))]
    assert ["the student handed in" in text for text in feedback] == [True, False]
    notes = [row["Notes"] for row in read(canvas.render(report, notes_column="Notes"))[1:]]
    assert notes == ["evidence handed in by the student", ""]


def test_a_task_that_was_observed_keeps_its_score() -> None:
    row = a_student("anna", *PASSED, standing=Standing.UNOBSERVED, score=None, reason="Another task")
    assert [(found["score"], found["task.limits"]) for found in read(gradebook_csv.render(a_class(row)))] == [
        ("", "3")
    ]


# Moodle.


def moodle_import(text: str, identifier: str, grade: str, new_item: bool = False) -> dict[str, float | None]:
    """What Moodle's importer makes of a file: a grade by user, None for no grade. Raises LookupError as it aborts.

    As load_data.php goes through the columns: a blank identifier leaves the last row's user in place, "0" is blank to
    PHP, and for a new item an empty cell is stored as 0.
    """
    users = {
        "anna",
        "boris",
        "gone",
        "late",
        *(f"{name}@example.org" for name in ("anna", "boris", "gone", "late")),
    }
    found: dict[str, float | None] = {}
    user = ""
    for row in read(text):
        value = row[identifier].strip()
        if value not in ("", "0"):
            if value not in users:
                raise LookupError(value)
            user = value
        points = row[grade].strip()
        if points == "-" or (points == "" and not new_item):
            found[user] = None
        else:
            found[user] = float(points or 0)
    return found


@pytest.mark.parametrize("new_item", [False, True])
def test_moodle(new_item: bool) -> None:
    text = moodle.render(CLASS)
    expected = {"anna": 3.0, "boris": 2.0, "gone": None, "late": None}
    assert moodle_import(text, "ID number", "Homework 1", new_item) == expected
    by_mail = {f"{student}@example.org": grade for student, grade in expected.items()}
    assert moodle_import(text, "Email address", "Homework 1", new_item) == by_mail


def test_moodle_feedback() -> None:
    feedback = [row["HW (feedback)"] for row in read(moodle.render(CLASS, "HW"))]
    assert feedback == [
        "Limits: 3/3",
        "Limits: 2/3 (not passed: CPU is limited)",
        "Connection refused",
        "Not tried yet",
    ]


def test_moodle_feedback_holds_no_html() -> None:
    row = a_student("anna", *UNREAD, reason="<img src=x onerror=alert(1)>")
    assert "<" not in moodle.render(a_class(row))


@pytest.mark.parametrize("email", ["", "anna@example.org", "0"])
def test_moodle_grades_nobody_in_another_s_place(email: str) -> None:
    """Neither a blank address nor a shared one gets into the file, and that is said."""
    report = a_class(ANNA, a_student("boris", Status.FAILED, Status.FAILED, email=email))
    assert moodle_import(moodle.render(report), "ID number", "Homework 1") == {"anna": 3.0, "boris": 0.0}
    assert "Email address" not in read(moodle.render(report))[0]
    assert any("Email address" in note for note in moodle.notes(report))


def test_moodle_takes_the_roster_s_own_ids() -> None:
    row = a_student("anna", *PASSED, roster={"ID number": "0042", "username": "a.k"})
    assert list(read(moodle.render(a_class(row)))[0].items())[:2] == [
        ("Username", "a.k"),
        ("ID number", "0042"),
    ]


def test_moodle_leaves_out_who_has_no_grade_when_asked() -> None:
    assert set(moodle_import(moodle.render(CLASS, graded_only=True), "ID number", "Homework 1")) == {
        "anna",
        "boris",
    }


def test_an_id_that_looks_like_a_formula_is_told() -> None:
    report = a_class(a_student("-anna", *PASSED), max_score=120)
    assert read(moodle.render(report))[0]["ID number"] == "'-anna"
    assert "will not find -anna" in moodle.notes(report)[0]
    assert "above 100" in moodle.notes(report)[1]
    assert "will not find -anna" in canvas.notes(report)[0]


# Canvas.


def canvas_import(text: str) -> tuple[str, float, dict[str, str]]:
    """What Canvas's importer reads: assignment, points possible, and a grade by (ID, SIS id or login, name).

    As gradebook_importer.rb finds columns: student columns by their headings and places, `Section` the last of them,
    then custom columns of the course (here "Notes"), and everything after is an assignment.
    """
    heading, *others = rows(text)
    assert "Student" in heading[0]
    assert "ID" in heading[1]
    assert re.search(r"SIS\s+User\s+ID", heading[2])
    assert re.search(r"SIS\s+Login\s+ID", heading[3])
    assert "Section" in heading[4]
    assignments = [name for name in heading[5:] if name != "Notes"]
    assert len(assignments) == 1, "a further column would become an assignment"
    place = heading.index(assignments[0])
    points, grades = 0.0, {}
    for row in others:
        if "Points Possible" in row[0]:
            points = float(row[place])
        elif not all(re.fullmatch(r"\s*(Muted|Manual Posting.*)?\s*", value, re.I) for value in row):
            grades[row[1] or row[2] or row[3] or row[0]] = row[place].strip()
    return assignments[0], points, grades


def test_canvas() -> None:
    grades = {"anna": "3", "boris": "2", "gone": "", "late": ""}
    assert canvas_import(canvas.render(CLASS)) == ("Homework 1", 3.0, grades)
    assert canvas_import(canvas.render(CLASS, "HW (4242)"))[0] == "HW (4242)"


def test_canvas_has_reasons_in_a_column_of_the_course() -> None:
    text = canvas.render(CLASS, notes_column="Notes")
    assert canvas_import(text) == canvas_import(canvas.render(CLASS))
    assert rows(text)[4][5:] == ["Connection refused", ""]


def test_canvas_takes_its_own_ids_from_the_roster() -> None:
    row = a_student("anna", *PASSED, name="Anna", roster={"ID": "77", "SIS User ID": "S1", "section": "A"})
    assert rows(canvas.render(a_class(row)))[2][:5] == ["Anna", "77", "S1", "", "A"]


@pytest.mark.parametrize("other", ["12abc", "-7", "٤٢", ""])
def test_canvas_is_given_no_id_of_which_some_digits_count(other: str) -> None:
    assert rows(canvas.render(a_class(a_student("anna", *PASSED, roster={"ID": other}))))[2][1] == ""


def test_canvas_takes_no_student_for_the_row_of_points() -> None:
    row = a_student("anna", *PASSED, name="Points Possible")
    assert canvas_import(canvas.render(a_class(row)))[2] == {"anna": "3"}


def test_canvas_separator_is_found() -> None:
    """It counts separators in the first three lines: a line break in a cell, or semicolons, could mislead it."""
    report = a_class(a_student("anna", *PASSED, name="A;B;C;D;E;F;G\nH"), BORIS)
    first = canvas.render(report).splitlines()[:3]
    counts = {mark: {len(next(csv.reader([line], delimiter=mark))) for line in first} for mark in ",;"}
    assert counts[","] == {6}
    assert len(counts[";"]) > 1


# All of them, whatever the texts hold.

STUDENTS = st.lists(
    st.builds(
        lambda student, name, email, reason, roster, statuses: a_student(
            student, *statuses, name=name, email=email, reason=reason, roster=roster
        ),
        ANYTHING.filter(bool),
        ANYTHING,
        ANYTHING,
        ANYTHING,
        st.dictionaries(ANYTHING, ANYTHING, max_size=2),
        st.sampled_from([(), PASSED, UNREAD, (Status.FAILED, Status.SKIPPED)]),
    ),
    max_size=4,
)


@settings(max_examples=60)
@given(STUDENTS, ANYTHING)
def test_any_text_is_a_cell_and_no_formula(students: list[StudentRow], column: str) -> None:
    report: ClassReport = a_class(*students)
    for text, above in (
        (gradebook_csv.render(report), 1),
        (moodle.render(report, column), 1),
        (canvas.render(report, column, notes_column="Notes"), 2),
    ):
        found = rows(text)
        assert len(found) == len(students) + above
        assert len({len(row) for row in found}) == 1
        for value in (value for row in found for value in row if value != moodle.NO_GRADE):
            assert not any(looks_like_a_formula(piece) for piece in value.split(";"))


@settings(max_examples=60)
@given(STUDENTS)
def test_nobody_without_a_score_gets_a_number(students: list[StudentRow]) -> None:
    report = a_class(*students)
    graded = [row.standing is Standing.GRADED for row in students]
    assert [row[1] != "" for row in rows(gradebook_csv.render(report))[1:]] == graded
    assert [row[-2] != "-" for row in rows(moodle.render(report))[1:]] == graded
    assert [row[-1] != "" for row in rows(canvas.render(report))[2:]] == graded
