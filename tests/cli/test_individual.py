"""`--student`, `--parameter-key` and `--parameter`: each student's own text and grade, and no key to be seen."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.givens import MIB
from tests.own_tasks import ASSIGNMENT, SECRET, Ran, a_course, quietly, ran

CHOSEN = ("--parameter", "memory=64MiB", "--parameter", "port=6914", "--parameter", "volume=store")

Dockgrader = Callable[..., Ran]


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the assignment, a key, and what ivanov did."""
    quietly(tmp_path, monkeypatch)
    a_course(tmp_path, "ivanov")
    return tmp_path


@pytest.fixture
def dockgrader(course: Path, capsys: pytest.CaptureFixture[str]) -> Dockgrader:
    """A command in that folder."""
    return partial(ran, course, capsys)


def test_a_student_is_shown_the_own_text(dockgrader: Dockgrader) -> None:
    status, out, err = dockgrader("show", "own", "--student", "ivanov", "--parameter-key", "key")
    assert status == 0 and out.startswith("A server with 64MiB\n")
    assert "runs in server: port 6914\n" in out and "${" not in out
    assert err == "ivanov: memory = 64MiB, port = 6914, volume = store\n"
    _, other, _ = dockgrader("show", "own", "--student", " petrov ", "--parameter-key", "key", "--lang", "ru")
    assert other.startswith("Сервер: 192MiB\n")


@pytest.mark.parametrize("whose", [("--student", "ivanov", "--parameter-key", "key"), CHOSEN])
def test_a_student_is_graded_by_the_own_values(dockgrader: Dockgrader, whose: tuple[str, ...]) -> None:
    status, out, _ = dockgrader("check", "own", *whose, "--host", "recorded:ivanov.json", "--format", "json")
    report = json.loads(out)
    assert (status, report["score"], report["max_score"]) == (0, 3, 3)
    assert report["assignment"]["title"] == "A server with 64MiB"
    memory, _, port = report["tasks"][0]["checks"]
    assert (memory["expected"], port["expected"]) == (64 * MIB, "6914")
    again, out, _ = dockgrader("regrade", "own", "ivanov.json", *whose, "--format", "json")
    assert (again, json.loads(out)["tasks"]) == (0, report["tasks"])


def test_another_students_solution_costs_points(dockgrader: Dockgrader) -> None:
    other = ("--parameter", "memory=192MiB", "--parameter", "port=6914", "--parameter", "volume=data")
    status, out, _ = dockgrader("check", "own", *other, "--host", "recorded:ivanov.json", "--format", "json")
    assert status == 1 and json.loads(out)["score"] == 1


@pytest.mark.parametrize("by", ["DOCKGRADER_PARAMETER_KEY_FILE", "DOCKGRADER_PARAMETER_KEY"])
def test_the_key_comes_from_the_environment_too(
    dockgrader: Dockgrader, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    monkeypatch.setenv(by, "key" if by.endswith("FILE") else SECRET)
    assert dockgrader("show", "own", "--student", "ivanov")[1].startswith("A server with 64MiB\n")
    assert "DOCKGRADER_PARAMETER_KEY" not in os.environ


def test_what_needs_no_student_needs_no_key(dockgrader: Dockgrader) -> None:
    assert dockgrader("validate", "own") == (0, "own: fine\n", "")
    assert "own         A server with ${memory}\n" in dockgrader("list")[1]


@pytest.mark.parametrize("command", ["show", "check", "regrade"])
@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "checks/own.yaml has parameters, which differ from student to student; say whose: --student ID"),
        (("--student", " "), "say whose: --student ID"),
        (
            ("--student", "ivanov"),
            "checks/own.yaml has parameters, which need their key: give it by --parameter-key FILE, "
            "DOCKGRADER_PARAMETER_KEY_FILE or DOCKGRADER_PARAMETER_KEY",
        ),
        (
            ("--student", "ivanov", "--parameter-key", "none"),
            "--parameter-key: the file cannot be read: No such file",
        ),
        (
            ("--student", "ivanov", "--parameter-key", SECRET),
            "--parameter-key: the file cannot be read: No such file",
        ),
        (("--student", "ivanov", "--parameter-key", "short"), "the parameters' key is shorter than 16 bytes"),
        (("--student", "ivanov", *CHOSEN), "--parameter and --student: one of them says what the values are"),
        (CHOSEN[:4], "--parameter: the values of all parameters are needed; missing: volume"),
        (("--parameter", "prt=1"), "--parameter: unknown parameter 'prt'; did you mean 'port'?"),
        (("--parameter", "port"), "--parameter port: expected NAME=VALUE"),
        (("--parameter", "port=7000"), "--parameter port=7000: this is no value that port can have"),
        (("--parameter", "volume="), "--parameter volume=: this is no value that volume can have"),
    ],
)
def test_without_values_nothing_is_graded(
    dockgrader: Dockgrader, course: Path, command: str, words: tuple[str, ...], said: str
) -> None:
    (course / "short").write_text("0123456789")
    more = {"regrade": ["ivanov.json"], "check": ["--host", "recorded:ivanov.json"]}.get(command, [])
    status, out, err = dockgrader(command, "own", *more, *words)
    assert (status, out) == (2, "") and said in err


def test_the_key_cannot_stand_in_the_assignment(dockgrader: Dockgrader, course: Path) -> None:
    file = course / "checks" / "own.yaml"
    file.write_text(ASSIGNMENT.replace("parameters:", "parameters:\n  key_file: /course/key"))
    assert "parameters.key_file: expected a mapping, found '/course/key'" in dockgrader("validate", "own")[1]


def test_an_assignment_without_parameters_is_the_same_for_every_student(dockgrader: Dockgrader) -> None:
    plain = dockgrader("show", "homework-1")
    assert dockgrader("show", "homework-1", "--student", "ivanov", "--parameter-key", "none") == plain
