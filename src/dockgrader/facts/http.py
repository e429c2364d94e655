"""What a published port answers to a browser that asks several times."""

from __future__ import annotations

import http.client
import io
import re
import shlex
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, ClassVar, cast

from dockgrader.errors import Unobserved
from dockgrader.facts.base import Fact, Setting, dig, dig_list, dig_str
from dockgrader.facts.containers import Container, Containers, Inspected
from dockgrader.frozen import dataclass
from dockgrader.hosts.base import Host
from dockgrader.hosts.deadline import Deadline, background
from dockgrader.hosts.pace import FACTOR, STARTING, enough, of_machine, too_slow

HTTP_SECONDS = 10.0
"""What each GET may take, where the run has as much left."""
BODY_CAP = 64 << 10
PORTS = 40
"""Addresses that are asked at the most: each published port has two, of IPv4 and of IPv6."""
PAUSE = 0.3
NOT_YET = ("refused", "empty")
"""What a port answers whose server is not listening yet: the engine's proxy accepts, then closes."""
_LATE = (*NOT_YET, "timeout", "unreachable")
_HEAD_ENDS = re.compile(rb"\n\r?\n")
_USUAL = re.compile(rb"HTTP/1\.[01] (?!204|304)[2-5][0-9]{2}[ \r]")
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,18})[ \t]*(?:\r\n|$)", re.IGNORECASE)
_NO_HTTP = (http.client.HTTPException, ValueError, OverflowError)
"""What http.client raises for bytes that are no HTTP, among them sizes beyond any machine's."""


@dataclass(frozen=True)
class Page:
    """One answer: HTTP status and text, or a `problem`: `refused`, `empty`, `timeout`, `garbage`, `unreachable`."""

    status: int | None
    body: str
    problem: str


@dataclass(frozen=True)
class Series:
    """The answers of one published address, in the order they were asked for."""

    address: str
    port: int
    pages: tuple[Page, ...]


@dataclass(frozen=True)
class HttpSeries(Fact[list[Series]]):
    """`times` GETs on each published TCP port of a container; redirects are not followed."""

    container: str
    path: str = "/"
    times: int = 2
    name: ClassVar[str] = "http-series"

    def read(self, setting: Setting) -> Any:
        """From the host itself where that is where we are, else from inside of the container."""
        early = _Asking(self, setting, HTTP_SECONDS)
        if setting.host.near(
            "", 0
        ).silence:  # surely there: what the list of containers shows is asked at once
            early.begin(self._listed(setting))
        inspected = setting.see(Container(self.container))
        if inspected is None or not inspected.published:
            return []
        near = setting.host.near(inspected.id, inspected.pid)
        if not near.silence:
            from dockgrader.facts.http_inside import NoTool, ask_inside

            try:
                return ask_inside(setting, inspected, self.path, self.times)
            except NoTool as error:
                tool = str(error)
        found = self._ask_all(setting, inspected, early) if near.ports else []
        if not near.silence and not (near.ports and any(_all_came(item, self.times) for item in found)):
            raise Unobserved(
                "host.http",
                f"The page of {inspected.name} cannot be asked for from here: the ports of its machine are out of "
                f"reach, and {tool}. Grade it on that machine, or with --host ssh://",
            )
        return found

    def _ask_all(self, setting: Setting, inspected: Inspected, early: _Asking) -> list[dict[str, Any]]:
        """Each GET in ten seconds, or in more on a slow machine (hosts.pace)."""
        begun = time.monotonic()
        ports = inspected.published[:PORTS]
        found = early.answers(ports)
        if not any(page["problem"] for item in found for page in item["pages"]):
            return found
        # A dead engine forwards no ports: that is not the student's fault either.
        control = setting.host.engine.control(inspected.id)
        waited = min(HTTP_SECONDS, time.monotonic() - begun - control)  # the one GET that failed
        shortest, factor = of_machine(control, inspected.cpus), STARTING if _none_listens(found) else FACTOR
        if enough(waited, shortest, factor) or not _may_come(found):
            return found
        found = _Asking(self, setting, factor * shortest).answers(ports)
        if setting.deadline.passed() and _may_come(found):
            raise too_slow(self.shown_by(), shortest)
        return found

    def _listed(self, setting: Setting) -> Sequence[tuple[str, int]]:
        """Addresses and ports by the list of containers; none where that cannot be had, which the inspection tells."""
        try:
            listed = setting.see(Containers())
        except Unobserved:
            return ()
        return next((item.ports for item in listed if self.container in (item.id, *item.names)), ())

    def ask(
        self, host: Host, address: str, port: int, run: Deadline, seconds: float, answered: threading.Event
    ) -> list[dict[str, Any]]:
        """Again while nothing listens yet, unless the port has answered at another address (IPv4 and IPv6)."""
        pages: list[dict[str, Any]] = []
        silent: dict[str, Any] | None = None
        deadline = run.sooner(seconds)
        while len(pages) < self.times:
            page = _get(host, address, port, self.path, deadline)
            if page["problem"] in NOT_YET and not answered.is_set() and not deadline.passed():
                silent = page
                answered.wait(min(PAUSE, deadline.remaining()))
                continue
            # A last try that had hardly any time says less than those before it.
            pages.append(silent if silent and page["problem"] == "timeout" else page)
            if page["problem"]:
                return pages
            deadline, silent = run.sooner(seconds), None
        answered.set()
        return pages

    def parse(self, raw: Any) -> list[Series]:
        """As it was read."""
        return [
            Series(
                dig_str(item, "address"), _port(item), tuple(_page(page) for page in dig_list(item, "pages"))
            )
            for item in dig_list({"all": raw}, "all")
        ]

    def shown_by(self) -> str:
        """As a person asks."""
        name = shlex.quote(self.container[:12] if len(self.container) == 64 else self.container)
        return f"docker port {name}  # then twice: curl http://ADDRESS:PORT{self.path}"


