"""Kind `container`: friendly fields, and any path of inspect."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dockgrader.kinds.base import Failed
from dockgrader.kinds.container import ContainerCheck, at_path
from tests.givens import HALF_A_CPU, MIB, Given, a_container, a_service, a_volume, code


def check(**fields: Any) -> ContainerCheck:
    return ContainerCheck(id="limits", kind="container", **({"container": "test_limit"} | fields))


GOOD = a_container(memory=200 * MIB, cpus=HALF_A_CPU)


@pytest.mark.parametrize(
    "fields",
    [
        {"state": "running"},
        {"memory": "200MiB"},
        {"cpus": 0.5},
        {"state": "running", "memory": 209715200, "cpus": "0.5"},
        {"inspect": {"HostConfig.NanoCpus": 500000000}},
        {"inspect": {"HostConfig.NanoCpus": "500000000", "Config.Image": {"matches": "^test_"}}},
    ],
)
def test_all_is_as_expected(fields: dict[str, Any]) -> None:
    assert code(check(**fields), Given(GOOD)) == "ok"


def test_passing_tells_what_was_found() -> None:
    verdict = check(memory="200MiB").judge(Given(GOOD))
    assert (verdict.expected, verdict.actual) == (209715200, 209715200)
    verdict = check(cpus=0.5).judge(Given(GOOD))
    assert (verdict.expected, verdict.actual) == (HALF_A_CPU, HALF_A_CPU)
    verdict = check(inspect={"Config.Image": {"contains": "test"}}).judge(Given(GOOD))
    assert (verdict.expected, verdict.actual) == ({"contains": "test"}, "test_resource")


def test_the_first_thing_that_is_off_decides() -> None:
    stopped = Given(a_container(status="exited", memory=1))
    assert code(check(state="running", memory="200MiB"), stopped) == "container.exited"
    assert code(check(memory="200MiB", cpus=0.5), stopped) == "memory.different"


def test_every_replica_must_satisfy() -> None:
    see = Given(a_service("redis", memory=500 * MIB), a_service("redis", replica=2, memory=500 * MIB + 4096))
    assert code(check(container=None, service="redis", memory="500MiB"), see) == "memory.different"


def test_a_path_that_is_off_is_told_with_its_value() -> None:
    with pytest.raises(Failed) as caught:
        check(inspect={"HostConfig.Memory": {"at_least": 10**9}}).judge(Given(GOOD))
    verdict = caught.value.verdict
    assert (verdict.code, verdict.expected, verdict.actual) == (
        "container.inspect",
        {"at_least": 10**9},
        209715200,
    )
    assert verdict.params["path"] == "HostConfig.Memory"


def test_a_path_that_is_not_there_is_null() -> None:
    assert code(check(inspect={"HostConfig.Nope": None}), Given(GOOD)) == "ok"
    assert code(check(inspect={"HostConfig.Nope": 1}), Given(GOOD)) == "container.inspect"


@pytest.mark.parametrize(
    "fields", [{}, {"inspect": {}}, {"state": "stopped"}, {"memory": "200m"}, {"cpus": 0}]
)
def test_a_check_that_asks_nothing_or_nonsense_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        check(**fields)


DATA = {"Mounts": [a_volume("data")], "Config": {"Labels": {"a.b": "dotted", "a": {"b": "nested"}}}, "n": 0}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("n", 0),
        ("Mounts.0.Name", "data"),
        ("Mounts[0][Type]", "volume"),
        ("Mounts.1.Name", None),
        ("Mounts.Name", None),
        ("Config.Labels[a.b]", "dotted"),
        ("Config.Labels.a.b", "nested"),
        ("n.x", None),
        ("", DATA),
    ],
)
def test_paths(path: str, value: Any) -> None:
    assert at_path(DATA, path) == value


@given(st.text(max_size=30))
def test_no_path_breaks(path: str) -> None:
    at_path(DATA, path)


@pytest.mark.parametrize(
    ("fields", "template"),
    [
        ({"memory": 1}, "{{.HostConfig.Memory}}"),
        ({"cpus": 1}, "{{.HostConfig.NanoCpus}} {{.HostConfig.CpuQuota}} {{.HostConfig.CpuPeriod}}"),
        ({"inspect": {"Config.Image": "x"}}, "{{json .Config.Image}}"),
        ({"inspect": {"Mounts.0.Name": "x"}}, '{{json (index . "Mounts" 0 "Name")}}'),
    ],
)
def test_a_template_for_docker_inspect_shows_the_same(fields: dict[str, Any], template: str) -> None:
    assert check(**fields).shown_by(Given(GOOD)) == [f"docker container inspect -f '{template}' test_limit"]


def test_one_replica_is_enough_where_the_author_says_so() -> None:
    dead, alive = a_service("web", status="exited"), a_service("web", replica=2)
    web: dict[str, Any] = {"container": None, "service": "web", "state": "running"}
    assert code(check(**web), Given(dead, alive)) == "container.exited"
    assert code(check(**web, any_replica=True), Given(dead, alive)) == "ok"
    assert code(check(**web, any_replica=True), Given(dead)) == "container.exited"
