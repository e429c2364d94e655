"""A command that hangs is told from a machine that is slow."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from dockgrader.errors import Unobserved
from dockgrader.hosts.deadline import Deadline
from dockgrader.hosts.pace import FACTOR, cut_short, ended_in_time, enough, of_machine

Control = Callable[[], float]


def ends_after(seconds: float) -> Future[None]:
    future: Future[None] = Future()
    timer = threading.Timer(seconds, lambda: future.set_result(None))
    timer.daemon = True
    timer.start()
    return future


def never() -> Future[None]:
    return Future()


def takes(seconds: float) -> Control:
    """A control that takes so long."""

    def control() -> float:
        time.sleep(seconds)
        return seconds

    return control


def no_control() -> float:
    raise AssertionError("nobody asked")


def judged(running: Future[Any], control: Control, seconds: float = 0.2, run: float = 30) -> bool:
    return ended_in_time(running, "`sleep`", seconds, Deadline(run), control)


def test_what_ends_in_its_time_needs_no_control() -> None:
    assert judged(ends_after(0.01), no_control, seconds=20)


def test_what_failed_has_ended() -> None:
    failed: Future[None] = Future()
    failed.set_exception(ValueError("told by whoever asks for the result"))
    assert judged(failed, no_control)


def test_on_a_quick_machine_it_hangs() -> None:
    start = time.monotonic()
    assert not judged(never(), takes(0.01))
    assert time.monotonic() - start < 10


def test_on_a_slow_machine_it_has_more_time() -> None:
    """The control took a second: at least three are given."""
    assert judged(ends_after(2.5), takes(1.0))


def test_on_a_slow_machine_it_hangs_in_the_end() -> None:
    start = time.monotonic()
    assert not judged(never(), takes(0.5))
    assert time.monotonic() - start >= FACTOR * 0.5


def test_a_machine_that_just_woke_up_lets_both_go_on() -> None:
    """The command was stopped with the machine and ends a moment after the control, which was begun later."""
    control_ended = threading.Event()
    running: Future[None] = Future()

    def control() -> float:
        threading.Timer(0.1, lambda: running.set_result(None)).start()
        control_ended.set()
        return 0.4

    assert judged(running, control, seconds=1.5)


def test_a_run_too_short_to_tell_is_an_error() -> None:
    with pytest.raises(Unobserved) as raised:
        judged(never(), takes(0.5), run=1.0)
    assert raised.value.code == "host.slow"
    assert "took 0.5 s" in raised.value.reason and "--timeout" in raised.value.reason


def test_a_control_that_fails_is_the_hosts_unless_the_command_has_ended() -> None:
    def fails() -> float:
        raise Unobserved("engine.timeout", "silent")

    with pytest.raises(Unobserved, match="silent"):
        judged(never(), fails)
    running = ends_after(0.3)

    def fails_late() -> float:
        running.result()
        return fails()

    assert judged(running, fails_late)


@pytest.mark.parametrize(
    ("seconds", "shortest", "is_enough"), [(10, 0.05, True), (10, 3.4, False), (0, 0, True)]
)
def test_enough(seconds: float, shortest: float, is_enough: bool) -> None:
    assert enough(seconds, shortest) is is_enough


@pytest.mark.parametrize(
    ("cpus", "seconds"),
    [(0, 4.0), (10**9, 4.0), (5 * 10**8, 4.0), (10**8, 4.0), (5 * 10**7, 0.2), (10**7, 0.04)],
)
def test_what_a_containers_own_limit_takes_is_not_the_machines(cpus: int, seconds: float) -> None:
    assert of_machine(4.0, cpus) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("timeout", "shortest", "by_machine"),
    [(3, 0.05, False), (3, 1.6, True), (1, 0.4, False), (1, 0.6, True), (0.1, 0.06, False), (0.1, 1.1, True)],
)
def test_who_is_to_blame_for_a_command_that_is_cut_off(
    timeout: float, shortest: float, by_machine: bool
) -> None:
    assert cut_short(timeout, shortest) is by_machine
