"""Containers and images: what is read of them, what is kept, and how other engines' shapes are understood."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockgrader.errors import Unobserved
from dockgrader.facts.containers import Container, Containers, Image, Inspected, Mount, command_words
from tests.givens import Raw, a_container, a_volume, hex_id
from tests.made_up_host import MadeUpHost, raw_answer, read

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


def inspected(**more: Any) -> Inspected:
    return Inspected(a_container(**more))


def test_a_container_is_found_by_name_and_by_full_id() -> None:
    host = MadeUpHost(a_container("redis_1"))
    for ref in ("redis_1", hex_id("redis_1")):
        found = read(Container(ref), host)
        assert found is not None
        assert (found.name, found.id) == ("redis_1", hex_id("redis_1"))


def test_a_container_that_is_not_there_is_none() -> None:
    assert read(Container("nope"), MadeUpHost()) is None


def test_the_beginning_of_an_id_is_no_name() -> None:
    """`docker inspect abc` finds a container whose id begins with abc."""
    assert read(Container("abc"), MadeUpHost(answers={"/containers/abc/json": a_container()})) is None


def test_a_name_with_odd_characters_stays_one_part_of_the_path() -> None:
    host = MadeUpHost()
    read(Container("../images/x"), host)
    assert host.calls == ["/containers/..%2Fimages%2Fx/json"]


def test_environment_values_never_reach_the_evidence() -> None:
    raw = raw_answer(Container("test_limit"), MadeUpHost(a_container()))
    assert raw["Config"]["Env"] == ["SECRET=(redacted)"]
    image = {"Id": "x", "Config": {"Env": ["PATH=/bin", "PW=a=b"]}, "ContainerConfig": {"Env": ["PW=a=b"]}}
    kept = raw_answer(Image("app"), MadeUpHost(answers={"/images/app/json": image}))
    assert kept["Config"]["Env"] == ["PATH=(redacted)", "PW=(redacted)"]
    assert kept["ContainerConfig"]["Env"] == ["PW=(redacted)"]


def test_the_list_of_containers_is_read_once_for_all() -> None:
    host = MadeUpHost(a_container("one", labels={"a": "b"}), a_container("two", status="exited"))
    one, two = read(Containers(), host)
    assert (one.names, one.state, one.labels) == (("one",), "running", {"a": "b"})
    assert (two.id, two.image, two.state) == (hex_id("two"), "test_resource", "exited")


@pytest.mark.parametrize("status", ["running", "paused", "restarting", "exited", "created", "dead"])
def test_the_status_is_the_engines_word(status: str) -> None:
    assert inspected(status=status).status == status


def test_podman_says_running_of_a_paused_container() -> None:
    assert inspected(state={"Paused": True}).status == "paused"


@pytest.mark.parametrize(
    ("host", "cpus"),
    [
        ({}, 0),
        ({"NanoCpus": 500_000_000}, 500_000_000),
        ({"CpuQuota": 50_000, "CpuPeriod": 100_000}, 500_000_000),
        ({"CpuQuota": 25_000, "CpuPeriod": 50_000}, 500_000_000),
        ({"CpuQuota": 50_000}, 500_000_000),
        ({"CpuQuota": -1, "CpuPeriod": 100_000}, 0),
        ({"CpuPeriod": 50_000}, 0),
        ({"NanoCpus": 500_000_000, "CpuQuota": 50_000, "CpuPeriod": 100_000}, 500_000_000),
        ({"NanoCpus": None, "CpuQuota": None}, 0),
    ],
)
def test_cpus_come_from_nano_cpus_or_from_quota_and_period(host: Raw, cpus: int) -> None:
    assert inspected(host=host).cpus == cpus


def test_mounts_of_every_type() -> None:
    bind = {"Type": "bind", "Source": "/srv", "Destination": "/data/"}
    found = inspected(mounts=[a_volume("data"), bind], host={"Tmpfs": {"/tmp/": "rw"}}).mounts
    assert found == [
        Mount("volume", "data", "/var/lib/docker/volumes/data", "/data"),
        Mount("bind", "", "/srv", "/data"),
        Mount("tmpfs", "", "", "/tmp"),
    ]


@pytest.mark.parametrize(
    ("state", "health"),
    [
        ({}, ""),
        ({"Health": {"Status": "starting"}}, "starting"),
        ({"Health": {"Status": "none"}}, ""),
        ({"Healthcheck": {"Status": "healthy"}}, "healthy"),
        ({"Health": None}, ""),
    ],
)
def test_health_of_docker_and_podman(state: Raw, health: str) -> None:
    assert inspected(state=state).health == health


def test_published_ports_are_tcp_and_each_once() -> None:
    ports = {
        "80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}, {"HostIp": "::", "HostPort": "8080"}],
        "81/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}, {"HostIp": "", "HostPort": "８０"}],
        "53/udp": [{"HostIp": "0.0.0.0", "HostPort": "53"}],
        "443/tcp": None,
    }
    assert inspected(ports=ports).published == [("0.0.0.0", 8080), ("::", 8080)]


def test_in_the_hosts_network_a_port_that_is_named_is_the_hosts() -> None:
    """EXPOSE of the image, and what `ports` of a compose file would publish."""
    raw = a_container(host={"NetworkMode": "host"})
    assert (Inspected(raw).published, Inspected(raw).addresses) == ([], ["127.0.0.1"])
    raw["Config"]["ExposedPorts"] = {"5000/tcp": {}, "53/udp": {}, "x/tcp": {}}
    assert Inspected(raw).publications == {("0.0.0.0", 5000): 5000}
    raw["HostConfig"]["NetworkMode"] = "bridge"
    assert (Inspected(raw).published, Inspected(raw).addresses) == ([], [])


def test_an_engine_may_leave_out_everything() -> None:
    """Docker 29 leaves out what is empty, Podman says null."""
    for raw in (
        {},
        {"State": None, "Config": None, "HostConfig": None, "NetworkSettings": None, "Mounts": None},
    ):
        found = Inspected(raw)
        assert (found.status, found.pid, found.memory, found.cpus, found.health) == ("", 0, 0, 0, "")
        assert (found.mounts, found.labels, found.published, found.health_test) == ([], {}, [], None)
        assert command_words(raw) == []


def test_an_answer_that_no_engine_gives_is_an_error_and_no_missing_container() -> None:
    answers = {
        "/containers/x/json": {"message": "hello"},
        "/images/x/json": [],
        "/containers/json": [{"Names": []}],
    }
    for fact in (Container("x"), Image("x"), Containers()):
        with pytest.raises(Unobserved, match="has no Id"):
            read(fact, MadeUpHost(answers=answers))


@given(JSON)
def test_no_answer_breaks_the_reading(raw: Any) -> None:
    """Evidence can have been changed by hand, and an engine can be anything."""
    for fact in (Container("x"), Containers(), Image("x")):
        fact.parse(raw)
    odd = Inspected({"Config": raw, "State": raw, "HostConfig": raw, "NetworkSettings": raw, "Mounts": [raw]})
    for name in ("status", "cpus", "mounts", "labels", "health", "health_test", "published", "image"):
        getattr(odd, name)


def test_what_a_person_types_to_see_the_same() -> None:
    assert Container("my name").shown_by() == "docker container inspect 'my name'"
    assert Container(hex_id("x")).shown_by() == f"docker container inspect {hex_id('x')[:12]}"
    assert Containers().shown_by() == "docker ps -a"
    assert Image("a;b").shown_by() == "docker image inspect 'a;b'"


@pytest.mark.parametrize(
    ("state", "status", "settled"),
    [
        ("running", "Up 5 minutes", True),
        ("running", "Up About a minute (healthy)", True),
        ("running", "Up 3 weeks (unhealthy)", True),
        ("running", "Up 5 minutes (health: starting)", False),
        ("running", "Up 59 seconds (healthy)", False),
        ("running", "Up 1 second", False),
        ("running", "Up Less than a second", False),
        ("running", "", False),  # an engine that does not say
        ("exited", "Exited (0) 3 seconds ago", True),
        ("paused", "Up 5 minutes (Paused)", True),
        ("created", "Created", False),
        ("restarting", "Restarting (1) 5 seconds ago", False),
    ],
)
def test_whether_a_container_is_about_to_change(state: str, status: str, settled: bool) -> None:
    (found,) = Containers().parse([{"Id": "x", "State": state, "Status": status}])
    assert found.settled is settled


def test_published_ports_in_the_list() -> None:
    ports = [
        {"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"},
        {"PrivatePort": 443, "Type": "tcp"},
        {"IP": "::", "PublicPort": 53, "Type": "udp"},
        {"PublicPort": 81, "Type": "tcp"},
        "nonsense",
    ]
    (found,) = Containers().parse([{"Id": "x", "Ports": ports}])
    assert found.ports == (("0.0.0.0", 8080), ("", 81))
