"""Classroom 50's result.json, by a validator written after its description of `classroom50/result/v1`."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given

from dockgrader.report.classroom50 import render, scale
from dockgrader.report.model import Report, Status
from tests.report.hostile import all_checks, few, reports
from tests.report.reports import a_check, a_report, a_task

JOB = {
    "CLASSROOM": "docker-2026",
    "ASSIGNMENT": "homework-1",
    "ASSIGNMENT_TYPE": "group",
    "OWNER": "octocat",
    "SUBMISSION_TAG": "submit/2026-06-01T14-32-05Z-a1b2c3d",
    "COMMIT_URL": "https://git.example/c",
    "RELEASE_URL": "https://git.example/r",
    "REVIEW_URL": "https://git.example/v",
}


def problems(result: Any) -> list[str]:
    """What Classroom 50 would refuse."""
    found = [] if result["schema"] == "classroom50/result/v1" else ["schema"]
    texts = ("classroom", "assignment", "owner", "commit", "release", "review")
    found += [name for name in texts if not isinstance(result[name], str) or not result[name]]
    found += [] if result["assignment_type"] in ("individual", "group", "team") else ["assignment_type"]
    found += [] if result["submission"].startswith("submit/") else ["submission"]
    found += [] if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", result["datetime"]) else ["datetime"]
    for place in (result, *result["tests"]):
        numbers = [place["score"], place["max-score"]]
        if any(type(number) is not int or number < 0 for number in numbers) or numbers[0] > numbers[1]:
            found.append("score")
    for test in result["tests"]:
        if (
            not isinstance(test["test-name"], str)
            or not test["test-name"]
            or type(test["passed"]) is not bool
        ):
            found.append("test")
    if not found:
        sums = [sum(test[name] for test in result["tests"]) for name in ("score", "max-score")]
        found += [] if sums == [result["score"], result["max-score"]] else ["sum"]
    return found


@few
@given(reports())
def test_a_score_is_valid_and_what_has_none_is_refused(report: Report) -> None:
    result = json.loads(render(report, {}))
    assert problems(result) == ([] if report.score is not None else problems(result) or ["no problem"])
    assert (result["score"] is None) == (report.score is None)
    assert [test["passed"] for test in result["tests"]] == [
        check.status is Status.PASSED for check in all_checks(report)
    ]


def test_the_job_says_whose_it_is() -> None:
    result = json.loads(render(a_report(a_task(a_check())), JOB))
    assert not problems(result)
    assert {name: result[name] for name in ("classroom", "assignment", "assignment_type", "owner")} == {
        "classroom": "docker-2026",
        "assignment": "homework-1",
        "assignment_type": "group",
        "owner": "octocat",
    }
    assert (result["submission"], result["commit"]) == (JOB["SUBMISSION_TAG"], "https://git.example/c")
    assert (result["release"], result["review"]) == ("https://git.example/r", "https://git.example/v")
    assert result["datetime"] == "2026-03-01T10:05:00Z"


def test_without_a_review_it_is_the_commit() -> None:
    job = {name: text for name, text in JOB.items() if name != "REVIEW_URL"}
    assert json.loads(render(a_report(), job))["review"] == "https://git.example/c"


def test_outside_a_job_it_says_local() -> None:
    result = json.loads(render(a_report(a_task(a_check())), {"CLASSROOM": " "}))
    fields = ("classroom", "assignment", "owner", "commit", "release", "review")
    assert {result[name] for name in fields} == {"local"}
    assert result["submission"] == "submit/local"
    assert not problems(result)


@pytest.mark.parametrize(
    ("points", "factor"), [([], 1), ([1, 2], 1), ([0.5, 2], 2), ([0.1, 0.25], 20), ([2.5, 0.001], 1000)]
)
def test_points_are_scaled_by_the_smallest_number(points: list[float], factor: int) -> None:
    assert scale(points) == factor
    assert all(number * factor == pytest.approx(round(number * factor)) for number in points)


@pytest.mark.parametrize("points", [[1 / 3], [0.0001], [0.125, 0.001, 0.0625]])
def test_points_that_cannot_be_whole_are_refused(points: list[float]) -> None:
    with pytest.raises(ValueError, match="cannot be made whole"):
        scale(points)


def test_tenths_are_exact() -> None:
    checks = [a_check(max_score=0.1), a_check(max_score=0.2), a_check(Status.FAILED, max_score=0.7)]
    result = json.loads(render(a_report(a_task(*checks)), {}))
    assert (result["score"], result["max-score"]) == (3, 10)
