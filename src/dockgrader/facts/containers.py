"""Containers and images as the engine inspects them."""

from __future__ import annotations

import json
import re
import shlex
from posixpath import normpath
from typing import Any, ClassVar
from urllib.parse import quote

from dockgrader.errors import Unobserved
from dockgrader.facts.base import Fact, Setting, dig, dig_dict, dig_int, dig_list, dig_str
from dockgrader.frozen import dataclass
from dockgrader.hosts.base import Missing
from dockgrader.units import DEFAULT_CPU_PERIOD_US, NANO


@dataclass(frozen=True)
class Listed:
    """A line of `docker ps -a`."""

    id: str
    names: tuple[str, ...]
    image: str
    state: str
    labels: dict[str, str]
    status: str = ""
    ports: tuple[tuple[str, int], ...] = ()

    @property
    def settled(self) -> bool:
        """Whether nothing is about to change: it does not run, or it has for a minute, with its health decided.

        By the words of `docker ps` (`Up 5 seconds (health: starting)`), which no verdict hangs on.
        """
        if self.state == "running":
            return self.status.startswith("Up ") and not re.search("second|starting", self.status)
        return self.state in ("exited", "paused", "dead")

    @property
    def starting(self) -> bool:
        """Whether its health is not decided yet, by the words of `docker ps` as well."""
        return self.state == "running" and "starting" in self.status


@dataclass(frozen=True)
class Containers(Fact[list[Listed]]):
    """All containers of the host, running or not."""

    name: ClassVar[str] = "containers"

    def read(self, setting: Setting) -> Any:
        """GET /containers/json?all=1, without what no judge looks at."""
        kept = ("Id", "Names", "Image", "State", "Status", "Labels", "Ports", "Created")
        listed = setting.host.engine.get("/containers/json", {"all": "1"})
        for item in listed:
            _refuse_unlike(item, "Id")
        return [{key: dig(item, key) for key in kept} for item in listed]

    def parse(self, raw: Any) -> list[Listed]:
        """In the engine's order: newest first."""
        return [
            Listed(
                dig_str(item, "Id"),
                tuple(str(name).lstrip("/") for name in dig_list(item, "Names")),
                dig_str(item, "Image"),
                dig_str(item, "State"),
                {str(key): str(value) for key, value in dig_dict(item, "Labels").items()},
                dig_str(item, "Status"),
                tuple(
                    (dig_str(port, "IP"), dig_int(port, "PublicPort"))
                    for port in dig_list(item, "Ports")
                    if dig_str(port, "Type") == "tcp" and dig_int(port, "PublicPort")
                ),
            )
            for item in dig_list({"all": raw}, "all")
        ]

    def shown_by(self) -> str:
        """As a person asks."""
        return "docker ps -a"


ANONYMOUS = re.compile(r"[0-9a-f]{64}")
"""The name that Docker gives to a volume for which none was given."""


@dataclass(frozen=True)
class Mount:
    """Where something is mounted in a container; `name` is the volume's, empty for other types."""

    type: str
    name: str
    source: str
    destination: str


