"""Shells of the host that somebody put into namespaces of their own, with `unshare`.

All processes of the host are looked through, in one command. Those of containers have namespaces of their own as
well; they are told by their cgroup or by another root than the host's, and whoever entered one (`nsenter`) by the
namespaces that they share.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar

from dockgrader.errors import Unobserved
from dockgrader.facts.base import Fact, Setting, dig_dict, dig_int, dig_list, dig_str
from dockgrader.facts.containers import Container, Containers
from dockgrader.facts.namespaces import HOSTNAME, KINDS, hosts_own, links, on_host, sections
from dockgrader.facts.processes import MOST, SCRIPT, Process, processes
from dockgrader.frozen import dataclass

NAMES = frozenset(
    (
        *(
            "sh",
            "bash",
            "rbash",
            "dash",
            "ash",
            "busybox",
            "zsh",
            "ksh",
            "mksh",
            "yash",
            "fish",
            "csh",
            "tcsh",
        ),
        *("nu", "xonsh", "pwsh", "elvish"),
    )
)
_MOST_SHELLS = 100
_ENGINES = frozenset(("dockerd", "containerd", "podman", "conmon"))
_CONTAINER = re.compile(r"[0-9a-f]{64}")
"""What the cgroup of a container's process is named after."""
_HOSTNAMES = (
    f'for process; do echo "== $process"; nsenter --target "$process" --uts cat {HOSTNAME}; done 2>/dev/null'
)


@dataclass(frozen=True)
class Shell:
    """A shell: which of its namespaces are its own, which its children get, its number in its own PID namespace.

    `own_proc`: another /proc is mounted for it than the host's. `hostname` is None and `number` 0 where it could not
    be read. `began_as` is the host's hostname by a file that is older than the shell, empty where there is none.
    """

    pid: int
    name: str
    own: frozenset[str]
    own_for_children: bool
    number: int
    own_proc: bool
    devices: tuple[str, ...]
    hostname: str | None
    began_as: str


@dataclass(frozen=True)
class Found:
    """The shells, whether all processes could be looked at, and the host's hostname, empty where it was not read."""

    shells: tuple[Shell, ...]
    all_seen: bool
    hostname: str


@dataclass(frozen=True)
class Shells(Fact[Found]):
    """Shells in namespaces of their own that belong to no container."""

    name: ClassVar[str] = "shells"

    def read(self, setting: Setting) -> Any:
        """One command on the host, one more for the hostnames. Raises Unobserved where this is not the engine's."""
        output = on_host(setting, SCRIPT, str(MOST))
        part = sections(output) if output is not None else {}
        _refuse_elsewhere(setting, part)
        found = processes(part.get("processes", ""))
        host = _host(part, found)
        shells = list(_shells(found, host))
        all_seen = _all_readable(part) and len(found) < MOST and len(shells) <= _MOST_SHELLS
        told = [_shell(shell, host) for shell in shells[:_MOST_SHELLS]]
        return {
            "hostname": part.get("hostname", "").strip(),
            "static": _static(part),
            "proc": part.get("proc", "").strip(),
            "all_seen": all_seen,
            "shells": [{**shell, "hostname": name} for shell, name in _with_hostnames(setting, told)],
        }

    def parse(self, raw: Any) -> Found:
        """As it was read."""
        found = tuple(_parsed(shell, raw) for shell in dig_list(raw, "shells"))
        return Found(found, dig_dict({"raw": raw}, "raw").get("all_seen") is True, dig_str(raw, "hostname"))

    def shown_by(self) -> str:
        """As a person asks."""
        return "sudo lsns --output NS,TYPE,PID,USER,COMMAND"


def _parsed(shell: Any, raw: Any) -> Shell:
    older = 0 < dig_int(raw, "static", "since") < dig_int(shell, "started")
    return Shell(
        pid=shell["pid"],
        name=str(shell["name"]),
        own=frozenset(shell["own"]),
        own_for_children=bool(shell["own_for_children"]),
        number=shell["number"],
        own_proc=shell["proc"] not in ("", dig_str(raw, "proc")),
        devices=tuple(shell["devices"]),
        hostname=shell["hostname"],
        began_as=dig_str(raw, "static", "hostname") if older else "",
    )


def _refuse_elsewhere(setting: Setting, part: dict[str, str]) -> None:
    """Raise Unobserved unless this /proc surely has the processes of the engine's machine."""
    if "processes" in part and _ENGINES & set(part.get("engines", "").split()):
        running = next((item for item in setting.see(Containers()) if item.state == "running"), None)
        inspected = setting.see(Container(running.id)) if running else None
        if inspected is None or setting.host.near(inspected.id, inspected.pid).files:
            return
    raise Unobserved(
        "host.files",
        "The processes of the engine's machine cannot be seen from here. If this is a shell of unshare itself, check "
        "from another console; else grade it on that machine, or with --host ssh://",
    )


