"""Shells that `unshare` has started, and who only looks like one."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from dockgrader.errors import Unobserved
from dockgrader.facts.namespaces import links, sections
from dockgrader.facts.processes import MOST, SCRIPT, processes
from dockgrader.facts.shells import NAMES, Found, Shells
from dockgrader.hosts.base import ELSEWHERE, Missing
from tests.facts.test_namespaces import KINDS, OWN, Host, listing
from tests.givens import a_container, hex_id
from tests.made_up_host import read

HOST = f"== init\n{listing()}== kernel\n== self\n"
BOOTED, RENAMED = 1_000_000, 900_000


def row(
    number: int,
    name: str,
    /,
    *,
    own: str | None = None,
    cgroup: str = "/",
    proc: str = "0:21",
    root: str = "8:1 /",
    started: int = 5000,
    **numbers: int,
) -> str:
    """A line of the script: the process's namespaces have these numbers."""
    found = [f"{kind}={kind}:[{numbers.get(kind, 1)}]" for kind in KINDS if numbers.get(kind) != 0]
    children = f"pid_for_children=pid:[{numbers.get('pid_for_children', numbers.get('pid', 1))}]"
    ours = str(number) if own is None else own
    return "\t".join(
        [str(number), name, ours, cgroup, proc, root, str(started), "lo;eth0", " ".join([*found, children])]
    )


def looked(*rows: str, host: str = HOST, **change: Any) -> str:
    """What the script prints; `change` gives a section another content."""
    usual: dict[str, Any] = {
        "user": "0",
        "hostname": "vm",
        "static": f"{RENAMED}\nvm",
        "clock": f"{BOOTED}\n100",
        "proc": "0:21",
        "root": "8:1 /",
        "cgroup": "0::/",
        "engines": "dockerd",
        "processes": "\n".join(rows),
        "hidden": "0",
    }
    return host + "".join(f"== {name}\n{text}\n" for name, text in {**usual, **change}.items())


def found(*rows: str, hostnames: str = "", **change: Any) -> Found:
    return read(Shells(), Host(said=[looked(*rows, **change), hostnames]))


def pids(*rows: str, **change: Any) -> list[int]:
    return [shell.pid for shell in found(*rows, **change).shells]


CONTAINED = f"/docker/{hex_id('test')}"


def test_shells_in_namespaces_of_their_own() -> None:
    rows = [
        row(700, "bash", own="700 1", proc="0:57", pid=5, net=5, mnt=5),
        row(90, "bash", uts=4),
        row(91, "bash", pid_for_children=6),
    ]
    host = Host(said=[looked(*rows), "== 90\ntesthost\n"])
    seen = read(Shells(), host)
    assert (seen.hostname, seen.all_seen) == ("vm", True)
    assert [(shell.pid, sorted(shell.own), shell.number) for shell in seen.shells] == [
        (90, ["uts"], 90),
        (91, [], 91),
        (700, ["mnt", "net", "pid"], 1),
    ]
    assert [shell.hostname for shell in seen.shells] == ["testhost", None, None]
    assert [shell.own_proc for shell in seen.shells] == [False, False, True]
    assert [shell.own_for_children for shell in seen.shells] == [False, True, True]
    assert host.ran[1][-1] == "90" and "nsenter" in host.ran[1][2]


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_shell_counts(name: str) -> None:
    assert pids(row(90, name, uts=4)) == [90]


@pytest.mark.parametrize(
    "lines",
    [
        [row(9, "python3", uts=4)],  # no shell
        [row(9, "bash", cgroup=CONTAINED, **OWN)],  # of a container
        [row(8, "ping", cgroup=CONTAINED, **OWN), row(9, "sh", **OWN)],  # has entered one
        [row(9, "bash", pid=5, net=0, mnt=0, uts=0, ipc=0)],  # has ended, and was not reaped
        ["garbage", "1\t2"],
    ],
)
def test_what_is_no_such_shell(lines: list[str]) -> None:
    assert pids(*lines) == []


@pytest.mark.parametrize(
    ("cgroup", "root"),
    [
        ("/user.slice/user-1000.slice/session-3.scope", "0:57 /"),  # an engine without root, on cgroup v1
        ("/user.slice/session-3.scope", "8:1 /home/me/.local/share/containers/storage/vfs/dir/1"),
        ("/lxc.payload.web/user.slice", "8:1 /var/lib/lxc/web/rootfs"),
        ("/machine.slice/systemd-nspawn@web.service/payload", "0:60 /"),
    ],
)
def test_containers_without_an_id_in_their_cgroup_have_another_root(cgroup: str, root: str) -> None:
    inside = row(9, "sh", own="9 1", cgroup=cgroup, root=root, **OWN)
    entered = row(10, "bash", uts=2)
    assert pids(inside, entered, row(11, "bash", uts=4)) == [11]


