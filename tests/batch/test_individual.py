"""A class in which each student has another task: batch, resume, regrade and appeal, by real workers."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dockgrader.assignment.drawing import KEY_VARIABLE, Key, drawn
from dockgrader.assignment.loading import read
from dockgrader.assignment.source import Values
from dockgrader.batch.folder import RunFolder
from dockgrader.batch.jobs import job_of
from dockgrader.batch.opening import ask
from dockgrader.batch.results import results
from dockgrader.batch.roster import Student
from dockgrader.batch.work import Work, grade_student
from tests.own_tasks import ASSIGNMENT, IVANOV, SECRET, Ran, a_course, quietly, ran

KEY = Key(SECRET.encode())
STUDENTS = ("ivanov", "petrov", "sidorov")
BATCH = ("batch", "own", "--roster", "students.csv", "--out", "run")

Dockgrader = Callable[..., Ran]


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """ivanov and petrov did what they were told; sidorov handed in petrov's machine."""
    quietly(tmp_path, monkeypatch)
    a_course(tmp_path, "ivanov", "petrov")
    machines = {"ivanov": "ivanov", "petrov": "petrov", "sidorov": "petrov"}
    rows = [f"{student},recorded:{tmp_path}/{machine}.json" for student, machine in machines.items()]
    (tmp_path / "students.csv").write_text("\n".join(["student,host", *rows]) + "\n")
    return tmp_path


