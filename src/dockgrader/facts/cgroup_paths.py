"""Where a container's cgroup lies on the host: `/proc/<pid>/cgroup` against the mount table.

Pure text in, paths out. Sources: cgroups(7), proc(5) for both formats; `docs/explanation/fairness.md` for what was
seen on live engines.
"""

from __future__ import annotations

import posixpath
import re
from itertools import zip_longest

from dockgrader.frozen import dataclass

_REAL_CONTROLLERS = frozenset({"memory", "cpu", "cpuacct", "cpuset", "blkio", "pids"})
_MOST_LEVELS = 8
"""Cgroups of a container's that are looked at, one below the other."""


@dataclass(frozen=True)
class CgroupMount:
    """One cgroup mount: v1 with its controllers, or v2 with none; `root` is the cgroup that is mounted there."""

    version: int
    controllers: frozenset[str]
    root: str
    point: str


@dataclass(frozen=True)
class CgroupFiles:
    """The files that hold a container's limits; None where the controller is not mounted."""

    version: int
    memory: str | None
    quota: str | None
    period: str | None

    def named(self) -> dict[str, str]:
        """Those that there are."""
        named = {"memory": self.memory, "quota": self.quota, "period": self.period}
        return {part: path for part, path in named.items() if path}


def memberships(proc_cgroup: str) -> dict[str, str]:
    """The cgroup of each controller from `/proc/<pid>/cgroup`; v2's stands under the empty name."""
    found: dict[str, str] = {}
    for line in proc_cgroup.splitlines()[:100]:
        _, _, rest = line.partition(":")
        controllers, separator, path = rest.partition(":")
        if separator and path.startswith("/"):
            found.update(dict.fromkeys(controllers.split(","), path))
    return found


def mounts(mountinfo: str) -> list[CgroupMount]:
    """The cgroup mounts in `/proc/self/mountinfo`, later ones first, as they hide earlier ones."""
    found = []
    for line in mountinfo.splitlines():
        if " - cgroup" not in line:
            continue
        before, _, after = line.partition(" - ")
        fields, kind = before.split(" "), after.split(" ")
        if len(fields) < 6 or len(kind) < 3 or kind[0] not in ("cgroup", "cgroup2"):
            continue
        controllers = frozenset(kind[2].split(",")) if kind[0] == "cgroup" else frozenset()
        found.append(
            CgroupMount(1 if controllers else 2, controllers, _unescaped(fields[3]), _unescaped(fields[4]))
        )
    return found[::-1]


def locate(proc_cgroup: str, mountinfo: str, container_id: str) -> list[CgroupFiles]:
    """The files of a container's limits on this host: those of its own cgroup, then of each below it, to the process's.

    A container with systemd or an engine in it makes cgroups below its own, and crun does. Empty when this process is
    not the container's (another machine's number) or its cgroup cannot be seen from here. A host that has v1
    controllers is on v1, whatever empty v2 tree stands beside them.
    """
    paths, table = memberships(proc_cgroup), mounts(mountinfo)
    if any(mount.controllers & _REAL_CONTROLLERS for mount in table):
        if not any(container_id in path for name, path in paths.items() if name in _REAL_CONTROLLERS):
            return []
        memory = _folders("memory", paths, table, container_id)
        cpu = _folders("cpu", paths, table, container_id)
        for name, folders in (("memory", memory), ("cpu", cpu)):
            if not folders and name in paths:
                return []  # the kernel has this controller: its files are out of sight, or the process was moved
        return [_v1(*pair) for pair in zip_longest(memory, cpu)] or [_v1(None, None)]
    return [_v2(folder) for folder in _folders("", paths, table, container_id)]


def below(path: str, container_id: str) -> list[str]:
    """The cgroup that is named after a container, in the path of a process, some below it, and the process's own."""
    parts = path.split("/")
    depth = next((number for number, part in enumerate(parts) if container_id in part), None)
    if depth is None or ".." in parts:
        return []
    return _levels(parts, depth)


def seen_inside(path: str, container_id: str) -> list[str]:
    """The same as the container sees them: in a cgroup namespace of its own, its own is the root, an empty path."""
    parts = path.rstrip("/").split("/")
    return below(path, container_id) or ([""] if ".." in parts else _levels(parts, 0))


def _levels(parts: list[str], depth: int) -> list[str]:
    ends = [*range(depth + 1, len(parts))[: _MOST_LEVELS - 1], len(parts)]
    return ["/".join(parts[:end]) for end in ends]


def _v1(memory: str | None, cpu: str | None) -> CgroupFiles:
    return CgroupFiles(
        1,
        memory and f"{memory}/memory.limit_in_bytes",
        cpu and f"{cpu}/cpu.cfs_quota_us",
        cpu and f"{cpu}/cpu.cfs_period_us",
    )


def _v2(folder: str) -> CgroupFiles:
    return CgroupFiles(2, f"{folder}/memory.max", f"{folder}/cpu.max", None)


def _folders(
    controller: str, paths: dict[str, str], table: list[CgroupMount], container_id: str
) -> list[str]:
    """The folders of a container's cgroup and of those below it."""
    found = below(paths.get(controller, ""), container_id)
    for mount in table:
        if found and (controller in mount.controllers or (not controller and mount.version == 2)):
            if mount.root == "/":
                return [posixpath.normpath(mount.point + path) for path in found]
            if found[0].startswith(mount.root + "/"):
                return [posixpath.normpath(mount.point + path[len(mount.root) :]) for path in found]
    return []


def _unescaped(field: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), field)
