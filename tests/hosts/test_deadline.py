"""Time that runs out, and calls that are left behind."""

from __future__ import annotations

import threading
import time

import pytest

from dockgrader.hosts.deadline import Deadline, background, within


def test_a_deadline_passes() -> None:
    assert not Deadline(60).passed()
    assert 59 < Deadline(60).remaining() <= 60
    assert Deadline(0).passed()
    assert Deadline(-5).remaining() == 0


def test_the_sooner_of_two() -> None:
    assert Deadline(60).sooner(1).remaining() <= 1
    assert Deadline(1).sooner(60).remaining() <= 1


def test_a_call_that_ends_in_time() -> None:
    assert within(10, lambda: 42) == 42
    with pytest.raises(ZeroDivisionError):
        within(10, lambda: 1 // 0)


def test_a_call_that_does_not_is_left_behind_in_a_daemon() -> None:
    """Only a daemon thread cannot keep the command from ending."""
    let_go = threading.Event()
    start = time.monotonic()
    with pytest.raises(TimeoutError):
        within(0.05, let_go.wait)
    assert time.monotonic() - start < 20
    assert all(thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread())
    let_go.set()


def test_a_call_begins_at_once() -> None:
    begun = threading.Event()
    background(begun.set).result(timeout=5)
    assert begun.is_set()


def test_a_thread_that_has_ended_its_call_takes_the_next() -> None:
    first = background(threading.get_ident).result(timeout=10)
    assert any(background(threading.get_ident).result(timeout=10) == first for _ in range(200))


def test_a_thread_that_still_runs_takes_nothing_else() -> None:
    """However many wait for each other, none starves."""
    number = 80
    together = threading.Barrier(number)
    waiting = [background(lambda: together.wait(30)) for _ in range(number)]
    assert sorted(future.result(timeout=60) for future in waiting) == list(range(number))
