"""Rosters as instructors have them, and everything that is wrong in one, named by its line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockgrader.batch.roster import RosterError, Student, load, sharing

Written = Callable[..., Path]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    def write(text: str | bytes, name: str = "students.csv") -> Path:
        file = tmp_path / name
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    return write


def wrong(file: Path) -> list[str]:
    with pytest.raises(RosterError) as raised:
        load(file)
    return str(raised.value).replace(f"{file.parent}/", "").splitlines()


def test_csv_with_columns_of_the_courses_own(written: Written) -> None:
    file = written(
        "student,host,name,group,port,user,jump,lang,tutor\n"
        'ivanov,10.0.0.5,"Ivanov, Ivan",g1,2222,student,admin@gate:22,ru,Anna\n'
        "petrova,ssh://petrova@vm2:2200,,g2,,,,,\n"
        "sidorov,recorded:evidence.json,,,,,,,\n"
    )

    ivanov, petrova, sidorov = load(file)

    assert ivanov == Student(
        "ivanov",
        "10.0.0.5",
        name="Ivanov, Ivan",
        port=2222,
        user="student",
        jump="admin@gate:22",
        lang="ru",
        extra=(("group", "g1"), ("tutor", "Anna")),
    )
    assert ivanov.url == "ssh://student@10.0.0.5:2222"
    assert petrova.url == "ssh://petrova@vm2:2200"
    assert sidorov.url == "recorded:evidence.json"


def test_what_excel_writes(written: Written) -> None:
    file = written("\ufeffStudent;HOST;Группа\r\nivanov;10.0.0.5;А-1\r\n;;\r\n")

    assert load(file) == [Student("ivanov", "10.0.0.5", extra=(("Группа", "А-1"),))]


def test_an_address_of_version_six_is_put_in_brackets() -> None:
    assert Student("a", "fe80::1", port=22).url == "ssh://[fe80::1]:22"


def test_yaml_keeps_values_as_they_were_typed(written: Written) -> None:
    file = written(
        "students:\n  - {student: 007, host: vm1, port: 22, group: yes}\n  - student: b\n    host: vm2\n    name: ~\n",
        "s.yml",
    )

    assert load(file) == [Student("007", "vm1", port=22, extra=(("group", "yes"),)), Student("b", "vm2")]


def test_every_wrong_row_is_named_with_its_line(written: Written) -> None:
    file = written(
        "student,host,port,lang,key\n"
        "a,vm1,,,\n"
        ",vm2,,,\n"
        '"b\nc",vm3,,,\n'
        "d,,,,\n"
        "e,vm5,70000,,\n"
        "a,vm6,,,\n"
        "f,vm7,,de,\n"
        "g,ssh://vm8,22,,\n"
        "h,vm 9,,,\n"
        "i,ssh://u:secret@vm10,,,\n"
        "j,vm11,,,,too,many\n"
        "k,tcp://vm12,,,\n"
    )

    problems = wrong(file)

    assert [problem.partition(": ")[0] for problem in problems] == [
        f"students.csv:{line}" for line in (3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14)
    ]
    assert "student 'a' stands in line 2 already" in problems[4]
    assert "secret" not in "".join(problems)


def test_hundreds_of_wrong_rows_are_all_named(written: Written) -> None:
    rows = "".join(f"s{number},vm,no\n" for number in range(300))
    assert [problem.split(":")[1] for problem in wrong(written(f"student,host,port\n{rows}"))] == [
        str(line) for line in range(2, 302)
    ]


def test_ids_that_differ_in_how_letters_are_composed_are_the_same(written: Written) -> None:
    assert "already" in wrong(written("student,host\nJose\u0301,vm1\nJos\u00e9,vm2\n"))[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no column 'student'"),
        ("student,name\na,b\n", "no column 'host'"),
        ("student,host,x,x\n", "'x' stands there twice"),
        ("student,host\n", "there is no student in it"),
        ('student,host\n"a,vm1\n', "not CSV"),
        (b"student,host\na,vm1\n\xe8,vm2\n", "students.csv:3: not UTF-8"),
    ],
)
def test_what_is_no_roster(written: Written, text: str | bytes, said: str) -> None:
    assert said in wrong(written(text))[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [}", "s.yaml:1: not YAML"),
        ("just text", "expected a list of students"),
        ("- student: a\n  host: [x]\n", "s.yaml:2: a field is one value"),
        ("- {student: a, host: x}\n- text\n", "s.yaml:2: expected a mapping"),
        ("- {student: a, host: x, host: y}\n", "stands there twice"),
        (
            "a: &a [x, x, x, x, x, x, x, x]\n"
            + "".join(
                f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 8)}]\n" for n in range(9)
            ),
            "aliases written out",
        ),
    ],
)
def test_what_is_no_roster_in_yaml(written: Written, text: str, said: str) -> None:
    assert said in wrong(written(text, "s.yaml"))[0]


def test_students_that_share_a_host_are_told(written: Written) -> None:
    assert sharing(load(written("student,host\na,vm1\nb,vm2\nc,vm1\n"))) == [("ssh://vm1", ["a", "c"])]


@given(st.binary(max_size=300), st.sampled_from(["s.csv", "s.yaml"]))
def test_any_bytes_are_a_roster_or_are_told_as_wrong(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, name: str
) -> None:
    file = tmp_path_factory.getbasetemp() / name
    file.write_bytes(data)
    try:
        assert load(file)
    except RosterError as error:
        assert str(error).isprintable() or "\n" in str(error)


@given(
    st.builds(
        Student,
        id=st.text(min_size=1),
        host=st.text(min_size=1),
        name=st.text(),
        port=st.none() | st.integers(1, 65535),
        extra=st.dictionaries(st.text(), st.text()).map(lambda given: tuple(given.items())),
    )
)
def test_a_student_is_the_same_after_run_json(student: Student) -> None:
    assert Student.from_json(student.to_json()) == student
