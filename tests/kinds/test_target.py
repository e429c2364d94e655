"""Which containers a check is about."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from dockgrader.facts.containers import Container, Containers
from dockgrader.facts.waiting import SteadyWithin
from dockgrader.kinds.base import Failed
from dockgrader.kinds.container import ContainerCheck
from dockgrader.kinds.image import ImageCheck
from dockgrader.kinds.target import candidates, running_or_failed
from tests.givens import Given, Raw, a_container, a_service, code, hex_id


def running(**target: Any) -> ContainerCheck:
    return ContainerCheck(id="running", kind="container", state="running", **target)


@pytest.mark.parametrize("target", [{}, {"container": "a", "service": "b"}])
def test_a_check_is_about_a_container_or_a_service(target: Any) -> None:
    with pytest.raises(ValidationError, match="either container: NAME or service: NAME"):
        running(**target)


def test_questions_that_can_be_asked_at_once() -> None:
    assert list(running(container="redis_1").asks()) == [Container("redis_1")]
    assert list(running(service="redis").asks()) == [Containers()]


def test_every_replica_of_a_service_is_meant() -> None:
    see = Given(a_service("redis"), a_service("redis", replica=2))
    assert [target.name for target in running(service="redis").targets(see)] == [
        "compose-redis-1",
        "compose-redis-2",
    ]


def test_a_project_can_be_named() -> None:
    see = Given(a_service("redis", "one"), a_service("redis", "two"))
    assert [target.name for target in running(service="redis", project="two").targets(see)] == ["two-redis-1"]


@pytest.mark.parametrize(
    ("see", "expected"),
    [
        (Given(a_container("redis")), "compose.no-project"),
        (Given(a_service("web")), "compose.no-service"),
        (Given(a_service("redis"), facts={Container(hex_id("compose-redis-1")): None}), "service.gone"),
        (Given(a_service("redis", status="exited")), "container.exited"),
    ],
)
def test_a_service_that_is_not_there(see: Given, expected: str) -> None:
    assert code(running(service="redis"), see) == expected


def test_the_services_that_are_there_are_named() -> None:
    with pytest.raises(Failed) as caught:
        running(service="redis").targets(Given(a_service("web"), a_service("db")))
    assert caught.value.verdict.actual == ["db", "web"]
    assert caught.value.verdict.params["names"] == "db, web"


@pytest.mark.parametrize("status", ["exited", "paused", "restarting", "created", "dead"])
def test_what_does_not_run_is_told_by_its_state(status: str) -> None:
    assert code(running(container="x"), Given(a_container("x", status=status))) == f"container.{status}"


def test_an_unknown_state_is_not_running() -> None:
    assert code(running(container="x"), Given(a_container("x", status="stopping"))) == "container.not-running"


@pytest.mark.parametrize(("steady", "expected"), [(True, "ok"), (False, "container.restarting")])
def test_a_crash_loop_looks_like_running_in_between(steady: bool, expected: str) -> None:
    looks = [{"status": "running", "started": "1"}, {"status": "running", "started": "1" if steady else "2"}]
    see = Given(a_container("x", restarts=7), facts={SteadyWithin(hex_id("x")): looks})
    assert code(running(container="x"), see) == expected


def test_a_container_that_never_restarted_is_not_watched() -> None:
    see = Given(a_container("x"))
    running_or_failed(see(Container("x")), see)  # type: ignore[arg-type]
    assert see.asked == [Container("x")]


def test_projects_that_could_be_meant_are_the_running_ones() -> None:
    see = Given(
        a_service("web", "old", status="exited"),
        a_service("web", "new"),
        a_service("db", "other"),
        a_container("web"),
    )
    checks = [running(service="web"), running(service="redis")]
    assert [project.name for project in candidates(checks, see)] == ["new"]


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ([a_service("redis", "others")], ["homework"]),  # somebody's, from before
        ([a_service("redis", "others"), a_service("web", "others")], ["others"]),
    ],
)
def test_a_stopped_project_with_all_services_is_meant_before_an_older_part_of_one(
    others: list[Raw], expected: list[str]
) -> None:
    homework = [a_service(service, "homework", status="exited") for service in ("web", "redis")]
    checks = [running(service="web"), running(service="redis")]
    assert [project.name for project in candidates(checks, Given(*homework, *others))] == expected


def test_what_was_begun_after_it_could_be_meant_as_well() -> None:
    """Such as the homework itself, in another folder, with a service that is misnamed."""
    old = [a_service(service, "old", status="exited") for service in ("web", "redis")]
    see = Given(a_service("redis", "newer"), *old, a_service("redis", "older"))
    checks = [running(service="web"), running(service="redis")]
    assert [project.name for project in candidates(checks, see)] == ["old", "newer"]


def test_when_none_runs_one_with_all_services_is_meant_first() -> None:
    whole = [a_service(service, "whole", status="exited") for service in ("web", "redis")]
    see = Given(a_service("redis", "part", status="exited"), *whole)
    checks = [running(service="web"), running(service="redis")]
    assert [project.name for project in candidates(checks, see)] == ["whole", "part"]


def test_when_none_runs_all_could_be_meant() -> None:
    see = Given(a_service("web", "a", status="exited"), a_service("redis", "b", status="exited"))
    assert [
        project.name for project in candidates([running(service="web"), running(service="redis")], see)
    ] == ["a", "b"]


def test_checks_of_containers_have_no_projects() -> None:
    image = ImageCheck(id="image", kind="image", container="x", named=["y"])
    assert candidates([running(container="x"), image], Given(a_service("web"))) == []


def test_commands_that_show_the_same() -> None:
    check = running(service="redis")
    assert check.shown_by(Given(a_service("redis"))) == [
        "docker container inspect -f '{{.State.Status}}' compose-redis-1"
    ]
    assert check.shown_by(Given()) == ["docker ps -a"]
    assert len(check.shown_by(Given(*(a_service("redis", replica=number) for number in range(9))))) == 3
