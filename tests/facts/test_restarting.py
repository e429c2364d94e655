"""A restart that does not go well: what is the container's doing, what the machine's, and what somebody else's."""

from __future__ import annotations

import math
from typing import Any

import pytest

from dockgrader.errors import Unobserved
from dockgrader.facts.restarting import Restarted
from dockgrader.hosts.base import Conflict, Missing
from tests.givens import Raw, a_container, hex_id
from tests.made_up_host import MadeUpHost, Turns, read

FACT = Restarted("redis_1", ("get",))
RUNS, DOWN = a_container("redis_1"), a_container("redis_1", status="exited")


def host(restart: Any, *states: Raw) -> MadeUpHost:
    """One on which a restart ends so, and the container is so from look to look."""
    return MadeUpHost(
        RUNS,
        answers={"restart": restart, "/containers/redis_1/json": Turns(*(states or (RUNS,)))},
        execs={"get": "foobar"},
    )


def refused(reason: str) -> Unobserved:
    return Unobserved("engine.refused", f"The engine answered with an error (500): {reason}")


@pytest.mark.parametrize(
    "reason",
    [
        "driver failed programming external connectivity: Bind for 0.0.0.0:80 failed: port is already allocated",
        "OCI runtime create failed: exec: redis-server: executable file not found in $PATH",
        "network 0123 not found",
        "error while mounting volume: no such file or directory",
    ],
)
def test_a_container_that_does_not_start_again(reason: str) -> None:
    found = read(FACT, host(refused(reason), RUNS, DOWN))
    assert found.restarted and reason in found.refused


@pytest.mark.parametrize(
    "failure",
    [
        refused("write /var/lib/docker/x: no space left on device"),
        refused("OCI runtime create failed: cannot allocate memory"),
        refused("something new"),
        Unobserved("engine.timeout", "no such file"),
    ],
)
def test_what_could_be_the_machines_is_the_machines(failure: Unobserved) -> None:
    with pytest.raises(Unobserved) as raised:
        read(FACT, host(failure, RUNS, DOWN))
    assert raised.value is failure


def test_what_still_runs_was_not_stopped_by_the_engine() -> None:
    with pytest.raises(Unobserved, match="permission denied"):
        read(FACT, host(refused("cannot stop container: permission denied"), RUNS))


@pytest.mark.parametrize("answer", [Missing(), Conflict()])
def test_what_was_removed_in_between(answer: Exception) -> None:
    found = read(FACT, host(answer))
    assert (found.restarted, found.after.problem, found.refused) == (False, "missing", "")


def test_what_does_not_run_is_not_restarted() -> None:
    there = host(None, DOWN)
    assert not read(FACT, there).restarted
    assert f"restart {hex_id('redis_1')}" not in there.calls


@pytest.mark.parametrize(("given", "seconds"), [(None, 10), (0, 0), (60, 60), (-1, math.inf)])
def test_the_containers_own_time_to_end(given: int | None, seconds: float) -> None:
    raw = {**RUNS, "Config": {**RUNS["Config"], **({} if given is None else {"StopTimeout": given})}}
    there = host(None, raw)
    assert read(FACT, there).restarted
    assert there.restarted.grace == seconds
    assert there.restarted.started == RUNS["State"]["StartedAt"]
