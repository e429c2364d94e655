"""The run folder: whole files or none, read back as they were, and what is broken is named and never believed."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dockgrader.batch.folder import RunFolder, locked
from dockgrader.batch.opening import open_run, to_grade
from dockgrader.batch.results import Standing, results
from dockgrader.batch.work import accepted
from dockgrader.errors import UsageError
from dockgrader.grading.evidence import read_evidence
from dockgrader.grading.seeing import Reading
from tests.batch.givens import HOMEWORK, NOW, RECORDINGS, a_folder, add, asked, failed, jobs, scored, students


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    roster = students("ivanov", "Петрова")
    folder = a_folder(tmp_path / "run", roster)
    for job in jobs(roster):
        add(folder, scored(job))

    found = results(RunFolder(tmp_path / "run"))

    assert [(result.student, result.status, result.score) for result in found] == [
        (roster[0], Standing.GRADED, 30),
        (roster[1], Standing.GRADED, 30),
    ]
    evidence = folder.evidence_file("ivanov", found[0].attempts[0])
    assert evidence is not None
    assert read_evidence(evidence).readings
    assert found[0].attempts[0].machine["containers"]
    assert (tmp_path / "run/assignment.yaml").read_bytes() == HOMEWORK.read_bytes()


@pytest.mark.parametrize(("size", "name"), [(1, "0001.evidence.json"), (50_000, "0001.evidence.json.gz")])
def test_only_large_evidence_is_compressed(tmp_path: Path, size: int, name: str) -> None:
    """Of few readings somebody can read it as it is."""
    (job,) = jobs(students("a"))
    read = replace(read_evidence(RECORDINGS / "recorded-solution.json.gz"), readings=())
    readings = (Reading({"fact": "info"}, "", NOW, 0.0, {"ID": "x" * size}),)
    outcome = accepted(job, replace(read, readings=readings))
    folder = a_folder(tmp_path, students("a"))
    add(folder, outcome)
    file = tmp_path / "students/a" / name
    assert read_evidence(file).readings == readings
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.stat().st_size < 1000


def test_nobody_else_can_read_it(tmp_path: Path) -> None:
    roster = students("a")
    folder = a_folder(tmp_path / "run", roster)
    add(folder, scored(jobs(roster)[0]))

    modes = {
        path.relative_to(tmp_path).as_posix(): path.stat().st_mode & 0o777 for path in tmp_path.rglob("*")
    }

    assert {mode for path, mode in modes.items() if path.endswith(("json", "gz", "yaml"))} == {0o600}
    assert modes["run"] == modes["run/students/a"] == 0o700


@pytest.mark.parametrize("name", ["0001.report.json", "0001.attempt.json"])
@pytest.mark.parametrize("cut", [0, 1, 100])
def test_a_file_cut_short_by_hand_is_named_and_counts_as_missing(tmp_path: Path, name: str, cut: int) -> None:
    roster = students("a", "b")
    folder = a_folder(tmp_path, roster)
    for job in jobs(roster):
        add(folder, scored(job))
    file = tmp_path / "students/a" / name
    file.write_bytes(file.read_bytes()[:cut])

    again = open_run(tmp_path, asked(roster, resume=True))

    assert [student.id for student in to_grade(again, asked(roster, resume=True))] == ["a"]
    assert len(again.damaged) == 1
    assert str(file) in again.damaged[0]
    add(again, scored(jobs(roster)[0]))
    assert [(result.score, len(result.attempts)) for result in results(again)] == [(30, 1), (30, 1)]


def test_a_report_without_its_attempt_was_never_made(tmp_path: Path) -> None:
    roster = students("a")
    folder = a_folder(tmp_path, roster)
    add(folder, scored(jobs(roster)[0]))
    (tmp_path / "students/a/0001.attempt.json").unlink()

    assert results(folder)[0].status is Standing.MISSING
    assert folder.damaged == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(data=st.data())
def test_whatever_stands_in_the_files_is_no_crash(tmp_path: Path, data: st.DataObject) -> None:
    roster = students("a")
    if not (tmp_path / "run.json").exists():
        add(a_folder(tmp_path, roster), failed(jobs(roster)[0]))
    name = data.draw(st.sampled_from(["0001.report.json", "0001.attempt.json"]))
    file = tmp_path / "students/a" / name
    whole = json.loads(file.read_text())
    json_values = st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=5,
    )
    key = data.draw(st.sampled_from(sorted(whole)))
    changed = {**whole, key: data.draw(json_values)}
    before = file.read_bytes()
    file.write_text(json.dumps(changed))
    try:
        assert results(RunFolder(tmp_path))[0].score is None
    finally:
        file.write_bytes(before)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": "dockgrader.run/9"}', "null"])
def test_a_broken_run_json_is_told(tmp_path: Path, text: str) -> None:
    a_folder(tmp_path, students("a"))
    (tmp_path / "run.json").write_text(text)

    with pytest.raises(UsageError, match=r"run\.json: "):
        RunFolder(tmp_path)


def test_a_run_json_cut_short_is_made_anew_from_the_assignment_beside_it(tmp_path: Path) -> None:
    roster = students("a")
    add(a_folder(tmp_path, roster), scored(jobs(roster)[0]))
    file = tmp_path / "run.json"
    file.write_bytes(file.read_bytes()[:50])

    again = open_run(tmp_path, asked(roster, resume=True))

    assert results(again)[0].score == 30
    assert "run.json" in again.damaged[0]


def test_another_assignment_is_not_graded_into_it(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    a_folder(folder, students("a"))
    changed = tmp_path / "homework-1.yaml"
    changed.write_text(HOMEWORK.read_text() + "# changed\n")
    other = tmp_path / "other.yaml"
    other.write_text(HOMEWORK.read_text().replace("id: homework-1", "id: other", 1))
    roster = students("a")

    with pytest.raises(UsageError, match="--changed-assignment"):
        open_run(folder, asked(roster, str(changed), resume=True))
    with pytest.raises(UsageError, match="is a run of homework-1, not of other"):
        open_run(folder, asked(roster, str(other), resume=True, changed_assignment=True))
    again = open_run(folder, asked(roster, str(changed), resume=True, changed_assignment=True))
    assert again.assignment_file.read_text().endswith("# changed\n")


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")

    with pytest.raises(UsageError, match="not empty"):
        a_folder(tmp_path, students("a"))
    with pytest.raises(UsageError, match="no run folder"):
        a_folder(tmp_path, students("a"), resume=True)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_run_is_not_begun_twice_by_mistake(tmp_path: Path) -> None:
    a_folder(tmp_path, students("a"))

    with pytest.raises(UsageError, match="--resume"):
        a_folder(tmp_path, students("a"))


def test_the_second_of_two_runs_is_refused_and_a_dead_one_holds_nothing(tmp_path: Path) -> None:
    script = f"""