def test_a_container_that_shares_the_hosts_namespaces_takes_none_of_them() -> None:
    assert pids(row(9, "ping", cgroup=CONTAINED, mnt=2), row(10, "bash", uts=4)) == [10]


def test_a_root_that_is_not_known_proves_nothing() -> None:
    assert pids(row(9, "bash", root="", uts=4)) == [9]
    assert pids(row(9, "bash", uts=4), root="") == [9]


def test_on_a_machine_that_is_a_container_itself() -> None:
    """All its processes have the cgroup of that container, and its own containers have one more."""
    outer = hex_id("machine")
    rows = [
        row(9, "bash", cgroup=f"/docker/{outer}", uts=4),
        row(10, "sh", cgroup=f"/docker/{outer}/docker/{hex_id('test')}", **OWN),
    ]
    (shell,) = found(*rows, cgroup=f"4:memory:/docker/{outer}").shells
    assert (shell.pid, shell.hostname) == (9, None)


def test_from_the_shell_itself_its_namespaces_are_not_the_hosts() -> None:
    here = HOST + listing(uts=4)
    assert pids(row(90, "bash", uts=4), host=here) == [90]
    kernels = f"== init\n== kernel\n{listing()}== self\n{listing(uts=4)}"
    assert pids(row(90, "bash", uts=4), host=kernels) == [90]
    unknown = f"== init\n== kernel\n== self\n{listing(uts=4)}"
    assert pids(row(90, "bash", uts=4), host=unknown) == []


def test_what_an_engine_has_of_its_own_is_the_hosts_as_well() -> None:
    rows = [row(50, "dockerd", net=7), row(90, "bash", net=7), row(91, "bash", net=8)]
    assert pids(*rows) == [91]
    inside = row(50, "dockerd", cgroup=CONTAINED, uts=6, net=7)
    assert pids(inside, row(90, "bash", net=7)) == []


def test_who_may_not_look_everywhere_has_not_seen_all() -> None:
    """Root neither, without CAP_SYS_PTRACE."""
    assert found().all_seen
    assert not found(user="1000").all_seen
    assert not found(hidden="3").all_seen
    assert not read(Shells(), Host(said=looked().partition("== hidden")[0])).all_seen
    assert not found(*(row(pid, "x", net=4) for pid in range(10, 10 + MOST))).all_seen
    assert not found(*(row(pid, "sh", net=4) for pid in range(10, 111))).all_seen


def test_before_linux_4_1_the_oldest_of_a_namespace_is_its_first() -> None:
    """It takes all others with it when it ends, so that it is there."""
    rows = [
        row(90, "bash", own="", started=200, **OWN),
        row(95, "sh", own="", started=300, **OWN),
        row(99, "bash", own="", started=100, pid=6),
    ]
    assert [shell.number for shell in found(*rows).shells] == [1, 0, 1]


@pytest.mark.parametrize(
    ("static", "clock", "expected"),
    [
        (f"{RENAMED}\nvm", f"{BOOTED}\n100", "vm"),
        (f"{RENAMED}\n# a comment\n\nvm", f"{BOOTED}\n100", "vm"),
        (
            f"{BOOTED + 51}\nvm",
            f"{BOOTED}\n100",
            "",
        ),  # written after the shell was started: not what it began with
        (f"{BOOTED + 49}\nvm", f"{BOOTED}\n100", "vm"),
        ("", f"{BOOTED}\n100", ""),  # no such file
        (f"{RENAMED}", f"{BOOTED}\n100", ""),
        (f"{RENAMED}\nvm", "", ""),
    ],
)
def test_the_hostname_that_a_shell_began_with(static: str, clock: str, expected: str) -> None:
    (shell,) = found(row(90, "bash", uts=4, started=5000), static=static, clock=clock).shells
    assert shell.began_as == expected


@pytest.mark.parametrize(
    "host",
    [
        Host(said=looked(engines="systemd")),
        Host(said=Missing()),
        Host(said=""),
        Host(said=Unobserved("host.run", "over tcp")),
        Host(a_container("a"), said=looked(), near=ELSEWHERE),
    ],
)
def test_the_processes_of_another_machine_are_an_error(host: Host) -> None:
    with pytest.raises(Unobserved, match="from another console") as hidden:
        read(Shells(), host)
    assert hidden.value.code == "host.files"


def test_the_script_is_one_that_a_plain_shell_runs() -> None:
    done = subprocess.run(
        ["sh", "-c", SCRIPT, "sh", "50"], capture_output=True, text=True, timeout=60, check=False
    )
    part = sections(done.stdout)
    names = {"self", "user", "hostname", "static", "clock", "proc", "root", "cgroup", "engines", "hidden"}
    assert names <= part.keys()
    assert links(part["self"]).keys() == set(KINDS)
    told = processes(part["processes"])
    assert len(told) == len(part["processes"].splitlines())
    assert all(process.started and process.links for process in told)
