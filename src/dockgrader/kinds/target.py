"""Which containers a check is about: one by name, or all replicas of a Compose service."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import Any, Self

from pydantic import Field, model_validator

from dockgrader.facts.base import Fact, See
from dockgrader.facts.compose import Project, projects
from dockgrader.facts.containers import Container, Containers, Inspected
from dockgrader.kinds import missing
from dockgrader.kinds.base import Check, Failed

_STOPPED = ("exited", "paused", "restarting", "created", "dead")


class TargetCheck(Check):
    """A check of a container or of a Compose service."""

    container: str | None = Field(None, description="The container's name")
    service: str | None = Field(None, description="The Compose service's name, whatever the project's")
    project: str | None = Field(None, description="The Compose project's name; any when it is left out")

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if (self.container is None) == (self.service is None):
            raise ValueError("expected either container: NAME or service: NAME")
        return self

    def asks(self) -> Iterable[Fact[Any]]:
        """The container, or the list in which the service's are found."""
        return [Container(self.container)] if self.container else [Containers()]

    def asks_of(self, ref: str) -> Iterable[Fact[Any]]:
        """What `judge` asks of one container of its service, beside the container itself, if it comes to that.

        It may be asked ahead, but only where it would find the same later.
        """
        return ()

    def targets(self, see: See) -> list[Inspected]:
        """The container, or every replica of the service. Raises Failed when there is none."""
        if self.container:
            return [named(self.container, see)]
        found = [see(Container(ref)) for ref in service_ids(self.service or "", self.project, see)]
        there = [inspected for inspected in found if inspected is not None]
        if not there:
            raise Failed("service.gone", self.service, None, service=self.service)
        return there

    def inspect_commands(self, see: See, template: str) -> list[str]:
        """`docker container inspect` of each target with a Go template."""
        try:
            names = [target.name for target in self.targets(see)]
        except Failed:
            return ["docker ps -a"]
        return [f"docker container inspect -f '{template}' {shlex.quote(name)}" for name in names[:3]]


def named(name: str, see: See) -> Inspected:
    """A container by its name. Raises Failed with the most likely reason when there is none."""
    inspected = see(Container(name))
    if inspected is None:
        raise missing.container(name, see)
    return inspected


def service_ids(service: str, project: str | None, see: See) -> tuple[str, ...]:
    """The ids of a service's containers. Raises Failed when the project or the service is not there."""
    there = projects(see(Containers()))
    chosen = [item for item in there if project in (None, item.name)]
    if not chosen:
        raise Failed("compose.no-project", service, None, service=service)
    ids = next((item.services[service] for item in chosen if service in item.services), None)
    if ids is None:
        names = sorted(chosen[0].services)
        raise Failed(
            "compose.no-service",
            service,
            names,
            service=service,
            project=chosen[0].name,
            names=", ".join(names),
        )
    return ids


def candidates(checks: Iterable[Check], see: See) -> list[Project]:
    """The projects on which a task's checks could be meant: of those with one of the services the running ones.

    Where none that runs has all services, the newest that has them is meant as well, though it be stopped, and before
    what is older than it: somebody's other project with a `redis` must not hide it.
    """
    wanted = {check.service for check in checks if isinstance(check, TargetCheck) and check.service}
    if not wanted:
        return []
    there = [item for item in projects(see(Containers())) if wanted & set(item.services)]
    running = [item for item in there if item.running]
    whole = [item for item in there if wanted <= set(item.services)]
    if not running:
        return [*whole, *(item for item in there if item not in whole)]
    if not whole or any(item.running for item in whole):
        return running
    newer = there[: there.index(whole[0])]
    return [whole[0], *(item for item in running if item in newer)]


def running_or_failed(target: Inspected, see: See) -> None:
    """Raises Failed with what became of a container that does not run."""
    if target.status in _STOPPED or target.status != "running":
        raise missing.not_running(target, see)
    missing.refuse_crash_loop(target, see)
