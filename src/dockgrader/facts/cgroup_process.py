"""Whether the first process of a container really is in the container's cgroup."""

from __future__ import annotations

import posixpath
import shlex
from typing import Any, ClassVar

from dockgrader.errors import Unobserved
from dockgrader.facts.base import Fact, Setting, dig, dig_dict, dig_str
from dockgrader.facts.cgroup_paths import locate, memberships
from dockgrader.facts.containers import Container, Inspected
from dockgrader.facts.engine import Info
from dockgrader.frozen import dataclass
from dockgrader.hosts.base import Conflict, Missing

_SECONDS = 10.0
_LIMITING = ("memory", "cpu")


@dataclass(frozen=True)
class Membership:
    """`paths` are the process's cgroups by controller, empty for v2's; `there` whether they are the container's."""

    there: bool
    paths: dict[str, str]
    listed_in: tuple[str, ...]


@dataclass(frozen=True)
class CgroupProcess(Fact[Membership | None]):
    """Where a running container's first process is; None when the container does not run."""

    container: str
    name: ClassVar[str] = "cgroup-process"

    def read(self, setting: Setting) -> Any:
        """`/proc/<pid>/cgroup` and the list in the cgroup itself; else what the container sees of its own."""
        inspected = setting.see(Container(self.container))
        if inspected is None or inspected.pid <= 0 or inspected.status == "paused":
            return None
        try:
            return _on_host(setting, inspected) or _in_container(setting, inspected)
        except (Conflict, Missing):
            return None

    def parse(self, raw: Any) -> Membership | None:
        """As it was read."""
        if not isinstance(raw, dict):
            return None
        paths = memberships(dig_str(raw, "proc_cgroup"))
        limiting = {name: paths[name] for name in _LIMITING if name in paths} or {"": paths.get("", "")}
        listed = dig_dict(raw, "listed")
        # A path of the host has the container's id; in a private cgroup namespace it is the root.
        ident, private = dig_str(raw, "id"), raw.get("private") is True
        inside = (ident in path or (private and _below_root(path)) for path in limiting.values())
        there = all(inside) and all(listed.values())
        return Membership(there, limiting, tuple(listed))

    def shown_by(self) -> str:
        """As a person asks."""
        return f"cat /proc/$(docker inspect -f '{{{{.State.Pid}}}}' {shlex.quote(self.container)})/cgroup"


def _below_root(path: str) -> bool:
    """Outside of its cgroup namespace, a process is shown at `/../…`."""
    return path.startswith("/") and ".." not in path.split("/")


def _on_host(setting: Setting, inspected: Inspected) -> dict[str, Any] | None:
    """None where the host's files do not show this container's process, or show it outside of its cgroup."""
    try:
        process, table = setting.host.read_files([f"/proc/{inspected.pid}/cgroup", "/proc/self/mountinfo"])
        levels = locate(process.text, table.text, inspected.id)
        if not levels:
            return None
        # Who is in a cgroup below the container's own (crun's, that of a systemd in it) is listed there only.
        deepest = {part: path for files in levels for part, path in files.named().items() if part != "period"}
        folders = [posixpath.dirname(path) for path in deepest.values()]
        lists = [f"{folder}/cgroup.procs" for folder in dict.fromkeys(folders)]
        contents = setting.host.read_files(lists)
    except Unobserved as error:
        if error.code != "host.files":
            raise
        return None
    if any(found.data is None for found in contents):
        return None
    pid = str(inspected.pid)
    listed = {path: pid in found.text.split() for path, found in zip(lists, contents, strict=True)}
    return {
        "via": "host",
        "id": inspected.id,
        "private": False,
        "proc_cgroup": process.text[:4096],
        "listed": listed,
    }


def _in_container(setting: Setting, inspected: Inspected) -> dict[str, Any]:
    """What its own /proc says of its PID 1, which is the same process unless it has the host's PID namespace."""
    why = f"The host's cgroup files do not show {inspected.name}"
    if dig(inspected.raw, "HostConfig", "PidMode") not in (None, "", "private"):
        raise Unobserved("cgroup.unreadable", f"{why}, whose processes are not in a PID namespace of its own")
    output = setting.host.engine.exec(inspected.id, ["cat", "/proc/1/cgroup"], _SECONDS)
    if output.exit != 0:
        raise Unobserved("cgroup.unreadable", f"{why}, and it has no `cat` to show its own")
    text = output.stdout[:4096].decode("utf-8", "replace")
    return {
        "via": "container",
        "id": inspected.id,
        "private": _private(setting, inspected),
        "proc_cgroup": text,
        "listed": {},
    }


def _private(setting: Setting, inspected: Inspected) -> bool:
    """Whether the container sees its cgroup as the root; with v2 it does, unless it was told otherwise."""
    mode = dig_str(inspected.raw, "HostConfig", "CgroupnsMode")
    return mode == "private" or (not mode and setting.see(Info()).cgroup_version == "2")
