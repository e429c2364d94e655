"""What `doctor` finds on a host, and what it says to do; machines over SSH are in tests/ssh."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dockgrader.errors import Unobserved
from dockgrader.grading import doctor
from dockgrader.grading.doctor import Finding, examine
from dockgrader.hosts.base import Missing, Output
from dockgrader.hosts.endpoint import Endpoint
from tests.givens import Raw, a_container, an_engine, hex_id
from tests.made_up_host import NO_FILES, MadeUpHost

Examined = Callable[..., dict[str, Finding]]
V1 = {
    "/proc/4242/cgroup": f"4:memory:/docker/{hex_id('test_limit')}\n5:cpu:/docker/{hex_id('test_limit')}\n",
    "/proc/self/mountinfo": (
        "1 0 0:1 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
        "2 0 0:2 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
    ),
}


class Closing(MadeUpHost):
    """A host that tells whether it was closed."""

    closed = False

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def examined(monkeypatch: pytest.MonkeyPatch) -> Iterator[Examined]:
    """The findings on a made-up host, by what was looked at."""
    hosts: list[Closing] = []

    def look(*containers: Raw, **given: Any) -> dict[str, Finding]:
        hosts.append(Closing(*containers, **given))
        monkeypatch.setattr(doctor, "open_host", lambda endpoint, deadline: hosts[-1])
        found = list(examine(Endpoint("unix:///made-up.sock", "--host"), 5))
        return {finding.what: finding for finding in found}

    yield look
    assert all(host.closed for host in hosts)


def test_a_host_that_is_ready(examined: Examined) -> None:
    limits = {f"/sys/fs/cgroup/memory/docker/{hex_id('test_limit')}/memory.limit_in_bytes": "209715200\n"}
    folder = f"/sys/fs/cgroup/cpu/docker/{hex_id('test_limit')}"
    limits |= {f"{folder}/cpu.cfs_quota_us": "50000\n", f"{folder}/cpu.cfs_period_us": "100000\n"}
    programs = {"docker compose version --short": "2.26.1\n", "docker-compose version --short": "1.29.2\n"}
    found = examined(a_container(), files={**V1, **limits}, programs=programs)
    assert all(finding.ok for finding in found.values()), found
    assert found["endpoint"].found == "unix:///made-up.sock (--host)"
    assert found["engine"].found == "20.10.24, API 1.41 spoken (it has 1.12 to 1.41)"
    assert found["limits"].found == "cgroup v1, driver cgroupfs"
    assert found["cgroup files"].found == "those of the host, v1"
    assert (found["docker compose"].found, found["docker-compose"].found) == ("2.26.1", "1.29.2")
    assert not any(finding.advice for finding in found.values())


@pytest.mark.parametrize(
    ("lacks", "said"),
    [
        ({"MemoryLimit": False}, "cannot limit memory"),
        ({"CpuCfsQuota": False}, "cannot limit CPU"),
        ({"MemoryLimit": False, "CpuCfsQuota": False}, "cannot limit memory and CPU"),
    ],
)
def test_a_kernel_that_cannot_limit(examined: Examined, lacks: Raw, said: str) -> None:
    finding = examined(answers={"/info": an_engine(**lacks)})["limits"]
    assert not finding.ok and finding.needed
    assert finding.found.endswith(said)
    assert "errors, not zeros" in finding.advice and "cgroup_enable=memory" in finding.advice


def test_the_containers_own_view(examined: Examined) -> None:
    finding = examined(a_container(), files={"/proc/4242/cgroup": NO_FILES}, execs=CATS)["cgroup files"]
    assert finding.ok
    assert finding.found == "only the containers' own view, v1"
    assert "`cat` in the student's images" in finding.advice


CATS = {
    "cat /sys/fs/cgroup/memory/memory.limit_in_bytes": "209715200\n",
    "cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us": "50000\n",
    "cat /sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
}


def test_cgroup_files_that_nobody_shows(examined: Examined) -> None:
    finding = examined(a_container(), files={"/proc/4242/cgroup": NO_FILES})["cgroup files"]
    assert not finding.ok and finding.needed
    assert "has no `cat`" in finding.found
    assert finding.advice == "Grade on the host itself."


@pytest.mark.parametrize("containers", [[], [a_container(status="exited")]])
def test_without_a_running_container_the_files_are_not_tried(
    examined: Examined, containers: list[Raw]
) -> None:
    finding = examined(*containers)["cgroup files"]
    assert finding.ok and not finding.needed
    assert "no container is running" in finding.found


def test_a_container_that_has_just_stopped(examined: Examined) -> None:
    stopped = a_container(status="exited")
    listed = {"Id": stopped["Id"], "Names": ["/test_limit"], "State": "running", "Labels": {}}
    finding = examined(stopped, answers={"/containers/json": [listed]})["cgroup files"]
    assert finding.ok and "just stopped" in finding.found


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        (Missing(), "not there"),
        (Output(1, b"", b"unknown command"), "not there"),
        (Output(None, b"", b"", timed_out=True), "not there"),
        (Unobserved("host.run", "No program can be run over tcp://"), "No program can be run over tcp://"),
    ],
)
def test_compose_is_a_help_and_no_must(examined: Examined, reply: Any, found: str) -> None:
    finding = examined(programs={"docker compose version --short": reply})["docker compose"]
    assert (finding.ok, finding.needed, finding.found) == (False, False, found)
    assert "only for compose files with extends or include" in finding.advice


def test_an_engine_that_goes_in_the_middle(examined: Examined) -> None:
    found = examined(answers={"/info": Unobserved("engine.lost", "closed in the middle")})
    assert found["engine"] == Finding("engine", False, "engine.lost: closed in the middle")


@pytest.mark.parametrize(("code", "what"), [("ssh.auth", "ssh"), ("engine.down", "engine")])
def test_a_host_that_cannot_be_reached(monkeypatch: pytest.MonkeyPatch, code: str, what: str) -> None:
    def unreached(*_: object) -> None:
        raise Unobserved(code, "this is why")

    monkeypatch.setattr(doctor, "open_host", unreached)
    *_, last = examine(Endpoint("ssh://vm", "--host"), 5)
    assert last == Finding(what, False, f"{code}: this is why")


def test_a_recording_asks_nobody(tmp_path: Path) -> None:
    found = list(examine(Endpoint(f"recorded:{tmp_path}/e.json", "--host"), 5))
    assert [finding.what for finding in found] == ["endpoint", "recording"]
    assert all(finding.ok for finding in found)
