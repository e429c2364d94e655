"""Graded while `compose up` still waits for redis: web is awaited, and nothing else is asked of a settled host."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from dockgrader.assignment.loading import load
from dockgrader.errors import Unobserved
from dockgrader.facts import coming, waiting
from dockgrader.facts.coming import ServiceWithin
from dockgrader.facts.compose import DEPENDS_ON, VERSION
from dockgrader.facts.containers import Containers
from dockgrader.grading.coming import absent_services, on_their_way
from dockgrader.grading.evidence import Evidence
from dockgrader.grading.run import grade_evidence
from dockgrader.hosts.base import Missing
from dockgrader.kinds.container import ContainerCheck
from dockgrader.kinds.target import candidates
from tests.givens import Given, Raw, a_service, listing
from tests.made_up_host import Turns
from tests.solution import HOMEWORK, Solved, checks_of, containers, graded

STARTING = "Up 3 seconds (health: starting)"


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    event = SimpleNamespace(Event=lambda: SimpleNamespace(wait=lambda _: None))
    monkeypatch.setattr(waiting, "threading", event)
    monkeypatch.setattr(coming, "threading", event)


class ComesUp(Solved):
    """The solution while Compose brings it up: redis is starting, and web is not there, or not started."""

    def __init__(self, before: Raw | None, *, v1: bool, becomes: str = "healthy", comes: bool = True) -> None:
        labels = {DEPENDS_ON: None, VERSION: "1.29.2"} if v1 else {}
        made = containers()
        web = a_service("web", labels=labels, ports=made["compose-web-1"]["NetworkSettings"]["Ports"])
        redis = made["compose-redis-1"]
        first = _with_health(redis, "starting")
        hashed = "docker-compose -p compose --project-directory /srv/compose -f /srv/compose/docker-compose.yml config"
        super().__init__({"compose-web-1": web}, programs={f"{hashed} --hash web": "web c0ffee\n"})
        rest = [raw for name, raw in made.items() if not name.startswith("compose-")]
        turns = (
            (STARTING, before),
            (STARTING, before),
            (f"Up 5 seconds ({becomes})", web if comes else before),
        )
        lists = [
            listing(rest) + listing([redis], up=up) + listing([there] if there else []) for up, there in turns
        ]
        self._answers["/containers/json"] = Turns(*lists)
        self._answers[f"/containers/{redis['Id']}/json"] = Turns(first, _with_health(redis, becomes))
        looks = [raw for raw in ((before, web) if comes else (before,)) if raw]
        self._answers[f"/containers/{web['Id']}/json"] = Turns(*(looks if looks else [Missing()]))


def _with_health(raw: Raw, health: str) -> Raw:
    return {**raw, "State": {**raw["State"], "Health": {"Status": health}}}


CREATED = a_service("web", status="created")


def verdicts(host: Solved) -> tuple[dict[str, str], Evidence]:
    """What is not right, and the evidence; graded again from it, it is the same."""
    report, evidence = graded(host)
    codes = {name: check.code for name, check in checks_of(report).items() if check.code != "ok"}
    loaded = load(HOMEWORK)
    again = grade_evidence(loaded, loaded.assignment.tasks, evidence, "en")
    assert {name: check.code for name, check in checks_of(again).items() if check.code != "ok"} == codes
    assert again.score == report.score
    return codes, evidence


@pytest.mark.parametrize(("before", "v1"), [(CREATED, False), (None, True)])
def test_a_right_solution_that_is_still_coming_up_gets_full_marks(before: Raw | None, v1: bool) -> None:
    assert verdicts(ComesUp(before, v1=v1))[0] == {}


@pytest.mark.parametrize(
    ("before", "code"), [(CREATED, "container.created"), (None, "compose.no-service")], ids=["v2", "v1"]
)
def test_where_redis_does_not_become_healthy_web_does_not_come(before: Raw | None, code: str) -> None:
    host = ComesUp(before, v1=before is None, becomes="unhealthy", comes=False)
    host._answers["/containers/json"]._replies.pop(1)
    codes, _ = verdicts(host)
    assert (codes["compose/healthy"], codes["compose/web-running"]) == ("health.unhealthy", code)


def test_evidence_from_before_services_were_awaited_is_judged_as_then() -> None:
    _, evidence = verdicts(ComesUp(None, v1=True))
    kept = tuple(reading for reading in evidence.readings if reading.question["fact"] != ServiceWithin.name)
    loaded = load(HOMEWORK)
    old = Evidence(evidence.host, evidence.started_at, None, kept)
    found = checks_of(grade_evidence(loaded, loaded.assignment.tasks, old, "en"))
    assert found["compose/web-running"].code == "compose.no-service"
    assert found["compose/healthy"].code == "ok"


def test_a_host_that_is_lost_meanwhile_is_an_error_and_no_zero() -> None:
    host = ComesUp(None, v1=True)
    lists = host._answers["/containers/json"]._replies
    host._answers["/containers/json"] = Turns(lists[0], Unobserved("engine.down", "gone"))
    codes, _ = verdicts(host)
    assert (codes["compose/web-running"], codes["compose/counter"]) == ("engine.down", "prerequisite.error")


def test_a_settled_host_is_asked_nothing_more() -> None:
    _, evidence = verdicts(Solved())
    assert ServiceWithin.name not in {reading.question["fact"] for reading in evidence.readings}
    stopped = Solved({"compose-web-1": a_service("web", status="exited")})
    assert ServiceWithin.name not in {reading.question["fact"] for reading in verdicts(stopped)[1].readings}


def running(service: str, **more: Any) -> ContainerCheck:
    return ContainerCheck(id=service, kind="container", state="running", service=service, **more)


def awaited(*there: Raw, up: str, checks: tuple[str, ...] = ("web", "redis")) -> Iterator[str]:
    see = Given(*there, facts={Containers(): listing(there, up=up)})
    asked = [running(service) for service in checks]
    absent = absent_services(asked, candidates(asked, see), see)
    return (service for _, service in on_their_way(absent, see))


HEALTHY, UP = "Up 5 seconds (healthy)", "Up 3 minutes (healthy)"


@pytest.mark.parametrize(
    ("web", "up", "expected"),
    [
        (CREATED, STARTING, ["web"]),
        (None, STARTING, ["web"]),
        (a_service("web", status="exited"), STARTING, ["web"]),
        (CREATED, HEALTHY, ["web"]),  # it may have become so this very second
        (None, HEALTHY, []),
        (a_service("web", status="exited"), HEALTHY, []),
        (CREATED, UP, []),
        (None, UP, []),
        (a_service("web"), STARTING, []),
        (a_service("web", status="paused"), STARTING, []),
    ],
)
def test_what_is_awaited(web: Raw | None, up: str, expected: list[str]) -> None:
    there = [a_service("redis"), *([web] if web else [])]
    assert list(awaited(*there, up=up)) == expected


def test_health_in_the_inspection_counts_where_docker_ps_does_not_tell_it() -> None:
    assert list(awaited(CREATED, a_service("redis", health="starting"), up="Up 3 minutes")) == ["web"]


def test_other_projects_and_services_are_not_awaited() -> None:
    assert list(awaited(a_service("web"), a_service("redis", "other"), up=STARTING, checks=("web",))) == []
    assert list(awaited(CREATED, a_service("redis"), up=STARTING, checks=("redis",))) == []
