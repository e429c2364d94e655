"""The engine's API through the docker SDK, each answer bounded in time and size.

The SDK's client gives the transports (socket, npipe, TLS) and the HTTP session; the bodies are read here, since
the SDK reads them without bounds. Without an `Upgrade` header the engine sends an exec's output as a plain body
until EOF; with it, the SDK may drop output that arrives together with the headers.
"""

from __future__ import annotations

import contextlib
import json
import math
import queue
import re
import shlex
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from dockgrader.errors import Unobserved
from dockgrader.hosts import events, failures
from dockgrader.hosts.base import Conflict, Missing, Output
from dockgrader.hosts.deadline import Deadline, background, within
from dockgrader.hosts.endpoint import Endpoint
from dockgrader.hosts.frames import Frames
from dockgrader.hosts.pace import SHORTEST, ended_in_time, too_slow

if TYPE_CHECKING:
    from docker import APIClient
    from requests import Response

TESTED_API = "1.52"
"""The newest API version that dockgrader was tested with (shapes of Docker 29); never asked for more."""
JSON_CAP = 16 << 20
STDOUT_CAP = 64 << 10
CONNECTIONS = 8
_LEVELS = 100
"""Levels of nesting in one answer; an inspect answer has about ten."""
_LISTS = ("/containers/json", "/events")
_VERSION = re.compile(r"\d{1,4}\.\d{1,4}", re.ASCII)


@dataclass
class _Command:
    """An exec, and what it has printed so far."""

    id: str
    frames: Frames = field(default_factory=lambda: Frames(STDOUT_CAP))
    _answer: Response | None = None
    _given_up: bool = False

    def begun(self, answer: Response) -> None:
        """It runs; this is what it prints."""
        self._answer = answer
        if self._given_up:
            self.give_up()

    def give_up(self) -> None:
        """Wake whoever reads what it prints, whose connection is then free."""
        self._given_up = True
        if self._answer is not None:
            with contextlib.suppress(AttributeError, OSError, RuntimeError, ValueError):
                self._answer.raw.shutdown()


