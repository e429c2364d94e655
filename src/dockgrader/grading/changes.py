"""What happens on a host while it is watched: the engine's events, and that it went away and came back."""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from types import TracebackType
from typing import Any, Self

from dockgrader.errors import Unobserved
from dockgrader.facts.base import dig, dig_list, dig_str
from dockgrader.facts.engine import unix_time
from dockgrader.hosts.base import Engine
from dockgrader.hosts.deadline import Deadline
from dockgrader.hosts.endpoint import Endpoint
from dockgrader.hosts.opening import open_host

QUIET = 60.0
"""Seconds after which a silent stream of events is asked for anew, in case nobody is at its other end any more."""
SETTLED = 0.4
"""Seconds without an event after which a change, such as `compose up`, is taken to be over."""
LONGEST = 3.0
"""Seconds after which it is looked at though events keep coming."""
_REMEMBERED = 512
"""Newest events that are known again; engines keep half as many."""
RETRY = (1.0, 30.0)
"""Seconds between tries to reach a host that went away: the first pause, and the longest."""

Event = Mapping[str, Any]


class Lost(Exception):
    """The host went away. `reason` says how."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Back:
    """The host is there again."""


class Changes:
    """A context manager that listens to a host's events in a thread of its own."""

    def __init__(self, endpoint: Endpoint, seconds: float) -> None:
        self._endpoint = endpoint
        self._seconds = seconds
        self._found: queue.SimpleQueue[Event | Lost | Back] = queue.SimpleQueue()
        self._listening = threading.Event()
        self._over = threading.Event()
        self._since = ""
        self._told: deque[object] = deque(maxlen=_REMEMBERED)

    def __enter__(self) -> Self:
        threading.Thread(target=self._listen, daemon=True).start()
        self._listening.wait(self._seconds)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()

    def next(self, seconds: float | None = None) -> Event | Lost | Back | None:
        """What happened, in order; None when nothing has for so many seconds."""
        deadline = Deadline(seconds) if seconds is not None else None
        while deadline is None or not deadline.passed():
            # In turns, as Windows lets nobody interrupt a wait.
            turn = 1.0 if deadline is None else min(1.0, deadline.remaining())
            with suppress(queue.Empty):
                return self._found.get(timeout=turn)
        return None

    def _listen(self) -> None:
        pause, lost = RETRY[0], False
        while not self._over.is_set():
            try:
                with closing(open_host(self._endpoint, Deadline(self._seconds))) as host:
                    events = self._events(host.engine)
                    if lost:
                        self._found.put(Back())
                    pause, lost = RETRY[0], False
                    for event in events:
                        self._found.put(event)
            except Unobserved as failure:
                self._listening.set()
                if not lost:
                    self._found.put(Lost(failure.reason))
                lost = True
                self._over.wait(pause)
                pause = min(pause * 2, RETRY[1])

    def _events(self, engine: Engine) -> Iterator[Event]:
        """Event by event until the engine is quiet, each once, though the stream is asked for again and again."""
        now = unix_time(dig_str(engine.get("/info"), "SystemTime"))
        # The engine's clock may have been set back, so that what comes next seems to be older than what came last.
        if not self._since or float(now) < float(self._since):
            self._since = now
        self._listening.set()
        begun = time.monotonic()
        for event in engine.events(self._since, QUIET):
            at = dig(event, "timeNano")
            if not isinstance(at, int) or (told := _identity(event)) in self._told:
                continue
            self._told.append(told)
            self._since = f"{at // 10**9}.{at % 10**9:09d}"
            yield event
            if self._over.is_set():
                return
        if time.monotonic() - begun < QUIET / 2:
            raise Unobserved("engine.lost", f"{self._endpoint.url} ended its stream of events")


def _identity(event: Event) -> object:
    attributes = dig(event, "Actor", "Attributes")
    keys = (dig_str(event, "Type"), dig_str(event, "Action"), dig_str(event, "Actor", "ID"))
    return dig(event, "timeNano"), *keys, dig_str(attributes, "execID")


_LIFE = {
    "container": {
        *("create", "start", "restart", "die", "stop", "pause", "unpause"),
        *("destroy", "rename", "update", "oom", "health_status"),
        *("died", "remove"),
    },
    "volume": {"create", "destroy", "remove"},
    "image": {"tag", "untag", "delete", "load", "import", "pull", "remove"},
    "network": {"connect", "disconnect"},
}
"""What an engine tells; Podman has `remove` for some of it, and `exec_died`, behind Docker's API, too."""
_EXEC = ("exec_create", "exec_start")
_EXEC_ENDED = ("exec_die", "exec_died")


class Relevance:
    """Whether an event can change a verdict: all that begins, ends or changes, and commands in containers.

    Commands of the grader's own, and the health checks that the engine runs all the time, change nothing; Podman tells
    the health after each of them.
    """

    def __init__(self) -> None:
        self._idle: set[str] = set()
        self._tests: dict[str, list[str]] = {}
        self._health: dict[str, str] = {}

    def knows(self, inspected: Mapping[str, Any]) -> None:
        """Learn a container's health check from what `docker inspect` says."""
        test = dig_list(inspected, "Config", "Healthcheck", "Test")
        self._tests[dig_str(inspected, "Id")] = [str(word) for word in test]

    def strange(self, container: str) -> bool:
        """Whether nothing is known yet of a container's health check."""
        return container not in self._tests

    def of(self, event: Event, own: Callable[[str], bool]) -> bool:
        """Whether to look again; `own` tells the grader's execs by their id."""
        kind = dig_str(event, "Type") or "container"
        action, _, command = dig_str(event, "Action").partition(": ")
        exec_id = dig_str(event, "Actor", "Attributes", "execID")
        container = dig_str(event, "Actor", "ID")
        if action in _EXEC:
            if own(exec_id) or self._is_health_check(container, command):
                self._idle.add(exec_id)
            return False
        if action in _EXEC_ENDED:
            idle = exec_id in self._idle or own(exec_id)
            self._idle.discard(exec_id)
            return not idle
        if action == "health_status" and command:
            before, self._health[container] = self._health.get(container), command
            return command != before
        return action in _LIFE.get(kind, set())

    def _is_health_check(self, container: str, command: str) -> bool:
        # Docker puts a blank between the program and its arguments, where there are none too.
        command = command.rstrip()
        match self._tests.get(container):
            case ["CMD-SHELL", text]:
                return command.endswith(text.rstrip())
            case ["CMD", *words]:
                return command == " ".join(words).rstrip()
        return False
