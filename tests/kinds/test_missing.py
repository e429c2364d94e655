"""Why a container is not there, or not running: each reason has its own code."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockgrader.facts.compose import PROJECT
from dockgrader.facts.containers import Image, Inspected
from dockgrader.facts.engine import Event, Events
from dockgrader.kinds import missing
from dockgrader.kinds.base import Failed
from tests.givens import Given, Raw, a_container, an_event, an_image

START, RAN_OUT = an_event("start", 100), an_event("die", 3700, exitCode="0", image="test_resource")
DIED = an_event("die", 101, exitCode="127", image="test_resource")
QUOTED = {Image("test_resource"): an_image("test_resource", entrypoint=["/bin/sh", "-c", "[“sleep”]"])}


def reason(*containers: Raw, life: list[Raw] | None = None, facts: dict[Any, Any] | None = None) -> Failed:
    return missing.container(
        "test_limit", Given(*containers, facts={Events("test_limit"): life or [], **(facts or {})})
    )


@pytest.mark.parametrize(
    ("life", "expected"),
    [
        ([], "container.missing"),
        ([START], "container.missing"),
        ([START, RAN_OUT, an_event("destroy", 3701)], "container.ran-out"),
        (
            [START, an_event("kill", 200, signal="15"), an_event("die", 210, exitCode="137")],
            "container.was-stopped",
        ),
        ([START, an_event("stop", 200), an_event("die", 210, exitCode="0")], "container.was-stopped"),
        ([START, DIED], "container.died"),
        (
            [START, an_event("kill", 110), an_event("die", 111, exitCode="137"), START, RAN_OUT],
            "container.ran-out",
        ),
        ([RAN_OUT], "container.ran-out"),
    ],
)
def test_what_the_engine_remembers_tells_why_it_is_gone(life: list[Raw], expected: str) -> None:
    assert reason(life=life).verdict.code == expected


def test_how_long_it_ran_is_told() -> None:
    assert reason(life=[START, RAN_OUT]).verdict.params["seconds"] == "3600"
    assert reason(life=[RAN_OUT]).verdict.params["seconds"] == "?"


def test_typographic_quotes_in_the_image_are_why_it_died() -> None:
    assert reason(life=[START, DIED], facts=QUOTED).verdict.code == "image.typographic-quotes"
    plain = {Image("test_resource"): an_image("test_resource")}
    assert reason(life=[START, DIED], facts=plain).verdict.code == "container.died"


def test_a_near_name_comes_first() -> None:
    failed = reason(a_container("test-limit"), life=[START, RAN_OUT])
    assert (failed.verdict.code, failed.verdict.actual) == ("container.near-name", "test-limit")


def test_what_compose_has_named_was_not_mistyped() -> None:
    there = Given(a_container("app_redis_2", labels={PROJECT: "app"}))
    assert missing.container("redis_2", there).verdict.code == "container.missing"
    assert (
        missing.container("redis_2", Given(a_container("app_redis_2"))).verdict.code == "container.near-name"
    )


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("test_limit", "test-limit"),
        ("test_limit", "test_limits"),
        ("test_limit", "Test_Limit"),
        ("test_limit", "testlimit"),
        ("test_limit", "tets_limit"),
        ("redis_2", "redis-2"),
        ("redis_2", "redis2"),
    ],
)
def test_names_that_were_probably_meant(name: str, other: str) -> None:
    assert missing.near_name(name, ["web", other, "x" * 300]) == other


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("redis_2", "redis_1"),
        ("redis_2", "redis"),
        ("test_limit", "test_resource"),
        ("test_limit", "test_limit"),
    ],
)
def test_names_of_other_containers(name: str, other: str) -> None:
    assert missing.near_name(name, [other]) is None


def test_the_nearest_name_is_told() -> None:
    assert missing.near_name("test_limit", ["test-limits", "test-limit"]) == "test-limit"


@given(st.text(max_size=20), st.lists(st.text(max_size=20), max_size=4))
def test_no_name_breaks_the_search(name: str, names: list[str]) -> None:
    assert missing.near_name(name, names) in [None, *names]


def stopped(life: list[Raw] | None = None, **more: Any) -> Failed:
    return missing.not_running(
        Inspected(a_container(**more)), Given(facts={Events("test_limit"): life or []})
    )


FINISHED = {"FinishedAt": "2026-03-01T11:00:00.5Z"}


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        ({"status": "exited", "state": {"ExitCode": 1}}, "container.exited"),
        ({"status": "exited"}, "container.exited"),
        ({"status": "exited", "state": FINISHED}, "container.exited"),
        ({"status": "exited", "state": FINISHED, "life": [START, RAN_OUT]}, "container.finished"),
        (
            {"status": "exited", "state": FINISHED, "life": [START, an_event("kill", 9), RAN_OUT]},
            "container.exited",
        ),
        ({"status": "exited", "state": {**FINISHED, "ExitCode": 3}}, "container.exited"),
        ({"status": "exited", "state": {"OOMKilled": True, "ExitCode": 137}}, "container.out-of-memory"),
        ({"status": "paused"}, "container.paused"),
        ({"status": "restarting"}, "container.restarting"),
        ({"status": "created", "state": {"Error": "exec: not found"}}, "container.created"),
        ({"status": "dead"}, "container.dead"),
        ({"status": "removing"}, "container.not-running"),
        ({"status": "exited", "command": ["/bin/sh", "-c", "[“sleep”]"]}, "image.typographic-quotes"),
        ({"status": "created", "command": ["“sleep”"]}, "image.typographic-quotes"),
        ({"status": "paused", "command": ["echo", "“hello”"]}, "container.paused"),
    ],
)
def test_what_became_of_a_container_that_does_not_run(container: dict[str, Any], expected: str) -> None:
    assert stopped(**container).verdict.code == expected


def test_what_the_engine_says_of_it_is_told() -> None:
    params = stopped(status="created", state={"Error": "no such file" + "!" * 999}).verdict.params
    assert params["error"].startswith("no such file")
    assert len(params["error"]) == 200
    assert stopped([START, RAN_OUT], status="exited", state=FINISHED).verdict.params["seconds"] == "3600"


def test_the_life_of_the_last_container_of_a_name() -> None:
    events = [Event(action, at, "", "") for at, action in enumerate(["start", "die", "start", "kill"])]
    assert [event.at for event in missing.life_of_last(events)] == [2, 3]
    assert missing.life_of_last(events[1:2]) == events[1:2]


@pytest.mark.parametrize(
    ("words", "found"), [(["“ping”"], True), (["ping", "«8»"], True), (['"ping"', "'8'"], False)]
)
def test_typographic_quotes(words: list[str], found: bool) -> None:
    assert missing.typographic(words) is found
