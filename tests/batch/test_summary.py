"""What is said at the end: scores, who could not be reached and why, and whom to write to."""

from __future__ import annotations

from pathlib import Path

import pytest

from dockgrader.batch.results import results
from dockgrader.batch.roster import Student
from dockgrader.batch.summary import lines, whom
from tests.batch.givens import SOLVED, a_folder, add, failed, jobs, scored

CLASS = [
    *(Student(name, SOLVED) for name in ("anna", "boris")),
    Student("vera", SOLVED, email="vera@course.example"),
    *(Student(name, SOLVED) for name in ("gleb", "dasha", "egor", "late")),
]
FAILED = {
    "vera": ("ssh.refused", "student@vm3:22 refuses the connection"),
    "gleb": ("ssh.refused", "student@vm4:22 refuses the connection"),
    "dasha": ("ssh.refused", "admin@gate:22 (a jump host) refuses the connection"),
    "egor": ("ssh.no-key", "You have no key to offer"),
}


@pytest.fixture
def said(tmp_path: Path) -> list[str]:
    folder = a_folder(tmp_path / "run", CLASS)
    for job in jobs(CLASS):
        if job.student in FAILED:
            add(folder, failed(job, *FAILED[job.student]))
        elif job.student != "late":
            add(folder, scored(job, limits=4 if job.student == "boris" else 10))
    return list(lines(results(folder), "en"))


def test_each_reason_stands_under_whoever_can_do_something_about_it(said: list[str]) -> None:
    assert said == [
        "Graded: 2 of 7.",
        "Scores: mean 27, median 27, from 24 to 30 of 30.",
        "Not observed: 4. They have no score, which is not 0; --resume asks them again.",
        "  Write to the students: the machine is off, has another address, or lacks your key or Docker:",
        "    ssh.refused (2): vera <vera@course.example>, gleb",
        "      such as: student@vm3:22 refuses the connection",
        "  Write to the network's administrator: a jump host or a name:",
        "    ssh.refused (1): dasha",
        "      such as: admin@gate:22 (a jump host) refuses the connection",
        "  Look here first: your keys, agent or configuration, or a machine that locks this address out:",
        "    ssh.no-key (1): egor",
        "      such as: You have no key to offer",
        "Not tried: 1. --resume goes on with them.",
    ]


@pytest.mark.parametrize(
    ("code", "who"),
    [
        ("ssh.timeout", "student"),
        ("ssh.auth", "student"),
        ("ssh.host-key-changed", "student"),
        ("engine.down", "student"),
        ("ssh.host-unknown", "administrator"),
        ("ssh.host-key-unknown", "you"),
        ("ssh.penalised", "you"),
        ("grader.worker-died", "you"),
        ("evidence.missing", "you"),
    ],
)
def test_whom(code: str, who: str) -> None:
    assert whom(code, "a reason") == who


def test_a_long_list_is_counted(tmp_path: Path) -> None:
    many = [Student(f"s{number:02}", SOLVED) for number in range(20)]
    folder = a_folder(tmp_path / "run", many)
    for job in jobs(many):
        add(folder, failed(job))
    (line,) = [line for line in lines(results(folder), "ru") if "ssh.unreachable" in line]
    assert line.endswith("s10, s11, и ещё 8")
