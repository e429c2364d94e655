"""What machines share: hints to look, told apart by how much they say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dockgrader.batch.class_results import class_report
from dockgrader.batch.folder import RunFolder
from dockgrader.batch.roster import Student
from dockgrader.batch.same_machine import Prints, address, prints_in, shared
from dockgrader.report.class_report import Hint, Strength
from tests.batch.a_class import SOLUTION, a_folder, graded, mistakes, unobserved

ID = "a" * 64
STUDENTS = [Student(name, f"10.0.0.{number}") for number, name in enumerate(("anna", "boris", "vera"))]


def prints(**kinds: str) -> Prints:
    return {what.replace("_", "-"): frozenset(values.split()) for what, values in kinds.items()}


def test_a_container_in_two_machines_is_a_strong_hint() -> None:
    found = shared(
        STUDENTS, {"anna": prints(container="c1 c2 c9"), "boris": prints(container="c1 c2"), "vera": {}}
    )
    assert found == [Hint(Strength.STRONG, "container", ("c1", "c2"), ("anna", "boris"))]


@pytest.mark.parametrize("what", ["engine", "machine_id", "host_key"])
def test_what_a_clone_inherits_is_a_weak_one(what: str) -> None:
    found = shared(STUDENTS, {"anna": prints(**{what: "x"}), "boris": prints(**{what: "x"})})
    assert [(hint.strength, hint.students) for hint in found] == [(Strength.WEAK, ("anna", "boris"))]


def test_nothing_shared() -> None:
    assert (
        shared(
            STUDENTS, {student.id: prints(container=student.id, engine=student.id) for student in STUDENTS}
        )
        == []
    )
    assert shared(STUDENTS, {}) == []


def test_one_machine_by_the_roster_explains_what_is_shared() -> None:
    group = [Student("anna", "VM-1"), Student("boris", "ssh://other@vm-1:22"), Student("vera", "vm-2")]
    found = shared(group, {student: prints(container="c") for student in ("anna", "boris")})
    assert [(hint.strength, hint.why) for hint in found] == [(Strength.EXPLAINED, "roster")]
    found = shared(group, {student: prints(container="c") for student in ("anna", "vera")})
    assert [hint.strength for hint in found] == [Strength.STRONG]


def test_what_most_of_the_class_shares_is_the_course_s_image() -> None:
    students = [Student(f"s{number}", f"vm-{number}") for number in range(6)]
    found = shared(students, {student.id: prints(machine_id="m") for student in students[:5]})
    assert [(hint.strength, hint.why, len(hint.students)) for hint in found] == [
        (Strength.EXPLAINED, "class", 5)
    ]
    few = shared(students[:3], {student.id: prints(container="c") for student in students[:3]})
    assert [hint.strength for hint in few] == [Strength.STRONG]


def test_strong_hints_come_first() -> None:
    pair = {
        student: prints(engine="e", host_key="k", container="c", volume="v") for student in ("anna", "boris")
    }
    assert [hint.what for hint in shared(STUDENTS, pair)] == ["container", "volume", "engine", "host-key"]


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("VM-1", "vm-1:22"),
        ("ssh://anna@vm-1:2222", "vm-1:2222"),
        ("fe80::1", "fe80::1:22"),
        ("tcp://vm:2375", "tcp://vm:2375"),
        ("ssh://vm:99999", "ssh://vm:99999"),
    ],
)
def test_address(host: str, expected: str) -> None:
    assert address(Student("anna", host)) == expected


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        {},
        {"Id": 5, "Mounts": "x"},
        [{"Id": None}],
        {"Mounts": [{"Name": "data"}, {"Name": ID[:-1]}, 7]},
    ],
)
def test_answers_of_any_shape_say_nothing(answer: object) -> None:
    found = prints_in(
        {"host_keys": 5, "engine": ["e", 7]}, [(fact, answer) for fact in ("info", "container", "containers")]
    )
    assert {what for what, values in found.items() if values} == {"engine"}


def test_fingerprints_of_evidence() -> None:
    answer = {"Id": "c", "Mounts": [{"Type": "volume", "Name": ID}, {"Type": "volume", "Name": "data"}]}
    found = prints_in(
        {"machine_id": "m"}, [("container", answer), ("info", {"ID": "e"}), ("exec", {"Id": "no"})]
    )
    assert found == prints(container="c", volume=ID, engine="e", machine_id="m", host_key="")


def test_a_class_in_which_two_handed_in_one_machine(tmp_path: Path) -> None:
    other = mistakes("limits")[0]
    folder = a_folder(tmp_path / "run", [*STUDENTS, Student("twin", "10.0.0.0", user="other")])
    for student, recording in (("anna", SOLUTION), ("boris", SOLUTION), ("vera", other)):
        graded(folder, student, recording, machine={"host_keys": [f"SHA256:{student}"]})
    unobserved(folder, "twin")
    found = class_report(RunFolder(folder.path), "en", hints=True).hints
    assert [(hint.strength, hint.what, hint.students) for hint in found] == [
        (Strength.EXPLAINED, "address", ("anna", "twin")),
        (Strength.STRONG, "container", ("anna", "boris")),
        (Strength.STRONG, "volume", ("anna", "boris")),
        (Strength.WEAK, "engine", ("anna", "boris", "vera")),
    ]


def test_evidence_that_cannot_be_read_says_nothing(tmp_path: Path) -> None:
    folder = a_folder(tmp_path / "run", STUDENTS)
    for student in ("anna", "boris"):
        graded(folder, student, SOLUTION, machine={"machine_id": "m"})
    for file in folder.path.glob("students/*/*.evidence.json*"):
        file.write_text(json.dumps({"schema": "?"}))
    assert [hint.what for hint in class_report(RunFolder(folder.path), "en", hints=True).hints] == [
        "machine-id"
    ]


def test_what_the_batch_noted_is_enough(tmp_path: Path) -> None:
    folder = a_folder(tmp_path / "run", STUDENTS)
    for student in ("anna", "boris"):
        graded(
            folder,
            student,
            SOLUTION,
            machine={"containers": [f"c-{student}"], "volumes": ["data@2026-03-01"]},
        )
    found = class_report(RunFolder(folder.path), "en", hints=True).hints
    assert [(hint.what, hint.values) for hint in found] == [("volume", ("data@2026-03-01",))]
