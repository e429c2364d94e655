"""The engine behind SSH, whose failures are told from those of the connection to the host."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from dockgrader.errors import Unobserved
from dockgrader.hosts.base import NotBack, Output, ToRestart
from dockgrader.hosts.deadline import Deadline
from dockgrader.hosts.endpoint import Endpoint
from dockgrader.hosts.engine import DockerEngine
from dockgrader.hosts.wire import Wires


class SshEngine:
    """An engine that `wires` lead to. `explain` finds the host's own failures behind the engine's."""

    def __init__(
        self,
        explain: Callable[[Unobserved], Unobserved],
        endpoint: Endpoint,
        deadline: Deadline,
        connections: int,
        ahead: Sequence[tuple[str, Mapping[str, str]]],
        wires: Wires,
        patience: float = 0.0,
    ) -> None:
        self._explain = explain
        with self._explained():
            self._inner = DockerEngine(endpoint, deadline, connections, ahead, wires, patience)

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except Unobserved as failure:
            raise self._explain(failure) from failure

    @property
    def version(self) -> str:
        """The engine's own version."""
        return self._inner.version

    @property
    def api(self) -> str:
        """The API version that is spoken."""
        return self._inner.api

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        """The JSON at an API path."""
        with self._explained():
            return self._inner.get(path, params)

    def exec(self, container: str, argv: Sequence[str], seconds: float) -> Output:
        """Run a command in a container."""
        with self._explained():
            return self._inner.exec(container, argv, seconds)

    def restart(self, container: ToRestart) -> None:
        """Stop a container and start it again."""
        with self._explained():
            self._inner.restart(container)

    def put_back(self) -> list[NotBack]:
        """Start what was stopped."""
        return self._inner.put_back()

    def own(self, exec_id: str) -> bool:
        """Whether a command that ran in a container was ours."""
        return self._inner.own(exec_id)

    def events(self, since: str | None, quiet: float) -> Iterator[Mapping[str, Any]]:
        """What happens from now on."""
        with self._explained():
            yield from self._inner.events(since, quiet)

    def control(self, container: str) -> float:
        """Seconds that the shortest command takes."""
        with self._explained():
            return self._inner.control(container)

    def ping(self) -> None:
        """Raise Unobserved unless the engine answers."""
        with self._explained():
            self._inner.ping()
