"""The class report and scores out of another maximum."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockgrader.report.class_report import Standing, StudentRow, rescaled, scaled
from dockgrader.report.model import Status
from tests.report.classes import PASSED, UNREAD, a_class, a_student


@pytest.mark.parametrize("standing", [Standing.UNOBSERVED, Standing.MISSING])
def test_only_who_is_graded_has_a_score(standing: Standing) -> None:
    with pytest.raises(ValueError, match="a score belongs to who is graded"):
        StudentRow("anna", standing, score=0)
    with pytest.raises(ValueError, match="a score belongs to who is graded"):
        StudentRow("anna", Standing.GRADED, score=None)


@pytest.mark.parametrize(
    ("points", "most", "maximum", "expected"),
    [
        (17.5, 30, 100, 58.33),
        (29, 30, 100, 96.67),
        (30, 30, 100, 100),
        (0, 30, 100, 0),
        (10, 30, 5, 1.67),
        (0.125, 100, 100, 0.13),
        (1, 3, 4.5, 1.5),
    ],
)
def test_rescaled(points: float, most: float, maximum: float, expected: float) -> None:
    assert rescaled(points, most, maximum) == expected


@given(st.integers(0, 300), st.integers(1, 1000))
def test_scaling_keeps_the_order_and_the_ends(tenths: int, maximum: int) -> None:
    points = tenths / 10
    assert 0 <= rescaled(points, 30, maximum) <= maximum
    assert rescaled(points, 30, maximum) <= rescaled(points + 0.1, 30, maximum)
    assert (rescaled(30, 30, maximum), rescaled(0, 30, maximum)) == (maximum, 0)


def test_a_scaled_class() -> None:
    half = a_student("boris", Status.PASSED, Status.FAILED)
    report = scaled(a_class(a_student("anna", *PASSED), half, a_student("gone", *UNREAD)), 100)
    assert [row.score for row in report.students] == [100, 66.67, None]
    assert report.students[1].tasks[0].score == 66.67
    assert report.students[1].tasks[0].checks[0].score == 2  # the assignment's own points
    assert (report.max_score, report.tasks[0].max_score, report.scaled_from) == (100, 100, 3)


def test_nothing_to_scale() -> None:
    assert scaled(a_class(max_score=0), 100).max_score == 0
