"""Limits as the engine holds them: each way to get them wrong has its own code."""

from __future__ import annotations

from typing import Any

import pytest

from dockgrader.errors import Unobserved
from dockgrader.facts.engine import Info
from dockgrader.kinds.base import Failed
from dockgrader.kinds.container import ContainerCheck
from dockgrader.kinds.limits import decimal_megabytes
from tests.givens import (
    FILES,
    HALF_A_CPU,
    MIB,
    Given,
    a_container,
    a_service,
    an_engine,
    code,
    compose_file,
    hidden,
)

MEMORY = ContainerCheck(id="memory", kind="container", container="test_limit", memory="200MiB")
CPUS = ContainerCheck(id="cpus", kind="container", container="test_limit", cpus=0.5)
OF_REDIS = {
    "memory": ContainerCheck(id="memory", kind="container", service="redis", memory="500MiB"),
    "cpu": ContainerCheck(id="cpus", kind="container", service="redis", cpus=0.5),
}


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        ({"memory": 209715200}, "ok"),
        ({"memory": 0}, "memory.unlimited"),
        ({"memory": 200_000_000}, "memory.decimal-megabytes"),
        ({"memory": 209815200}, "memory.different"),
        ({"memory": 100 * MIB}, "memory.different"),
        ({"host": {"MemoryReservation": 209715200}}, "memory.only-reserved"),
        ({"host": {"MemoryReservation": 1}}, "memory.unlimited"),
    ],
)
def test_memory(container: dict[str, Any], expected: str) -> None:
    assert code(MEMORY, Given(a_container(**container))) == expected


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        ({"cpus": HALF_A_CPU}, "ok"),
        ({"host": {"CpuPeriod": 100_000, "CpuQuota": 50_000}}, "ok"),
        ({"host": {"CpuPeriod": 50_000, "CpuQuota": 25_000}}, "ok"),
        ({"cpus": 200_000_000}, "cpu.different"),
        ({"host": {"CpuQuota": 5_000}}, "cpu.different"),
        ({}, "cpu.unlimited"),
        ({"host": {"CpuShares": 512}}, "cpu.only-shares"),
        ({"host": {"CpusetCpus": "0"}}, "cpu.only-cpuset"),
        ({"host": {"CpuShares": 512, "CpusetCpus": "0"}}, "cpu.only-shares"),
    ],
)
def test_cpus(container: dict[str, Any], expected: str) -> None:
    assert code(CPUS, Given(a_container(**container))) == expected


def test_numbers_are_raw_beside_what_a_person_reads() -> None:
    with pytest.raises(Failed) as caught:
        MEMORY.judge(Given(a_container(memory=200_000_000)))
    verdict = caught.value.verdict
    assert (verdict.expected, verdict.actual) == (209715200, 200000000)
    assert (verdict.params["wanted"], verdict.params["found"]) == (
        "200 MiB (209715200)",
        "190.73 MiB (200000000)",
    )


@pytest.mark.parametrize(
    ("check", "engine", "expected"),
    [
        (MEMORY, an_engine(MemoryLimit=False), "engine.no-memory-limit"),
        (CPUS, an_engine(CpuCfsQuota=False), "engine.no-cpu-limit"),
        (MEMORY, Unobserved("engine.down", "gone"), "engine.down"),
    ],
)
def test_a_kernel_that_cannot_limit_is_not_the_students_fault(check: Any, engine: Any, expected: str) -> None:
    assert hidden(check, Given(a_container(), facts={Info(): engine})) == expected


def test_a_wrong_limit_is_the_students_whatever_the_kernel_can() -> None:
    see = Given(
        a_container(memory=1, cpus=1), facts={Info(): an_engine(MemoryLimit=False, CpuCfsQuota=False)}
    )
    assert (code(MEMORY, see), code(CPUS, see)) == ("memory.different", "cpu.different")


RIGHT_FILE = compose_file("services: {redis: {image: redis, mem_limit: 524288000, cpus: 0.5}}")
WRONG_FILE = compose_file("services: {redis: {image: redis, mem_limit: 1g, cpus: 1}, web: {mem_limit: 500m}}")


@pytest.mark.parametrize("what", ["memory", "cpu"])
def test_a_service_without_the_limit(what: str) -> None:
    check = OF_REDIS[what]
    limited: dict[str, Any] = {"memory": 500 * MIB, "cpus": HALF_A_CPU}
    assert code(check, Given(a_service("redis", **limited))) == "ok"
    assert code(check, Given(a_service("redis"))) == f"{what}.unlimited"
    on_web = Given(a_service("redis"), a_service("web", **limited), facts={FILES: RIGHT_FILE})
    assert code(check, on_web) == f"{what}.on-other-service"
    assert code(check, Given(a_service("redis"), facts={FILES: RIGHT_FILE})) == f"{what}.not-brought-up"
    assert code(check, Given(a_service("redis"), facts={FILES: WRONG_FILE})) == f"{what}.unlimited"


def test_the_limit_of_another_project_or_replica_is_not_the_services() -> None:
    limited: dict[str, Any] = {"memory": 500 * MIB}
    see = Given(
        a_service("redis", replica=2), a_service("redis", **limited), a_service("web", "other", **limited)
    )
    assert code(OF_REDIS["memory"], see) == "memory.unlimited"


def test_a_file_that_cannot_be_reached_only_makes_the_mistake_less_exact() -> None:
    see = Given(a_service("redis"), facts={FILES: Unobserved("host.timeout", "slow")})
    assert code(OF_REDIS["memory"], see) == "memory.unlimited"


@pytest.mark.parametrize(
    ("actual", "expected", "decimal"),
    [(200_000_000, 200 * MIB, True), (200_000_000, 200 * MIB + 1, False), (200 * MIB, 200 * MIB, False)],
)
def test_decimal_megabytes(actual: int, expected: int, decimal: bool) -> None:
    assert decimal_megabytes(actual, expected) is decimal
