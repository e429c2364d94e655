"""Shells of the host that somebody put into namespaces of their own, with `unshare`.

All processes of the host are looked through, in one command. Those of containers have namespaces of their own as
well; they are told by their cgroup, and whoever entered one (`nsenter`) by the namespaces that they share.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar

from dockgrader.errors import Unobserved
from dockgrader.facts.base import Fact, Setting, dig_dict, dig_list, dig_str
from dockgrader.facts.containers import Container, Containers
from dockgrader.facts.namespaces import HOSTNAME, KINDS, OF_HOST, hosts_own, on_host, sections
from dockgrader.frozen import dataclass

NAMES = frozenset(("bash", "sh", "dash", "ash", "zsh", "ksh", "fish", "busybox"))
MOST_LINES = 2000
"""Processes in namespaces of their own that are told at the most."""
_MOST_SHELLS = 100
_CONTAINER = re.compile(r"[0-9a-f]{64}")
"""What the cgroup of a container's process is named after."""
_ENGINES = frozenset(("dockerd", "containerd", "podman", "conmon"))

# One line for each process whose namespaces are not those of this script: PID NAME NSPIDS CGROUP PROC DEVICES LINKS,
# with tabs between them. CGROUP is the longest path, PROC the device of what is mounted at /proc. What a process calls
# itself has no raw line feeds in `status`.
_SCRIPT = (
    OF_HOST
    + f"""\
echo "== user"; id -u
echo "== hostname"; cat {HOSTNAME}
echo "== proc"; awk '$5 == "/proc" {{ print $3 }}' /proc/self/mountinfo | tail -n 1
echo "== cgroup"; cat /proc/self/cgroup
echo "== engines"; cat /proc/[0-9]*/comm 2>/dev/null | sort -u
echo "== processes"
{{ echo "/proc/self/ns:"; ls -l /proc/self/ns; ls -l /proc/[0-9]*/ns; }} 2>/dev/null | LC_ALL=C awk -v most="$1" '
function lines(file, wanted, found,    line, count) {{
    count = 0
    while ((getline line < file) > 0) if (line ~ wanted) found[++count] = line
    close(file)
    return count
}}
function tell(    count, number, name, own, cgroup, path, part, devices) {{
    if (pid == "self") {{ base = links; return }}
    if (links == "" || links == base || ++told > most) return
    lines("/proc/" pid "/status", "^Name:", name); sub(/^Name:[ \\t]*/, "", name[1]); gsub(/\\t/, " ", name[1])
    lines("/proc/" pid "/status", "^NSpid:", own); sub(/^NSpid:[ \\t]*/, "", own[1]); gsub(/\\t/, " ", own[1])
    cgroup = ""
    for (number = lines("/proc/" pid "/cgroup", ":", path); number > 0; number--) {{
        sub(/^[0-9]*:[^:]*:/, "", path[number])
        if (length(path[number]) > length(cgroup)) cgroup = path[number]
    }}
    gsub(/\\t/, " ", cgroup)
    devices = ""
    for (number = lines("/proc/" pid "/net/dev", ":", path); number > 0; number--) {{
        sub(/:.*/, "", path[number]); gsub(/ /, "", path[number])
        devices = path[number] (devices == "" ? "" : ";") devices
    }}
    count = lines("/proc/" pid "/mountinfo", "^[0-9]+ [0-9]+ [0-9:]+ [^ ]+ /proc ", path); split(path[count], part, " ")
    print pid "\\t" name[1] "\\t" own[1] "\\t" cgroup "\\t" part[3] "\\t" substr(devices, 1, 500) "\\t" links
    delete name; delete own
}}
/^\\/proc\\/[a-z0-9]+\\/ns:$/ {{ tell(); split($0, part, "/"); pid = part[3]; links = ""; next }}
/ (pid|net|mnt|uts|ipc|pid_for_children) -> / {{ links = links $(NF - 2) "=" $NF " " }}
END {{ tell() }}'
"""
)
_HOSTNAMES = (
    f'for process; do echo "== $process"; nsenter --target "$process" --uts cat {HOSTNAME}; done 2>/dev/null'
)


@dataclass(frozen=True)
class Shell:
    """A shell: which of its namespaces are its own, which its children get, its number in its own PID namespace.

    `own_proc`: another /proc is mounted for it than the host's. `hostname` is None where it could not be read.
    """

    pid: int
    name: str
    own: frozenset[str]
    own_for_children: bool
    number: int
    own_proc: bool
    devices: tuple[str, ...]
    hostname: str | None


@dataclass(frozen=True)
class Found:
    """The shells, whether all processes could be looked at, and the host's hostname."""

    shells: tuple[Shell, ...]
    all_seen: bool
    hostname: str


