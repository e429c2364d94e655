"""The limits that the kernel holds for a container, read from its cgroup files.

The host's own files are the truth. Where they cannot be read from here (another machine, Docker Desktop, another
namespace), the container's view of its own cgroup is asked through exec.
"""

from __future__ import annotations

import shlex
from typing import Any, ClassVar

from dockgrader.errors import Unobserved
from dockgrader.facts.base import Fact, See, Setting, dig, dig_str
from dockgrader.facts.cgroup_paths import CgroupFiles, locate, memberships
from dockgrader.facts.containers import Container, Inspected
from dockgrader.facts.engine import Info
from dockgrader.frozen import dataclass
from dockgrader.hosts.base import Conflict, Missing, Output

_V1 = CgroupFiles(
    1,
    "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    "/sys/fs/cgroup/cpu/cpu.cfs_quota_us",
    "/sys/fs/cgroup/cpu/cpu.cfs_period_us",
)
_CAT_SECONDS = 10.0
_COMMAND_UNUSABLE = (126, 127)


@dataclass(frozen=True)
class CgroupLimits:
    """Raw values as the files hold them: bytes or `max`; microseconds, `-1` or `max`. None: no such controller."""

    version: int
    memory: str | None
    quota: str | None
    period: str | None
    via: str
    commands: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cgroup(Fact[CgroupLimits | None]):
    """A running container's limits in its cgroup; None when it has none because it is not running."""

    container: str
    name: ClassVar[str] = "cgroup"

    def read(self, setting: Setting) -> Any:
        """The host's files, else the container's own view."""
        inspected = setting.see(Container(self.container))
        if inspected is None or inspected.pid <= 0:
            return None
        files = _host_files(setting, inspected)
        if files is not None:
            return files
        return _own_view(setting, inspected)

    def parse(self, raw: Any) -> CgroupLimits | None:
        """v2 keeps quota and period in one file, `50000 100000`."""
        if not isinstance(raw, dict):
            return None
        version = 2 if dig(raw, "version") == 2 else 1
        contents = {
            part: _stripped(dig(raw, "files", part, "content")) for part in ("memory", "quota", "period")
        }
        quota, period = contents["quota"], contents["period"]
        if version == 2 and quota:
            quota, _, period = quota.partition(" ")
        via = dig_str(raw, "via")
        return CgroupLimits(version, contents["memory"], quota, period or None, via, self._commands(raw))

    def _commands(self, raw: Any) -> tuple[str, ...]:
        where = f"docker exec {shlex.quote(self.container)} " if dig(raw, "via") == "container" else ""
        paths = [dig_str(raw, "files", part, "path") for part in ("memory", "quota", "period")]
        return tuple(f"{where}cat {shlex.quote(path)}" for path in dict.fromkeys(paths) if path)

    def shown_by(self) -> str:
        """As a person finds the path; the evidence has the very files."""
        name = shlex.quote(self.container[:12] if len(self.container) == 64 else self.container)
        return f"cat /proc/$(docker inspect -f '{{{{.State.Pid}}}}' {name})/cgroup"

    def shown_by_files(self, see: See) -> list[str]:
        """How to find the cgroup, and the `cat` of each file that was read."""
        found = see(self)
        return [self.shown_by(), *(found.commands if found else ())]


def _stripped(content: Any) -> str | None:
    return content.strip() if isinstance(content, str) else None


def _named(files: CgroupFiles) -> dict[str, str]:
    named = {"memory": files.memory, "quota": files.quota, "period": files.period}
    return {part: path for part, path in named.items() if path}


def _host_files(setting: Setting, inspected: Inspected) -> dict[str, Any] | None:
    """None when the host's files do not show this container's cgroup."""
    try:
        process, table = setting.host.read_files([f"/proc/{inspected.pid}/cgroup", "/proc/self/mountinfo"])
        files = locate(process.text, table.text, inspected.id)
        if files is None:
            return None
        named = _named(files)
        *found, after = setting.host.read_files([*named.values(), f"/proc/{inspected.pid}/cgroup"])
        contents = dict(zip(named, found, strict=True))
    except Unobserved as error:
        if error.code != "host.files":
            raise
        return None
    if any(read.data is None and read.problem != "missing" for read in contents.values()):
        return None
    if not after.data:
        raise Unobserved(
            "cgroup.gone", f"{inspected.name} stopped while its cgroup was being read; grade again"
        )
    return {
        "via": "host",
        "version": files.version,
        "proc_cgroup": process.text[:4096],
        "files": {
            part: {"path": path, "content": contents[part].text[:100] if contents[part].data else None}
            for part, path in named.items()
        },
    }


def _own_view(setting: Setting, inspected: Inspected) -> dict[str, Any]:
    files = _V1
    if setting.see(Info()).cgroup_version == "2":
        own = memberships(_cat(setting, inspected, "/proc/self/cgroup") or "").get("", "/")
        # In a private cgroup namespace the own cgroup is the root, "/"; without one it stands below the host's.
        folder = "/sys/fs/cgroup" + ("" if own == "/" else own)
        files = CgroupFiles(2, f"{folder}/memory.max", f"{folder}/cpu.max", None)
    read = {
        part: {"path": path, "content": _cat(setting, inspected, path)}
        for part, path in _named(files).items()
    }
    return {"via": "container", "version": files.version, "files": read}


def _cat(setting: Setting, inspected: Inspected, path: str) -> str | None:
    """A small file as the container sees it; None when it is not there."""
    hidden = f"The host's cgroup files cannot be read from here, and {inspected.name}"
    try:
        output: Output = setting.host.engine.exec(inspected.id, ["cat", path], _CAT_SECONDS)
    except (Conflict, Missing):
        raise Unobserved("cgroup.unreadable", f"{hidden} takes no commands now") from None
    if output.exit in _COMMAND_UNUSABLE:
        raise Unobserved("cgroup.unreadable", f"{hidden} has no `cat` to show its own")
    if output.exit is None:
        raise Unobserved("cgroup.unreadable", f"{hidden} does not answer `cat {path}`")
    return output.stdout[:4096].decode("utf-8", "replace") if output.exit == 0 else None
