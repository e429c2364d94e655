"""Where a container's cgroup lies on the host: `/proc/<pid>/cgroup` against the mount table.

Pure text in, paths out. Sources: cgroups(7), proc(5) for both formats; `docs/explanation/fairness.md` for what was
seen on live engines.
"""

from __future__ import annotations

import posixpath
import re

from dockgrader.frozen import dataclass

_REAL_CONTROLLERS = frozenset({"memory", "cpu", "cpuacct", "cpuset", "blkio", "pids"})


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


def locate(proc_cgroup: str, mountinfo: str, container_id: str) -> CgroupFiles | None:
    """The files of a container's limits on this host.

    None when this process is not the container's (another machine's number) or its cgroup cannot be seen from
    here. A host that has v1 controllers is on v1, whatever empty v2 tree stands beside them.
    """
    paths, table = memberships(proc_cgroup), mounts(mountinfo)
    if any(mount.controllers & _REAL_CONTROLLERS for mount in table):
        if not any(container_id in path for name, path in paths.items() if name in _REAL_CONTROLLERS):
            return None
        memory = _folder("memory", paths, table, container_id)
        cpu = _folder("cpu", paths, table, container_id)
        for name, folder in (("memory", memory), ("cpu", cpu)):
            if folder is None and name in paths:
                return None  # the kernel has this controller: its files are out of sight, or the process was moved
        return CgroupFiles(
            1,
            memory and f"{memory}/memory.limit_in_bytes",
            cpu and f"{cpu}/cpu.cfs_quota_us",
            cpu and f"{cpu}/cpu.cfs_period_us",
        )
    folder = _folder("", paths, table, container_id)
    return CgroupFiles(2, f"{folder}/memory.max", f"{folder}/cpu.max", None) if folder else None


def _folder(
    controller: str, paths: dict[str, str], table: list[CgroupMount], container_id: str
) -> str | None:
    """The folder of a container's cgroup, as deep as the part that is named after the container."""
    path = paths.get(controller, "")
    parts = path.split("/")
    depth = next((number for number, part in enumerate(parts) if container_id in part), None)
    if depth is None or ".." in parts:
        return None
    own = "/".join(parts[: depth + 1])
    for mount in table:
        if controller in mount.controllers or (not controller and mount.version == 2):
            if mount.root == "/":
                return posixpath.normpath(mount.point + own)
            if own.startswith(mount.root + "/"):
                return posixpath.normpath(mount.point + own[len(mount.root) :])
    return None


def _unescaped(field: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), field)
