"""What a judge sees, given by a test: raw answers as an engine gives them, built by small functions.

    see = Given(a_container("test_limit", memory=200 * MIB))

is a host with one container; a fact of another kind is given by its raw answer: `Given(…, facts={…})`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dockgrader.errors import Unobserved
from dockgrader.facts.base import Answer, Fact
from dockgrader.facts.compose import (
    CONFIG_FILES,
    CONFIG_HASH,
    DEPENDS_ON,
    ONE_OFF,
    PROJECT,
    SERVICE,
    VERSION,
    WORKING_DIR,
    ComposeFiles,
)
from dockgrader.facts.compose_file import relevant
from dockgrader.facts.containers import Container, Containers, Image
from dockgrader.facts.engine import Events, Info
from dockgrader.kinds.base import Check, Failed

Raw = dict[str, Any]
MIB = 1024**2
HALF_A_CPU = 500_000_000
FILES = ComposeFiles("/srv/compose", "/srv/compose/docker-compose.yml")
"""The compose file that the labels of `a_service` name."""


class Given:
    """A `see` that looks raw answers up. An `Unobserved` for an answer is raised; what is not given is not there."""

    def __init__(self, *containers: Raw, facts: Mapping[Any, Any] | None = None) -> None:
        self.asked: list[Fact[Any]] = []
        self._answers: dict[Fact[Any], Any] = {Info(): an_engine(), Containers(): listing(containers)}
        for raw in containers:
            self._answers[Container(raw["Id"])] = self._answers[Container(raw["Name"].lstrip("/"))] = raw
        self._answers.update(facts or {})

    def start(self, facts: Iterable[Fact[Any]]) -> None:
        """As a source of facts must have it."""

    def reading(self, fact: Fact[Any]) -> None:
        """Nothing is kept."""

    def has(self, fact: Fact[Any]) -> bool:
        """What the test gives was read."""
        return fact in self._answers

    def __call__(self, fact: Fact[Answer]) -> Answer:
        self.asked.append(fact)
        raw = self._answers[fact] if fact in self._answers else _not_there(fact)
        if isinstance(raw, Unobserved):
            raise raw
        return fact.parse(raw)


def _not_there(fact: Fact[Any]) -> Any:
    if isinstance(fact, Container | Image):
        return None
    if isinstance(fact, Events):
        return []
    if isinstance(fact, ComposeFiles):
        return {"problem": "there is no such file"}
    raise AssertionError(f"the test gives no answer to {fact}")


def code(check: Check, see: Given) -> str:
    """`ok`, or the code of the mistake that the judge finds."""
    try:
        return check.judge(see).code
    except Failed as failure:
        return failure.verdict.code


def hidden(check: Check, see: Given) -> str:
    """The code of the host's failure that the judge meets."""
    try:
        check.judge(see)
    except Unobserved as error:
        return error.code
    raise AssertionError("the judge could see everything")


def hex_id(name: str) -> str:
    """The id that a made-up container has."""
    return hashlib.sha256(name.encode()).hexdigest()


def a_container(
    name: str = "test_limit",
    *,
    image: str = "test_resource",
    status: str = "running",
    state: Raw | None = None,
    memory: int = 0,
    cpus: int = 0,
    host: Raw | None = None,
    mounts: Sequence[Raw] = (),
    labels: Mapping[str, str] | None = None,
    test: Sequence[str] | None = None,
    health: str = "",
    ports: Mapping[str, Any] | None = None,
    command: Sequence[str] = ("sleep", "3600"),
    restarts: int = 0,
) -> Raw:
    """`docker inspect` of a container; `state` and `host` are further fields of State and HostConfig."""
    running = status in ("running", "paused")
    return {
        "Id": hex_id(name),
        "Name": f"/{name}",
        "Image": f"sha256:{hex_id(image)}",
        "RestartCount": restarts,
        "State": {
            "Status": status,
            "Paused": status == "paused",
            "Restarting": status == "restarting",
            "Pid": 4242 if running else 0,
            "ExitCode": 0,
            "StartedAt": "2026-03-01T10:00:00.123456789Z",
            "FinishedAt": "0001-01-01T00:00:00Z",
            **({"Health": {"Status": health}} if health else {}),
            **(state or {}),
        },
        "Config": {
            "Image": image,
            "Entrypoint": [command[0]],
            "Cmd": list(command[1:]),
            "Labels": dict(labels or {}),
            "Env": ["SECRET=hunter2"],
            **({"Healthcheck": {"Test": list(test)}} if test is not None else {}),
        },
        "HostConfig": {"Memory": memory, "NanoCpus": cpus, **(host or {})},
        "Mounts": list(mounts),
        "NetworkSettings": {"Ports": dict(ports or {})},
    }


