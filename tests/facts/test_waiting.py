"""Health that is awaited, and containers that fall over again and again."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from dockgrader.errors import Unobserved
from dockgrader.facts import waiting
from dockgrader.facts.containers import Inspected
from dockgrader.facts.waiting import Health, HealthWithin, SteadyWithin, seconds_between
from dockgrader.hosts.base import Conflict, Missing, Output
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


HUNG = Output(None, b"", b"", timed_out=True)


def slow(control: float, *looks: Any, command: Output | Exception = HUNG) -> MadeUpHost:
    """A machine on which the shortest command takes so many seconds, and what the health command does there."""
    answers = {f"/containers/{ID}/json": Turns(*looks), "/info": an_engine()}
    return MadeUpHost(answers=answers, execs={"control": control, "redis-cli ping": command})


def cut_off(
    timeout: float, said: str = "Health check exceeded timeout (3s)", exit: int = -1, cpus: float = 0.5
) -> Raw:
    """Unhealthy, since the engine cut its commands off after so many seconds."""
    found = redis("unhealthy")
    found["State"]["Health"]["Log"] = [{"ExitCode": exit, "Output": said}] * 3
    found["Config"]["Healthcheck"] = {"Test": ["CMD", "redis-cli", "ping"], "Timeout": int(timeout * 10**9)}
    found["HostConfig"]["NanoCpus"] = int(cpus * 10**9)
    return found


def refused(busy: MadeUpHost, **more: float) -> bool:
    try:
        read(HealthWithin(ID), busy, **more)
    except Unobserved as error:
        assert error.code == "host.slow"
        return True
    return False


PONG = Output(0, b"PONG\n", b"")


@pytest.mark.parametrize(("control", "is_refused"), [(0.05, False), (1.4, False), (1.6, True), (20.0, True)])
def test_health_commands_that_were_cut_off_on_a_slow_machine_are_an_error(
    control: float, is_refused: bool
) -> None:
    """On a quick one they hang: that is the student's."""
    assert refused(slow(control, cut_off(3), command=PONG)) is is_refused
    starting = cut_off(3)
    starting["State"]["Health"]["Status"] = "starting"
    assert refused(slow(control, starting, starting, cut_off(3), command=PONG), wait=5) is is_refused


@pytest.mark.parametrize(
    ("timeout", "control"),
    [(0.05, 0.055), (0.1, 0.055), (0.1, 0.9), (0.999, 1.0)],
)
def test_less_than_a_second_is_the_students_while_the_machine_is_no_slower_than_that(
    timeout: float, control: float
) -> None:
    assert not refused(slow(control, cut_off(timeout), command=PONG))


def test_a_right_command_with_hardly_any_time_is_an_error_on_a_machine_slower_by_a_factor_of_50() -> None:
    assert refused(slow(50 * 0.055, cut_off(0.1), command=PONG), seconds=60)


@pytest.mark.parametrize("control", [0.6, 1.4])
def test_a_command_that_hangs_is_the_students_on_a_slow_machine_too(control: float) -> None:
    """`sleep 30; redis-cli ping` with a timeout of one second."""
    assert not refused(slow(control, cut_off(1), command=HUNG))
    assert refused(slow(control, cut_off(1), command=PONG))


@pytest.mark.parametrize("command", [Missing(), Conflict(), Output(1, b"", b"Could not connect to Redis")])
def test_a_command_of_which_nothing_is_known_does_not_hang(command: Output | Exception) -> None:
    assert refused(slow(1.4, cut_off(1), command=command))


def test_a_run_too_short_to_see_whether_a_command_hangs_is_an_error() -> None:
    """It is not begun, so that there is time for the others."""
    busy = slow(20.0, cut_off(3))
    assert refused(busy)
    assert "redis-cli ping" not in busy.calls


@pytest.mark.parametrize(
    ("test", "shell", "argv"),
    [
        (["CMD-SHELL", "sleep 30"], None, "/bin/sh -c sleep 30"),
        (["CMD-SHELL", "sleep 30"], ["/bin/bash", "-ec"], "/bin/bash -ec sleep 30"),
        (["CMD", "sleep", "30"], ["/bin/bash", "-c"], "sleep 30"),
    ],
)
def test_the_health_command_is_run_as_the_engine_runs_it(
    test: list[str], shell: list[str] | None, argv: str
) -> None:
    found = cut_off(1)
    found["Config"]["Healthcheck"]["Test"], found["Config"]["Shell"] = test, shell
    busy = slow(1.4, found)
    refused(busy)
    assert argv in busy.calls


@pytest.mark.parametrize(
    ("cpus", "control", "is_refused"),
    [(0.01, 4.0, False), (0.05, 4.0, False), (0.01, 50 * 4.0, True), (0.5, 4.0, True), (0.0, 4.0, True)],
)
def test_a_container_that_is_slow_by_its_own_limit_is_the_students(
    cpus: float, control: float, is_refused: bool
) -> None:
    assert refused(slow(control, cut_off(3, cpus=cpus), command=PONG), seconds=60) is is_refused


@pytest.mark.parametrize(("cpus", "is_refused"), [(0.01, False), (0.5, True)])
def test_a_container_that_starts_slowly_by_its_own_limit_is_the_students(
    cpus: float, is_refused: bool
) -> None:
    found = redis("starting")
    found["HostConfig"]["NanoCpus"] = int(cpus * 10**9)
    assert refused(slow(4.0, found), wait=0.2) is is_refused


def test_health_commands_that_fail_by_themselves_are_the_students_on_any_machine() -> None:
    assert not refused(slow(20.0, redis("unhealthy")))
    assert not refused(slow(20.0, cut_off(3, "Could not connect to Redis")))
    assert not refused(slow(20.0, cut_off(3, exit=1)))  # only says so


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
