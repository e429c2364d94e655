"""A draft from a made-up host: what it states, that it passes there, and that it says nothing volatile."""

from __future__ import annotations

import re
import socket
from typing import Any

import pytest
import yaml

from dockgrader.assignment.model import Assignment, Task
from dockgrader.errors import UsageError
from dockgrader.facts.compose import DEPENDS_ON
from dockgrader.grading.grade import grade_task
from dockgrader.grading.seeing import LiveSee
from dockgrader.hosts.deadline import Deadline
from dockgrader.observe import writing
from dockgrader.observe.draft import draft
from dockgrader.report.model import Status
from tests.givens import HALF_A_CPU, MIB, Raw, a_container, a_service, a_volume, hex_id
from tests.made_up_host import Turns
from tests.solution import Solved


def drafted(host: Solved, name: str | None = None) -> dict[str, Any]:
    see = LiveSee(host, Deadline(20), wait=0.1)
    try:
        text = writing.assignment(draft(see, name), "my-homework")
    finally:
        host.close()
    data: dict[str, Any] = yaml.safe_load(text)
    Assignment.model_validate(data)
    return data


def statuses(data: dict[str, Any], host: Solved) -> dict[str, Status]:
    see = LiveSee(host, Deadline(20), wait=0.1)
    found: dict[str, Status] = {}
    for raw in data["tasks"]:
        verdicts = grade_task(Task.model_validate(raw), see).verdicts
        found |= {f"{raw['id']}/{check}": verdict.status for check, verdict in verdicts.items()}
    host.close()
    return found


def checks(data: dict[str, Any], task: str) -> dict[str, dict[str, Any]]:
    (found,) = [item for item in data["tasks"] if item["id"] == task]
    return {check["id"]: check for check in found["checks"]}


GONE: dict[str, Raw | None] = dict.fromkeys(
    ("test_limit", "redis_1", "redis_2", "compose-redis-1", "compose-web-1")
)


def only(*raws: Raw) -> Solved:
    return Solved({**GONE, **{raw["Name"].lstrip("/"): raw for raw in raws}})


class Saying(Solved):
    """One container of this name, on whose port these texts stand, the last one again and again."""

    def __init__(self, raw: Raw, *texts: str) -> None:
        super().__init__({**GONE, raw["Name"].lstrip("/"): raw})
        self._texts = Turns(*texts)

    def connect(self, address: str, port: int, seconds: float) -> socket.socket:
        ours, theirs = socket.socketpair()
        theirs.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + str(self._texts.next()).encode())
        theirs.shutdown(socket.SHUT_WR)
        self._open.append(theirs)
        return ours


def test_the_reference_solution_of_homework_1() -> None:
    data = drafted(Solved())
    assert {"test_limit", "redis_1", "redis_2", "compose"} == {task["id"] for task in data["tasks"]}
    limits = checks(data, "test_limit")
    assert limits["memory"]["memory"] == "200MiB"
    assert limits["cpus"]["cpus"] == 0.5
    assert limits["image"]["named"] == ["test_resource"]
    compose = checks(data, "compose")
    assert compose["redis-healthcheck"]["command"] == ["redis-cli", "ping"]
    assert compose["redis-healthy"]["status"] == "healthy"
    assert compose["web-depends-on"]["depends_on"] == {"redis": "service_healthy"}
    assert compose["web-page"]["grows"] == "n"
    assert compose["web-page"]["body"] == r"Hello, World! I have been seen (?P<n>[0-9]{1,18}) times\."


def test_it_passes_where_it_was_made_and_fails_where_something_is_off() -> None:
    data = drafted(Solved())
    assert set(statuses(data, Solved()).values()) == {Status.PASSED}
    wrong = a_container("test_limit", memory=100 * MIB, cpus=HALF_A_CPU, state={"Pid": 100})
    found = statuses(data, Solved({"test_limit": wrong}))
    assert {name for name, status in found.items() if status is Status.FAILED} == {"test_limit/memory"}


def test_nothing_volatile_is_stated() -> None:
    text = yaml.safe_dump(drafted(Solved()))
    assert not re.search(r"[0-9a-f]{12}|\d{4}-\d\d-\d\d|\d+\.\d+\.\d+\.\d+|Pid|StartedAt|/srv/", text)


def test_options_that_somebody_chose() -> None:
    raw = a_container(
        "server",
        host={"RestartPolicy": {"Name": "always"}, "PidsLimit": 50, "ReadonlyRootfs": True},
        labels={"com.example.owner": "me"},
    )
    stated = checks(drafted(only(raw)), "server")["options"]["inspect"]
    assert stated == {
        "HostConfig.RestartPolicy.Name": "always",
        "HostConfig.PidsLimit": 50,
        "HostConfig.ReadonlyRootfs": True,
        "Config.Labels[com.example.owner]": "me",
    }


def test_what_a_tool_wrote_is_nobodys_choice() -> None:
    labels = {
        "io.podman.compose.config-hash": "0123",
        "PODMAN_SYSTEMD_UNIT": "podman-compose@x.service",
        "desktop.docker.io/binds/0/Source": "/home/me/x",
        "com.docker.compose.image": "sha256:0123",
        "com.example.owner": "me",
    }
    for pids in (2048, -1):
        raw = a_container("server", host={"PidsLimit": pids}, labels=labels)
        stated = checks(drafted(only(raw)), "server")["options"]["inspect"]
        assert stated == {"Config.Labels[com.example.owner]": "me"}


