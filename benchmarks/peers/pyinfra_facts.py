# mypy: ignore-errors
"""Homework 1 with pyinfra, fact by fact: the same 19 assertions as checks/homework-1.yaml.

For Compose v2, cgroup v1 and its cgroupfs driver. `pyinfra --yes INVENTORY pyinfra_facts.py`; an assertion that does
not hold ends it with an error. Containers by pyinfra's own fact, the rest by commands.
"""

import re

from pyinfra import host
from pyinfra.facts.docker import DockerContainer
from pyinfra.facts.server import Command

PAGE = re.compile(r"Hello, World! I have been seen (\d{1,18}) times\.\s*")
PINGS = (["CMD", "redis-cli", "ping"], ["CMD-SHELL", "redis-cli ping"])


def container(name):
    """As inspected."""
    return host.get_fact(DockerContainer, object_id=name)[0]


def service(name):
    """The container of a Compose service."""
    filters = (
        f"--filter label=com.docker.compose.service={name} --filter label=com.docker.compose.oneoff=False"
    )
    return container(host.get_fact(Command, f"docker ps --quiet {filters}"))


def image(inspected, wanted):
    """The wanted name when the container runs from it, by name or by id, else the name that it has."""
    found = inspected["Config"]["Image"]
    if found != wanted:
        wanted_id = host.get_fact(Command, f"docker image inspect --format '{{{{.Id}}}}' {wanted}")
        return wanted if inspected["Image"] == wanted_id else found
    return found


def cpus(inspected):
    """The limit by the engine, whether it was given as CPUs or as quota and period."""
    limits = inspected["HostConfig"]
    return limits["NanoCpus"] / 1e9 or limits["CpuQuota"] / (limits["CpuPeriod"] or 100000)


def cgroup(inspected, file):
    """A number in a file of the container's cgroup."""
    controller = file.partition(".")[0]
    path = f"/sys/fs/cgroup/{controller}/docker/{inspected['Id']}/{file}"
    return int(host.get_fact(Command, f"cat {path}"))


def data(inspected):
    """Type and name of what is mounted on /data."""
    return [
        (mount["Type"], mount.get("Name")) for mount in inspected["Mounts"] if mount["Destination"] == "/data"
    ]


test_limit = container("test_limit")
assert test_limit["State"]["Status"] == "running"
assert image(test_limit, "test_resource") in ("test_resource", "test_resources")
assert test_limit["HostConfig"]["Memory"] == 209715200
assert cpus(test_limit) == 0.5
assert cgroup(test_limit, "memory.limit_in_bytes") == 209715200
assert cgroup(test_limit, "cpu.cfs_quota_us") == 50000
assert cgroup(test_limit, "cpu.cfs_period_us") == 100000

redis_2 = container("redis_2")
assert redis_2["State"]["Status"] == "running"
assert image(redis_2, "redis_1") == "redis_1"
assert data(redis_2) == data(container("redis_1")) != []
assert host.get_fact(Command, "docker exec redis_2 redis-cli get mykey") == "foobar"

redis, web = service("redis"), service("web")
assert redis["State"]["Status"] == "running"
assert redis["Config"]["Healthcheck"]["Test"] in PINGS
assert redis["State"]["Health"]["Status"] == "healthy"
assert web["Config"]["Labels"]["com.docker.compose.depends_on"].startswith("redis:service_healthy:")
assert redis["HostConfig"]["Memory"] == 524288000
assert cpus(redis) == 0.5
assert cgroup(redis, "memory.limit_in_bytes") == 524288000
assert cgroup(redis, "cpu.cfs_quota_us") == 50000
assert cgroup(redis, "cpu.cfs_period_us") == 100000
assert web["State"]["Status"] == "running"
port = next(bindings[0]["HostPort"] for bindings in web["NetworkSettings"]["Ports"].values() if bindings)
pages = [host.get_fact(Command, f"curl -sS -m 10 http://127.0.0.1:{port}/ # {number}") for number in range(2)]
first, second = (int(PAGE.fullmatch(page)[1]) for page in pages)
assert second > first
