"""The facts behind a verdict: what the judge read, bounded, without what was redacted."""

from __future__ import annotations

import json
from dataclasses import replace

from dockgrader.assignment.loading import load
from dockgrader.grading.behind import MOST_CHARACTERS, excerpt
from dockgrader.grading.grade import grade
from dockgrader.grading.run import grade_evidence
from dockgrader.report.model import to_json
from tests.givens import Given, a_container
from tests.solution import HOMEWORK, Solved, checks_of, graded


def test_each_check_has_the_facts_that_its_judge_read() -> None:
    checks = checks_of(graded(Solved())[0])
    assert [fact.name for fact in checks["limits/cgroup-memory"].facts] == ["container", "cgroup"]
    [key] = [fact for fact in checks["volume/key"].facts if fact.name == "exec"]
    assert key.shown_by == "docker exec redis_2 redis-cli get mykey"
    assert json.loads(key.excerpt)["stdout"] == "foobar\n"
    assert key.at.endswith("+00:00") and not key.hidden


def test_evidence_shows_the_same_again() -> None:
    report, evidence = graded(Solved())
    again = grade_evidence(load(HOMEWORK), load(HOMEWORK).assignment.tasks, evidence, "en")
    assert [check.facts for check in checks_of(again).values()] == [
        check.facts for check in checks_of(report).values()
    ]


def test_a_fact_that_is_hidden_says_why() -> None:
    evidence = graded(Solved())[1]
    loaded = load(HOMEWORK)
    without = replace(evidence, readings=tuple(r for r in evidence.readings if r.question["fact"] != "exec"))
    check = checks_of(grade_evidence(loaded, loaded.assignment.tasks, without, "en"))["volume/key"]
    [hidden] = [fact for fact in check.facts if fact.hidden]
    assert hidden.shown_by == "docker exec redis_2 redis-cli get mykey"
    assert hidden.excerpt.startswith("Not in the evidence")
    assert hidden.at == ""


def test_what_is_skipped_has_none_and_who_does_not_want_them_gets_none() -> None:
    unlimited = a_container("test_limit", state={"Pid": 100})
    report, evidence = graded(Solved({"test_limit": unlimited}))
    skipped = [check for check in checks_of(report).values() if check.status == "skipped"]
    assert skipped and not any(check.facts for check in skipped)
    loaded = load(HOMEWORK)
    bare = grade_evidence(loaded, loaded.assignment.tasks, evidence, "en", facts=False)
    assert not any(check.facts for check in checks_of(bare).values())
    assert to_json(bare)["tasks"] == to_json(report)["tasks"]


def test_the_values_of_the_environment_are_not_shown() -> None:
    secret = a_container("test_limit", state={"Pid": 100})
    secret["Config"]["Env"] = ["TOKEN=hunter2"]
    report, _ = graded(Solved({"test_limit": secret}))
    shown = [fact.excerpt for check in checks_of(report).values() for fact in check.facts]
    assert any("TOKEN=(redacted)" in text for text in shown)
    assert not any("hunter2" in text for text in shown)


def test_an_excerpt_is_bounded_and_leaves_out_what_holds_nothing() -> None:
    assert json.loads(excerpt({"a": 0, "b": None, "c": [], "d": {"e": ""}, "f": False})) == {
        "a": 0,
        "d": {},
        "f": False,
    }
    assert len(excerpt({"a": "x" * 10_000})) == MOST_CHARACTERS + 2
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    assert "too deeply" in excerpt(deep)


def test_a_source_that_keeps_nothing_will_do() -> None:
    loaded = load(HOMEWORK)
    host = graded(Solved())[0].host
    report = grade(loaded, loaded.assignment.tasks, Given(), lang="en", host=host, started_at="")
    assert all(fact.hidden for check in checks_of(report).values() for fact in check.facts)
