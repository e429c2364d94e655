"""Is it the command that hangs, or the machine that is slow?

Ten seconds are a long time for a command on a machine that starts one in 0.05 s, and a short one where that takes 7.
So when they are over, the shortest command is run beside the one that is awaited, and its time is the measure: what
has had three times as long, and still gives no answer, hangs.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any

from dockgrader.errors import Unobserved
from dockgrader.hosts.deadline import Deadline

FACTOR = 3.0
STARTING = 20.0
"""How many times the shortest command's time an application may take until it listens: seen with Flask, emulated."""
_NANO = 1_000_000_000
SHORTEST = ("true",)
"""The shortest command. Where an image lacks even that, the refusal takes as long."""
_LAST_WORD = 0.1
"""Seconds before the end of a run in which the reason is still heard."""


def enough(seconds: float, shortest: float, factor: float = FACTOR) -> bool:
    """Whether what got so many seconds had long enough, where the shortest command takes `shortest`."""
    return seconds >= factor * shortest


def of_machine(shortest: float, cpus: int) -> float:
    """The machine's part of the seconds that the shortest command took in a container of so many billionths of a CPU.

    Where a container has less than a tenth of a CPU, the time is its own limit's; with a whole one, it would take that
    much less. A `cpus` of 0 is no limit.
    """
    return shortest * cpus / _NANO if 0 < cpus < _NANO // 10 else shortest


def cut_short(timeout: float, shortest: float) -> bool:
    """Whether a right command of `timeout` seconds is cut off because of the machine.

    Who gives a command less than a second is cut off on machines that are quick enough: up to a second for the shortest
    command, that is no fault of the machine's.
    """
    return shortest * 2 > timeout and (timeout >= 1 or shortest > 1)


def too_slow(what: str, shortest: float | None = None) -> Unobserved:
    """The reason why nothing can be said of `what`."""
    took = "did not end either" if shortest is None else f"took {shortest:.1f} s"
    return Unobserved(
        "host.slow",
        f"{what} gave no answer in time, but this machine is too slow to tell why: the shortest command there {took}. "
        "Grade it again when it has less to do, or with a larger --timeout.",
    )


def ended_in_time(
    running: Future[Any], what: str, seconds: float, run: Deadline, control: Callable[[], float]
) -> bool:
    """Wait until a command has ended (True), or has had time enough and hangs (False).

    `seconds` are its time on a machine that is quick enough, `control` runs the shortest command there and tells how
    long that took. Raises Unobserved when the run ends before it can be told.
    """
    begun = time.monotonic()
    if _ends(running, seconds):
        return True
    try:
        shortest = control()
    except Unobserved:
        if running.done():
            return True
        raise
    # A machine that has just woken up gives the command as long as the control had.
    more = max(FACTOR * shortest - (time.monotonic() - begun), shortest)
    left = max(0.0, run.remaining() - _LAST_WORD)
    if _ends(running, min(more, left)):
        return True
    if more > left:
        raise too_slow(what, shortest)
    return False


def _ends(running: Future[Any], seconds: float) -> bool:
    try:
        running.exception(timeout=seconds)
    except FutureTimeout:
        return running.done()
    return True