import sys
from pathlib import Path
from dockgrader.batch.folder import locked
with locked(Path({str(tmp_path)!r})):
    print("held", flush=True)
    sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(UsageError, match="another run"), locked(tmp_path):
            pass
        other.kill()
    with locked(tmp_path):
        pass


def test_drafts_of_a_killed_run_are_taken_away(tmp_path: Path) -> None:
    roster = students("a")
    folder = a_folder(tmp_path, roster)
    add(folder, scored(jobs(roster)[0]))
    (tmp_path / "students/a/.0002.report.json.x1y2").write_text("{")
    (tmp_path / ".run.json.abc").write_text("{")

    open_run(tmp_path, asked(roster, resume=True))

    assert not list(tmp_path.rglob(".*"))
    assert results(folder)[0].score == 30


def test_a_changed_roster_is_taken_over(tmp_path: Path) -> None:
    """The instructor corrects an address, adds a student and takes one out."""
    roster = students("a", "b")
    folder = a_folder(tmp_path, roster)
    add(folder, scored(jobs(roster)[0]))
    add(folder, scored(jobs(roster)[1]))
    corrected = [*students("a", host="recorded:elsewhere.json"), *students("c")]

    again = open_run(tmp_path, asked(corrected, resume=True))

    assert [student.id for student in to_grade(again, asked(corrected, resume=True))] == ["c"]
    assert [result.student for result in results(again)] == corrected
    assert (tmp_path / "students/b/0001.attempt.json").exists()
