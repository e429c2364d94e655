"""The report and its JSON contract."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockgrader.report.model import Status, to_json, total, whole
from tests.report.reports import a_check, a_report, a_task


def test_the_contract_has_exactly_these_keys() -> None:
    report = to_json(a_report(a_task(a_check(shown_by=("docker ps",)), note="Compose project x")))
    assert list(report) == [
        *("schema", "status", "error", "lang", "assignment", "host"),
        *("started_at", "duration_s", "score", "max_score", "tasks"),
    ]
    assert report["schema"] == "dockgrader.report/1"
    assert list(report["assignment"]) == ["id", "title", "digest"]
    assert list(report["host"]) == ["name", "engine", "api", "cgroup_version", "cgroup_driver"]
    [task] = report["tasks"]
    assert list(task) == ["id", "title", "score", "max_score", "checks"]
    assert list(task["checks"][0]) == [
        *("id", "title", "status", "code", "score", "max_score"),
        *("expected", "actual", "message", "hint"),
    ]


def test_statuses_are_the_words_of_the_contract() -> None:
    assert [str(status) for status in Status] == ["passed", "failed", "error", "skipped"]


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([], 0),
        ([1, 2], 3),
        ([0.1, 0.2], 0.3),
        ([0.1] * 10, 1),
        ([1, None], None),
        ([None], None),
        ([0, 0], 0),
    ],
)
def test_points_sum_up_and_one_that_is_unknown_hides_the_sum(
    scores: list[float | None], expected: float | None
) -> None:
    assert total(scores) == expected


@given(st.lists(st.integers(0, 4000).map(lambda quarters: quarters / 4), max_size=20))
def test_the_order_of_points_does_not_matter(scores: list[float]) -> None:
    assert total(scores) == total(scores[::-1]) == sum(scores)


def test_whole_points_are_written_without_a_point() -> None:
    assert [str(whole(number)) for number in (10.0, 0.0, 2.5)] == ["10", "0", "2.5"]


@pytest.mark.parametrize(
    ("score", "most", "percent"), [(5, 10, 50), (0, 10, 0), (10, 10, 100), (0, 0, 100), (None, 10, None)]
)
def test_percent(score: float | None, most: float, percent: float | None) -> None:
    assert dataclasses.replace(a_report(), score=score, max_score=most).percent == percent
