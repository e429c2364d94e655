"""The report as a table that reads well at 80 columns, whatever the student's texts hold."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dockgrader.report.model import CheckReport, HostReport, Report, Status
from dockgrader.report.table import WIDTH, render
from tests.report.reports import a_check, a_report, a_task

FAILED = a_check(
    Status.FAILED,
    code="memory.different",
    expected=209715200,
    actual=209715201,
    message="The memory limit of test_limit is another one.",
    hint="Let Docker count.",
    shown_by=("docker container inspect -f '{{.HostConfig.Memory}}' test_limit",),
)
ANSI = re.compile(r"\x1b\[\d+m")


def lines(*checks: CheckReport, **fields: Any) -> list[str]:
    return render(a_report(a_task(*checks), **fields)).splitlines()


def test_a_whole_report() -> None:
    waiting = a_check(
        Status.SKIPPED, title="The cgroup", code="skipped", message="Not checked: memory", max_score=1
    )
    unseen = a_check(
        Status.ERROR, title="The page", code="engine.down", message="The engine is gone.", max_score=0.5
    )
    report = a_report(
        a_task(a_check(title="It runs", max_score=1), FAILED, waiting), a_task(unseen, id="web")
    )
    assert (
        render(report)
        == """\
Homework 1
Host: unix:///var/run/docker.sock (Docker 20.10.24, cgroup v1/cgroupfs)

limits: Limits  [1/4]
✓  1/1  It runs
✗  0/2  Memory is limited
        The memory limit of test_limit is another one.
        expected: 209715200
        found: 209715201
        hint: Let Docker count.
        see: docker container inspect -f '{{.HostConfig.Memory}}'
          test_limit
-  0/1  The cgroup
        Not checked: memory

web: Limits  [?/0.5]
!  ?/0.5  The page
          The engine is gone.

Score: ? / 4.5 points
Not everything could be observed, so there is no score: this is not the
student's failure.
"""
    )


def test_what_passed_takes_a_line() -> None:
    assert sum("Memory is limited" in line for line in lines(a_check(), a_check())) == 2
    assert not any("As expected" in line for line in lines(a_check()))


def test_a_cause_is_told_once() -> None:
    skipped = a_check(Status.SKIPPED, code="skipped", message="Not checked, because of the first one.")
    assert sum("because of" in line for line in lines(FAILED, skipped, skipped, skipped)) == 1
    other = a_check(Status.SKIPPED, code="skipped", message="Not checked, because of another.")
    assert sum("because of" in line for line in lines(FAILED, skipped, other)) == 2


def test_nothing_expected_or_found_has_no_line() -> None:
    shown = "\n".join(
        lines(a_check(Status.FAILED, message="There is no container.", expected=None, actual=""))
    )
    assert "expected" not in shown
    assert "found" not in shown


def test_russian() -> None:
    shown = "\n".join(lines(FAILED, lang="ru"))
    assert ("ожидалось: 209715200" in shown, "Итог: 0 / 2" in shown) == (True, True)


def test_colour_only_marks() -> None:
    report = a_report(a_task(a_check(), FAILED, a_check(Status.ERROR), a_check(Status.SKIPPED)))
    coloured = render(report, colour=True)
    assert ANSI.sub("", coloured) == render(report)
    assert len(ANSI.findall(coloured)) == 8


def test_no_name_is_broken_in_two() -> None:
    name, command = "a-very-long-container-name-" * 4, "docker logs " + "x" * 100
    shown = "\n".join(lines(a_check(Status.FAILED, message=f"There is no {name} here.", shown_by=(command,))))
    assert name in shown
    assert "x" * 100 in shown


@pytest.mark.parametrize("points", [1000, 0.333333, 999.999999, 1 / 3])
def test_wide_points_leave_less_room_for_the_text(points: float) -> None:
    text = "word " * 60
    for check in (
        a_check(Status.FAILED, max_score=points, message=text),
        a_check(max_score=points, title=text),
    ):
        assert max(map(len, lines(check, FAILED))) <= WIDTH


WORDS = st.lists(st.text(st.characters(), max_size=12) | st.sampled_from(["\x1b[2J", "x" * 90]), max_size=20)
TEXT = WORDS.map(" ".join)
CHECKS = st.builds(
    a_check,
    st.sampled_from(Status),
    id=TEXT,
    title=TEXT,
    code=TEXT,
    message=TEXT,
    hint=TEXT,
    expected=TEXT | st.lists(TEXT, max_size=2) | st.integers(),
    actual=TEXT | st.none() | st.dictionaries(TEXT, TEXT, max_size=2),
    max_score=st.sampled_from([1, 2.5, 1000, 1 / 3]),
    shown_by=st.lists(TEXT, max_size=2).map(tuple),
)
REPORTS = st.builds(
    lambda checks, text, note, lang: a_report(
        a_task(*checks, id=text, title=text, note=note),
        lang=lang,
        host=HostReport(text, text, None, text, text),
    ),
    st.lists(CHECKS, min_size=1, max_size=3),
    TEXT,
    TEXT,
    st.sampled_from(["en", "ru"]),
)


@settings(max_examples=60)
@given(REPORTS)
@example(a_report(a_task(a_check(Status.FAILED, message="", title="", actual="\x85\u2028\x1b]0;x\x07"))))
def test_no_text_steers_the_terminal_or_overflows_the_line(report: Report) -> None:
    shown = render(report)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]", shown)
    for line in shown.splitlines():
        # A line may only be too long for the sake of a single word, behind mark, points or indentation.
        assert len(line) <= WIDTH or max(map(len, line.split(" "))) > WIDTH / 3
