"""What the engine says of itself and of its events."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, ClassVar

from dockgrader.facts.base import Fact, Setting, dig, dig_list, dig_str
from dockgrader.frozen import dataclass

_KEPT = [
    "ID",
    "ServerVersion",
    "OperatingSystem",
    "OSType",
    "Architecture",
    "KernelVersion",
    "CgroupVersion",
    "CgroupDriver",
    "MemoryLimit",
    "CpuCfsQuota",
    "CpuCfsPeriod",
    "SystemTime",
    "SecurityOptions",
    "Warnings",
]


@dataclass(frozen=True)
class EngineInfo:
    """The engine's own words: versions, cgroups, and whether its kernel can limit memory and CPU."""

    cgroup_version: str
    cgroup_driver: str
    memory_limit: bool
    cpu_quota: bool


@dataclass(frozen=True)
class Info(Fact[EngineInfo]):
    """What `docker info` says, without what is private (proxies, registries, labels)."""

    name: ClassVar[str] = "info"

    def read(self, setting: Setting) -> Any:
        """GET /info."""
        info = setting.host.engine.get("/info")
        return {key: dig(info, key) for key in _KEPT}

    def parse(self, raw: Any) -> EngineInfo:
        """Engines without `CgroupVersion` (before API 1.41) are on v1."""
        return EngineInfo(
            dig_str(raw, "CgroupVersion") or "1",
            dig_str(raw, "CgroupDriver"),
            dig(raw, "MemoryLimit") is not False,
            dig(raw, "CpuCfsQuota") is not False,
        )

    def shown_by(self) -> str:
        """As a person asks."""
        return "docker info"


@dataclass(frozen=True)
class Event:
    """One event of a container's life. `at` in seconds since 1970."""

    action: str
    at: int
    image: str
    exit_code: str


def unix_time(text: str) -> str:
    """The engine's time (RFC 3339) as seconds since 1970, which is all that /events takes; else this machine's."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = datetime.now(UTC)
    return f"{moment.timestamp():.6f}"


@dataclass(frozen=True)
class Events(Fact[list[Event]]):
    """What the engine still remembers of a container's life, by its name; engines keep about 256 events."""

    container: str
    name: ClassVar[str] = "events"

    def read(self, setting: Setting) -> Any:
        """GET /events of the past; the engine's own clock says how far."""
        clock = unix_time(dig_str(setting.host.engine.get("/info"), "SystemTime"))
        filters = {
            "type": ["container"],
            "container": [self.container],
            "event": ["create", "start", "die", "kill", "stop", "oom", "destroy"],
        }
        params = {"since": "1", "until": clock, "filters": json.dumps(filters)}
        return dig_list({"events": setting.host.engine.get("/events", params)}, "events")[-100:]

    def parse(self, raw: Any) -> list[Event]:
        """Oldest first; Docker 29 has only `Action` and `Actor`, older engines `status` as well."""
        events = []
        for event in dig_list({"events": raw}, "events"):
            attributes = dig(event, "Actor", "Attributes")
            if dig_str(attributes, "name") != self.container:
                continue
            at = dig(event, "time")
            events.append(
                Event(
                    dig_str(event, "Action") or dig_str(event, "status"),
                    at if isinstance(at, int) else 0,
                    dig_str(attributes, "image"),
                    dig_str(attributes, "exitCode"),
                )
            )
        return events

    def shown_by(self) -> str:
        """As a person asks."""
        return f"docker events --since 24h --until 0s --filter container={self.container}"
