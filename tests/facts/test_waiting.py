"""Health that is awaited, and containers that fall over again and again."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from dockgrader.errors import Unobserved
from dockgrader.facts import waiting
from dockgrader.facts.containers import Inspected
from dockgrader.facts.waiting import Health, HealthWithin, SteadyWithin, seconds_between
from dockgrader.hosts.base import Missing
from tests.givens import Raw, a_container, an_engine, hex_id
from tests.made_up_host import MadeUpHost, Turns, raw_answer, read

ID = hex_id("redis")


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        waiting, "threading", SimpleNamespace(Event=lambda: SimpleNamespace(wait=lambda _: None))
    )


def redis(health: str = "", **more: Any) -> Raw:
    return a_container("redis", health=health, **more)


def host(*looks: Any, **info: Any) -> MadeUpHost:
    """A host whose container looks different each time; looks may also be exceptions."""
    return MadeUpHost(answers={f"/containers/{ID}/json": Turns(*looks), "/info": an_engine(**info)})


@pytest.mark.parametrize("health", ["healthy", "unhealthy", ""])
def test_health_that_is_decided_is_not_waited_for(health: str) -> None:
    busy = host(redis(health))
    assert read(HealthWithin(ID), busy) == Health(health, 0.0)
    assert len(busy.calls) == 1


@pytest.mark.parametrize("end", ["healthy", "unhealthy"])
def test_starting_is_waited_for(end: str) -> None:
    found = read(HealthWithin(ID), host(redis("starting"), redis("starting"), redis("starting"), redis(end)))
    assert found.status == end


def test_looks_that_change_nothing_are_not_kept() -> None:
    raw = raw_answer(HealthWithin(ID), host(*[redis("starting")] * 20, redis("healthy")))
    assert [look["health"] for look in raw] == ["starting", "healthy"]


def test_waiting_ends_with_the_bound() -> None:
    found = read(HealthWithin(ID), host(redis("starting")), wait=0.05)
    assert found.status == "starting"
    assert 0 < found.waited < 5


def slow(control: float, *looks: Any) -> MadeUpHost:
    """A machine on which the shortest command takes so many seconds."""
    answers = {f"/containers/{ID}/json": Turns(*looks), "/info": an_engine()}
    return MadeUpHost(answers=answers, execs={"control": control})


def cut_off(timeout: int, said: str = "Health check exceeded timeout (3s)") -> Raw:
    """Unhealthy, since the engine cut its commands off after so many seconds."""
    found = redis("unhealthy")
    found["State"]["Health"]["Log"] = [{"ExitCode": -1, "Output": said}] * 3
    found["Config"]["Healthcheck"] = {"Test": ["CMD", "redis-cli", "ping"], "Timeout": timeout * 10**9}
    return found


def refused(busy: MadeUpHost, **more: float) -> bool:
    try:
        read(HealthWithin(ID), busy, **more)
    except Unobserved as error:
        assert error.code == "host.slow"
        return True
    return False


@pytest.mark.parametrize(("control", "is_refused"), [(0.05, False), (1.4, False), (1.6, True), (20.0, True)])
def test_health_commands_that_were_cut_off_on_a_slow_machine_are_an_error(
    control: float, is_refused: bool
) -> None:
    """On a quick one they hang: that is the student's."""
    assert refused(slow(control, cut_off(3))) is is_refused
    starting = cut_off(3)
    starting["State"]["Health"]["Status"] = "starting"
    assert refused(slow(control, starting, starting, cut_off(3)), wait=5) is is_refused


def test_health_commands_that_fail_by_themselves_are_the_students_on_any_machine() -> None:
    assert not refused(slow(20.0, redis("unhealthy")))
    assert not refused(slow(20.0, cut_off(3, "Could not connect to Redis")))


def test_a_slow_machine_is_still_starting_for_longer() -> None:
    assert refused(slow(20.0, redis("starting")), wait=0.05)
    assert not refused(slow(0.01, redis("starting")), wait=0.5)