@dataclass(frozen=True)
class Shells(Fact[Found]):
    """Shells in namespaces of their own that belong to no container."""

    name: ClassVar[str] = "shells"

    def read(self, setting: Setting) -> Any:
        """One command on the host, one more for the hostnames. Raises Unobserved where this is not the engine's."""
        output = on_host(setting, _SCRIPT, str(MOST_LINES))
        part = sections(output) if output is not None else {}
        _refuse_elsewhere(setting, part)
        base = hosts_own(part)
        # This machine may be a container itself, in whose cgroup all its processes are.
        inside = frozenset(_CONTAINER.findall(part.get("cgroup", "")))
        rows = [line.split("\t") for line in part.get("processes", "").splitlines()]
        shells = [_shell(row, base) for row in _shells(rows, base, inside)][:_MOST_SHELLS]
        return {
            "hostname": part.get("hostname", "").strip(),
            "proc": part.get("proc", "").strip(),
            "all_seen": part.get("user", "").strip() == "0" and len(rows) < MOST_LINES,
            "shells": [{**shell, "hostname": name} for shell, name in _with_hostnames(setting, shells)],
        }

    def parse(self, raw: Any) -> Found:
        """As it was read."""
        found = tuple(
            Shell(
                pid=shell["pid"],
                name=str(shell["name"]),
                own=frozenset(shell["own"]),
                own_for_children=bool(shell["own_for_children"]),
                number=shell["number"],
                own_proc=shell["proc"] not in ("", dig_str(raw, "proc")),
                devices=tuple(shell["devices"]),
                hostname=shell["hostname"],
            )
            for shell in dig_list(raw, "shells")
        )
        return Found(found, dig_dict({"raw": raw}, "raw").get("all_seen") is True, dig_str(raw, "hostname"))

    def shown_by(self) -> str:
        """As a person asks."""
        return "sudo lsns --output NS,TYPE,PID,USER,COMMAND"


def _refuse_elsewhere(setting: Setting, part: dict[str, str]) -> None:
    """Raise Unobserved unless this /proc surely has the processes of the engine's machine."""
    if "processes" in part and _ENGINES & set(part.get("engines", "").split()):
        running = next((item for item in setting.see(Containers()) if item.state == "running"), None)
        inspected = setting.see(Container(running.id)) if running else None
        if inspected is None or setting.host.near(inspected.id, inspected.pid).files:
            return
    raise Unobserved(
        "host.files",
        "The processes of the engine's machine cannot be seen from here. Grade it on that machine, or with --host ssh://",
    )


def _row_links(row: list[str]) -> dict[str, str]:
    return dict(pair.partition("=")[::2] for pair in row[6].split())


def _shells(rows: list[list[str]], base: dict[str, list[str]], inside: frozenset[str]) -> Iterator[list[str]]:
    """Shells of which a namespace is neither the host's nor a container's; the lowest process numbers first."""
    # A process that has ended, and that nobody has asked how, still has a PID namespace, but no other.
    living = (row for row in rows if len(row) == 7 and _row_links(row).keys() >= set(KINDS))
    whole = sorted(living, key=lambda row: int(row[0]))
    contained = {row[0] for row in whole if not inside.issuperset(_CONTAINER.findall(row[3]))}
    taken = {
        link
        for row in whole
        if row[0] in contained
        for kind, link in _row_links(row).items()
        if link not in base.get(kind, ())
    }
    for row in whole:
        found = _row_links(row)
        entered = any(found.get(kind) in taken for kind in KINDS)
        if row[1] in NAMES and row[0] not in contained and not entered and _own(found, base):
            yield row


def _own(found: dict[str, str], base: dict[str, list[str]]) -> list[str]:
    """The kinds of namespaces that are not the host's; `pid_for_children` where only children get a new one."""
    own = [kind for kind in KINDS if kind in found and found[kind] not in base[kind]]
    children = found.get("pid_for_children", "")
    return [*own, *(["pid_for_children"] if children and children not in base["pid"] else [])]


def _shell(row: list[str], base: dict[str, list[str]]) -> dict[str, Any]:
    pid, name, numbers, _, proc, devices, _ = row
    own = _own(_row_links(row), base)
    last = numbers.split()[-1:]
    return {
        "pid": int(pid),
        "name": name,
        "own": [kind for kind in own if kind in KINDS],
        "own_for_children": "pid_for_children" in own,
        "number": int(last[0]) if last and last[0].isdecimal() else 0,
        "proc": proc,
        "devices": [device for device in devices.split(";") if device][:50],
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
