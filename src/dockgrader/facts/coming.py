"""A service that `compose up` has not started yet: Compose starts it when what it depends on is healthy.

Compose v2 creates its container at once and starts it later; v1 creates it only then. Who grades meanwhile must not
take that for a mistake.
"""

from __future__ import annotations

import shlex
import threading
import time
from functools import partial
from typing import Any, ClassVar

from dockgrader.facts.base import Fact, Setting, dig, dig_dict, dig_str
from dockgrader.facts.compose import PROJECT, SERVICE, replicas
from dockgrader.facts.containers import Container, Containers, Inspected, Listed
from dockgrader.facts.waiting import HealthWithin, seconds_between
from dockgrader.frozen import dataclass
from dockgrader.hosts.base import Missing
from dockgrader.hosts.deadline import at_once

SECONDS = 10.0
"""For which a service is awaited once what it waits for is healthy; Compose looks twice a second, then starts it."""
_PAUSE = 0.25
_NOT_YET = ("created", "exited")


@dataclass(frozen=True)
class ServiceWithin(Fact[list[Listed]]):
    """The containers of a service that does not run, while other containers of its project are still starting."""

    project: str
    service: str
    name: ClassVar[str] = "service-within"

    def read(self, setting: Setting) -> Any:
        """Await the health of the others, then look until the service runs or can no longer be expected."""
        waited_for, since = self._others(setting)
        healths = list(at_once([partial(setting.see, HealthWithin(ref)) for ref in waited_for]))
        hopeful = not healths or any(health.status == "healthy" for health in healths)
        looks: list[dict[str, Any]] = []
        begun, pause = time.monotonic(), threading.Event()
        longest = setting.deadline.sooner(min(max(SECONDS, setting.wait), setting.patience()))
        end = longest.sooner(SECONDS if hopeful else 0.0)
        while True:
            listed = Containers().read(setting)
            of_project = self._of_project(Containers().parse(listed))
            mine = [item.id for item in of_project if item.labels[SERVICE] == self.service]
            found = [container for ref in mine if (container := _now(setting, ref))]
            states = {container.name: container.status for container in found}
            if not looks or looks[-1]["states"] != states:
                looks.append({"at": round(time.monotonic() - begun, 2), "states": states})
            if any(item.starting for item in of_project):  # one more that is waited for
                end = longest.sooner(SECONDS)
            if end.passed() or (found and all(_decided(container, since) for container in found)):
                ids = {container.id for container in found}
                return {"looks": looks, "listed": [item for item in listed if dig(item, "Id") in ids]}
            pause.wait(min(_PAUSE, end.remaining()))

    def _of_project(self, listed: list[Listed]) -> list[Listed]:
        return [item for item in replicas(listed) if item.labels[PROJECT] == self.project]

    def _others(self, setting: Setting) -> tuple[list[str], str]:
        """Those whose health is not decided, and when the last of the project's containers was started."""
        others = [
            inspected
            for item in self._of_project(setting.see(Containers()))
            if item.labels[SERVICE] != self.service and (inspected := setting.see(Container(item.id)))
        ]
        started = (dig_str(other.raw, "State", "StartedAt") for other in others if other.status == "running")
        return [other.id for other in others if other.health == "starting"], max(started, default="")

    def parse(self, raw: Any) -> list[Listed]:
        """As they were in the end."""
        return Containers().parse(dig(raw, "listed"))

    def shown_by(self) -> str:
        """As a person asks."""
        labels = (f"label={PROJECT}={self.project}", f"label={SERVICE}={self.service}")
        return shlex.join(["docker", "ps", "-a", *(word for label in labels for word in ("--filter", label))])


def _now(setting: Setting, ref: str) -> Inspected | None:
    """The container at this moment, not as it was read for others."""
    try:
        return Inspected(dig_dict({"now": setting.host.engine.get(f"/containers/{ref}/json")}, "now"))
    except Missing:
        return None


def _decided(container: Inspected, since: str) -> bool:
    """Whether it was started, or could not be, or has ended after the others were started."""
    if container.status not in _NOT_YET:
        return True
    if dig_str(container.raw, "State", "Error"):
        return True
    after = seconds_between(since, dig_str(container.raw, "State", "FinishedAt"))
    return container.status == "exited" and (after is None or after >= 0)
