"""Containers that are stopped and started again, and started all the same when the run ends in between.

One call of the engine's does both steps, so that most engines start the container whatever becomes of the grader;
up to 24.0.6 some leave it stopped when the connection is lost (moby#46688). So it is looked at before the host
is let go, over a connection and with a time of its own: the run's may be over by then.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future, wait
from dataclasses import dataclass

from dockgrader.errors import Unobserved
from dockgrader.hosts.base import Conflict, Missing, NotBack, ToRestart
from dockgrader.hosts.client import Client
from dockgrader.hosts.deadline import Deadline, background
from dockgrader.hosts.wire import Wires

LONGEST_GRACE = 120.0
"""Seconds at the most that a container's own grace is waited for; a student may have set a day, or for ever."""
_MARGIN = 30.0
"""Seconds beside the grace, for the kill and the start on a slow machine."""
_PAUSE = 0.3


@dataclass(frozen=True)
class _Order:
    container: ToRestart
    deadline: Deadline
    outcome: Future[None]

    def answered(self) -> bool:
        """Whether the engine has said how it ended, so that it is not at it any more."""
        if not self.outcome.done():
            return False
        error = self.outcome.exception()
        return not isinstance(error, Unobserved) or error.code == "engine.refused"


class Restarts:
    """Restarts over connections of their own, and what has become of them."""

    def __init__(self, name: str, wires: Wires) -> None:
        self._name = name
        self._wires = wires
        self._lock = threading.Lock()
        self._begun: list[_Order] = []
        self._over = False

    def restart(self, container: ToRestart, api: str, seconds: float) -> None:
        """Stop a container and start it. Raises Missing, Conflict, Unobserved, also when it takes too long.

        Without `t` the engine gives its program the container's own time to end.
        """
        path = f"/containers/{container.id}/restart"
        most = min(container.grace, LONGEST_GRACE) + _MARGIN
        with self._lock:
            if self._over:
                raise Unobserved("host.timeout", "The run is over, so that no container is stopped any more")
            future = background(lambda: self._ordered(api, path, most))
            self._begun.append(_Order(container, Deadline(most), future))
        if not wait([future], min(seconds, most)).done:
            raise Unobserved(
                "host.timeout",
                f"{self._name} did not restart {container.name} in time (its --stop-timeout says how long it may take; "
                "--timeout gives more)",
            )
        future.result()

    def put_back(self, api: str) -> list[NotBack]:
        """Start what does not run after its restart, and tell what does not even so. Nothing is restarted any more."""
        with self._lock:
            self._over = True
            begun, self._begun = self._begun, []
        found = [self._seen_to(order, api) for order in begun]
        return [problem for problem in found if problem is not None]

    def _seen_to(self, order: _Order, api: str) -> NotBack | None:
        name = order.container.name
        wait([order.outcome], order.deadline.remaining())
        client = self._client(api, order.deadline.remaining() + _MARGIN)
        try:
            refusal = None if _comes_up(order, client) else _refusal(order, client)
        except Missing:
            return NotBack(name, "gone")
        except Unobserved as hidden:
            return NotBack(name, "unseen", hidden.reason)
        finally:
            client.close()
        return None if refusal is None else NotBack(name, "refused", refusal)

    def _ordered(self, api: str, path: str, seconds: float) -> None:
        client = self._client(api, seconds)
        try:
            client.order(path)
        finally:
            client.close()

    def _client(self, api: str, seconds: float) -> Client:
        client = Client(self._name, self._wires, Deadline(seconds), 1)
        client.api = api
        return client


def _comes_up(order: _Order, client: Client) -> bool:
    """Whether a container runs; for one that may still be being stopped it is waited. Raises Missing, Unobserved."""
    pause = threading.Event()
    while True:
        state = client.get(f"/containers/{order.container.id}/json").get("State") or {}
        if state.get("Running") is not True:
            return False
        if order.answered() or state.get("StartedAt") != order.container.started:
            return True
        if order.deadline.passed():
            raise Unobserved("host.timeout", "The engine does not say whether it is still being stopped")
        pause.wait(_PAUSE)


def _refusal(order: _Order, client: Client) -> str | None:
    """Start a container: why the engine does not, None when it does. Raises Missing, Unobserved."""
    try:
        client.order(f"/containers/{order.container.id}/start")
    except Conflict:
        return "409 Conflict"
    except Unobserved as failure:
        if failure.code != "engine.refused":
            raise
        return failure.reason
    return None
