"""Namespaces from the links in /proc, of a container and of shells that `unshare` has started."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from typing import Any

import pytest

from dockgrader.errors import Unobserved
from dockgrader.facts import shells as module
from dockgrader.facts.namespaces import Namespaces, links, sections
from dockgrader.facts.shells import MOST_LINES, Shells
from dockgrader.hosts.base import ELSEWHERE, Conflict, Missing, Nearness, Output
from tests.givens import Raw, a_container, hex_id
from tests.made_up_host import MadeUpHost, read

KINDS = ("pid", "net", "mnt", "uts", "ipc")
INSIDE = "sh -c cat /proc/sys/kernel/hostname /proc/1/comm; ls -l /proc/self/ns"


def listing(**numbers: int) -> str:
    """What `ls -l` says of a process whose namespaces have these numbers, 1 where none is given."""
    lines = [
        f"lrwxrwxrwx 1 root root 0 Nov 27 17:06 {kind} -> {kind}:[{numbers.get(kind, 1)}]" for kind in KINDS
    ]
    children = numbers.get("pid_for_children", numbers.get("pid", 1))
    return (
        "total 0\n" + "\n".join([*lines, f"lrwxrwxrwx 1 r r 0 x pid_for_children -> pid:[{children}]"]) + "\n"
    )


HOST = "== init\n== kernel\n== self\n" + listing()
OWN: Any = dict.fromkeys(KINDS, 2)


class Host(MadeUpHost):
    """A host whose shell answers this."""

    def __init__(
        self, *containers: Raw, said: Any, near: Nearness = MadeUpHost.nearness, **more: Any
    ) -> None:
        super().__init__(*containers, **more)
        self.said, self.nearness = said, near
        self.ran: list[Sequence[str]] = []

    def run(self, argv: Sequence[str], seconds: float) -> Output:
        self.ran.append(argv)
        said = self.said.pop(0) if isinstance(self.said, list) else self.said
        if isinstance(said, Exception):
            raise said
        return Output(0, said.encode(), b"")


def of_container(own: str, hostname: str = "vm") -> str:
    status = "Name:\tping\nNSpid:\t4242\t1\n"
    return f"{HOST}== container\n{own}== hostname\n{hostname}\n== status\n{status}"


def test_a_container_from_both_sides() -> None:
    host = Host(
        a_container("test"), said=of_container(listing(**OWN)), execs={INSIDE: "c0ffee\nping\n" + listing()}
    )
    found = read(Namespaces("test"), host)
    assert found is not None and found.own == {kind: f"{kind}:[2]" for kind in KINDS}
    assert found.host == {kind: {f"{kind}:[1]"} for kind in KINDS}
    assert (found.host_hostname, found.hostname) == ("vm", "c0ffee")
    assert (found.process, found.inside) == ("ping", "ping")


def test_where_its_links_may_not_be_read_it_shows_its_own() -> None:
    own = "c0ffee\nping\n" + listing(**OWN)
    found = read(Namespaces("test"), Host(a_container("test"), said=of_container(""), execs={INSIDE: own}))
    assert found is not None and found.own is not None and found.own["uts"] == "uts:[2]"


@pytest.mark.parametrize("said", [Missing(), Unobserved("host.run", "no program can be run")])
def test_where_the_host_is_out_of_reach_only_the_container_is_seen(said: Exception) -> None:
    own = "c0ffee\nping\n" + listing(**OWN)
    for near in (ELSEWHERE, MadeUpHost.nearness):
        host = Host(a_container("test"), said=said, near=near, execs={INSIDE: own})
        found = read(Namespaces("test"), host)
        assert found is not None and set(found.host.values()) == {frozenset()}
        assert found.own is not None and found.process is None


def test_an_image_without_a_shell_hides_its_hostname_only() -> None:
    found = read(Namespaces("test"), Host(a_container("test"), said=of_container(listing(**OWN))))
    assert found is not None and found.own is not None
    assert (found.hostname, found.inside) == (None, None)


@pytest.mark.parametrize("status", ["exited", "paused"])
def test_a_container_that_does_not_run_has_none(status: str) -> None:
    assert read(Namespaces("test"), Host(a_container("test", status=status), said="")) is None


def test_nor_has_one_that_stops_meanwhile() -> None:
    host = Host(a_container("test"), said="", execs={INSIDE: Conflict()})
    assert read(Namespaces("test"), host) is None
    assert read(Namespaces("other"), host) is None


def test_links_of_busybox_and_of_gnu() -> None:
    assert links(listing(net=7)) == {kind: f"{kind}:[{7 if kind == 'net' else 1}]" for kind in KINDS}
    assert links("lrwxrwxrwx 1 root root 0 Nov 27 13:19 mnt\n") == {}


def row(
    number: int, name: str, /, *, own: str = "", cgroup: str = "/", proc: str = "0:21", **numbers: int
) -> str:
    """A line of the script: the process's namespaces have these numbers."""
    found = [f"{kind}={kind}:[{numbers.get(kind, 1)}]" for kind in KINDS if numbers.get(kind) != 0]
    children = f"pid_for_children=pid:[{numbers.get('pid_for_children', numbers.get('pid', 1))}]"
    return "\t".join(
        [str(number), name, own or str(number), cgroup, proc, "lo;eth0", " ".join([*found, children])]
    )


