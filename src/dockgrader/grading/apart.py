"""A host that is read by a process of its own, beside the one that builds the models and judges.

Importing the docker SDK takes as long as importing pydantic and building the models, SSH takes longer, and a process
of Python does one thing at a time. On two processors a check ends a third sooner so. The other process is a fork of
this one; questions and answers go over a pair of sockets, and it ends when this one closes its end or is killed.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import select
import signal
import socket
import sys
import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import TYPE_CHECKING, Any, NoReturn

from dockgrader.errors import Unobserved, UsageError
from dockgrader.grading.evidence import Evidence
from dockgrader.grading.reach import Bounds, Live, now, reach
from dockgrader.grading.seeing import Reading, Seeing
from dockgrader.hosts.deadline import Deadline
from dockgrader.report.model import HostReport

if TYPE_CHECKING:
    from dockgrader.facts.base import Fact
    from dockgrader.hosts.endpoint import Endpoint

_GRACE = 2.0
"""Seconds after the deadline for the other process to say that the deadline has passed."""


def worth_it(endpoint: Endpoint) -> bool:
    """Whether the host can be read apart, and that saves time.

    Only where nothing else runs in this process: a fork would copy the locks that another thread has.
    """
    return (
        endpoint.scheme != "recorded"
        and sys.platform == "linux"
        and len(os.sched_getaffinity(0)) > 1
        and threading.active_count() == 1
    )


class Apart:
    """A host that another process reads; to those who grade it is what `Live` is. Whoever has it closes it."""

    def __init__(self, endpoint: Endpoint, bounds: Bounds) -> None:
        self._endpoint = endpoint
        self._deadline = Deadline(bounds.timeout)
        self.started_at = now()
        ours, theirs = socket.socketpair()
        self._process = os.fork()
        if self._process == 0:
            ours.close()
            _serve(theirs, endpoint, bounds)
        theirs.close()
        self._socket = ours
        self._hello: Future[HostReport | Evidence] = Future()
        self.see = _Far(self._deadline, ours)
        self._reader = threading.Thread(target=self._listen, daemon=True)
        self._reader.start()

    def reached(self) -> Apart | Evidence:
        """This host when it answers, else evidence of why it does not. Raises UsageError for an unusable URL."""
        try:
            hello = self._hello.result(timeout=self._deadline.remaining() + _GRACE)
        except FutureTimeout:
            hello = self._nothing("engine.timeout", f"{self._endpoint.url} did not answer in time")
        if isinstance(hello, Evidence):
            self.close()
            return hello
        return self

    def report(self) -> HostReport:
        """The host as it is reported, once it was reached."""
        hello = self._hello.result(timeout=0)
        return HostReport(self._endpoint.url) if isinstance(hello, Evidence) else hello

    def close(self) -> None:
        """Have the other process let go of the host and end, and wait for that, but not long."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)
        self._reader.join(timeout=_GRACE)
        with contextlib.suppress(OSError):
            if self._reader.is_alive():
                os.kill(self._process, signal.SIGKILL)
                self._reader.join(timeout=_GRACE)
            # What even that does not end is stuck in the kernel.
            os.waitpid(self._process, os.WNOHANG if self._reader.is_alive() else 0)
        self._socket.close()

    def _listen(self) -> None:
        why = "the process that reads the host has ended"
        try:
            with self._socket.makefile("rb") as answers:
                while not isinstance(said := pickle.load(answers), Exception):  # noqa: S301 - of our own process
                    self._take(said)
            if isinstance(said, UsageError):
                self._hello.set_exception(said)
            why = f"the process that reads the host has ended: {said}"
        except (EOFError, OSError):
            pass
        except Exception as bug:  # noqa: BLE001 - those who wait are told
            why = f"the process that reads the host cannot be understood: {type(bug).__name__}: {bug}"
        if not self._hello.done():
            self._hello.set_result(self._nothing("host", why))
        self.see.end(why)

    def _take(self, said: HostReport | Evidence | tuple[Fact[Any], Reading | Unobserved]) -> None:
        if isinstance(said, tuple):
            self.see.take(*said)
        else:
            self._hello.set_result(said)

    def _nothing(self, code: str, reason: str) -> Evidence:
        return Evidence(HostReport(self._endpoint.url), self.started_at, (code, reason), ())


class _Far(Seeing):
    """Facts that the other process reads."""

    def __init__(self, deadline: Deadline, connection: socket.socket) -> None:
        super().__init__(deadline)
        self._socket = connection
        self._sending = threading.Lock()
        self._ended = ""

    def take(self, fact: Fact[Any], outcome: Reading | Unobserved) -> None:
        """What was read of a fact, ours or one that ours needed."""
        self._answered(fact, outcome)

    def end(self, why: str) -> None:
        """Nothing more comes."""
        self._ended = why
        with self._lock:
            waited_for = [fact for fact, future in self._futures.items() if not future.done()]
        for fact in waited_for:
            self._give_up(fact)

    def _ask(self, fact: Fact[Any]) -> None:
        with contextlib.suppress(OSError), self._sending:
            self._socket.sendall(pickle.dumps(fact))
        if self._ended:
            self._give_up(fact)

    def _give_up(self, fact: Fact[Any]) -> None:
        with contextlib.suppress(Exception):  # it was answered, or given up, by another thread
            self._answered(fact, Unobserved("host", self._ended))


def _serve(connection: socket.socket, endpoint: Endpoint, bounds: Bounds) -> NoReturn:
    """The other process: read what is asked for until nobody is there to ask."""
    sending, answers = threading.Lock(), threading.Event()
    threading.Thread(target=_leave, args=(connection, answers), daemon=True).start()

    def send(what: object) -> None:
        with sending, contextlib.suppress(OSError):
            connection.sendall(pickle.dumps(what))

    try:
        # Ctrl-C is for the one that was started; when that ends, so does this, and lets go of all that it has.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit())
        reached = reach(endpoint, bounds, told=lambda *reading: send(reading))
        send(reached.report() if isinstance(reached, Live) else reached)
        if isinstance(reached, Live):
            answers.set()
            _read(reached, connection)
    except UsageError as wrong:
        send(wrong)
    except Exception as bug:  # noqa: BLE001 - whoever waits is told
        send(RuntimeError(f"{type(bug).__name__}: {bug}"))
    finally:
        os._exit(0)


def _leave(connection: socket.socket, answers: threading.Event) -> None:
    """End this process when nobody asks any more; once the host answers, `_read` does that."""
    hung_up = select.poll()
    hung_up.register(connection, select.POLLRDHUP)
    hung_up.poll()
    if not answers.is_set():
        os.kill(os.getpid(), signal.SIGTERM)


def _read(reached: Live, connection: socket.socket) -> None:
    try:
        with contextlib.suppress(EOFError, OSError), connection.makefile("rb") as questions:
            while True:
                reached.see.start([pickle.load(questions)])  # noqa: S301 - of our own process
    finally:
        reached.close()
