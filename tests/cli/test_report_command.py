"""`dockgrader report`: gradebooks and pages of a run folder, and one student's report."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from dockgrader.batch.roster import Student
from dockgrader.cli import main
from tests.batch.a_class import SLIP, SOLUTION, a_folder, graded, unobserved

Ran = tuple[int, str, str]
Run = Callable[..., Ran]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Anna has full marks, Boris made a mistake, Vera's machine was gone, Gleb's turn has not come."""
    made = a_folder(
        tmp_path_factory.mktemp("runs") / "autumn",
        [
            Student("anna", "10.0.0.1", name="Анна", email="anna@example.org"),
            Student("boris", "10.0.0.2", extra=(("group", "=1+1"),)),
            Student("vera", "10.0.0.3"),
            Student("gleb", "10.0.0.4"),
        ],
    )
    graded(made, "anna", SOLUTION)
    graded(made, "boris", SLIP, "limits")
    graded(made, "boris", SOLUTION, "volume")
    graded(made, "boris", SOLUTION, "compose")
    unobserved(made, "vera", "ssh.timeout", "10.0.0.3 did not answer")
    return made.path


@pytest.fixture
def ran(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("LC_ALL", "C")

    def run(*words: object) -> Ran:
        with pytest.raises(SystemExit) as ended:
            main(["report", *map(str, words)])
        captured = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, captured.out, captured.err

    return run


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def test_the_gradebook_is_csv_when_nothing_is_asked(ran: Run, folder: Path) -> None:
    status, out, err = ran(folder)
    found = rows(out)
    assert status == 0
    assert [(row["student"], row["score"], row["status"]) for row in found] == [
        ("anna", "30", "graded"),
        ("boris", "26", "graded"),
        ("vera", "", "unobserved"),
        ("gleb", "", "missing"),
    ]
    assert [row["reason"] for row in found[2:]] == [
        "10.0.0.3 did not answer",
        "Not tried yet: the run has not come to this student",
    ]
    assert found[1]["group"] == "'=1+1"
    assert err == "Note: 2 of 4 students have no grade; the csv and html formats say why\n"


def test_all_formats_in_one_run(ran: Run, folder: Path, tmp_path: Path) -> None:
    names = ("csv", "moodle", "canvas", "html")
    asked = [word for name in names for word in ("--format", f"{name}:{tmp_path / name}")]
    status, out, _ = ran(folder, *asked, "--scale", 100, "--column", "HW (7)", "--notes", "Notes")
    assert (status, out) == (0, "")
    assert {(tmp_path / name).stat().st_mode & 0o777 for name in names} == {0o600}
    text = {name: (tmp_path / name).read_text(encoding="utf-8") for name in names}
    assert [row["score"] for row in rows(text["csv"])] == ["100", "86.67", "", ""]
    assert [row["HW (7)"] for row in rows(text["moodle"])] == ["100", "86.67", "-", "-"]
    assert [row["HW (7)"] for row in rows(text["canvas"])] == ["100", "100", "86.67", "", ""]
    assert rows(text["canvas"])[3]["Notes"] == "10.0.0.3 did not answer"
    assert "86.67" in text["html"]
    assert "Scores are scaled from 30 to 100 points" in text["html"]


def test_russian(ran: Run, folder: Path) -> None:
    page = ran(folder, "--format", "html", "--lang", "ru")[1]
    assert '<html lang="ru">' in page
    assert "Чаще всего не пройдено" in page
    assert "test_limit работает" in page


def test_one_student(ran: Run, folder: Path, tmp_path: Path) -> None:
    asked = (
        "--format",
        "json",
        "--format",
        f"html:{tmp_path / 'boris.html'}",
        "--format",
        f"table:{tmp_path / 't'}",
    )
    status, out, err = ran(folder, "--student", "boris", *asked)
    report = json.loads(out)
    assert (status, err, report["score"], report["schema"]) == (0, "", 26, "dockgrader.report/1")
    page = (tmp_path / "boris.html").read_text(encoding="utf-8")
    assert "memory.notes-slip" not in page.partition("<title>")[0]
    assert "docker container inspect" in page
    assert "209815200" in page
    assert "26 / 30" in (tmp_path / "t").read_text(encoding="utf-8")


def test_a_student_who_could_not_be_observed_has_no_zero(ran: Run, folder: Path) -> None:
    report = json.loads(ran(folder, "--student", "vera", "--format", "json")[1])
    assert (report["status"], report["score"], report["error"]) == ("error", None, "10.0.0.3 did not answer")
    assert {check["score"] for task in report["tasks"] for check in task["checks"]} == {None}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--student", "ana"), "did you mean 'anna'?"),
        (("--student", "anna", "--format", "csv"), "unknown format 'csv'"),
        (("--format", "pdf"), "expected one of csv, moodle, canvas, html"),
        (("--scale", "0"), "0"),
        (("--scale", "nan"), "nan"),
        (("--student", "anna", "--scale", "5"), "--scale is for"),
        (("--column", "x"), "--column is for --format canvas or moodle"),
        (("--format", "moodle", "--notes", "x"), "--notes is for --format canvas"),
        (("--graded-only",), "--graded-only is for"),
    ],
)
def test_what_cannot_be_is_refused(ran: Run, folder: Path, words: tuple[str, ...], told: str) -> None:
    status, out, err = ran(folder, *words)
    assert (status, out) == (2, "")
    assert told in err


def test_a_folder_that_is_none(ran: Run, tmp_path: Path) -> None:
    status, _, err = ran(tmp_path)
    assert status == 2
    assert "is no run folder" in err


def test_a_damaged_file_is_told(ran: Run, tmp_path: Path) -> None:
    made = a_folder(tmp_path / "run", [Student("anna", "10.0.0.1")])
    graded(made, "anna", SOLUTION)
    file = next(made.path.glob("students/anna/*.report.json"))
    file.write_bytes(file.read_bytes()[:100])
    status, out, err = ran(made.path)
    assert (status, rows(out)[0]["score"], rows(out)[0]["status"]) == (0, "", "missing")
    assert "0001.report.json" in err
