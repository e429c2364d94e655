"""Services that `compose up` is about to start are awaited by the checks that are about them.

Nothing of this is asked, and no time is taken, where all services of a task run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from dockgrader.errors import Unobserved
from dockgrader.facts.base import Answer, Fact, See
from dockgrader.facts.compose import PROJECT, SERVICE, Project, replicas
from dockgrader.facts.containers import Container, Containers, Listed
from dockgrader.kinds.base import Check, glimpse
from dockgrader.kinds.target import TargetCheck

if TYPE_CHECKING:
    from dockgrader.facts.coming import ServiceWithin

Service = tuple[str, str]
"""The names of a project and of one of its services."""
Coming = Mapping[Service, "ServiceWithin"]


def absent_services(checks: Iterable[Check], found: Sequence[Project], see: See) -> dict[Service, set[str]]:
    """Services that the checks are about, none of whose containers were started, with these containers' states.

    They are not inspected before it is clear whether they are awaited: an inspection is kept for the whole run.
    """
    states: dict[Service, set[str]] = {}
    for item in replicas(see(Containers())):
        states.setdefault((item.labels[PROJECT], item.labels[SERVICE]), set()).add(item.state)
    wanted = {
        (project.name, check.service)
        for check in checks
        if isinstance(check, TargetCheck) and check.service
        for project in found
        if check.project in (None, project.name)
    }
    return {of: states.get(of, set()) for of in wanted if states.get(of, set()) <= {"created", "exited"}}


def on_their_way(absent: Mapping[Service, set[str]], see: See) -> dict[Service, ServiceWithin]:
    """Those that Compose is about to start, as others of their project were started and are not healthy yet.

    Where a container was created and not started, one that has come up within a minute is enough: it may have become
    healthy a moment ago.
    """
    if not absent:
        return {}
    from dockgrader.facts.coming import ServiceWithin

    return {
        (project, service): ServiceWithin(project, service)
        for (project, service), states in absent.items()
        for others in [[item for item in replicas(see(Containers())) if item.labels[PROJECT] == project]]
        if any(_is_starting(item, see) for item in others)
        or ("created" in states and any(item.state == "running" and not item.settled for item in others))
    }


def _is_starting(item: Listed, see: See) -> bool:
    if item.starting:
        return True
    inspected = glimpse(see, Container(item.id)) if item.state == "running" else None
    return inspected is not None and inspected.health == "starting"


def awaiting(check: Check, see: See, coming: Coming) -> See:
    """What the check's judge sees: where its service is awaited, the containers that there are afterwards."""
    if isinstance(check, TargetCheck) and check.service and check.project:
        awaited = coming.get((check.project, check.service))
        return _Afterwards(see, awaited) if awaited else see
    return see


class _Afterwards:
    """A `see` that waits for a service before it lists the containers."""

    def __init__(self, see: See, awaited: ServiceWithin) -> None:
        self._see = see
        self._awaited = awaited

    def __call__(self, fact: Fact[Answer]) -> Answer:
        """The answer. Raises Unobserved where the host hides it, or what became of the service."""
        found = self._see(fact)
        return cast(Answer, self._newer(cast(list[Listed], found))) if isinstance(fact, Containers) else found

    def _newer(self, listed: list[Listed]) -> list[Any]:
        of = (self._awaited.project, self._awaited.service)
        try:
            now = self._see(self._awaited)
        except Unobserved as error:
            if error.code == "evidence.missing":  # from before services were awaited, and judged as then
                return listed
            raise
        before = {item.id for item in replicas(listed) if (item.labels[PROJECT], item.labels[SERVICE]) == of}
        return [*now, *(item for item in listed if item.id not in before)]