def test_a_container_that_ends_meanwhile_is_not_waited_for() -> None:
    busy = host(redis("starting"), redis("starting", status="exited"))
    assert read(HealthWithin(ID), busy).status == "starting"
    assert len(busy.calls) == 2


def test_a_container_that_is_removed_meanwhile_has_no_health() -> None:
    assert read(HealthWithin(ID), host(redis("starting"), Missing())).status == ""


@pytest.mark.parametrize(
    ("check", "seconds"),
    [
        ({}, 3 * 60 + 1),
        ({"Interval": 3 * 10**9, "Timeout": 5 * 10**9, "Retries": 5, "StartPeriod": 10**9}, 1 + 5 * 8 + 1),
        ({"Interval": 10**9, "Timeout": 10**9, "Retries": 1}, 3),
        ({"Interval": None, "Retries": 0}, 3 * 60 + 1),
    ],
)
def test_patience_is_start_period_and_all_retries(check: Raw, seconds: float) -> None:
    raw = redis("starting")
    raw["Config"]["Healthcheck"] = check
    assert waiting._patience(Inspected(raw)) == seconds


def at(time: str) -> Raw:
    return redis(state={"StartedAt": time})


def test_a_container_that_has_been_up_for_a_while_is_steady() -> None:
    busy = host(at("2026-03-01T10:00:00.1Z"), SystemTime="2026-03-01T10:00:11.2Z")
    assert read(SteadyWithin(ID), busy) is True
    assert busy.calls == [f"/containers/{ID}/json", "/info"]


@pytest.mark.parametrize(
    "clock",
    ["2026-03-01T10:00:02.123456789Z", "2026-03-01T13:00:02.1+03:00", "2026-03-01T05:00:02-05:00", ""],
)
def test_a_container_that_starts_anew_is_not_steady(clock: str) -> None:
    """The engine's clock has its time zone; a container's start is in UTC."""
    busy = host(
        at("2026-03-01T10:00:00Z"), at("2026-03-01T10:00:00Z"), at("2026-03-01T10:00:03Z"), SystemTime=clock
    )
    assert read(SteadyWithin(ID), busy) is False


@pytest.mark.parametrize("status", ["exited", "restarting", "paused"])
def test_a_container_that_falls_over_while_it_is_watched_is_not_steady(status: str) -> None:
    busy = host(redis(), redis(status=status), SystemTime="2026-03-01T10:00:01Z")
    assert read(SteadyWithin(ID), busy) is False


def test_a_container_that_stays_up_while_it_is_watched_is_steady() -> None:
    assert read(SteadyWithin(ID), host(redis(), SystemTime="2026-03-01T10:00:01Z"), seconds=0.05) is True


def test_a_container_that_is_not_there_is_not_steady() -> None:
    assert read(SteadyWithin("gone"), MadeUpHost()) is False


@pytest.mark.parametrize("raw", [None, [], {}, [None], [{"at": "x"}], 5])
def test_a_recording_of_another_shape_shows_nothing_good(raw: Any) -> None:
    assert HealthWithin(ID).parse(raw) == Health("", 0.0)
    assert SteadyWithin(ID).parse(raw) is False


@pytest.mark.parametrize(
    ("earlier", "later", "seconds"),
    [
        ("2026-03-01T10:00:00Z", "2026-03-01T10:00:01.5Z", 1.5),
        ("2026-03-01T10:00:00.123456789Z", "2026-03-01T10:00:00.123456789Z", 0),
        ("2026-03-01T10:00:00Z", "2026-03-01T13:00:05+03:00", 5),
        ("2026-03-01T10:00:00", "2026-03-01T10:00:05Z", 5),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z", 0),
        ("", "2026-03-01T10:00:05Z", None),
        ("yesterday", "2026-03-01T10:00:05Z", None),
    ],
)
def test_seconds_between_two_of_the_engines_times(earlier: str, later: str, seconds: float | None) -> None:
    assert seconds_between(earlier, later) == seconds
