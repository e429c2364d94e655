"""Ctrl-C once lets what is in flight end, twice stops at once; SIGTERM and a closed terminal are as the first one."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from dockgrader.batch.run import Stop
from dockgrader.signals import handled


@contextmanager
def interruptible(stop: Stop, tell: Callable[[], None]) -> Iterator[None]:
    """Signals ask `stop`; `tell` says so the first time. For the main thread."""

    def asked(number: int, frame: FrameType | None) -> None:
        first = not stop.soon
        if first or number == signal.SIGINT:
            stop.ask()
        if first:
            tell()

    with handled(("SIGINT", "SIGTERM", "SIGHUP"), asked):
        yield
