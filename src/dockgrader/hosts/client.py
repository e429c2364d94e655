"""Connections to the engine through the docker SDK, and its answers, each bounded in time and size.

The SDK's client gives the transports (socket, npipe, TLS) and the HTTP session; the bodies are read here, since
the SDK reads them without bounds.
"""

from __future__ import annotations

import json
import math
import queue
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dockgrader.errors import Unobserved
from dockgrader.hosts import failures
from dockgrader.hosts.base import Conflict, Missing
from dockgrader.hosts.deadline import Deadline
from dockgrader.hosts.endpoint import Endpoint

if TYPE_CHECKING:
    from docker import APIClient
    from requests import Response

JSON_CAP = 16 << 20
_LEVELS = 100
"""Levels of nesting in one answer; an inspect answer has about ten."""


class Client:
    """A bounded number of connections. `api` is the version that is spoken; empty until it is known."""

    def __init__(self, endpoint: Endpoint, deadline: Deadline, connections: int) -> None:
        self.name = endpoint.url
        self.deadline = deadline
        self.api = ""
        self._endpoint = endpoint
        self._idle: queue.LifoQueue[APIClient] = queue.LifoQueue()
        self._places = threading.BoundedSemaphore(connections)
        self._closed = False

    def get(
        self, path: str, params: Mapping[str, str] | None = None, kind: type = dict, *, stream: bool = False
    ) -> Any:
        """The JSON at an API path, of this kind; a `stream` of JSON comes as a list. Raises as `Engine.get`."""
        seconds = self.seconds()
        with self.taken() as client, failures.explained(self.name, seconds):
            answer = client.get(self.url(client, path), params=params, stream=True, timeout=seconds)
            with answer:
                body = self.body(answer, self.deadline.sooner(seconds))
                refused(answer.status_code, body)
                return self._decoded(body, kind, stream=stream)

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """The JSON object that answers. Raises as `get`."""
        seconds = self.seconds()
        with self.taken() as client, failures.explained(self.name, seconds):
            answer = client.post(self.url(client, path), json=body, stream=True, timeout=seconds)
            with answer:
                text = self.body(answer, self.deadline.sooner(seconds))
                refused(answer.status_code, text)
                return self._decoded(text, dict)

    def order(self, path: str, params: Mapping[str, str] | None = None) -> None:
        """Have something done, of which nothing is answered. Raises as `get`."""
        seconds = self.seconds()
        with self.taken() as client, failures.explained(self.name, seconds):
            answer = client.post(self.url(client, path), params=params, stream=True, timeout=seconds)
            with answer:
                refused(answer.status_code, self.body(answer, self.deadline.sooner(seconds)))

    def body(self, answer: Response, deadline: Deadline) -> bytes:
        """All of an answer. Raises Unobserved when it is endless or late."""
        chunks, size = [], 0
        while chunk := answer.raw.read1(1 << 16, decode_content=True):
            chunks.append(chunk)
            size += len(chunk)
            if size > JSON_CAP:
                raise self.garbage("an endless answer")
            if deadline.passed():
                raise self.slow()
        return b"".join(chunks)

    def _decoded(self, body: bytes, kind: type, *, stream: bool = False) -> Any:
        try:
            answer = [_json(line) for line in body.split(b"\n") if line.strip()] if stream else _json(body)
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, kind) or _deep(answer):
            raise self.garbage("something that was not asked for")
        return answer

    def seconds(self, most: float = math.inf) -> float:
        """What is left of the run, at most so many seconds: a slow machine may use all of it for one call."""
        left = min(most, self.deadline.remaining())
        if left <= 0:
            raise self.slow()
        return left

    def slow(self) -> Unobserved:
        """The engine's failure when time has run out."""
        return Unobserved("engine.timeout", failures.slow(self.name))

    def garbage(self, what: str) -> Unobserved:
        """The engine's failure when it sent what no engine sends."""
        return Unobserved("engine.garbage", failures.garbage(self.name, what))

    def url(self, client: APIClient, path: str) -> str:
        """Where a path of the API is."""
        return f"{client.base_url}/v{self.api}{path}" if self.api else f"{client.base_url}{path}"

    @contextmanager
    def taken(self) -> Iterator[APIClient]:
        """A client for one thread at a time: the SDK's is not safe to share (docker-py #3229)."""
        with self._places:
            try:
                client = self._idle.get_nowait()
            except queue.Empty:
                client = new_client(self._endpoint)
            try:
                yield client
            finally:
                self._idle.put(client)
                if self._closed:
                    self.close()

    def close(self) -> None:
        """Close the idle connections, and those in use as soon as they come back."""
        self._closed = True
        while True:
            try:
                self._idle.get_nowait().close()
            except queue.Empty:
                return


def new_client(endpoint: Endpoint) -> APIClient:
    """An SDK client without a version handshake. Raises Unobserved when the TLS set-up is unusable."""
    from docker import APIClient
    from docker.errors import DockerException, TLSParameterError
    from docker.tls import TLSConfig

    tls: TLSConfig | bool = False
    try:
        if endpoint.tls:
            pair = (endpoint.tls.cert, endpoint.tls.key)
            certificate = (pair[0], pair[1]) if pair[0] and pair[1] else None
            tls = TLSConfig(client_cert=certificate, ca_cert=endpoint.tls.ca, verify=endpoint.tls.verify)
        client = APIClient(base_url=endpoint.url, version="1.44", tls=tls)
    except (TLSParameterError, DockerException) as error:
        raise Unobserved(
            "engine.endpoint", f"{endpoint.url} cannot be used ({endpoint.why}): {error}"
        ) from error
    except (AttributeError, TypeError, ValueError, KeyError) as error:
        # The SDK reads the docker CLI's settings, and trusts their shape.
        raise Unobserved(
            "engine.client-config",
            "The settings of the docker CLI ($DOCKER_CONFIG/config.json, else ~/.docker/config.json) are broken: "
            f"{error}",
        ) from error
    # Proxies and netrc of the environment are for the web, not for an engine.
    client.trust_env = False
    if endpoint.scheme == "unix":
        _keep_one_connection(client)
    return client


def _keep_one_connection(client: APIClient) -> None:
    """The SDK keeps a connection for each path that is asked for. Over SSH each costs a round trip to make."""
    adapter: Any = client.get_adapter(client.base_url)
    for_url = adapter.get_connection
    adapter.get_connection = lambda url, proxies=None: for_url(client.base_url, proxies)


def _json(text: bytes) -> Any:
    """JSON as the standard has it: no NaN, no infinity, which could not be written into a report either."""
    return json.loads(text.decode("utf-8", "replace"), parse_constant=_finite, parse_float=_finite)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no number in JSON")
    return number


def _deep(answer: Any) -> bool:
    """Whether an answer nests so deeply that whoever walks it runs out of stack."""
    layer = [answer]
    for _ in range(_LEVELS):
        layer = [
            child
            for node in layer
            if isinstance(node, dict | list)
            for child in (node.values() if isinstance(node, dict) else node)
        ]
        if not layer:
            return False
    return True


def refused(status: int, body: bytes, *, exec_failure: bool = False) -> None:
    """Raises Missing, Conflict or Unobserved for an error answer."""
    if status < 400:
        return
    if status == 404:
        raise Missing
    if status == 409:
        raise Conflict
    if exec_failure and status in (400, 500) and b"OCI runtime" in body:
        return
    raise Unobserved("engine.refused", failures.refused(status, body))
