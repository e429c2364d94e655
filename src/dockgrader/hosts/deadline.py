"""A point in time by which something must have ended, and calls that are left behind when it has not."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import TypeVar

Answer = TypeVar("Answer")


class Deadline:
    """So many seconds from now, on the monotonic clock."""

    def __init__(self, seconds: float) -> None:
        self.end = time.monotonic() + seconds

    def remaining(self) -> float:
        """Seconds that are left; 0 when it has passed."""
        return max(0.0, self.end - time.monotonic())

    def passed(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() >= self.end

    def sooner(self, seconds: float) -> Deadline:
        """The earlier of this one and `seconds` from now."""
        other = Deadline(seconds)
        other.end = min(self.end, other.end)
        return other


_MOST_IDLE = 256
_idle: list[queue.SimpleQueue[Callable[[], object]]] = []
"""Where threads that have nothing to do wait for something. Lists are appended to and popped from atomically."""
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_idle.clear)


def begin(call: Callable[[], object]) -> None:
    """Begin a call, which raises nothing, in a thread that cannot keep the command from ending.

    As many as there are calls, but those that have ended one take the next: to start a thread costs more than many
    a call.
    """
    try:
        inbox = _idle.pop()
    except IndexError:
        inbox = queue.SimpleQueue()
        threading.Thread(target=_calls, args=(inbox,), daemon=True).start()
    inbox.put(call)


def _calls(inbox: queue.SimpleQueue[Callable[[], object]]) -> None:
    while True:
        inbox.get()()
        if len(_idle) >= _MOST_IDLE:
            return
        _idle.append(inbox)


def background(call: Callable[[], Answer]) -> Future[Answer]:
    """Begin a call in a thread that cannot keep the command from ending."""
    future: Future[Answer] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001 - whoever asks for the result gets it
            future.set_exception(error)

    begin(run)
    return future


def at_once(calls: Sequence[Callable[[], Answer]]) -> Iterator[Answer]:
    """The results of calls that are made at the same time, in their order; a single one needs no thread."""
    if len(calls) == 1:
        yield calls[0]()
        return
    for future in [background(call) for call in calls]:
        yield future.result()


def within(seconds: float, call: Callable[[], Answer]) -> Answer:
    """What a call returns or raises, or TimeoutError after so many seconds; then it is left to itself.

    A socket's own time-out begins anew with each byte, so that a peer that drips could hold a reader for ever.
    """
    return background(call).result(timeout=seconds)
