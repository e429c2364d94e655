"""A made-up host on which homework-1 is done, as the notes want it, and ways to spoil it."""

from __future__ import annotations

import itertools
import socket
from pathlib import Path
from typing import Any

from dockgrader.assignment.loading import Loaded, load, shipped
from dockgrader.grading.evidence import Evidence
from dockgrader.grading.grade import grade
from dockgrader.grading.seeing import LiveSee
from dockgrader.hosts.deadline import Deadline
from dockgrader.report.model import CheckReport, HostReport, Report
from tests.givens import FILES, HALF_A_CPU, MIB, Raw, a_container, a_service, a_volume
from tests.made_up_host import MadeUpHost

HOMEWORK: Path = shipped() / "homework-1.yaml"
STARTED = "2026-03-01T10:05:00+00:00"
_TABLE = "".join(
    f"33 25 0:28 / /sys/fs/cgroup/{name} rw - cgroup cgroup rw,{name}\n" for name in ("memory", "cpu")
)
_COMPOSE = "services: {web: {depends_on: {redis: {condition: service_healthy}}}, redis: {}}"


def containers() -> dict[str, Raw]:
    """All containers of the reference solution by name."""
    made = [
        a_container("test_limit", memory=200 * MIB, cpus=HALF_A_CPU, state={"Pid": 100}),
        a_container("redis_1", image="redis_1", mounts=[a_volume("data")]),
        a_container("redis_2", image="redis_1", mounts=[a_volume("data")]),
        a_service(
            "redis",
            memory=500 * MIB,
            cpus=HALF_A_CPU,
            state={"Pid": 200},
            test=["CMD", "redis-cli", "ping"],
            health="healthy",
        ),
        a_service("web", ports={"5000/tcp": [{"HostIp": "0.0.0.0", "HostPort": "80"}]}),
    ]
    return {raw["Name"].lstrip("/"): raw for raw in made}


class Solved(MadeUpHost):
    """The host; `spoilt` replaces containers (None takes one away), the rest goes to MadeUpHost."""

    def __init__(self, spoilt: dict[str, Raw | None] | None = None, **more: Any) -> None:
        made = {name: raw for name, raw in {**containers(), **(spoilt or {})}.items() if raw is not None}
        files = {"/proc/self/mountinfo": _TABLE, FILES.config_files: _COMPOSE}
        for name, memory in (("test_limit", 200 * MIB), ("compose-redis-1", 500 * MIB)):
            if name in made:
                files |= _cgroup(made[name], memory)
        execs = {"redis-cli get mykey": "foobar\n", **more.pop("execs", {})}
        super().__init__(*made.values(), files=files | more.pop("files", {}), execs=execs, **more)
        self._hits = itertools.count(1)
        self._open: list[socket.socket] = []

    def connect(self, address: str, port: int, seconds: float) -> socket.socket:
        ours, theirs = socket.socketpair()
        theirs.sendall(b"HTTP/1.0 200 OK\r\n\r\nHello, World! I have been seen %d times." % next(self._hits))
        theirs.shutdown(socket.SHUT_WR)
        self._open.append(theirs)
        return ours

    def close(self) -> None:
        for connection in self._open:
            connection.close()


def _cgroup(raw: Raw, memory: int) -> dict[str, str]:
    path, folder = f"/docker/{raw['Id']}", "/sys/fs/cgroup"
    return {
        f"/proc/{raw['State']['Pid']}/cgroup": f"4:memory:{path}\n3:cpu:{path}\n",
        f"{folder}/memory{path}/memory.limit_in_bytes": f"{memory}\n",
        f"{folder}/cpu{path}/cpu.cfs_quota_us": "50000\n",
        f"{folder}/cpu{path}/cpu.cfs_period_us": "100000\n",
    }


def graded(host: MadeUpHost, loaded: Loaded | None = None, *, seconds: float = 20) -> tuple[Report, Evidence]:
    """The report of a live run, and what was read."""
    loaded = loaded or load(HOMEWORK)
    see = LiveSee(host, Deadline(seconds), wait=0.1)
    named = HostReport(host.name, "20.10.24", host.api)
    report = grade(loaded, loaded.assignment.tasks, see, lang="en", host=named, started_at=STARTED)
    host.close()
    return report, Evidence(report.host, STARTED, None, tuple(see.readings()))


def checks_of(report: Report) -> dict[str, CheckReport]:
    """All checks as `task/check`."""
    return {f"{task.id}/{check.id}": check for task in report.tasks for check in task.checks}
