"""Volumes by name, those that nobody uses, and a file in the volume of a container."""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from typing import Any, ClassVar
from urllib.parse import quote

from dockgrader.errors import Unobserved
from dockgrader.facts.base import Fact, Setting, dig, dig_list, dig_str
from dockgrader.facts.containers import Container, Inspected, Mount
from dockgrader.frozen import dataclass
from dockgrader.hosts.base import Conflict, Missing, ReadFile

_MOST = 1000
_BEGINNING = 16
_SECONDS = 10.0


@dataclass(frozen=True)
class UnusedVolumes(Fact[list[str]]):
    """Names of the volumes that no container has, running or not."""

    name: ClassVar[str] = "unused-volumes"

    def read(self, setting: Setting) -> Any:
        """GET /volumes, those that are dangling."""
        filters = json.dumps({"dangling": ["true"]})
        try:
            found = dig_list(setting.host.engine.get("/volumes", {"filters": filters}), "Volumes")
        except Missing:
            raise Unobserved("engine.refused", "The engine does not list its volumes") from None
        return sorted(dig_str(volume, "Name") for volume in found)[:_MOST]

    def parse(self, raw: Any) -> list[str]:
        """As it was read."""
        return [str(name) for name in dig_list({"all": raw}, "all")]

    def shown_by(self) -> str:
        """As a person asks."""
        return "docker volume ls --filter dangling=true"


@dataclass(frozen=True)
class VolumeThere(Fact[bool]):
    """Whether the host has a volume of this name."""

    volume: str
    name: ClassVar[str] = "volume-there"

    def read(self, setting: Setting) -> Any:
        """GET /volumes/NAME."""
        try:
            found = setting.host.engine.get(f"/volumes/{quote(self.volume, safe='')}")
        except Missing:
            return None
        if not dig_str(found, "Name"):
            raise Unobserved(
                "engine.garbage", f"The engine's answer about the volume {self.volume} has no name"
            )
        return {key: dig(found, key) for key in ("Name", "Driver", "CreatedAt")}

    def parse(self, raw: Any) -> bool:
        """It is there where the engine told something of it."""
        return raw is not None

    def shown_by(self) -> str:
        """As a person asks."""
        return f"docker volume inspect {shlex.quote(self.volume)}"


@dataclass(frozen=True)
class MountedFile:
    """A file of a container: what is mounted there, its place on the host, whether it is there, how it begins."""

    mount: Mount | None
    place: str
    there: bool
    begins: str


@dataclass(frozen=True)
class FileInVolume(Fact[MountedFile | None]):
    """A file at a path in a container; None when there is no such container.

    It is looked for in its place on the host; where that is out of reach or may not be read, in the container.
    """

    container: str
    path: str
    name: ClassVar[str] = "file-in-volume"

    def read(self, setting: Setting) -> Any:
        """The beginning of the file only: the rest is the student's."""
        inspected = setting.see(Container(self.container))
        if inspected is None:
            return None
        mount = mounted_at(inspected, self.path)
        place = (
            mount.source + self.path[len(mount.destination.rstrip("/")) :] if mount and mount.source else ""
        )
        found = {"mount": vars(mount).copy() if mount else None, "place": place, "via": "host"}
        begins = _on_host(setting, inspected, place)
        if begins is None:
            found["via"], begins = "container", _in_container(setting, inspected, self.path)
        return {**found, "there": begins is not None, "begins": begins or ""}

    def parse(self, raw: Any) -> MountedFile | None:
        """As it was read."""
        if not isinstance(raw, dict):
            return None
        keys = ("type", "name", "source", "destination")
        mount = Mount(*(dig_str(raw, "mount", key) for key in keys)) if dig(raw, "mount") else None
        return MountedFile(mount, dig_str(raw, "place"), raw.get("there") is True, dig_str(raw, "begins"))

    def shown_by(self) -> str:
        """As a person asks."""
        return f"docker exec {shlex.quote(self.container)} ls -l {shlex.quote(self.path)}"


def mounted_at(inspected: Inspected, path: str) -> Mount | None:
    """The mount in which a path of the container lies, None where it is in the container's own files."""
    inside = [
        mount
        for mount in inspected.mounts
        if posixpath.normpath(path).startswith(mount.destination.rstrip("/") + "/")
    ]
    return max(inside, key=lambda mount: len(mount.destination), default=None)


def _on_host(setting: Setting, inspected: Inspected, place: str) -> str | None:
    """The beginning of a file; None where it is not seen, which the container may see better."""
    if not place or not setting.host.near(inspected.id, inspected.pid).files:
        return None
    try:
        found: ReadFile = setting.host.read_files([place], regular=True)[0]
    except Unobserved as error:
        if error.code != "host.files":
            raise
        return None
    return None if found.data is None else _text(found.data)


def _in_container(setting: Setting, inspected: Inspected, path: str) -> str | None:
    hidden = f"The files of the host cannot be read from here, and {inspected.name}"
    try:
        output = setting.host.engine.exec(inspected.id, ["head", "-c", str(_BEGINNING), path], _SECONDS)
    except (Conflict, Missing):
        raise Unobserved("host.files", f"{hidden} takes no commands now") from None
    if output.exit is None or output.exit in (126, 127):
        raise Unobserved("host.files", f"{hidden} has no `head` to show its own")
    return _text(output.stdout) if output.exit == 0 else None


def _text(data: bytes) -> str:
    """The plain text at the beginning of a file, by which its format is told."""
    found = re.match(rb"[ -~]*", data[:_BEGINNING])
    return found[0].decode("ascii") if found else ""
