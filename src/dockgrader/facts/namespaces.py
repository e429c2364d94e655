"""The namespaces of a container's processes, beside those of its host.

The links in `/proc/<pid>/ns` are the truth. Where those of another user's process may not be read, a command in the
container shows its own; where the host's files are out of reach at all, only the engine's word is left.
"""

from __future__ import annotations

import re
import shlex
from typing import Any, ClassVar

from dockgrader.errors import Unobserved
from dockgrader.facts.base import Fact, Setting, dig, dig_dict, dig_int, dig_list, dig_str
from dockgrader.facts.containers import Container, Inspected
from dockgrader.frozen import dataclass
from dockgrader.hosts.base import Conflict, Missing

KINDS = ("pid", "net", "mnt", "uts", "ipc")
HOSTNAME = "/proc/sys/kernel/hostname"
RUN_SECONDS = 10.0
_UNUSABLE = (126, 127)
_LINK = re.compile(r" (\w+) -> (\w+:\[\d+\])$", re.MULTILINE)
OF_HOST = """\
echo "== init"; ls -l /proc/1/ns 2>/dev/null
echo "== kernel"; if [ "$(cat /proc/2/comm)" = kthreadd ]; then ls -l /proc/2/ns; fi 2>/dev/null
echo "== self"; ls -l /proc/self/ns
"""
"""Shows the host's namespaces by processes that surely have them; which of these may be read, depends."""
_OF_CONTAINER = f"""\
echo "== container"; ls -l "/proc/$1/ns" 2>/dev/null
echo "== hostname"; cat {HOSTNAME}
echo "== status"; cat "/proc/$1/status" 2>/dev/null
"""


@dataclass(frozen=True)
class Seen:
    """The same from two sides. Links are as `readlink` shows them, by the kind of namespace.

    `host` has for each kind those of the host, empty where it is out of reach; `own` the container's, None where
    nothing shows them. `process` is the name of its first process on the host, `inside` that of PID 1 in it; `number`
    is the number that this first process has in it, 0 where nothing shows it.
    """

    host: dict[str, frozenset[str]]
    own: dict[str, str] | None
    number: int
    host_hostname: str | None
    hostname: str | None
    process: str | None
    inside: str | None


@dataclass(frozen=True)
class Namespaces(Fact[Seen | None]):
    """A running container's namespaces, hostname and first process; None when it does not run."""

    container: str
    name: ClassVar[str] = "namespaces"

    def read(self, setting: Setting) -> Any:
        """One command on the host, one in the container."""
        inspected = setting.see(Container(self.container))
        if inspected is None or inspected.pid <= 0 or inspected.status == "paused":
            return None
        try:
            inside = _in_container(setting, inspected, f"cat {HOSTNAME} /proc/1/comm; ls -l /proc/self/ns")
        except (Conflict, Missing):
            return None
        found = _on_host(setting, inspected)
        found["via"] = "host" if found["own"] else "container"
        found["own"] = found["own"] or links(inside)
        lines = inside.splitlines()
        # Without a shell in the image, nothing is known of it.
        found["hostname"], found["inside"] = (lines[0], lines[1]) if len(lines) > 1 else (None, None)
        return found

    def parse(self, raw: Any) -> Seen | None:
        """As it was read."""
        if not isinstance(raw, dict):
            return None
        own = {kind: str(link) for kind, link in dig_dict(raw, "own").items()}
        return Seen(
            {kind: frozenset(map(str, dig_list(raw, "host", kind))) for kind in KINDS},
            own if own.keys() >= set(KINDS) else None,
            dig_int(raw, "number"),
            *(dig_str(raw, name) or None for name in ("host_hostname", "hostname", "process", "inside")),
        )

    def shown_by(self) -> str:
        """As a person asks."""
        return f"sudo ls -l /proc/$(docker inspect -f '{{{{.State.Pid}}}}' {shlex.quote(self.container)})/ns"


def links(listing: str) -> dict[str, str]:
    """The links in what `ls -l /proc/…/ns` prints."""
    return {kind: link for kind, link in _LINK.findall(listing) if kind in KINDS}


def sections(output: str) -> dict[str, str]:
    """The parts of an output by the words in the lines `== WORD` before them."""
    parts = re.split(r"^== (\w+)\n", output, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def hosts_own(part: dict[str, str], *, ours: bool = True) -> dict[str, list[str]]:
    """The namespaces of the host by kind, in the sections of OF_HOST: its own and, with `ours`, our own.

    Both count for containers, as an engine, and the grader with it, may have a network of its own on its machine.
    """
    found = [links(part.get(name, "")) for name in ("init", "kernel", *(["self"] if ours else []))]
    return {kind: sorted({listing[kind] for listing in found if kind in listing}) for kind in KINDS}


def on_host(setting: Setting, script: str, *arguments: str) -> str | None:
    """What a shell script on the host prints; None where the host has no shell that can be reached."""
    try:
        output = setting.host.run(["sh", "-c", script, "sh", *arguments], RUN_SECONDS)
    except Missing:
        return None
    except Unobserved as hidden:
        if hidden.code != "host.run":
            raise
        return None
    if output.exit is None:
        raise Unobserved("host.files", "The processes of this host could not be listed in time")
    return output.stdout.decode("utf-8", "replace")


def _on_host(setting: Setting, inspected: Inspected) -> dict[str, Any]:
    nothing: dict[str, Any] = {"host": {}, "own": {}, "host_hostname": None, "process": None, "number": 0}
    if not setting.host.near(inspected.id, inspected.pid).files:
        return nothing
    output = on_host(setting, OF_HOST + _OF_CONTAINER, str(inspected.pid))
    if output is None:
        return nothing
    part = sections(output)
    name = re.search(r"^Name:\t(.*)$", part.get("status", ""), re.MULTILINE)
    number = re.search(r"^NSpid:.*\t(\d+)$", part.get("status", ""), re.MULTILINE)
    return {
        "host": hosts_own(part),
        "own": links(part.get("container", "")),
        "host_hostname": part.get("hostname", "").strip() or None,
        "process": name[1] if name else None,
        "number": int(number[1]) if number else 0,
    }


def _in_container(setting: Setting, inspected: Inspected, script: str) -> str:
    """What a shell in the container prints; empty where its image has none."""
    output = setting.host.engine.exec(inspected.id, ["sh", "-c", script], RUN_SECONDS)
    if output.exit is None or output.exit in _UNUSABLE:
        return ""
    return output.stdout[:4096].decode("utf-8", "replace")


def mode(inspected: Inspected, kind: str) -> str:
    """What the engine was told of a namespace: `host`, `container:…`, or something else for one of its own."""
    names = {"pid": "PidMode", "net": "NetworkMode", "uts": "UTSMode", "ipc": "IpcMode"}
    return str(dig(inspected.raw, "HostConfig", names.get(kind, "")) or "")