@dataclass(frozen=True)
class Inspected:
    """A container as `docker inspect` shows it; `raw` is the whole answer. Memory in bytes, CPU in billionths."""

    raw: dict[str, Any]

    @property
    def id(self) -> str:
        """The full id."""
        return dig_str(self.raw, "Id")

    @property
    def name(self) -> str:
        """The name, without Docker's leading slash."""
        return dig_str(self.raw, "Name").lstrip("/")

    @property
    def status(self) -> str:
        """`running`, `paused`, `restarting`, `exited`, `created`, `dead`. Podman says running when paused."""
        if dig(self.raw, "State", "Paused") is True:
            return "paused"
        if dig(self.raw, "State", "Restarting") is True:
            return "restarting"
        return dig_str(self.raw, "State", "Status")

    @property
    def pid(self) -> int:
        """The first process's number on the host, 0 when it is not running."""
        return dig_int(self.raw, "State", "Pid")

    @property
    def exit_code(self) -> int:
        """Of the last run."""
        return dig_int(self.raw, "State", "ExitCode")

    @property
    def image(self) -> str:
        """The name of the image as it was given to `docker run`."""
        return dig_str(self.raw, "Config", "Image") or dig_str(self.raw, "ImageName")

    @property
    def image_id(self) -> str:
        """The image's id, as sha256:…"""
        return dig_str(self.raw, "Image")

    @property
    def memory(self) -> int:
        """HostConfig.Memory, 0 for none."""
        return dig_int(self.raw, "HostConfig", "Memory")

    @property
    def cpus(self) -> int:
        """Billionths of a CPU: NanoCpus, or quota and period of the same ratio; 0 for no limit."""
        nano = dig_int(self.raw, "HostConfig", "NanoCpus")
        quota = dig_int(self.raw, "HostConfig", "CpuQuota")
        period = dig_int(self.raw, "HostConfig", "CpuPeriod") or DEFAULT_CPU_PERIOD_US
        return nano or (quota * NANO // period if quota > 0 and period > 0 else 0)

    @property
    def mounts(self) -> list[Mount]:
        """All mounts; those of `--tmpfs` stand apart in HostConfig.Tmpfs and are added here."""
        found = [
            Mount(
                dig_str(item, "Type"),
                dig_str(item, "Name"),
                dig_str(item, "Source"),
                dig_str(item, "Destination").rstrip("/") or "/",
            )
            for item in dig_list(self.raw, "Mounts")
        ]
        tmpfs = dig_dict(self.raw, "HostConfig", "Tmpfs")
        return found + [Mount("tmpfs", "", "", str(path).rstrip("/") or "/") for path in tmpfs]

    def subpath(self, destination: str) -> str | None:
        """The folder of a volume that is mounted in place of the whole one (Docker 26), empty for the whole.

        Only `--mount` can ask for one, and `Mounts` does not show it. None where it may be that of another container,
        whose mounts `--volumes-from` copies.
        """
        for item in dig_list(self.raw, "HostConfig", "Mounts"):
            if normpath(dig_str(item, "Target")) == normpath(destination):
                folder = normpath(dig_str(item, "VolumeOptions", "Subpath"))
                return "" if folder == "." else folder
        return None if dig_list(self.raw, "HostConfig", "VolumesFrom") else ""

    def has_mount_from(self, other: str, destination: str) -> bool:
        """Whether what is mounted there is what a container of this name had there, by `--volumes-from`.

        An option of its own for the same place would have outweighed that.
        """
        sources = (str(item).split(":")[0] for item in dig_list(self.raw, "HostConfig", "VolumesFrom"))
        binds = (str(item).split(":")[1:2] for item in dig_list(self.raw, "HostConfig", "Binds"))
        mounts = (dig_str(item, "Target") for item in dig_list(self.raw, "HostConfig", "Mounts"))
        own = {normpath(path) for path in (*(part for bind in binds for part in bind), *mounts)}
        return other in sources and normpath(destination) not in own

    @property
    def labels(self) -> dict[str, str]:
        """The labels."""
        return {str(key): str(value) for key, value in dig_dict(self.raw, "Config", "Labels").items()}

    @property
    def health_test(self) -> list[str] | None:
        """The health command as inspect shows it, None when there is none."""
        test = dig(self.raw, "Config", "Healthcheck", "Test")
        return [str(part) for part in test] if isinstance(test, list) else None

    @property
    def health(self) -> str:
        """`starting`, `healthy`, `unhealthy`, or empty without a healthcheck."""
        status = dig_str(self.raw, "State", "Health", "Status") or dig_str(
            self.raw, "State", "Healthcheck", "Status"
        )
        return "" if status == "none" else status

    @property
    def host_network(self) -> bool:
        """Whether it has no network of its own but the host's, where Docker publishes nothing."""
        return dig_str(self.raw, "HostConfig", "NetworkMode") == "host"

    @property
    def published(self) -> list[tuple[str, int]]:
        """Addresses and ports of this host that lead to a TCP port of the container."""
        return list(self.publications)

    @property
    def publications(self) -> dict[tuple[str, int], int]:
        """The container's TCP port behind each address and port of the host.

        In the host's network these are one: those that the image or the compose file names (EXPOSE, `ports`).
        """
        if self.host_network:
            exposed = [_tcp(port) for port in dig_dict(self.raw, "Config", "ExposedPorts")]
            return {("0.0.0.0", port): port for port in exposed if port is not None}  # noqa: S104 - read, never bound
        found: dict[tuple[str, int], int] = {}
        for port, bindings in dig_dict(self.raw, "NetworkSettings", "Ports").items():
            own = _tcp(port)
            for binding in bindings if isinstance(bindings, list) else []:
                number = _number(dig_str(binding, "HostPort"))
                if own is not None and number is not None:
                    found.setdefault((dig_str(binding, "HostIp"), number), own)
        return found

    @property
    def addresses(self) -> list[str]:
        """IPv4 addresses at which it is reached from inside: its own in its networks, or the host's loopback."""
        networks = dig_dict(self.raw, "NetworkSettings", "Networks").values()
        found = [dig_str(network, "IPAddress") for network in networks]
        own = [address for address in [*found, dig_str(self.raw, "NetworkSettings", "IPAddress")] if address]
        return own or (["127.0.0.1"] if self.host_network else [])


def _tcp(port: str) -> int | None:
    """The number of `80/tcp`."""
    number, _, protocol = port.partition("/")
    return _number(number) if protocol == "tcp" else None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() else None


def command_words(inspected: dict[str, Any]) -> list[str]:
    """Entrypoint and command of a container's or an image's configuration."""
    words = [*dig_list(inspected, "Config", "Entrypoint"), *dig_list(inspected, "Config", "Cmd")]
    return [str(word) for word in words]


@dataclass(frozen=True)
class Container(Fact[Inspected | None]):
    """A container by name or full id; None when there is none. An image of that name never stands in."""

    ref: str
    name: ClassVar[str] = "container"

    def read(self, setting: Setting) -> Any:
        """GET /containers/REF/json; environment values are replaced, since they can be secrets."""
        try:
            raw = setting.host.engine.get(f"/containers/{quote(self.ref, safe='')}/json")
        except Missing:
            return None
        _refuse_unlike(raw, "Id", "Name", "State.Status")
        return _redacted(raw)

    def parse(self, raw: Any) -> Inspected | None:
        """The engine also takes the beginning of an id for a name: only the very container counts."""
        found = Inspected(dig_dict({"all": raw}, "all"))
        return found if self.ref in (found.name, found.id) else None

    def shown_by(self) -> str:
        """As a person asks."""
        return f"docker container inspect {shlex.quote(self.ref[:12] if len(self.ref) == 64 else self.ref)}"


@dataclass(frozen=True)
class Image(Fact[dict[str, Any] | None]):
    """An image by name; None when there is none."""

    ref: str
    name: ClassVar[str] = "image"

    def read(self, setting: Setting) -> Any:
        """GET /images/REF/json."""
        try:
            raw = setting.host.engine.get(f"/images/{quote(self.ref, safe='/:@')}/json")
        except Missing:
            return None
        _refuse_unlike(raw, "Id")
        return _redacted(raw)

    def parse(self, raw: Any) -> dict[str, Any] | None:
        """The whole inspect answer."""
        return raw if isinstance(raw, dict) else None

    def shown_by(self) -> str:
        """As a person asks."""
        return f"docker image inspect {shlex.quote(self.ref)}"


def _refuse_unlike(raw: Any, *paths: str) -> None:
    """Raises Unobserved for an answer without what every engine gives: not the student's container is broken."""
    for path in paths:
        if not dig_str(raw, *path.split(".")):
            raise Unobserved(
                "engine.garbage",
                f"The engine's answer about a container or an image has no {path}: {_begin(raw)}",
            )


def _begin(raw: Any) -> str:
    return json.dumps(raw, default=str)[:100]


def _redacted(raw: Any) -> Any:
    """The same answer with each value of the environment replaced; images of older engines have it twice."""
    for config in ("Config", "ContainerConfig"):
        if env := dig_list(raw, config, "Env"):
            raw[config]["Env"] = [str(entry).partition("=")[0] + "=(redacted)" for entry in env]
    return raw
