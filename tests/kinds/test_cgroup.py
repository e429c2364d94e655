"""Kind `cgroup`: what the kernel holds, on v1 and v2."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dockgrader.errors import Unobserved
from dockgrader.facts.cgroup import Cgroup
from dockgrader.kinds.base import Failed
from dockgrader.kinds.cgroup import CgroupCheck
from tests.givens import Given, Raw, a_cgroup, a_container, a_service, code, hex_id, hidden


def check(**fields: Any) -> CgroupCheck:
    return CgroupCheck(id="cgroup", kind="cgroup", **({"container": "test_limit"} | fields))


MEMORY, QUOTA, CPUS = check(memory="200MiB"), check(cpu_quota=50000), check(cpus=0.5)


def v2(memory: str | None = "209715200\n", cpu: str | None = "50000 100000\n") -> Raw:
    return a_cgroup(memory, cpu, version=2)


def host(cgroup: Any) -> Given:
    return Given(a_container(), facts={Cgroup("test_limit"): cgroup})


@pytest.mark.parametrize("cgroup", [a_cgroup(), v2()], ids=["v1", "v2"])
def test_all_limits_are_held(cgroup: Raw) -> None:
    for one in (MEMORY, QUOTA, CPUS, check(memory=209715200, cpus=0.5, cpu_quota=50000)):
        assert code(one, host(cgroup)) == "ok"


@pytest.mark.parametrize(
    ("cgroup", "expected"),
    [
        (a_cgroup("9223372036854771712\n"), "cgroup.memory-unlimited"),
        (a_cgroup("9223372036854710272\n"), "cgroup.memory-unlimited"),  # of a host with pages of 64 KiB
        (v2("max\n"), "cgroup.memory-unlimited"),
        (a_cgroup("209813504\n"), "cgroup.memory-different"),
        (v2("104857600\n"), "cgroup.memory-different"),
        (v2("garbage\n"), "cgroup.memory-different"),
    ],
)
def test_memory_that_is_off(cgroup: Raw, expected: str) -> None:
    assert code(MEMORY, host(cgroup)) == expected


@pytest.mark.parametrize("page", [4096, 16384, 65536])
def test_a_size_that_is_no_multiple_of_a_page_is_held_in_whole_pages(page: int) -> None:
    decimal, held = check(memory="100MB"), 100_000_000 // page * page
    assert code(decimal, host(v2(f"{held}\n"))) == "ok"
    for other in (held - 4096, held + 4096, 104857600):
        assert code(decimal, host(v2(f"{other}\n"))) == "cgroup.memory-different"
    assert code(MEMORY, host(v2(f"{209715200 - page}\n"))) == "cgroup.memory-different"


@pytest.mark.parametrize(
    ("cgroup", "quota", "cpus"),
    [
        (a_cgroup(quota="-1\n"), "cgroup.cpu-unlimited", "cgroup.cpu-unlimited"),
        (v2(cpu="max 100000\n"), "cgroup.cpu-unlimited", "cgroup.cpu-unlimited"),
        (a_cgroup(quota="20000\n"), "cgroup.cpu-different", "cgroup.cpu-different"),
        (v2(cpu="20000 100000\n"), "cgroup.cpu-different", "cgroup.cpu-different"),
        (a_cgroup(quota="25000\n", period="50000\n"), "cgroup.other-period", "ok"),
        (v2(cpu="25000 50000\n"), "cgroup.other-period", "ok"),
        (a_cgroup(quota="50000\n", period="50000\n"), "cgroup.cpu-different", "cgroup.cpu-different"),
        (a_cgroup(quota="50000\n", period=None), "ok", "ok"),
        (v2(cpu="50000\n"), "ok", "ok"),
        (v2(cpu="50000 0\n"), "ok", "ok"),
    ],
)
def test_the_quota_and_the_cpus_that_it_means(cgroup: Raw, quota: str, cpus: str) -> None:
    assert code(QUOTA, host(cgroup)) == quota
    assert code(CPUS, host(cgroup)) == cpus


def test_half_a_cpu_of_another_period_says_which_number_is_wanted() -> None:
    with pytest.raises(Failed) as caught:
        QUOTA.judge(host(v2(cpu="25000 50000\n")))
    verdict = caught.value.verdict
    assert (verdict.expected, verdict.actual) == (50000, 25000)
    wanted = {"quota": 25000, "period": 50000, "wanted": 50000, "cpus": "0.5"}
    assert {name: verdict.params[name] for name in wanted} == wanted


def test_raw_values_stay_raw() -> None:
    for cgroup, raw in ((a_cgroup("9223372036854771712\n"), 9223372036854771712), (v2("max\n"), "max")):
        with pytest.raises(Failed) as caught:
            MEMORY.judge(host(cgroup))
        assert caught.value.verdict.actual == raw
        assert caught.value.verdict.params["found"] == f"∞ ({raw})"
    with pytest.raises(Failed) as caught:
        QUOTA.judge(host(a_cgroup(quota="-1\n")))
    assert caught.value.verdict.actual == "-1"


@pytest.mark.parametrize(
    ("one", "cgroup"),
    [
        (MEMORY, a_cgroup(memory=None)),
        (MEMORY, v2(memory=None)),
        (QUOTA, a_cgroup(quota=None)),
        (CPUS, v2(cpu=None)),
    ],
)
def test_a_controller_that_the_host_lacks_is_the_hosts_error(one: CgroupCheck, cgroup: Raw) -> None:
    assert hidden(one, host(cgroup)) == "cgroup.controller-missing"


def test_files_that_cannot_be_read_are_the_hosts_error() -> None:
    assert hidden(MEMORY, host(Unobserved("cgroup.unreadable", "no cat"))) == "cgroup.unreadable"


def test_a_container_that_does_not_run_is_the_students() -> None:
    see = Given(a_container(status="exited"), facts={Cgroup("test_limit"): None})
    assert code(MEMORY, see) == "container.exited"
    assert code(MEMORY, Given()) != "ok"


def test_every_replica_must_hold_the_limit() -> None:
    one, two = a_service("redis"), a_service("redis", replica=2)
    facts = {Cgroup(one["Id"]): a_cgroup(), Cgroup(two["Id"]): a_cgroup("max\n")}
    of_service = check(container=None, service="redis", memory="200MiB")
    assert code(of_service, Given(one, two, facts=facts)) == "cgroup.memory-unlimited"


@pytest.mark.parametrize("fields", [{}, {"cpu_quota": 0}, {"memory": "max"}])
def test_a_check_that_asks_nothing_or_nonsense_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        check(**fields)


@given(st.text(max_size=30), st.text(max_size=30), st.sampled_from([1, 2]))
def test_no_content_breaks_the_judge(memory: str, cpu: str, version: int) -> None:
    see = host(a_cgroup(memory, cpu, cpu, version=version))
    assert {code(one, see).partition(".")[0] for one in (MEMORY, QUOTA, CPUS)} <= {"ok", "cgroup"}


def test_the_cgroup_is_asked_for_at_once_where_the_name_is_known() -> None:
    assert Cgroup("test_limit") in list(MEMORY.asks())
    assert [fact.name for fact in check(container=None, service="redis", memory=1).asks()] == ["containers"]


def test_commands_that_show_the_same() -> None:
    shown = MEMORY.shown_by(host(a_cgroup()))
    assert shown[0].startswith("cat /proc/$(docker inspect")
    assert shown[1:] == ["cat /cgroup/memory", "cat /cgroup/quota", "cat /cgroup/period"]
    inside = MEMORY.shown_by(host(a_cgroup(version=2, via="container")))
    assert inside[1:] == [
        "docker exec test_limit cat /cgroup/memory",
        "docker exec test_limit cat /cgroup/quota",
    ]
    assert MEMORY.shown_by(Given()) == ["docker ps -a"]
    assert hex_id("test_limit") not in "".join(shown)