WEB = hex_id("web")
NUMBER = "(?P<n>[0-9]{1,18})"


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["Hello."], {"body": r"Hello\."}),
        ([f"I am {WEB[:12]}!"], {"body": r"I am \S+!"}),
        (["<p>10.9.8.7</p> at 2026-03-01 10:05:00"], {"body": r"<p>\S+</p> at \S+ \S+"}),
        (["fd00::7 on vm-17"], {"body": r"\S+ on \S+"}),
        ([f"{WEB[:12]}: 1", f"{WEB[:12]}: 2"], {"body": rf"\S+: {NUMBER}", "grows": "n"}),
        (["10:05:00.123", "10:05:00.456"], {"status": 200}),
        (["1772359200.123", "1772359200.456"], {"status": 200}),
        (["a coin: heads", "a coin: tails"], {"status": 200}),
    ],
)
def test_a_page_without_what_is_of_this_moment_and_place(texts: list[str], expected: dict[str, Any]) -> None:
    raw = a_container(
        "web", ports={"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "80"}]}, host={"UTSMode": "host"}
    )
    raw["Config"]["Hostname"] = "vm-17"
    raw["NetworkSettings"]["Networks"] = {"x": {"GlobalIPv6Address": "fd00::7"}}
    stated = checks(drafted(Saying(raw, *texts)), "web")["page"]
    assert {key: stated[key] for key in ("status", "body", "grows") if key in stated} == expected


def test_a_service_has_its_volume_whatever_the_project_is_called() -> None:
    data = drafted(only(a_service("redis", mounts=[a_volume("counter_data"), a_volume("f" * 64, "/x")])))
    stated = checks(data, "compose")["redis-volume"]
    assert (stated["service"], stated["path"], stated["any_name"]) == ("redis", "/data", True)
    assert "redis-volume-2" not in checks(data, "compose")
    for mounts, status in (
        ([a_volume("other_data")], Status.PASSED),
        ([a_volume("f" * 64)], Status.FAILED),
        ([], Status.FAILED),
    ):
        found = statuses(data, only(a_service("redis", mounts=mounts)))
        assert found["compose/redis-volume"] is status


def test_what_else_a_service_has_mounted_is_noted() -> None:
    bind = {"Type": "bind", "Source": "/srv", "Destination": "/etc/x"}
    see = LiveSee(only(a_service("redis", mounts=[bind])), Deadline(20), wait=0.1)
    assert "  # redis: what is mounted at /etc/x (bind) is not stated" in writing.part(draft(see))


def test_volumes_of_ones_own_and_shared_ones() -> None:
    data = drafted(
        only(a_container("first", mounts=[a_volume("data")]), a_container("one", mounts=[a_volume("f" * 64)]))
    )
    assert checks(data, "first")["volume"]["named"] == "data"
    assert "volume" not in checks(data, "one")


@pytest.mark.parametrize(
    ("test", "command"),
    [
        (["CMD", "redis-cli", "ping"], ["redis-cli", "ping"]),
        (["CMD-SHELL", "/usr/bin/redis-cli ping || exit 1"], ["redis-cli", "ping"]),
        (["CMD-SHELL", "for i in 1 2; do true; done"], None),
        (["NONE"], None),
    ],
)
def test_health_commands(test: list[str], command: list[str] | None) -> None:
    data = drafted(only(a_container("server", test=test, health="healthy")))
    assert checks(data, "server").get("healthcheck", {}).get("command") == command


def test_one_container_by_name() -> None:
    see = LiveSee(Solved(), Deadline(20), wait=0.1)
    (task,) = draft(see, "redis_2")
    part = yaml.safe_load(writing.part([task]))
    assert [item["id"] for item in part] == ["redis_2"]
    with pytest.raises(UsageError, match="there is no container 'nope'"):
        draft(see, "nope")


def test_hostile_names_stay_text() -> None:
    raw = a_container("server", image="evil: {a}\x1b[31m\n- x", labels={"a\nb: c": "\x1b]0;x\x07"})
    see = LiveSee(only(raw), Deadline(20), wait=0.1)
    text = writing.assignment(draft(see), "x")
    assert not [character for character in text if ord(character) < 32 and character != "\n"]
    assert checks(yaml.safe_load(text), "server")["image"]["named"] == ["evil: {a}\x1b[31m\n- x"]


def test_nothing_runs() -> None:
    with pytest.raises(UsageError, match="nothing to observe"):
        draft(LiveSee(only(), Deadline(20), wait=0.1))


def test_hostile_labels_of_a_project_leave_out_what_cannot_be_said() -> None:
    services = [
        a_service("a b", labels={DEPENDS_ON: "a-b:when_it_likes:false"}),
        a_service("a-b"),
        a_service("x" * 200, labels={DEPENDS_ON: ""}),
    ]
    data = drafted(only(*services))
    found = checks(data, "compose")
    assert {"a-b-running", "a-b-2-running"} <= set(found)
    assert not any(check["kind"] == "compose" for check in found.values())
