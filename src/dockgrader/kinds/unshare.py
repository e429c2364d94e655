"""Kind `unshare`: a shell of the host that somebody put into namespaces of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from dockgrader.errors import Unobserved
from dockgrader.facts.base import Fact, See
from dockgrader.facts.namespaces import HOSTNAME
from dockgrader.facts.shells import Found, Shell, Shells
from dockgrader.kinds.base import Check, Failed, passed
from dockgrader.kinds.namespace import Kind
from dockgrader.report.model import Verdict


class UnshareCheck(Check):
    """A shell that runs on the host, in no container, has namespaces of its own, and more that follows from that."""

    kind: Literal["unshare"]
    own: list[Kind] = Field(min_length=1, description="Namespaces that must not be the host's")
    own_hostname: bool = Field(
        False, description="The hostname in its UTS namespace is another one than the host's"
    )
    own_proc: bool = Field(False, description="Its /proc is another one than the host's (--mount-proc)")
    first: bool = Field(False, description="It is PID 1 of its PID namespace")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        for field, kind in (("own_hostname", "uts"), ("own_proc", "pid"), ("first", "pid")):
            if getattr(self, field) and kind not in self.own:
                raise ValueError(f"{field}: expected {kind} in own")
        return self

    def asks(self) -> Iterable[Fact[Any]]:
        """All shells in namespaces of their own."""
        return [Shells()]

    def untold(self) -> Iterable[Fact[Any]]:
        """No engine hears of a shell of the host."""
        return self.asks()

    def runs(self) -> list[str]:
        """The commands, which only look."""
        enters = f"runs on the host, for shells: nsenter --target … --uts cat {HOSTNAME}"
        return [
            "runs on the host: cat /etc/hostname; ls -l /proc/[0-9]*/ns; "
            "awk, of /proc/…/status, stat, cgroup, net/dev, mountinfo",
            enters,
        ]

    def judge(self, see: See) -> Verdict:
        """Any shell that is as expected is enough; else the one that comes nearest is told."""
        found = see(Shells())
        nearest: tuple[int, Failed] | None = None
        unread: Unobserved | None = None
        for shell in filter(self._meant, found.shells):
            try:
                right, miss = self._first_wrong(shell, found)
            except Unobserved as error:
                unread = unread or error
                continue
            if miss is None:
                return passed(self.own, sorted(shell.own), **_about(shell, found))
            nearest = (right, miss) if nearest is None or right > nearest[0] else nearest
        if unread or not found.all_seen:
            raise unread or Unobserved(
                "host.files",
                "Not all processes could be looked at. The namespaces of other users' processes can be read by root "
                "only, in a container with CAP_SYS_PTRACE. Grade it with sudo, on that machine, or as a user who may",
            )
        if nearest is None:
            raise Failed("unshare.none", self.own, None, wanted=", ".join(self.own), host=found.hostname)
        raise nearest[1]

    def _meant(self, shell: Shell) -> bool:
        """Whether it may be this check's: services of the host have mount namespaces of their own, too."""
        return bool(shell.own.intersection(self.own)) or ("pid" in self.own and shell.own_for_children)

    def _first_wrong(self, shell: Shell, found: Found) -> tuple[int, Failed | None]:
        """How much is right before the first thing that is not, and that; None when there is none."""
        right = 0
        for miss in self._rules(shell, found):
            if miss is not None:
                return right, miss
            right += 1
        return right, None

    def _rules(self, shell: Shell, found: Found) -> Iterator[Failed | None]:
        about = _about(shell, found)
        for kind in self.own:
            only_children = kind == "pid" and shell.own_for_children
            code = "unshare.no-fork" if only_children else f"unshare.{kind}-of-host"
            yield None if kind in shell.own else Failed(code, self.own, sorted(shell.own), **about)
        if self.first:
            if not shell.number:
                raise Unobserved(
                    "host.files", "This kernel does not tell a process's number in its PID namespace"
                )
            yield None if shell.number == 1 else Failed("unshare.not-first", 1, shell.number, **about)
        if self.own_proc:
            yield None if shell.own_proc else Failed("unshare.proc-of-host", "own", "host", **about)
        if self.own_hostname:
            yield _hostname(shell, found, about)

    def shown_by(self, see: See) -> list[str]:
        """The namespaces with their commands; and of each shell what it is."""
        shells = see(Shells()).shells[:3]
        return [Shells().shown_by(), *(f"sudo ls -l /proc/{shell.pid}/ns" for shell in shells)]


def _hostname(shell: Shell, found: Found, about: dict[str, Any]) -> Failed | None:
    if shell.hostname is None or not found.hostname:
        raise Unobserved(
            "host.files", "A shell's hostname can be read by root only, with nsenter of util-linux"
        )
    if shell.hostname == found.hostname:
        return Failed("unshare.same-hostname", None, shell.hostname, **about)
    if shell.hostname == shell.began_as:
        return Failed("unshare.host-renamed", shell.hostname, found.hostname, **about)
    return None


def _about(shell: Shell, found: Found) -> dict[str, Any]:
    return {
        "shell": shell.name,
        "pid": shell.pid,
        "number": shell.number,
        "hostname": shell.hostname or "?",
        "host": found.hostname,
        "devices": ", ".join(shell.devices),
    }