def looked(*rows: str, user: str = "0", engines: str = "dockerd", cgroup: str = "0::/") -> str:
    head = f"== user\n{user}\n== hostname\nvm\n== proc\n0:21\n== cgroup\n{cgroup}\n== engines\n{engines}\n"
    return HOST + head + "== processes\n" + "".join(f"{line}\n" for line in rows)


CONTAINED = f"/docker/{hex_id('test')}"


def test_shells_in_namespaces_of_their_own() -> None:
    rows = [
        row(700, "bash", own="700 1", proc="0:57", pid=5, net=5, mnt=5),
        row(90, "bash", uts=4),
        row(91, "bash", pid_for_children=6),
    ]
    host = Host(said=[looked(*rows), "== 90\ntesthost\n"])
    found = read(Shells(), host)
    assert (found.hostname, found.all_seen) == ("vm", True)
    assert [(shell.pid, sorted(shell.own), shell.number) for shell in found.shells] == [
        (90, ["uts"], 90),
        (91, [], 91),
        (700, ["mnt", "net", "pid"], 1),
    ]
    assert [shell.hostname for shell in found.shells] == ["testhost", None, None]
    assert [shell.own_proc for shell in found.shells] == [False, False, True]
    assert [shell.own_for_children for shell in found.shells] == [False, True, True]
    assert host.ran[1][-1] == "90" and "nsenter" in host.ran[1][2]


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
    assert read(Shells(), Host(said=looked(*lines))).shells == ()


def test_on_a_machine_that_is_a_container_itself() -> None:
    """All its processes have the cgroup of that container, and its own containers have one more."""
    outer = hex_id("machine")
    rows = [
        row(9, "bash", cgroup=f"/docker/{outer}", uts=4),
        row(10, "sh", cgroup=f"/docker/{outer}/docker/{hex_id('test')}", **OWN),
    ]
    found = read(Shells(), Host(said=[looked(*rows, cgroup=f"4:memory:/docker/{outer}"), ""]))
    assert [(shell.pid, shell.hostname) for shell in found.shells] == [(9, None)]


def test_who_is_not_root_has_not_seen_all() -> None:
    assert read(Shells(), Host(said=looked(user="1000"))).all_seen is False
    many = looked(*(row(pid, "x", net=4) for pid in range(10, 10 + MOST_LINES)))
    assert read(Shells(), Host(said=many)).all_seen is False


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
    with pytest.raises(Unobserved) as hidden:
        read(Shells(), host)
    assert hidden.value.code == "host.files"


def test_the_script_is_one_that_a_plain_shell_runs() -> None:
    done = subprocess.run(
        ["sh", "-c", module._SCRIPT, "sh", "50"], capture_output=True, text=True, timeout=60, check=False
    )
    part = sections(done.stdout)
    assert {"self", "user", "hostname", "proc", "cgroup", "engines", "processes"} <= part.keys()
    assert links(part["self"]).keys() == set(KINDS)
    assert all(len(line.split("\t")) == 7 for line in part["processes"].splitlines())
