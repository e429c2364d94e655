"""Namespaces from the links in /proc, of a container and of shells that `unshare` has started."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from dockgrader.errors import Unobserved
from dockgrader.facts.namespaces import Namespaces, links
from dockgrader.hosts.base import ELSEWHERE, Conflict, Missing, Nearness, Output
from tests.givens import Raw, a_container
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
    assert (found.process, found.inside, found.number) == ("ping", "ping", 1)


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
        assert found.own is not None and (found.process, found.number) == (None, 0)


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