@pytest.fixture
def dockgrader(
    course: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Dockgrader:
    """A command in that folder, with a key in the environment or without; the key is seen nowhere."""

    def run(*words: str, key: str | None = SECRET) -> Ran:
        if key is not None:
            monkeypatch.setenv(KEY_VARIABLE, key)
        return ran(course, capsys, *words)

    return run


def attempt(course: Path, student: str, number: int = 1) -> Any:
    return json.loads((course / "run" / "students" / student / f"{number:04}.attempt.json").read_text())


def scores(course: Path) -> dict[str, float | None]:
    return {found.student.id: found.score for found in results(RunFolder(course / "run"))}


def values(course: Path, student: str) -> Values:
    return drawn(read(course / "checks" / "own.yaml"), student, KEY)


def test_everyone_is_graded_by_the_own_values_and_the_attempts_name_them(
    course: Path, dockgrader: Dockgrader
) -> None:
    status, _, err = dockgrader(*BATCH)
    assert status == 3, err  # petrov's machine was never asked for sidorov's port
    assert scores(course) == {"ivanov": 3, "petrov": 3, "sidorov": None}
    assert attempt(course, "ivanov")["parameters"] == IVANOV
    assert [attempt(course, each)["parameters"] for each in STUDENTS] == [
        values(course, each) for each in STUDENTS
    ]
    run = json.loads((course / "run" / "run.json").read_text())
    assert run["assignment"]["title"] == "A server with ${memory}"
    assert run["parameter_key"] == KEY.fingerprint("own")
    report = json.loads((course / "run" / "students" / "petrov" / "0001.report.json").read_text())
    assert report["assignment"]["title"] == "A server with 192MiB"


def test_a_worker_gets_values_and_no_key(course: Path) -> None:
    asked = ask("own", (), "en", None, lambda _: KEY)
    student = Student("ivanov", f"recorded:{course}/ivanov.json")
    work = Work(asked.source.text, str(asked.loaded.file), None)
    job = job_of(student, work, "en", accept_new=False, values=asked.values(student))
    assert job.values == IVANOV
    assert SECRET.encode() not in pickle.dumps(job)
    outcome = grade_student(pickle.loads(pickle.dumps(job)))
    assert (outcome.score, outcome.parameters) == (3, IVANOV)


def test_going_on_takes_the_same_key(course: Path, dockgrader: Dockgrader) -> None:
    dockgrader(*BATCH)
    status, _, err = dockgrader(*BATCH, "--resume", key="another key that nobody knows")
    assert (
        status == 2 and "run was begun with another key, by which its students have their parameters" in err
    )
    status, _, err = dockgrader(*BATCH, "--resume", key=None)
    assert status == 2 and "has parameters, which need their key" in err
    assert dockgrader(*BATCH, "--resume")[0] == 3
    assert attempt(course, "sidorov", 2)["parameters"] == values(course, "sidorov")


def test_evidence_that_is_handed_in_is_graded_by_the_own_values(course: Path, dockgrader: Dockgrader) -> None:
    dockgrader(*BATCH)
    status, out, _ = dockgrader(*BATCH, "--accept", "sidorov=ivanov.json")
    assert status == 3 and out.startswith("sidorov: - of 3")
    assert attempt(course, "sidorov", 2)["parameters"] == values(course, "sidorov")


def test_a_broken_assignment_is_told_before_anybody_is_graded(course: Path, dockgrader: Dockgrader) -> None:
    wrong = ASSIGNMENT.replace('memory: "${memory}"}', 'memory: "${volume}"}')
    (course / "checks" / "own.yaml").write_text(wrong)
    status, _, err = dockgrader(*BATCH)
    assert status == 2 and not (course / "run").exists()
    assert err.startswith("Error: checks/own.yaml:11:66: tasks[0].checks[0].memory: expected a size")


def test_a_regrade_takes_the_values_of_the_attempts(course: Path, dockgrader: Dockgrader) -> None:
    dockgrader(*BATCH)
    file = course / "checks" / "own.yaml"
    dearer = ASSIGNMENT.replace('memory: "${memory}"}', 'memory: "${memory}", points: 5}')
    file.write_text(dearer.replace("6999", "7999"))
    status, out, err = dockgrader("regrade", "own", "run", "--yes", key=None)
    assert status == 3 and "ivanov: 3 -> 7 of 7" in out, err
    assert attempt(course, "ivanov", 2)["parameters"] == IVANOV  # not what the longer range would give
    assert scores(course) == {"ivanov": 7, "petrov": 7, "sidorov": None}


def test_a_new_parameter_is_drawn_by_the_runs_key(course: Path, dockgrader: Dockgrader) -> None:
    dockgrader(*BATCH)
    file = course / "checks" / "own.yaml"
    file.write_text(
        ASSIGNMENT.replace("parameters:\n", "parameters:\n  note: {from: 1, to: 1000}\n").replace(
            "title: A server\n", "title: A server (${note})\n"
        )
    )
    regrade = ("regrade", "own", "run", "--yes")
    assert "need their key" in dockgrader(*regrade, key=None)[2]
    assert "was begun with another key" in dockgrader(*regrade, key="another key that nobody knows")[2]
    assert not (course / "run" / "students" / "ivanov" / "0002.attempt.json").exists()
    assert dockgrader(*regrade)[0] == 3
    assert attempt(course, "ivanov", 2)["parameters"] == {"note": values(course, "ivanov")["note"], **IVANOV}


def test_an_appeal_names_the_values_and_needs_no_key(course: Path, dockgrader: Dockgrader) -> None:
    dockgrader(*BATCH)
    status, out, err = dockgrader("report", "run", "--student", "petrov", key=None)
    assert status == 0 and err == ""
    assert "petrov: A server with 192MiB" in out
    assert "the task was drawn with memory = 192MiB, port = " in " ".join(out.split())
    _, out, _ = dockgrader("report", "run", "--student", "petrov", "--lang", "ru", key=None)
    assert "параметры задания: memory =" in " ".join(out.split())
    status, out, err = dockgrader("report", "run", "--format", "html", key=None)
    assert status == 0 and "A server with ${memory}" in out


def test_a_run_without_parameters_is_as_it_was(course: Path, dockgrader: Dockgrader) -> None:
    dockgrader("batch", "homework-1", "--roster", "students.csv", "--out", "run", key=None)
    assert attempt(course, "ivanov")["parameters"] == {}
    assert json.loads((course / "run" / "run.json").read_text())["parameter_key"] == ""