class DockerEngine:
    """An engine that answers.

    `ahead` are paths with their parameters that are asked for beside the version, where a round trip is long: the
    first `get` of one finds its answer on the way.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        deadline: Deadline,
        connections: int = CONNECTIONS,
        ahead: Sequence[tuple[str, Mapping[str, str]]] = (),
    ) -> None:
        self._endpoint = endpoint
        self._deadline = deadline
        self._idle: queue.LifoQueue[APIClient] = queue.LifoQueue()
        self._places = threading.BoundedSemaphore(connections)
        # One is left for the short calls, however many commands hang.
        self._streams = threading.BoundedSemaphore(max(1, connections - 1))
        self._controlling = threading.Lock()
        self._closed = False
        self._execs: set[str] = set()
        self._api = ""
        self._version: Mapping[str, Any] = {}
        self._ahead = {_question(*asked): background(partial(self._get, *asked)) for asked in ahead}
        try:
            answer = within(self._seconds(), lambda: self.get("/version"))
        except TimeoutError:
            raise Unobserved("engine.timeout", failures.slow(endpoint.url)) from None
        if not _VERSION.fullmatch(str(answer.get("ApiVersion"))):
            raise Unobserved("engine.garbage", failures.garbage(endpoint.url, "no version"))
        self._version = answer
        self._api = spoken_version(answer)
        if self._api != answer.get("ApiVersion"):
            self._ahead.clear()  # without a version in its path, a question is answered in the engine's newest

    @property
    def version(self) -> Mapping[str, Any]:
        """What `/version` answers."""
        return self._version

    @property
    def api(self) -> str:
        """The API version that is spoken; empty until it is known."""
        return self._api

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        """The JSON object at an API path, for _LISTS the list; the event stream comes as a list, too."""
        asked = self._ahead.pop(_question(path, params), None)
        if asked is None:
            return self._get(path, params)
        try:
            return asked.result(timeout=self._seconds())
        except TimeoutError:
            raise Unobserved("engine.timeout", failures.slow(self._endpoint.url)) from None

    def _get(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        seconds = self._seconds()
        with self._client() as client, failures.explained(self._endpoint.url, seconds):
            answer = client.get(self._url(client, path), params=params, stream=True, timeout=seconds)
            with answer:
                body = self._body(answer, self._deadline.sooner(seconds))
                _refused(answer.status_code, body)
                return self._decoded(body, list if path in _LISTS else dict, stream=path == "/events")

    def ping(self) -> None:
        """Ask for the version again: an engine that hangs or died raises Unobserved."""
        self.get("/version")

    def own(self, exec_id: str) -> bool:
        """Whether a command that ran in a container was ours."""
        return exec_id in self._execs

    def events(self, since: str | None, quiet: float) -> Iterator[Mapping[str, Any]]:
        """What happens from now on, or from `since` (seconds since 1970, by the engine's clock).

        Ends with the engine's answer, or when nothing has come for `quiet` seconds. Raises Unobserved.
        """
        from urllib3.exceptions import ReadTimeoutError

        params = {"since": since} if since else {}
        with self._client() as client, failures.explained(self._endpoint.url, quiet):
            answer = client.get(
                self._url(client, "/events"), params=params, stream=True, timeout=(self._seconds(), quiet)
            )
            with answer:
                if answer.status_code >= 400:
                    _refused(answer.status_code, b"")
                try:
                    yield from events.lines(answer)
                except (ReadTimeoutError, TimeoutError):
                    return
                except events.NotEvents:
                    raise Unobserved(
                        "engine.garbage", failures.garbage(self._endpoint.url, "no events")
                    ) from None

    def exec(self, container: str, argv: Sequence[str], seconds: float) -> Output:
        """Run a command in a container; cut off when it hangs (hosts.pace), or after STDOUT_CAP bytes."""
        what = f"`{shlex.join(argv)[:100]}`"
        command = self._created(container, argv)
        if not self._streams.acquire(timeout=self._seconds()):
            raise too_slow(what)
        running = background(lambda: self._stream_and_release(command))
        control = partial(self.control, container)
        if not ended_in_time(running, what, self._seconds(seconds), self._deadline, control):
            command.give_up()
            return Output(None, command.frames.stdout, command.frames.stderr, timed_out=True)
        running.result()
        return self._ended(command, what)

    def control(self, container: str) -> float:
        """Seconds that the shortest command takes in a container. Raises Unobserved.

        One at a time, and beside all the commands that hang, which leave it a connection.
        """
        if not self._controlling.acquire(timeout=self._seconds()):
            raise too_slow("a command")
        try:
            begun = time.monotonic()
            try:
                command = self._created(container, SHORTEST)
                self._stream(command)
                if command.frames.timed_out:
                    raise too_slow("a command")
                self.get(f"/exec/{command.id}/json")
            except (Missing, Conflict):
                pass  # it has ended meanwhile, or was paused; this is how long the engine takes to say so
            return time.monotonic() - begun
        finally:
            self._controlling.release()

    def _created(self, container: str, argv: Sequence[str]) -> _Command:
        created = self._post(
            f"/containers/{container}/exec",
            {"AttachStdout": True, "AttachStderr": True, "Tty": False, "Cmd": list(argv)},
        )
        if not isinstance(created.get("Id"), str):
            raise Unobserved("engine.garbage", failures.garbage(self._endpoint.url, "an exec without an id"))
        self._execs.add(created["Id"])
        return _Command(created["Id"])

    def _ended(self, command: _Command, what: str) -> Output:
        frames = command.frames
        if frames.timed_out:
            raise too_slow(what)
        if frames.flooded:
            self.ping()
            return Output(None, frames.stdout, frames.stderr, flooded=True)
        if frames.broken:
            raise Unobserved("engine.garbage", failures.garbage(self._endpoint.url, "output without frames"))
        ended = self.get(f"/exec/{command.id}/json")
        status = ended.get("ExitCode")
        if not isinstance(status, int) and ended.get("Running") is not True:
            raise Unobserved("engine.garbage", failures.garbage(self._endpoint.url, "no exit status"))
        return Output(status if isinstance(status, int) else None, frames.stdout, frames.stderr)

    def _stream_and_release(self, command: _Command) -> None:
        try:
            self._stream(command)
        finally:
            self._streams.release()

    def _stream(self, command: _Command) -> None:
        """Read what a command prints, until it ends, floods or is given up, or the run is over."""
        from urllib3.exceptions import ReadTimeoutError

        frames = command.frames
        with self._client() as client:
            seconds = self._seconds()
            with failures.explained(self._endpoint.url, seconds):
                try:
                    answer = client.post(
                        self._url(client, f"/exec/{command.id}/start"),
                        json={"Detach": False, "Tty": False},
                        stream=True,
                        timeout=seconds,
                    )
                except failures.timeouts():
                    frames.timed_out = True
                    return
                with answer:
                    if answer.status_code >= 400:
                        body = self._body(answer, self._deadline)
                        _refused(answer.status_code, body, exec_failure=True)
                        frames.failed_to_start(body)
                        return
                    command.begun(answer)
                    try:
                        frames.read(answer.raw.read1, self._deadline)
                    except (ReadTimeoutError, TimeoutError):
                        frames.timed_out = True

    def _post(self, path: str, body: Mapping[str, Any]) -> Any:
        seconds = self._seconds()
        with self._client() as client, failures.explained(self._endpoint.url, seconds):
            answer = client.post(self._url(client, path), json=body, stream=True, timeout=seconds)
            with answer:
                text = self._body(answer, self._deadline.sooner(seconds))
                _refused(answer.status_code, text)
                return self._decoded(text, dict)

    def _body(self, answer: Response, deadline: Deadline) -> bytes:
        chunks, size = [], 0
        while chunk := answer.raw.read1(1 << 16, decode_content=True):
            chunks.append(chunk)
            size += len(chunk)
            if size > JSON_CAP:
                raise Unobserved("engine.garbage", failures.garbage(self._endpoint.url, "an endless answer"))
            if deadline.passed():
                raise Unobserved("engine.timeout", failures.slow(self._endpoint.url))
        return b"".join(chunks)

    def _decoded(self, body: bytes, kind: type, *, stream: bool = False) -> Any:
        try:
            answer = [_json(line) for line in body.split(b"\n") if line.strip()] if stream else _json(body)
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, kind) or _deep(answer):
            raise Unobserved(
                "engine.garbage", failures.garbage(self._endpoint.url, "something that was not asked for")
            )
        return answer

    def _seconds(self, most: float = math.inf) -> float:
        """What is left of the run, at most so many seconds: a slow machine may use all of it for one call."""
        left = min(most, self._deadline.remaining())
        if left <= 0:
            raise Unobserved("engine.timeout", failures.slow(self._endpoint.url))
        return left

    def _url(self, client: APIClient, path: str) -> str:
        return f"{client.base_url}/v{self.api}{path}" if self.api else f"{client.base_url}{path}"

    @contextmanager
    def _client(self) -> Iterator[APIClient]:
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


def _question(path: str, params: Mapping[str, str] | None) -> tuple[str, frozenset[tuple[str, str]]]:
    return path, frozenset((params or {}).items())


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


def spoken_version(version: Mapping[str, Any]) -> str:
    """The API version to speak: the server's, at most TESTED_API, never below the server's minimum."""
    newest, oldest = str(version.get("ApiVersion")), str(version.get("MinAPIVersion"))
    spoken = min(newest, TESTED_API, key=_numbers)
    return max(spoken, oldest, key=_numbers) if _VERSION.fullmatch(oldest) else spoken


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


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


def _refused(status: int, body: bytes, *, exec_failure: bool = False) -> None:
    if status < 400:
        return
    if status == 404:
        raise Missing
    if status == 409:
        raise Conflict
    if exec_failure and status in (400, 500) and b"OCI runtime" in body:
        return
    raise Unobserved("engine.refused", failures.refused(status, body))