class _Asking:
    """Asks addresses all at once, since a dead port must not use up the time of the others.

    Each GET has so many seconds.
    """

    def __init__(self, series: HttpSeries, setting: Setting, seconds: float) -> None:
        self._series = series
        self._setting = setting
        self._seconds = seconds
        self._answered: dict[int, threading.Event] = defaultdict(threading.Event)
        self._asked: dict[tuple[str, int], Future[list[dict[str, Any]]]] = {}

    def begin(self, ports: Sequence[tuple[str, int]]) -> None:
        """Ask those addresses and ports that have not been asked."""
        for address, port in ports[:PORTS]:
            if (address, port) not in self._asked:
                ask = partial(self._series.ask, self._setting.host, address, port)
                self._asked[address, port] = background(
                    partial(ask, self._setting.deadline, self._seconds, self._answered[port])
                )

    def answers(self, ports: Sequence[tuple[str, int]]) -> list[dict[str, Any]]:
        """What these addresses and ports answer."""
        self.begin(ports)
        return [
            {"address": address, "port": port, "pages": self._asked[address, port].result()}
            for address, port in ports
        ]


def _all_came(item: dict[str, Any], times: int) -> bool:
    return len(item["pages"]) == times and not any(page["problem"] for page in item["pages"])


def _none_listens(found: list[dict[str, Any]]) -> bool:
    """Whether all ports were as before their application has started."""
    return all(page["problem"] in NOT_YET for item in found for page in item["pages"])


def _may_come(found: list[dict[str, Any]]) -> bool:
    """Whether no port has answered, and one may yet, when it has more time."""
    problems = [[page["problem"] for page in item["pages"] if page["problem"]] for item in found]
    return all(problems) and any(problem in _LATE for port in problems for problem in port)


def _port(item: Any) -> int:
    port = dig(item, "port")
    return port if isinstance(port, int) else 0


def _page(raw: Any) -> Page:
    status = dig(raw, "status")
    return Page(status if isinstance(status, int) else None, dig_str(raw, "body"), dig_str(raw, "problem"))


def _get(host: Host, address: str, port: int, path: str, deadline: Deadline) -> dict[str, Any]:
    """One GET. The bytes are read here, so that a server that drips, floods or never ends cannot hold us up."""
    data, problem = bytearray(), ""
    try:
        with host.connect(address, port, max(0.1, deadline.remaining())) as connection:
            request = request_for(path, address, port)
            connection.sendall(request)
            while len(data) <= BODY_CAP and not whole(data):
                connection.settimeout(max(0.01, deadline.remaining()))
                chunk = connection.recv(1 << 16)
                if not chunk:
                    break
                data += chunk
                if deadline.passed():
                    problem = "timeout"
                    break
    except ConnectionRefusedError:
        problem = "refused"
    except TimeoutError:
        problem = "timeout"
    except ConnectionError:
        problem = "" if data else "empty"
    except OSError:
        problem = "unreachable"
    return answer_in(bytes(data[:BODY_CAP]), problem)


def request_for(path: str, address: str, port: int) -> bytes:
    """A GET, after whose answer the server closes the connection."""
    head = f"GET {path} HTTP/1.1\r\nHost: {_host_header(address, port)}\r\nConnection: close\r\n\r\n"
    return head.encode("ascii", "replace")


def _host_header(address: str, port: int) -> str:
    name = "localhost" if address in ("", "0.0.0.0", "::") else address  # noqa: S104 - read, never bound
    return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"


class _Bytes:
    """What http.client needs of a socket."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, *_: object) -> io.BytesIO:
        return io.BytesIO(self._data)


def _parsed(data: bytes) -> http.client.HTTPResponse:
    answer = http.client.HTTPResponse(cast(Any, _Bytes(data)))
    answer.begin()
    return answer


def whole(data: bytearray) -> bool:
    """Whether a server that keeps the connection open has sent all that it announced."""
    head, ends, body = data.partition(b"\r\n\r\n")
    if not ends:
        return False
    if _USUAL.match(head) and b"chunked" not in head.lower():  # most answers, without a parser
        announced = _LENGTH.search(head)
        return announced is not None and len(body) >= int(announced[1])
    try:
        answer = _parsed(bytes(data))
        if answer.length is None and not answer.chunked:
            return False
        answer.read()
    except _NO_HTTP:
        return False
    return True


def answer_in(data: bytes, problem: str) -> dict[str, Any]:
    """A page as it goes into the evidence, of the bytes that came, or of the problem."""
    if problem or not data:
        return {"status": None, "body": "", "problem": problem or "empty"}
    try:
        if not _HEAD_ENDS.search(data):
            raise http.client.HTTPException("a head without an end")
        answer = _parsed(data)
        try:
            body = answer.read()
        except http.client.IncompleteRead as error:
            body = error.partial
    except _NO_HTTP:
        return {"status": None, "body": data[:200].decode("utf-8", "replace"), "problem": "garbage"}
    return {"status": answer.status, "body": body.decode("utf-8", "replace"), "problem": ""}
