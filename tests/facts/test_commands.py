"""What a command in a container answers, asked again while the answer is only a beginning."""

from __future__ import annotations

import time
from typing import Any

import pytest

from dockgrader.errors import Unobserved
from dockgrader.facts import commands
from dockgrader.facts.commands import Answered, Exec
from dockgrader.hosts.base import Conflict, Missing, Output
from tests.givens import a_container, hex_id
from tests.made_up_host import MadeUpHost, Turns, raw_answer, read

GET = Exec("redis_2", ("redis-cli", "get", "mykey"))
PATIENT = Exec("redis_2", ("redis-cli", "get", "mykey"), "^LOADING |Connection refused")


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "_PAUSE", 0.01)


def host(*replies: Any) -> MadeUpHost:
    return MadeUpHost(a_container("redis_2"), execs={"redis-cli get mykey": Turns(*replies)})


def test_an_answer_is_status_and_text() -> None:
    assert read(GET, host("foobar\n")) == Answered(0, "foobar\n", "", "")


def test_bytes_that_are_no_text_become_replacement_characters() -> None:
    answer = read(GET, host(Output(3, b"\xff\xfe", b"\xc3")))
    assert answer == Answered(3, "��", "�", "")


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        (Missing(), "missing"),
        (Conflict(), "stopped"),
        (Output(None, b"", b"", timed_out=True), "timeout"),
        (Output(None, b"x" * 999, b"", flooded=True), "flood"),
    ],
)
def test_a_command_that_gives_no_answer_has_a_problem(reply: Any, problem: str) -> None:
    answer = read(GET, host(reply))
    assert (answer.exit, answer.problem) == (None, problem)


def test_while_redis_loads_it_is_asked_again() -> None:
    busy = host("LOADING Redis is loading\n", Output(1, b"", b"Connection refused\n"), "foobar\n")
    raw = raw_answer(PATIENT, busy)
    assert (raw["stdout"], raw["tries"]) == ("foobar\n", 3)


def test_without_retry_while_it_is_asked_once() -> None:
    busy = host("LOADING Redis is loading\n", "foobar\n")
    assert read(GET, busy).stdout == "LOADING Redis is loading\n"
    assert busy.calls == ["redis-cli get mykey"]


def test_the_last_answer_counts_when_time_is_over() -> None:
    answer = read(PATIENT, host("LOADING Redis is loading\n"), seconds=0.1)
    assert answer == Answered(0, "LOADING Redis is loading\n", "", "")


def slowly(seconds: float, text: str) -> Any:
    """An answer that takes its time."""

    def answer() -> str:
        time.sleep(seconds)
        return text

    return answer


def test_on_a_slow_machine_it_is_asked_for_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three times as long as the quickest answer takes there."""
    monkeypatch.setattr(commands, "EXEC_SECONDS", 0.1)
    busy = host(slowly(0.3, "LOADING Redis\n"), slowly(0.3, "LOADING Redis\n"), "foobar\n")
    assert read(PATIENT, busy, seconds=30).stdout == "foobar\n"


def test_a_run_that_is_too_short_for_a_slow_machine_is_an_error() -> None:
    with pytest.raises(Unobserved) as raised:
        read(PATIENT, host(slowly(0.4, "LOADING Redis\n")), seconds=0.2)
    assert raised.value.code == "host.slow"


def test_a_command_that_fails_at_once_is_not_run_forever() -> None:
    busy = host("LOADING\n", Output(1, b"", b"Connection refused"))
    read(Exec("redis_2", ("redis-cli", "get", "mykey"), "."), busy)
    assert len(busy.calls) == 50


def test_the_hosts_failure_is_not_the_commands() -> None:
    with pytest.raises(Unobserved, match="gone"):
        read(GET, host(Unobserved("engine.down", "gone")))


def test_a_long_complaint_is_cut() -> None:
    assert len(read(GET, host(Output(1, b"", b"x" * 9999))).stderr) == 4096


@pytest.mark.parametrize("raw", [None, 5, {}, {"exit": "0", "stdout": 5, "problem": None}])
def test_a_recording_of_another_shape_has_no_answer(raw: Any) -> None:
    assert GET.parse(raw) == Answered(None, "", "", "")


def test_what_a_person_types_to_see_the_same() -> None:
    assert Exec(hex_id("x"), ("sh", "-c", "echo $HOME")).shown_by() == (
        f"docker exec {hex_id('x')[:12]} sh -c 'echo $HOME'"
    )