def a_service(service: str, project: str = "compose", *, replica: int = 1, **more: Any) -> Raw:
    """A container that Compose v2 made; `labels` adds to its labels, `None` for a value takes one away."""
    labels = {
        PROJECT: project,
        SERVICE: service,
        ONE_OFF: "False",
        CONFIG_HASH: "c0ffee",
        WORKING_DIR: FILES.working_dir,
        CONFIG_FILES: FILES.config_files,
        VERSION: "2.26.1",
        DEPENDS_ON: "redis:service_healthy:false" if service == "web" else "",
        **more.pop("labels", {}),
    }
    kept = {name: text for name, text in labels.items() if text is not None}
    more.setdefault("image", f"{project}-{service}")
    return a_container(f"{project}-{service}-{replica}", labels=kept, **more)


def listing(containers: Iterable[Raw], *, up: str = "Up 5 minutes") -> list[Raw]:
    """`docker ps -a` of made-up containers; `up` is what it says of those that run."""
    return [
        {
            "Id": raw["Id"],
            "Names": [raw["Name"]],
            "Image": raw["Config"]["Image"],
            "State": raw["State"]["Status"],
            "Status": up if raw["State"]["Status"] == "running" else "Exited (0) 5 minutes ago",
            "Ports": [
                {
                    "IP": binding["HostIp"],
                    "PublicPort": int(binding["HostPort"]),
                    "Type": port.partition("/")[2],
                }
                for port, bindings in raw["NetworkSettings"]["Ports"].items()
                for binding in bindings or []
                if str(binding.get("HostPort")).isdecimal()
            ],
            "Labels": raw["Config"]["Labels"],
            "Created": 1772359200,
        }
        for raw in containers
    ]


def an_engine(**more: Any) -> Raw:
    """`docker info` of an engine on cgroup v1 that can limit everything."""
    return {
        "CgroupVersion": "1",
        "CgroupDriver": "cgroupfs",
        "MemoryLimit": True,
        "CpuCfsQuota": True,
        "SystemTime": "2026-03-01T10:05:00.5Z",
        **more,
    }


def an_image(name: str, *, entrypoint: Sequence[str] = ("sleep",), cmd: Sequence[str] = ("3600",)) -> Raw:
    """`docker image inspect`."""
    config = {"Entrypoint": list(entrypoint), "Cmd": list(cmd)}
    return {"Id": f"sha256:{hex_id(name)}", "Config": config}


def a_volume(name: str, path: str = "/data") -> Raw:
    """A volume in `Mounts` of inspect."""
    return {"Type": "volume", "Name": name, "Source": f"/var/lib/docker/volumes/{name}", "Destination": path}


def an_event(action: str, at: int, *, name: str = "test_limit", **attributes: str) -> Raw:
    """An event of a container as Docker 29 gives it; `at` in seconds."""
    return {
        "Action": action,
        "time": at,
        "Actor": {"ID": hex_id(name), "Attributes": {"name": name, **attributes}},
    }


def an_answer(stdout: str = "", exit: int | None = 0, stderr: str = "", problem: str = "") -> Raw:
    """What a command in a container answered."""
    return {"exit": exit, "stdout": stdout, "stderr": stderr, "problem": problem}


def a_cgroup(
    memory: str | None = "209715200\n",
    quota: str | None = "50000\n",
    period: str | None = "100000\n",
    *,
    version: int = 1,
    via: str = "host",
) -> Raw:
    """What was read of a cgroup; v2 has quota and period in one file, given as `quota`."""
    contents = {"memory": memory, "quota": quota, **({"period": period} if version == 1 else {})}
    files = {part: {"path": f"/cgroup/{part}", "content": content} for part, content in contents.items()}
    return {"via": via, "version": version, "files": files}


def pages(*answers: str | tuple[int, str] | Raw, port: int = 80) -> list[Raw]:
    """What one published port answered: texts of status 200, or (status, text), or a raw page."""
    found: list[Raw] = []
    for answer in answers:
        if isinstance(answer, dict):
            found.append(answer)
        else:
            status, body = answer if isinstance(answer, tuple) else (200, answer)
            found.append({"status": status, "body": body, "problem": ""})
    return [{"address": "0.0.0.0", "port": port, "pages": found}]


def no_page(problem: str) -> Raw:
    """A request that got no page."""
    return {"status": None, "body": "", "problem": problem}


def compose_file(text: str) -> Raw:
    """What is kept of a compose file."""
    return {"files": [relevant(text.encode())]}
