"""Connections to the engine, and its answers, each bounded in time and size."""

from __future__ import annotations

import json
import math
import queue
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

from dockgrader.errors import Unobserved
from dockgrader.frozen import dataclass
from dockgrader.hosts import failures
from dockgrader.hosts.base import Conflict, Missing
from dockgrader.hosts.deadline import Deadline
from dockgrader.hosts.wire import Answer, Request, Wire, Wires

JSON_CAP = 16 << 20
_PROGRAM = re.compile(r"(?:Docker|Libpod)/(\S+)")
"""The engine in a header `Server`, such as `Docker/20.10.24 (linux)` and Podman's `Libpod/5.4.2 (linux)`."""
_LEVELS = 100
"""Levels of nesting in one answer; an inspect answer has about ten."""


@dataclass(frozen=True)
class Greeting:
    """The newest API version that the engine speaks, its own version, and the oldest of the API.

    What it does not tell is empty, or no version.
    """

    newest: str
    version: str
    oldest: str = ""


class Client:
    """A bounded number of connections. `api` is the version that is spoken; empty until it is known.

    A question waits `patience` seconds for a connection that is in use before another one is made for it.
    """

    def __init__(
        self, name: str, wires: Wires, deadline: Deadline, connections: int, patience: float = 0.0
    ) -> None:
        self.name = name
        self.deadline = deadline
        self.api = ""
        self._wires = wires
        self._idle: queue.LifoQueue[Wire] = queue.LifoQueue()
        self._places = threading.BoundedSemaphore(connections)
        self._closed = False
        self._patience = patience
        self._made = False

    def get(
        self, path: str, params: Mapping[str, str] | None = None, kind: type = dict, *, stream: bool = False
    ) -> Any:
        """The JSON at an API path, of this kind; a `stream` of JSON comes as a list. Raises as `Engine.get`."""
        return self._decoded(self._asked(self.request("GET", path, params)), kind, stream=stream)

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """The JSON object that answers. Raises as `get`."""
        return self._decoded(self._asked(self.request("POST", path, body=body)), dict)

    def greet(self) -> Greeting:
        """What the engine says of itself in passing. Raises as `get`.

        Not by /version, for which Docker starts two programs: 12 ms of its machine's processor. Only where a proxy
        before the engine lets nothing else through.
        """
        with self._answer(self.request("GET", "/_ping")) as answer:
            self.body(answer, self.deadline)
            newest, program = answer.header("api-version"), _PROGRAM.match(answer.header("server"))
            if answer.status < 400 and newest and program:
                return Greeting(newest, program[1])
        return self.introduction()

    def introduction(self) -> Greeting:
        """What it says when it is asked for its versions. Raises as `get`.

        For that Docker asks containerd, too: where that one hangs, a greeting would be answered and this is not.
        """
        said = self.get("/version")
        newest, version, oldest = (said.get(key) for key in ("ApiVersion", "Version", "MinAPIVersion"))
        return Greeting(str(newest), str(version or ""), str(oldest))

    def _asked(self, request: Request) -> bytes:
        with self._answer(request) as answer:
            body = self.body(answer, self.deadline)
            refused(answer.status, body)
            return body

    @contextmanager
    def _answer(self, request: Request) -> Iterator[Answer]:
        seconds = self.seconds()
        with (
            self.taken() as wire,
            failures.explained(self.name, seconds),
            closing(wire.ask(request, seconds)) as answer,
        ):
            yield answer

    def order(self, path: str, params: Mapping[str, str] | None = None) -> None:
        """Have something done, of which nothing is answered. Raises as `get`."""
        self._asked(self.request("POST", path, params))

    def body(self, answer: Answer, deadline: Deadline) -> bytes:
        """All of an answer. Raises Unobserved when it is endless or late."""
        chunks, size = [], 0
        while chunk := answer.read1(1 << 16):
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
        # A short look at the text spares a walk through what cannot be deep.
        may_be_deep = body.count(b"{") + body.count(b"[") > _LEVELS
        if not isinstance(answer, kind) or (may_be_deep and _deep(answer)):
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

    def request(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Request:
        """A request for a path of the API, in the version that is spoken."""
        return Request(method, f"/v{self.api}{path}" if self.api else path, params, body)

    @contextmanager
    def taken(self) -> Iterator[Wire]:
        """A connection for one thread at a time."""
        with self._places:
            try:
                wire = self._idle.get(timeout=self._patience) if self._made else self._idle.get_nowait()
            except queue.Empty:
                wire = self._wires()
                self._made = self._patience > 0
            try:
                yield wire
            finally:
                self._idle.put(wire)
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