@dataclass(frozen=True)
class _Host:
    """What all processes are compared with. `base` are the host's own namespaces by kind, `since` seconds since 1970
    at which it was started, `ticks` those of its clock in a second.
    """

    base: dict[str, set[str]]
    contained: frozenset[int]
    first: frozenset[int]
    since: int
    ticks: int


def _host(part: dict[str, str], found: list[Process]) -> _Host:
    # This machine may be a container itself, in whose cgroup all its processes are.
    inside = frozenset(_CONTAINER.findall(part.get("cgroup", "")))
    root = part.get("root", "").strip()
    contained = frozenset(
        process.pid
        for process in found
        if not inside.issuperset(_CONTAINER.findall(process.cgroup))
        or (root and process.root not in ("", root))
    )
    # Who checks from a shell of `unshare` is in its namespaces: ours count only where the host's may not be read.
    own = hosts_own(part, ours=not _known(part))
    base = {kind: set(names) for kind, names in own.items()}
    for process in found:  # an engine may have a network of its own on its machine
        if process.name in _ENGINES and process.pid not in contained:
            for kind in KINDS:
                base[kind].update([process.links[kind]] if kind in process.links else [])
    since, ticks = ([int(word) for word in part.get("clock", "").split() if word.isdecimal()] + [0, 0])[:2]
    return _Host(base, contained, _first_ones(found), since, ticks or 100)


def _known(part: dict[str, str]) -> bool:
    """Whether the host's namespaces were read of its first process or of the kernel's."""
    return any(links(part.get(name, "")).keys() >= set(KINDS) for name in ("init", "kernel"))


def _all_readable(part: dict[str, str]) -> bool:
    """Root may look at every process, but not without CAP_SYS_PTRACE, which in a container it usually lacks."""
    return part.get("user", "").strip() == "0" and part.get("hidden", "").strip() == "0"


def _first_ones(found: list[Process]) -> frozenset[int]:
    """The oldest process of each PID namespace: number 1, without which there would be none."""
    oldest: dict[str, Process] = {}
    for process in found:
        link = process.links.get("pid", "")
        if link not in oldest or process.started < oldest[link].started:
            oldest[link] = process
    return frozenset(process.pid for process in oldest.values())


def _static(part: dict[str, str]) -> dict[str, Any]:
    """The hostname that the host is started with, and since when it stands in the file, in seconds since 1970."""
    since, *lines = [*part.get("static", "").splitlines(), ""]
    names = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    return {"hostname": names[0] if names else "", "since": int(since) if since.isdecimal() else 0}


def _shells(found: list[Process], host: _Host) -> Iterator[Process]:
    """Shells of which a namespace is neither the host's nor a container's; the lowest process numbers first."""
    # A process that has ended, and that nobody has asked how, still has a PID namespace, but no other.
    whole = [process for process in found if process.links.keys() >= set(KINDS)]
    taken = {
        link
        for process in whole
        if process.pid in host.contained
        for kind in KINDS
        if (link := process.links[kind]) not in host.base[kind]
    }
    for process in whole:
        entered = not taken.isdisjoint(process.links[kind] for kind in KINDS)
        outside = process.pid not in host.contained and not entered
        if process.name in NAMES and outside and _own(process, host):
            yield process


def _own(process: Process, host: _Host) -> list[str]:
    """The kinds of namespaces that are not the host's; `pid_for_children` where only children get a new one."""
    own = [kind for kind in KINDS if process.links[kind] not in host.base[kind]]
    children = process.links.get("pid_for_children", "")
    return [*own, *(["pid_for_children"] if children and children not in host.base["pid"] else [])]


def _shell(process: Process, host: _Host) -> dict[str, Any]:
    own = _own(process, host)
    # Before Linux 4.1 nothing tells the number, but that of the first one is known.
    number = process.numbers[-1] if process.numbers else int(process.pid in host.first)
    return {
        "pid": process.pid,
        "name": process.name,
        "own": [kind for kind in own if kind in KINDS],
        "own_for_children": "pid_for_children" in own,
        "number": number,
        "proc": process.proc,
        "devices": list(process.devices),
        "started": host.since + process.started // host.ticks if host.since else 0,
    }


def _with_hostnames(
    setting: Setting, shells: list[dict[str, Any]]
) -> Iterator[tuple[dict[str, Any], str | None]]:
    """Each shell with the hostname in its UTS namespace, where that is its own and may be entered."""
    asked = [str(shell["pid"]) for shell in shells if "uts" in shell["own"]]
    output = on_host(setting, _HOSTNAMES, *asked) if asked else None
    part = sections(output or "")
    for shell in shells:
        yield shell, part.get(str(shell["pid"]), "").strip() or None
