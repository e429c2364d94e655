"""A point in time by which something must have ended, and calls that are left behind when it has not."""

from __future__ import annotations

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


def background(call: Callable[[], Answer]) -> Future[Answer]:
    """Begin a call in a thread that cannot keep the command from ending."""
    future: Future[Answer] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001 - whoever asks for the result gets it
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
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
