# mypy: ignore-errors
"""Homework 1 as tests with pytest-testinfra: the same 19 assertions as checks/homework-1.yaml.

For Compose v2, cgroup v1 and its cgroupfs driver. Written as its documentation does it: `host.docker(…)` for
containers, `host.file(…)` for files, `host.run(…)` for the rest.
"""

import os
import re

import pytest
import testinfra

PAGE = re.compile(r"Hello, World! I have been seen (\d{1,18}) times\.\s*")
PINGS = (["CMD", "redis-cli", "ping"], ["CMD-SHELL", "redis-cli ping"])


@pytest.fixture(scope="module")
def host():
    """This machine, or another one that is reached over SSH."""
    return testinfra.get_host(os.environ.get("STUDENT_HOST", "local://"))


@pytest.fixture(scope="module")
def test_limit(host):
    """As inspected; once for all tests."""
    return host.docker("test_limit").inspect()


@pytest.fixture(scope="module")
def redis_2(host):
    return host.docker("redis_2").inspect()


@pytest.fixture(scope="module")
def redis(host):
    return service(host, "redis")


@pytest.fixture(scope="module")
def web(host):
    return service(host, "web")


def service(host, name):
    """The container of a Compose service."""
    labels = [f"com.docker.compose.service={name}", "com.docker.compose.oneoff=False"]
    return host.docker.get_containers(label=labels)[0].inspect()


def image(host, container, wanted):
    """The wanted name when the container runs from it, by name or by id, else the name that it has."""
    found = container["Config"]["Image"]
    if found != wanted:
        wanted_id = host.check_output("docker image inspect --format '{{.Id}}' %s", wanted)
        return wanted if container["Image"] == wanted_id else found
    return found


def cpus(container):
    """The limit by the engine, whether it was given as CPUs or as quota and period."""
    limits = container["HostConfig"]
    return limits["NanoCpus"] / 1e9 or limits["CpuQuota"] / (limits["CpuPeriod"] or 100000)


def cgroup(host, container, file):
    """A number in a file of the container's cgroup."""
    controller = file.partition(".")[0]
    return int(host.file(f"/sys/fs/cgroup/{controller}/docker/{container['Id']}/{file}").content_string)


def data(container):
    """Type and name of what is mounted on /data."""
    return [
        (mount["Type"], mount.get("Name")) for mount in container["Mounts"] if mount["Destination"] == "/data"
    ]


def test_limit_is_running(test_limit):
    assert test_limit["State"]["Status"] == "running"


def test_limit_runs_from_its_image(host, test_limit):
    assert image(host, test_limit, "test_resource") in ("test_resource", "test_resources")


def test_limit_memory(test_limit):
    assert test_limit["HostConfig"]["Memory"] == 209715200


def test_limit_cpus(test_limit):
    assert cpus(test_limit) == 0.5


def test_limit_cgroup_memory(host, test_limit):
    assert cgroup(host, test_limit, "memory.limit_in_bytes") == 209715200


def test_limit_cgroup_quota(host, test_limit):
    assert cgroup(host, test_limit, "cpu.cfs_quota_us") == 50000
    assert cgroup(host, test_limit, "cpu.cfs_period_us") == 100000


def test_redis_2_is_running(redis_2):
    assert redis_2["State"]["Status"] == "running"


def test_redis_2_runs_from_redis_1(host, redis_2):
    assert image(host, redis_2, "redis_1") == "redis_1"


def test_redis_2_has_the_volume_of_redis_1(host, redis_2):
    assert data(redis_2) == data(host.docker("redis_1").inspect()) != []


def test_redis_2_has_the_key(host):
    assert host.check_output("docker exec redis_2 redis-cli get mykey") == "foobar"


def test_redis_is_running(redis):
    assert redis["State"]["Status"] == "running"


def test_redis_has_its_healthcheck(redis):
    assert redis["Config"]["Healthcheck"]["Test"] in PINGS


def test_redis_is_healthy(redis):
    assert redis["State"]["Health"]["Status"] == "healthy"


def test_web_waits_until_redis_is_healthy(web):
    assert web["Config"]["Labels"]["com.docker.compose.depends_on"].startswith("redis:service_healthy:")


def test_redis_memory(redis):
    assert redis["HostConfig"]["Memory"] == 524288000


def test_redis_cpus(redis):
    assert cpus(redis) == 0.5


def test_redis_cgroup(host, redis):
    assert cgroup(host, redis, "memory.limit_in_bytes") == 524288000
    assert cgroup(host, redis, "cpu.cfs_quota_us") == 50000
    assert cgroup(host, redis, "cpu.cfs_period_us") == 100000


def test_web_is_running(web):
    assert web["State"]["Status"] == "running"


def test_web_counts_its_visitors(host, web):
    port = next(bindings[0]["HostPort"] for bindings in web["NetworkSettings"]["Ports"].values() if bindings)
    pages = [host.check_output("curl -sS -m 10 http://127.0.0.1:%s/", port) for _ in range(2)]
    first, second = (int(PAGE.fullmatch(page)[1]) for page in pages)
    assert second > first
