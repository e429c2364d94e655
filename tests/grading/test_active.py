"""Checks that change something on the host: only when asked for, last, and from evidence as they were."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dockgrader.assignment.loading import Loaded, validated
from dockgrader.assignment.source import parse_source
from dockgrader.grading.evidence import Evidence, RecordedSee
from dockgrader.grading.grade import grade
from dockgrader.grading.seeing import LiveSee
from dockgrader.hosts.deadline import Deadline
from dockgrader.report.model import HostReport, Report
from tests.givens import a_container, hex_id
from tests.made_up_host import MadeUpHost, Turns

ASSIGNMENT = """
id: a
title: An assignment
tasks:
  - id: one
    title: A task
    checks:
      - {id: outlives, kind: restart, points: 1, container: redis_1, command: [get], stdout: foobar}
      - {id: after, kind: container, points: 1, needs: [outlives], container: redis_1, state: running}
  - id: two
    title: Another one
    checks:
      - {id: key, kind: exec, points: 1, container: redis_1, command: [get, it], stdout: there}
"""
RESTART = f"restart {hex_id('redis_1')}"


def loaded() -> Loaded:
    return validated(parse_source(ASSIGNMENT, "a.yaml"), Path("a.yaml"))


def host() -> MadeUpHost:
    return MadeUpHost(a_container("redis_1"), execs={"get": Turns("foobar", "gone"), "get it": "there"})


def graded(see: Any, **more: Any) -> Report:
    of = loaded()
    return grade(of, of.assignment.tasks, see, lang="en", host=HostReport("h"), started_at="now", **more)


def verdicts(report: Report) -> dict[str, str]:
    return {check.id: f"{check.status} {check.code}" for task in report.tasks for check in task.checks}


def test_it_is_skipped_unless_it_is_asked_for_and_that_is_no_failure() -> None:
    here = host()
    report = graded(LiveSee(here, Deadline(5), 1))
    assert verdicts(report) == {
        "outlives": "skipped active.not-asked",
        "after": "skipped skipped",
        "key": "passed ok",
    }
    assert (report.status, report.score, report.max_score) == ("graded", 1, 3)
    assert "--active" in report.tasks[0].checks[0].message
    assert RESTART not in here.calls


def test_it_is_done_when_all_else_was_seen_and_once_only() -> None:
    here = host()
    report = graded(LiveSee(here, Deadline(5), 1), active=True)
    assert verdicts(report)["outlives"] == "failed restart.lost"
    assert here.calls.count(RESTART) == 1
    assert here.calls.index("get it") < here.calls.index(RESTART)


def test_evidence_has_what_was_done_or_has_it_not() -> None:
    see = LiveSee(host(), Deadline(5), 1)
    graded(see)
    passive = tuple(see.readings())
    graded(see, active=True)
    for readings, expected in (
        (passive, "skipped active.not-asked"),
        (tuple(see.readings()), "failed restart.lost"),
    ):
        again = graded(RecordedSee(Evidence(HostReport("h"), "now", None, readings)))
        assert verdicts(again)["outlives"] == expected
