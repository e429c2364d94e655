"""A service that Compose has not started yet, since what it waits for is not healthy yet."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from dockgrader.errors import Unobserved
from dockgrader.facts import coming, waiting
from dockgrader.facts.coming import ServiceWithin
from dockgrader.hosts.base import Missing
from tests.givens import Raw, a_container, a_service, hex_id, listing
from tests.made_up_host import MadeUpHost, Turns, raw_answer, read

WEB = ServiceWithin("compose", "web")
STARTING, HEALTHY = a_service("redis", health="starting"), a_service("redis", health="healthy")
RUNS, CREATED = a_service("web"), a_service("web", status="created")


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    event = SimpleNamespace(Event=lambda: SimpleNamespace(wait=lambda _: None))
    monkeypatch.setattr(waiting, "threading", event)
    monkeypatch.setattr(coming, "threading", event)


def host(
    *web: Raw | None, redis: tuple[Raw, ...] = (STARTING, HEALTHY), up: str = "Up 5 seconds"
) -> MadeUpHost:
    """A host on which redis and web look different from one look to the next; None for no web."""
    lists = [listing([raw, redis[0]] if raw else [redis[0]], up=up) for raw in (web[0], *web)]
    answers = {
        "/containers/json": Turns(*lists),
        f"/containers/{redis[0]['Id']}/json": Turns(*redis),
        f"/containers/{RUNS['Id']}/json": Turns(*(filter(None, web) if any(web) else [Missing()])),
    }
    return MadeUpHost(answers=answers)


def found(busy: MadeUpHost, **more: float) -> list[tuple[str, str]]:
    return [(item.names[0], item.state) for item in read(WEB, busy, **more)]


@pytest.mark.parametrize("before", [CREATED, None])
def test_what_is_created_or_missing_is_looked_at_until_it_runs(before: Raw | None) -> None:
    """Compose v2 creates it at once, v1 only when what it depends on is healthy."""
    assert found(host(before, before, RUNS)) == [("compose-web-1", "running")]


def test_the_looks_that_differ_are_kept() -> None:
    looks = raw_answer(WEB, host(CREATED, CREATED, CREATED, RUNS))["looks"]
    assert [look["states"] for look in looks] == [{"compose-web-1": "created"}, {"compose-web-1": "running"}]


@pytest.mark.parametrize("end", ["unhealthy", "starting"])
def test_nothing_is_awaited_where_the_others_do_not_become_healthy(end: str) -> None:
    redis = (STARTING, a_service("redis", health=end))
    busy = host(CREATED, redis=redis)
    assert found(busy, wait=0.05) == [("compose-web-1", "created")]
    assert busy.calls.count(f"/containers/{RUNS['Id']}/json") == 1


def test_what_was_healthy_already_may_have_been_so_for_a_moment() -> None:
    assert found(host(CREATED, RUNS, redis=(HEALTHY,))) == [("compose-web-1", "running")]


@pytest.mark.parametrize(
    "web",
    [
        a_service("web", status="created", state={"Error": "port is already allocated"}),
        a_service("web", status="exited", state={"FinishedAt": "2026-03-01T10:00:09Z"}),
        a_service("web", status="restarting"),
    ],
)
def test_what_cannot_be_started_or_has_failed_since_is_not_awaited(web: Raw) -> None:
    busy = host(web)
    assert found(busy) == [("compose-web-1", web["State"]["Status"])]
    assert busy.calls.count(f"/containers/{RUNS['Id']}/json") == 1


def test_what_was_stopped_before_the_others_were_started_is_awaited() -> None:
    stopped = a_service("web", status="exited", state={"FinishedAt": "2026-03-01T09:00:00Z"})
    assert found(host(stopped, stopped, RUNS)) == [("compose-web-1", "running")]


def test_waiting_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coming, "SECONDS", 0.05)
    assert found(host(CREATED)) == [("compose-web-1", "created")]
    assert found(host(None)) == []


def test_the_run_is_not_used_up_by_waiting() -> None:
    assert found(host(CREATED), seconds=0.05) == [("compose-web-1", "created")]


def test_what_is_awaited_in_its_turn_gets_its_time_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """db, then redis, then web: while redis is starting, web has all of its time left."""
    monkeypatch.setattr(coming, "SECONDS", 0.0)
    monkeypatch.setattr(coming, "time", SimpleNamespace(monotonic=lambda: 0.0))
    busy = host(CREATED, redis=(HEALTHY,), up="Up 5 seconds (health: starting)")
    assert found(busy) == [("compose-web-1", "created")]


def test_other_projects_and_containers_are_none_of_it() -> None:
    busy = MadeUpHost(a_service("web", "other"), a_container("web"), a_service("redis", health="healthy"))
    assert found(busy, seconds=0.05) == []


def test_a_machine_that_is_too_slow_to_tell_is_an_error() -> None:
    busy = host(CREATED, redis=(STARTING,))
    busy._execs["control"] = 20.0
    with pytest.raises(Unobserved, match="too slow"):
        read(WEB, busy, wait=0.05)


@pytest.mark.parametrize("raw", [None, 5, [], {"listed": 5}])
def test_a_recording_of_another_shape_shows_no_container(raw: Any) -> None:
    assert WEB.parse(raw) == []


def test_what_a_person_types_to_see_the_same() -> None:
    assert WEB.shown_by() == (
        "docker ps -a --filter label=com.docker.compose.project=compose "
        "--filter label=com.docker.compose.service=web"
    )


def test_ids_are_those_of_the_service() -> None:
    assert [item.id for item in read(WEB, host(CREATED, RUNS))] == [hex_id("compose-web-1")]
