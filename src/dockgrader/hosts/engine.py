"""The engine's API: the version that is spoken, what is asked ahead, events and commands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from typing import Any

from dockgrader.hosts import events, failures
from dockgrader.hosts.base import NotBack, Output, ToRestart
from dockgrader.hosts.client import Client, refused
from dockgrader.hosts.deadline import Deadline, background, within
from dockgrader.hosts.endpoint import Endpoint
from dockgrader.hosts.execs import Execs
from dockgrader.hosts.restarts import Restarts
from dockgrader.hosts.sdk import SdkWire
from dockgrader.hosts.wire import Wires

TESTED_API = "1.52"
"""The newest API version that dockgrader was tested with (shapes of Docker 29); never asked for more."""
CONNECTIONS = 8
_LISTS = ("/containers/json", "/events")
_VERSION = re.compile(r"\d{1,4}\.\d{1,4}", re.ASCII)


class DockerEngine:
    """An engine that answers.

    `ahead` are paths with their parameters that are asked for beside the version, where a round trip is long: the
    first `get` of one finds its answer on the way. `wires` make the connections, by default the docker SDK;
    `patience` is that of a `Client`.
    """

    version: str
    """The engine's own; empty where it does not tell."""

    def __init__(
        self,
        endpoint: Endpoint,
        deadline: Deadline,
        connections: int = CONNECTIONS,
        ahead: Sequence[tuple[str, Mapping[str, str]]] = (),
        wires: Wires | None = None,
        patience: float = 0.0,
    ) -> None:
        wires = wires or partial(SdkWire, endpoint)
        self._client = Client(endpoint.url, wires, deadline, connections, patience)
        self._execs = Execs(self._client, connections)
        self._restarts = Restarts(endpoint.url, wires)
        self._ahead = {_question(*asked): background(partial(self._get, *asked)) for asked in ahead}
        try:
            newest = within(self._client.seconds(), self._meet)
        except TimeoutError:
            raise self._client.slow() from None
        if self.api != newest:
            self._ahead.clear()  # without a version in its path, a question is answered in the engine's newest

    def _meet(self) -> str:
        """Find out its version and which of the API's to speak; the newest that it speaks."""
        greeting = self._client.greet()
        if _VERSION.fullmatch(greeting.newest) and _numbers(greeting.newest) > _TESTED:
            greeting = self._client.introduction()
        if not _VERSION.fullmatch(greeting.newest):
            raise self._client.garbage("no version")
        self.version, self._client.api = greeting.version, spoken_version(greeting.newest, greeting.oldest)
        return greeting.newest

    @property
    def api(self) -> str:
        """The API version that is spoken; empty until it is known."""
        return self._client.api

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        """The JSON object at an API path, for _LISTS the list; the event stream comes as a list, too."""
        asked = self._ahead.pop(_question(path, params), None)
        if asked is None:
            return self._get(path, params)
        try:
            return asked.result(timeout=self._client.seconds())
        except TimeoutError:
            raise self._client.slow() from None

    def _get(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        return self._client.get(path, params, list if path in _LISTS else dict, stream=path == "/events")

    def ping(self) -> None:
        """Ask for its versions: an engine that hangs or died raises Unobserved."""
        self._client.introduction()

    def exec(self, container: str, argv: Sequence[str], seconds: float) -> Output:
        """Run a command in a container; cut off when it hangs (hosts.pace), or prints without end."""
        return self._execs.run(container, argv, seconds)

    def control(self, container: str) -> float:
        """Seconds that the shortest command takes in a container. Raises Unobserved."""
        return self._execs.control(container)

    def restart(self, container: ToRestart) -> None:
        """Stop a container and start it again. Raises Missing, Conflict, Unobserved."""
        self._restarts.restart(container, self.api, self._client.seconds())

    def put_back(self) -> list[NotBack]:
        """Start what a restart has left stopped, and tell what does not run even so."""
        return self._restarts.put_back(self.api)

    def own(self, exec_id: str) -> bool:
        """Whether a command that ran in a container was ours."""
        return self._execs.own(exec_id)

    def events(self, since: str | None, quiet: float) -> Iterator[Mapping[str, Any]]:
        """What happens from now on, or from `since` (seconds since 1970, by the engine's clock).

        Ends with the engine's answer, or when nothing has come for `quiet` seconds. Raises Unobserved.
        """
        request = self._client.request("GET", "/events", {"since": since} if since else {})
        with (
            self._client.taken() as wire,
            failures.explained(self._client.name, quiet),
            closing(wire.ask(request, self._client.seconds(), quiet)) as answer,
        ):
            if answer.status >= 400:
                refused(answer.status, b"")
            try:
                yield from events.lines(answer)
            except TimeoutError:
                return
            except events.NotEvents:
                raise self._client.garbage("no events") from None

    def close(self) -> None:
        """Close the idle connections, and those in use as soon as they come back."""
        self._client.close()


def _question(path: str, params: Mapping[str, str] | None) -> tuple[str, frozenset[tuple[str, str]]]:
    return path, frozenset((params or {}).items())


def spoken_version(newest: str, oldest: str) -> str:
    """The API version to speak: the server's newest, at most TESTED_API, never below the server's oldest."""
    spoken = min(newest, TESTED_API, key=_numbers)
    return max(spoken, oldest, key=_numbers) if _VERSION.fullmatch(oldest) else spoken


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


_TESTED = _numbers(TESTED_API)
