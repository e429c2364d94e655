"""Containers that are stopped and started again, and started all the same when the run ends in between.

One call of the engine's does both steps, so that it ends well even when the grader is killed. That it has is looked
at before the host is let go, over a connection and with a time of its own: the run's may be over by then.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future, wait

from dockgrader.errors import Unobserved
from dockgrader.hosts.base import Conflict, Missing
from dockgrader.hosts.client import Client
from dockgrader.hosts.deadline import Deadline, background
from dockgrader.hosts.wire import Wires

GRACE_SECONDS = 10
"""What the engine gives a program to end by itself, as `docker stop` does."""
_SECONDS = 40.0


class Restarts:
    """Restarts over connections of their own, and what has become of them."""

    def __init__(self, name: str, wires: Wires) -> None:
        self._name = name
        self._wires = wires
        self._lock = threading.Lock()
        self._begun: dict[str, Future[None]] = {}

    def restart(self, container: str, api: str, seconds: float) -> None:
        """Stop a container and start it. Raises Missing, Conflict, Unobserved, also when it takes too long."""
        path, params = f"/containers/{container}/restart", {"t": str(GRACE_SECONDS)}
        with self._lock:
            future = self._begun[container] = background(lambda: self._ordered(api, path, params))
        if not wait([future], seconds).done:
            raise Unobserved("host.timeout", f"{self._name} did not restart a container in time")
        future.result()

    def put_back(self, api: str) -> None:
        """Start what does not run after its restart. Raises Unobserved when that cannot be seen to."""
        with self._lock:
            begun, self._begun = self._begun, {}
        if not begun:
            return
        wait(begun.values(), _SECONDS)
        for container in begun:
            client = self._client(api)
            try:
                if client.get(f"/containers/{container}/json").get("State", {}).get("Running") is not True:
                    client.order(f"/containers/{container}/start")
            except (Missing, Conflict):
                pass  # somebody else has removed it, or paused it
            finally:
                client.close()

    def _ordered(self, api: str, path: str, params: dict[str, str]) -> None:
        client = self._client(api)
        try:
            client.order(path, params)
        finally:
            client.close()

    def _client(self, api: str) -> Client:
        client = Client(self._name, self._wires, Deadline(_SECONDS), 1)
        client.api = api
        return client
