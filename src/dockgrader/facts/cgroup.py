"""The limits that the kernel holds for a container, read from its cgroup files.

The host's own files are the truth. Where they cannot be read from here (another machine, Docker Desktop, another
namespace), the container's view of its own cgroup is asked through exec.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any, ClassVar

from dockgrader.errors import Unobserved
from dockgrader.facts.base import Fact, See, Setting, dig, dig_str
from dockgrader.facts.cgroup_paths import CgroupFiles, locate, memberships, seen_inside
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
_UNLIMITED, _ABSENT = float(1 << 100), float("inf")
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


def _effective(levels: list[CgroupFiles], texts: Mapping[str, str | None]) -> dict[str, Any]:
    """Of all cgroups that the process is in, the files with the least limits, which the kernel obeys.

    The container's own counts where another says the same, or nothing. Versions of crun have left it without a limit
    (containers/crun#954: Podman of Debian 12 and Ubuntu 22.04).
    """
    memory = min(levels, key=lambda files: _bytes(texts.get(files.memory or "")))
    cpu = min(levels, key=lambda files: _share(texts.get(files.quota or ""), texts.get(files.period or "")))
    named = {part: path for part, path in cpu.named().items() if part != "memory"}
    named |= {part: path for part, path in memory.named().items() if part == "memory"}
    return {part: {"path": path, "content": texts[path]} for part, path in named.items()}


def _bytes(text: str | None) -> float:
    """Unlimited is more than any number, and a file that is not there comes last."""
    if text is None:
        return _ABSENT
    return int(text) if text.strip().isdecimal() else _UNLIMITED


def _share(quota: str | None, period: str | None) -> float:
    """The same of a CPU's share; v2 has both numbers in one file, `50000 100000`."""
    words = f"{quota or ''} {period or ''}".split()
    if not words:
        return _ABSENT
    numbers = [int(word) for word in words[:2] if word.isdecimal()]
    return numbers[0] / numbers[1] if len(numbers) == 2 and numbers[1] else _UNLIMITED


def _host_files(setting: Setting, inspected: Inspected) -> dict[str, Any] | None:
    """None when the host's files do not show this container's cgroup."""
    try:
        process, table = setting.host.read_files([f"/proc/{inspected.pid}/cgroup", "/proc/self/mountinfo"])
        levels = locate(process.text, table.text, inspected.id)
        if not levels:
            return None
        paths = list(dict.fromkeys(path for files in levels for path in files.named().values()))
        *found, after = setting.host.read_files([*paths, f"/proc/{inspected.pid}/cgroup"])
        contents = dict(zip(paths, found, strict=True))
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
    texts = {path: read.text[:100] if read.data else None for path, read in contents.items()}
    return {
        "via": "host",
        "version": levels[0].version,
        "proc_cgroup": process.text[:4096],
        "files": _effective(levels, texts),
    }


def _own_view(setting: Setting, inspected: Inspected) -> dict[str, Any]:
    levels = [_V1]
    if setting.see(Info()).cgroup_version == "2":
        own = memberships(_cat(setting, inspected, "/proc/self/cgroup") or "").get("", "/")
        folders = [f"/sys/fs/cgroup{path}" for path in seen_inside(own, inspected.id)]
        levels = [CgroupFiles(2, f"{folder}/memory.max", f"{folder}/cpu.max", None) for folder in folders]
    paths = dict.fromkeys(path for files in levels for path in files.named().values())
    texts = {path: _cat(setting, inspected, path) for path in paths}
    return {"via": "container", "version": levels[0].version, "files": _effective(levels, texts)}


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
