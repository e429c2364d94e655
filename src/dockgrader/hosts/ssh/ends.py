"""Local ends of what lies behind SSH, whose failures are told from those of the connection to the host."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from dockgrader.errors import Unobserved
from dockgrader.hosts.base import Output
from dockgrader.hosts.deadline import Deadline
from dockgrader.hosts.endpoint import Endpoint
from dockgrader.hosts.engine import DockerEngine


class SshEngine:
    """An engine at a local end. `explain` puts its failures in terms of the host, or finds the host's own behind."""

    def __init__(
        self,
        explain: Callable[[Unobserved], Unobserved],
        local_end: Endpoint,
        deadline: Deadline,
        connections: int,
        ahead: Sequence[tuple[str, Mapping[str, str]]] = (),
    ) -> None:
        self._explain = explain
        with self._explained():
            self._inner = DockerEngine(local_end, deadline, connections, ahead)

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except Unobserved as failure:
            raise self._explain(failure) from failure

    @property
    def version(self) -> Mapping[str, Any]:
        """What `/version` answers."""
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

    def restart(self, container: str) -> None:
        """Stop a container and start it again."""
        with self._explained():
            self._inner.restart(container)

    def put_back(self) -> None:
        """Start what was stopped."""
        with self._explained():
            self._inner.put_back()

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

    def close(self) -> None:
        """Let go of its connections."""
        self._inner.close()


class PageSocket(socket.socket):
    """A connection to a published port. When that to the host is lost, the page has not come to its end."""

    def __init__(self, must_be_connected: Callable[[], None], handle: int) -> None:
        super().__init__(fileno=handle)
        self._must_be_connected = must_be_connected

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """As a socket's own. Raises Unobserved when the host is gone."""
        data = super().recv(size, flags)
        if not data:
            self._must_be_connected()
        return data
