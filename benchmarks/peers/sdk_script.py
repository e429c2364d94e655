# mypy: ignore-errors
"""Homework 1 checked by a bare script on the docker SDK: the same 19 assertions as checks/homework-1.yaml.

For Compose v2, cgroup v1 and its cgroupfs driver. One line an assertion, exit status 1 when one does not hold. With
DOCKER_HOST=ssh://… the SDK goes to another machine; what it has no call for is then asked for by `ssh $STUDENT`.
"""

import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import docker

PAGE = re.compile(r"Hello, World! I have been seen (\d{1,18}) times\.")
PINGS = (["CMD", "redis-cli", "ping"], ["CMD-SHELL", "redis-cli ping"])
STUDENT = os.environ.get("STUDENT", "").split()
failures = 0


def there(command):
    """What a command prints on the student's machine."""
    return subprocess.run(["ssh", *STUDENT, command], check=True, capture_output=True, text=True).stdout


def check(title, actual, *wanted):
    """One of the wanted values is right."""
    global failures
    if actual in wanted:
        print(f"ok    {title}")
    else:
        print(f"FAIL  {title}: expected {wanted}, found {actual!r}")
        failures += 1


def image(container, wanted):
    """The wanted name when the container runs from it, by name or by id, else the name that it has."""
    found = container["Config"]["Image"]
    if found != wanted and container["Image"] == api.inspect_image(wanted)["Id"]:
        return wanted
    return found


def cpus(container):
    """The limit by the engine, whether it was given as CPUs or as quota and period."""
    host = container["HostConfig"]
    return host["NanoCpus"] / 1e9 or host["CpuQuota"] / (host["CpuPeriod"] or 100000)


def cgroup(container, file):
    """A number in a file of the container's cgroup."""
    controller = file.partition(".")[0]
    path = f"/sys/fs/cgroup/{controller}/docker/{container['Id']}/{file}"
    return int(there(f"cat {path}") if STUDENT else Path(path).read_text())


def cpu_cgroup(container):
    """Quota and period."""
    return cgroup(container, "cpu.cfs_quota_us"), cgroup(container, "cpu.cfs_period_us")


def data(container):
    """Type and name of what is mounted on /data."""
    return next(
        (
            (mount["Type"], mount.get("Name"))
            for mount in container["Mounts"]
            if mount["Destination"] == "/data"
        ),
        None,
    )


def service(name):
    """The container of a Compose service."""
    labels = [f"com.docker.compose.service={name}", "com.docker.compose.oneoff=False"]
    return api.inspect_container(api.containers(all=True, filters={"label": labels})[0]["Id"])


def visits(port):
    """The number on the page; -1 when it is another page."""
    url = f"http://127.0.0.1:{port}/"
    if STUDENT:
        text = there(f"curl -sS -m 10 {url}")
    else:
        with urllib.request.urlopen(url, timeout=10) as answer:
            text = answer.read().decode()
    match = PAGE.fullmatch(text.strip())
    return int(match[1]) if match else -1


api = docker.from_env().api
test_limit = api.inspect_container("test_limit")
check("test_limit is running", test_limit["State"]["Status"], "running")
check(
    "It runs from the image test_resource",
    image(test_limit, "test_resource"),
    "test_resource",
    "test_resources",
)
check("The engine limits its memory to 200 MiB", test_limit["HostConfig"]["Memory"], 209715200)
check("The engine limits it to 0.5 CPU", cpus(test_limit), 0.5)
check("Its cgroup holds 209715200 bytes", cgroup(test_limit, "memory.limit_in_bytes"), 209715200)
check("Its cgroup holds the CPU quota 50000", cpu_cgroup(test_limit), (50000, 100000))

redis_1, redis_2 = api.inspect_container("redis_1"), api.inspect_container("redis_2")
check("redis_2 is running", redis_2["State"]["Status"], "running")
check("It runs from the image redis_1", image(redis_2, "redis_1"), "redis_1")
check("Its /data is the volume of redis_1", data(redis_2), data(redis_1))
answer = api.exec_start(api.exec_create("redis_2", ["redis-cli", "get", "mykey"])["Id"])
check("redis-cli get mykey answers foobar", answer, b"foobar\n")

redis, web = service("redis"), service("web")
check("The service redis is running", redis["State"]["Status"], "running")
check("Its healthcheck is redis-cli ping", redis["Config"]["Healthcheck"]["Test"], *PINGS)
check("redis is healthy", redis["State"]["Health"]["Status"], "healthy")
depends = web["Config"]["Labels"]["com.docker.compose.depends_on"].rpartition(":")[0]
check("web waits until redis is healthy", depends, "redis:service_healthy")
check("The engine limits redis to 500 MiB", redis["HostConfig"]["Memory"], 524288000)
check("The engine limits redis to 0.5 CPU", cpus(redis), 0.5)
limits = (cgroup(redis, "memory.limit_in_bytes"), *cpu_cgroup(redis))
check("The cgroup of redis holds both limits", limits, (524288000, 50000, 100000))
check("The service web is running", web["State"]["Status"], "running")
port = next(bindings[0]["HostPort"] for bindings in web["NetworkSettings"]["Ports"].values() if bindings)
check("web counts its visitors", 0 <= visits(port) < visits(port), True)

sys.exit(failures > 0)
