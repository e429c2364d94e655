"""A corrected assignment on the evidence of a whole class: scores change, history and what cannot be known stay."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dockgrader.assignment import loading
from dockgrader.batch import regrading
from dockgrader.batch.folder import RunFolder
from dockgrader.batch.regrading import Plan
from dockgrader.batch.results import Standing, results
from dockgrader.batch.work import grade_student
from tests.batch.givens import HOMEWORK, MISTAKEN, SOLVED, a_folder, add, failed, jobs, scored, students

ROSTER = [*students("good", host=SOLVED), *students("weak", host=MISTAKEN), *students("dead")]
NEW_CHECK = """
      - id: another
        kind: container
        title: Another container runs
        points: 3
        container: nobody_looked_at_this_one
        state: running
"""


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    made = a_folder(tmp_path / "run", ROSTER)
    good, weak, dead = jobs(ROSTER)
    for outcome in (grade_student(good), grade_student(weak), failed(dead)):
        add(made, outcome)
    return made


def planned(
    folder: RunFolder, before: str = "", after: str = "", task: str | None = None, check: str | None = None
) -> Plan:
    """What a regrade by the homework with another text in it would write."""
    file = folder.path.parent / "homework-1.yaml"
    text = HOMEWORK.read_text()
    assert before in text
    file.write_text(text.replace(before, after, 1) if before else text)
    loaded = loading.load(file)
    only = ("limits", check) if check else None
    return regrading.plan(folder, loaded, loading.tasks_of(loaded, task), only, "en")


def written(folder: RunFolder, plan: Plan) -> RunFolder:
    regrading.write(folder, plan, (folder.path.parent / "homework-1.yaml").read_bytes())
    return RunFolder(folder.path)


def test_who_gets_another_score_and_why_is_known_before_anything_is_written(folder: RunFolder) -> None:
    before = sorted(folder.path.rglob("*"))

    plan = planned(folder, "memory: 200MiB", "memory: 100MiB")

    assert sorted(folder.path.rglob("*")) == before
    (good,) = [each for each in plan.regraded if each.changes]
    assert (good.student.id, good.before.score, good.after.score) == ("good", 30, 26)
    assert good.why[0].startswith("limits/memory: passed ok, 2 of 2 -> failed memory.different, 0 of 2.")


def test_what_is_written_counts_although_an_earlier_score_was_better(folder: RunFolder) -> None:
    again = written(folder, planned(folder, "memory: 200MiB", "memory: 100MiB"))

    good, weak, dead = results(again)
    assert (good.score, good.attempts[0].report.score) == (26, 30)  # type: ignore[union-attr]
    assert [attempt.kind for attempt in good.attempts] == ["graded", "regraded"]
    assert (good.attempts[1].of, good.attempts[1].evidence) == (1, good.attempts[0].evidence)
    assert weak.score == 17
    assert (dead.status, len(dead.attempts)) == (Standing.UNOBSERVED, 1)
    assert again.assignment_file.read_text() == (folder.path.parent / "homework-1.yaml").read_text()


def test_and_back_again(folder: RunFolder) -> None:
    once = written(folder, planned(folder, "memory: 200MiB", "memory: 100MiB"))
    twice = written(once, planned(once))

    assert results(twice)[0].score == 30
    assert [attempt.of for attempt in results(twice)[0].attempts] == [None, 1, 2]
    assert planned(twice).regraded == ()


def test_an_unchanged_assignment_changes_nothing(folder: RunFolder) -> None:
    assert planned(folder).regraded == ()


def test_only_one_check_or_one_task(folder: RunFolder) -> None:
    one = planned(folder, "memory: 200MiB", "memory: 100MiB", check="memory")
    other = planned(folder, "memory: 200MiB", "memory: 100MiB", task="volume")

    assert [each.after.score for each in one.regraded if each.changes] == [28]
    assert [each for each in other.regraded if each.changes] == []


def test_what_the_evidence_lacks_keeps_its_old_verdict_and_is_marked(folder: RunFolder) -> None:
    """The corrected check looks at a container of another name, which nobody looked at then."""
    plan = planned(
        folder, "container: test_limit\n        state: running", "container: renamed\n        state: running"
    )

    good = plan.regraded[0]
    assert good.attempts[0].kept[0] == "limits/running"
    assert good.after.score == 30
    assert results(written(folder, plan))[0].attempts[1].kept == good.attempts[0].kept


def test_a_new_check_of_which_nothing_is_known_is_no_zero(folder: RunFolder) -> None:
    plan = planned(folder, "  - id: volume\n", f"{NEW_CHECK.lstrip(chr(10))}\n  - id: volume\n")

    good, _, _ = results(written(folder, plan))
    assert (good.score, good.status, good.code) == (None, Standing.UNOBSERVED, "evidence.missing")
    assert [task.score for task in good.tasks] == [None, 10, 10]


def test_new_points_are_given_for_old_verdicts(folder: RunFolder) -> None:
    plan = planned(folder, "points: 1", "points: 5")

    good, weak, _ = results(written(folder, plan))
    assert (good.score, good.max_score) == (34, 34)
    assert weak.max_score == 34


def test_evidence_that_was_cut_short_is_named_and_its_verdicts_stay(folder: RunFolder) -> None:
    file = folder.path / "students/good/0001.evidence.json.gz"
    file.write_bytes(file.read_bytes()[:200])

    plan = planned(folder, "memory: 200MiB", "memory: 100MiB")

    assert [str(file) in problem for problem in plan.unreadable] == [True]
    assert results(written(folder, plan))[0].score == 30


def test_a_regraded_attempt_stands_where_the_first_one_stood(tmp_path: Path) -> None:
    """With `latest`, evidence that is graded anew is not later than what came after it."""
    roster = students("a")
    folder = a_folder(tmp_path / "run", roster, keep="latest")
    job = jobs(roster)[0]
    add(folder, grade_student(job))
    add(folder, scored(job, limits=1))
    path = tmp_path / "run/students/a/0002.evidence.json.gz"
    path.unlink()
    attempt = json.loads((path.parent / "0002.attempt.json").read_text())
    (path.parent / "0002.attempt.json").write_text(json.dumps({**attempt, "evidence": None}))

    again = written(folder, planned(folder, "memory: 200MiB", "memory: 100MiB"))

    found = results(again)[0]
    assert [each.number for each in found.attempts] == [1, 2, 3]
    assert found.tasks[0].attempt is not None
