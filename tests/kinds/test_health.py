"""Kind `health`: the health command, and the health that a container reports."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from dockgrader.errors import Unobserved
from dockgrader.facts.commands import Exec
from dockgrader.facts.waiting import HealthWithin
from dockgrader.kinds.health import HealthCheck
from tests.givens import FILES, Given, Raw, a_container, a_service, code, compose_file, hex_id, hidden


def check(**fields: Any) -> HealthCheck:
    return HealthCheck(id="health", kind="health", **({"service": "redis"} | fields))


COMMAND, STATUS = check(command=["redis-cli", "ping"]), check(status="healthy")
ID = hex_id("compose-redis-1")
PING = ["CMD", "redis-cli", "ping"]


def looks(*found: str, at: float = 0) -> dict[Any, Any]:
    return {
        HealthWithin(ID): [
            {"at": at, "status": "running", "health": health, "started": ""} for health in found
        ]
    }


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        (PING, "ok"),
        (["CMD-SHELL", "redis-cli ping || exit 1"], "ok"),
        (None, "healthcheck.none"),
        (["NONE"], "healthcheck.disabled"),
        (["CMD", "true"], "healthcheck.true"),
        (["CMD-SHELL", "redis-cli ping || true"], "healthcheck.always-passes-or-true"),
    ],
)
def test_the_health_command(test: list[str] | None, expected: str) -> None:
    assert code(COMMAND, Given(a_service("redis", test=test))) == expected


@pytest.mark.parametrize(
    ("test", "script", "expected"),
    [
        (["CMD", "/healthcheck.sh"], "#!/bin/sh\nredis-cli ping | grep -q PONG\n", "ok"),
        (["CMD-SHELL", "/healthcheck.sh || exit 1"], "#!/bin/bash -e\nredis-cli ping &>/dev/null\n", "ok"),
        (["CMD", "sh", "/healthcheck.sh"], "redis-cli ping", "ok"),
        (
            ["CMD", "/healthcheck.sh"],
            "#!/bin/sh\nredis-cli ping || true\n",
            "healthcheck.always-passes-or-true",
        ),
        (["CMD", "/healthcheck.sh"], "#!/bin/sh\necho redis-cli ping\n", "healthcheck.echo"),
        (["CMD", "/healthcheck.sh"], None, "healthcheck.other-command"),
    ],
)
def test_a_script_of_the_container_is_read(test: list[str], script: str | None, expected: str) -> None:
    cat = Exec(ID, ("cat", "--", "/healthcheck.sh"))
    answer = {"exit": 1 if script is None else 0, "stdout": script or "", "stderr": "", "problem": ""}
    assert code(COMMAND, Given(a_service("redis", test=test), facts={cat: answer})) == expected


def test_a_script_that_the_host_hides_is_the_hosts() -> None:
    cat = Exec(ID, ("cat", "--", "/healthcheck.sh"))
    see = Given(
        a_service("redis", test=["CMD", "/healthcheck.sh"]), facts={cat: Unobserved("engine.down", "")}
    )
    with pytest.raises(Unobserved):
        code(COMMAND, see)


def test_every_replica_needs_it() -> None:
    see = Given(a_service("redis", test=PING), a_service("redis", replica=2))
    assert code(COMMAND, see) == "healthcheck.none"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("services: {redis: {healthcheck: {test: [CMD, redis-cli, ping]}}}", "healthcheck.not-brought-up"),
        ("services: {redis: {healthcheck: {test: 'true'}}}", "healthcheck.none"),
        ("services: {web: {healthcheck: {test: [CMD, redis-cli, ping]}}}", "healthcheck.none"),
    ],
)
def test_an_edited_file_that_was_never_brought_up(text: str, expected: str) -> None:
    assert code(COMMAND, Given(a_service("redis"), facts={FILES: compose_file(text)})) == expected


def test_without_a_file_that_can_be_reached_the_container_alone_decides() -> None:
    see = Given(a_service("redis"), facts={FILES: Unobserved("host.timeout", "slow")})
    assert code(COMMAND, see) == "healthcheck.none"
    of_container = check(service=None, container="redis_1", command=["redis-cli", "ping"])
    assert code(of_container, Given(a_container("redis_1"))) == "healthcheck.none"


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (looks("healthy"), "ok"),
        (looks("starting", "healthy"), "ok"),
        (looks("unhealthy"), "health.unhealthy"),
        (looks("starting"), "health.still-starting"),
        (looks(""), "health.none"),
        (looks("healthy", "unhealthy"), "health.unhealthy"),
    ],
)
def test_the_health(facts: dict[Any, Any], expected: str) -> None:
    assert code(STATUS, Given(a_service("redis"), facts=facts)) == expected


def test_a_host_that_hides_the_health_is_an_error() -> None:
    facts = {HealthWithin(ID): Unobserved("engine.down", "gone")}
    assert hidden(STATUS, Given(a_service("redis"), facts=facts)) == "engine.down"


def test_command_and_health_together() -> None:
    both = check(command=["redis-cli", "ping"], status="healthy")
    healthy: Raw = a_service("redis", test=PING)
    assert code(both, Given(healthy, facts=looks("healthy"))) == "ok"
    assert code(both, Given(healthy, facts=looks("unhealthy"))) == "health.unhealthy"
    assert code(both, Given(a_service("redis"), facts=looks("healthy"))) == "healthcheck.none"


@pytest.mark.parametrize("fields", [{}, {"command": []}, {"status": "starting"}])
def test_a_check_that_asks_nothing_is_refused(fields: Any) -> None:
    with pytest.raises(ValidationError):
        check(**fields)


def test_commands_that_show_the_same() -> None:
    assert "{{json .Config.Healthcheck}}" in COMMAND.shown_by(Given(a_service("redis")))[0]
    assert "{{json .State.Health}}" in STATUS.shown_by(Given(a_service("redis")))[0]
