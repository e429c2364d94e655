"""Kind `namespace`: a container has namespaces, a hostname and processes of its own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from dockgrader.errors import Unobserved
from dockgrader.facts.base import Fact, See
from dockgrader.facts.containers import Container, Inspected
from dockgrader.facts.namespaces import HOSTNAME, Namespaces, Seen, mode
from dockgrader.kinds import missing
from dockgrader.kinds.base import Check, Failed, passed
from dockgrader.kinds.target import named
from dockgrader.report.model import Verdict

Kind = Literal["pid", "net", "mnt", "uts", "ipc"]


class NamespaceCheck(Check):
    """A running container shares none of these namespaces with its host, and more that follows from that."""

    kind: Literal["namespace"]
    container: str = Field(description="The container's name")
    own: list[Kind] = Field([], description="Namespaces that must not be the host's")
    own_hostname: bool = Field(False, description="Its hostname is another one than the host's")
    same_process: bool = Field(
        False, description="What is PID 1 in it is the process that the host shows as its first"
    )

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not (self.own or self.own_hostname or self.same_process):
            raise ValueError("expected at least one of own, own_hostname, same_process")
        return self

    def asks(self) -> Iterable[Fact[Any]]:
        """The container and its namespaces."""
        return [Container(self.container), Namespaces(self.container)]

    def runs(self) -> list[str]:
        """The commands, which only look."""
        return [
            f"runs in {self.container}: cat {HOSTNAME} /proc/1/comm; ls -l /proc/self/ns",
            "runs on the host: ls -l /proc/…/ns; cat /proc/…/status",
        ]

    def judge(self, see: See) -> Verdict:
        """The first namespace that is the host's decides."""
        target = named(self.container, see)
        seen = see(Namespaces(self.container))
        if seen is None:
            raise missing.not_running(target, see)
        verdict = passed()
        for kind in self.own:
            verdict = _own(target, seen, kind)
        if self.own_hostname:
            verdict = _hostname(target, seen)
        if self.same_process:
            verdict = _process(target, seen)
        return verdict

    def shown_by(self, see: See) -> list[str]:
        """The links, what lsns shows of them, and the hostnames."""
        fact = Namespaces(self.container)
        host = ["ls -l /proc/self/ns", fact.shown_by(), "sudo lsns"]
        return [*host, *([f"docker exec {self.container} hostname"] if self.own_hostname else [])]


def _own(target: Inspected, seen: Seen, kind: Kind) -> Verdict:
    """By the links where both sides can be seen, else by the engine's word."""
    link = seen.own[kind] if seen.own else None
    shared = mode(target, kind) == "host" or link in seen.host[kind]
    if shared:
        raise Failed(f"namespace.{kind}-of-host", "own", link or "host", name=target.name)
    return passed("own", link or mode(target, kind) or "private", name=target.name)


def _hostname(target: Inspected, seen: Seen) -> Verdict:
    if seen.hostname is None:
        raise Unobserved("namespace.unreadable", f"{target.name} has no shell that shows its hostname")
    if seen.hostname == seen.host_hostname:
        raise Failed("namespace.same-hostname", None, seen.hostname, name=target.name, found=seen.hostname)
    return passed(None, seen.hostname, name=target.name)


def _process(target: Inspected, seen: Seen) -> Verdict:
    if seen.inside is None:
        raise Unobserved("namespace.unreadable", f"{target.name} has no shell that shows its processes")
    if seen.process is not None and seen.process != seen.inside:
        raise Failed(
            "namespace.other-process",
            seen.process,
            seen.inside,
            name=target.name,
            wanted=seen.process,
            found=seen.inside,
        )
    other = mode(target, "pid").startswith("container:")
    if other or seen.number > 1:  # programs of one name are not one process
        raise Failed("namespace.shared-pid", 1, seen.number or None, name=target.name, found=seen.inside)
    return passed(seen.process, seen.inside, name=target.name)
