"""Failures that may be our own are held back; what the machines said for themselves is not."""

from __future__ import annotations

import pytest

from dockgrader.batch.breaker import Breaker, Failure, likeness
from tests.batch.givens import failed, jobs, scored, students

JOBS = jobs(students(*(f"s{number}" for number in range(6))))
GOOD = scored(JOBS[0])


def test_alike_failures_in_a_row_trip_it() -> None:
    breaker = Breaker(3)

    written = [breaker.take(job, failed(job)) for job in JOBS[:3]]

    assert written == [[], [], []]
    assert breaker.tripped
    assert [failure.job for failure in breaker.held] == JOBS[:3]


def test_a_machine_that_answers_ends_the_row_and_is_the_witness() -> None:
    breaker = Breaker(3)
    breaker.take(JOBS[1], failed(JOBS[1]))
    breaker.take(JOBS[2], failed(JOBS[2]))

    written = breaker.take(JOBS[0], GOOD)

    assert [failure.job for failure in written] == [JOBS[1], JOBS[2], JOBS[0]]
    assert not breaker.tripped
    assert breaker.witness == JOBS[0]


def test_failures_of_another_kind_end_it_too() -> None:
    breaker = Breaker(2)
    breaker.take(JOBS[0], failed(JOBS[0]))

    written = breaker.take(JOBS[1], failed(JOBS[1], "ssh.refused", "no server"))

    assert [failure.job for failure in written] == JOBS[:2]


def test_what_is_believed_is_written_at_once_until_a_machine_answers() -> None:
    breaker = Breaker(2)
    for job in JOBS[:2]:
        breaker.take(job, failed(job))

    assert [failure.job for failure in breaker.believe()] == JOBS[:2]
    third = failed(JOBS[2])
    assert breaker.take(JOBS[2], third) == [Failure(JOBS[2], third)]
    breaker.take(JOBS[0], GOOD)
    assert breaker.take(JOBS[3], failed(JOBS[3])) == []


def test_while_it_is_ours_nothing_slips_out() -> None:
    """A machine that was on its way answers in the middle; what failed before that failed for our sake."""
    breaker = Breaker(2)
    for job in JOBS[1:3]:
        breaker.take(job, failed(job))
    breaker.ours = True

    assert breaker.take(JOBS[0], GOOD) == [Failure(JOBS[0], GOOD)]
    assert breaker.take(JOBS[3], failed(JOBS[3], "ssh.lost")) == []
    assert [failure.job for failure in breaker.release()] == JOBS[1:4]


@pytest.mark.parametrize(
    ("code", "reason", "kind"),
    [
        ("ssh.timeout", "student@vm:22 did not answer", ("network", "")),
        ("ssh.host-unknown", "no such host", ("network", "")),
        ("ssh.no-key", "none in the agent", ("login", "")),
        ("ssh.refused", "admin@gate:22 (a jump host) refuses", ("jump", "admin@gate:22")),
        ("ssh.refused", "student@vm:22 refuses", None),
        ("ssh.penalised", "closes the connection", None),
        ("engine.down", "nothing answers", None),
        ("", "", None),
    ],
)
def test_what_may_be_our_own(code: str, reason: str, kind: tuple[str, str] | None) -> None:
    assert likeness(failed(JOBS[0], code, reason)) == kind
