"""Which attempt counts: the best or the latest of each task, and never one that could not be observed."""

from __future__ import annotations

from pathlib import Path

import pytest

from dockgrader.batch.opening import to_grade
from dockgrader.batch.results import Standing, StudentResult, results
from dockgrader.batch.work import Outcome
from tests.batch.givens import a_folder, add, asked, failed, jobs, scored, students

ROSTER = students("a")


def after(path: Path, *outcomes: Outcome, keep: str = "best") -> StudentResult:
    folder = a_folder(path, ROSTER, keep=keep)
    for outcome in outcomes:
        add(folder, outcome)
    return results(folder)[0]


@pytest.mark.parametrize(("keep", "score"), [("best", 30), ("latest", 15)])
def test_best_or_latest_of_each_task(tmp_path: Path, keep: str, score: float) -> None:
    """The course's notes have students stop and delete everything between the tasks."""
    job = jobs(ROSTER)[0]

    found = after(
        tmp_path,
        scored(job, limits=10, volume=0, compose=0),
        scored(job, limits=0, volume=10, compose=0),
        scored(job, limits=0, volume=5, compose=10),
        keep=keep,
    )

    assert found.score == score
    assert len(found.attempts) == 3


@pytest.mark.parametrize("keep", ["best", "latest"])
def test_a_later_failure_never_takes_a_grade_away(tmp_path: Path, keep: str) -> None:
    job = jobs(ROSTER)[0]

    found = after(tmp_path, scored(job), failed(job), scored(job, compose=None), keep=keep)

    assert (found.status, found.score, found.reason) == (Standing.GRADED, 30, "")
    assert len(found.attempts) == 3


def test_what_was_never_observed_has_no_score_and_the_reason(tmp_path: Path) -> None:
    job = jobs(ROSTER)[0]

    found = after(
        tmp_path, failed(job, "ssh.auth", "takes none of your keys"), failed(job, "ssh.refused", "no server")
    )

    assert (found.status, found.score, found.code, found.reason) == (
        Standing.UNOBSERVED,
        None,
        "ssh.refused",
        "no server",
    )
    assert found.max_score == 30


def test_tasks_of_several_half_observed_attempts_make_a_whole_one(tmp_path: Path) -> None:
    job = jobs(ROSTER)[0]

    found = after(tmp_path, scored(job, limits=7, compose=None), scored(job, limits=None, compose=3))

    assert (found.status, found.score) == (Standing.GRADED, 7 + 10 + 3)
    assert [task.attempt.number for task in found.tasks if task.attempt] == [1, 2, 2]


def test_nothing_tried_is_missing(tmp_path: Path) -> None:
    assert after(tmp_path).status is Standing.MISSING


def test_only_who_lacks_what_is_asked_is_graded_again(tmp_path: Path) -> None:
    roster = students("whole", "half", "dead", "new")
    folder = a_folder(tmp_path, roster)
    whole, half, dead, _ = jobs(roster)
    for outcome in (scored(whole), scored(half, compose=None), failed(dead)):
        add(folder, outcome)

    def left(assignment: str = "homework-1", **more: bool) -> list[str]:
        return [student.id for student in to_grade(folder, asked(roster, assignment, **more))]

    assert left() == ["half", "dead", "new"]
    assert left("homework-1/limits") == ["dead", "new"]
    assert left(again=True) == ["whole", "half", "dead", "new"]
