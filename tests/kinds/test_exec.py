"""Kind `exec`: what a command in a container answers."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from dockgrader.errors import Unobserved
from dockgrader.facts.commands import Exec
from dockgrader.kinds.base import Failed
from dockgrader.kinds.exec import ExecCheck
from tests.givens import Given, Raw, an_answer, code, hidden

GET = Exec("redis_2", ("redis-cli", "get", "mykey"))


def check(**fields: Any) -> ExecCheck:
    given = {"container": "redis_2", "command": ["redis-cli", "get", "mykey"], "stdout": "foobar"} | fields
    return ExecCheck(id="key", kind="exec", **given)


def host(answer: Any) -> Given:
    return Given(facts={GET: answer})


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (an_answer("foobar\n"), "ok"),
        (an_answer("foobar"), "ok"),
        (an_answer("foobar\n\n"), "exec.output"),
        (an_answer("foobar \n"), "exec.output"),
        (an_answer('"foobar"\n'), "exec.output"),
        (an_answer("\n"), "exec.output"),
        (an_answer(""), "exec.output"),
        (an_answer("NOAUTH Authentication required.\n"), "exec.output"),
        (an_answer("", 1, "Could not connect\n"), "exec.output"),
        (an_answer("foobar\n", 1), "exec.status"),
        (an_answer("foobar\n", None), "exec.status"),
        (an_answer("", 127, "redis-cli: not found"), "exec.no-command"),
        (an_answer("", 126, "is a directory"), "exec.no-command"),
        (an_answer("foobar\n", None, problem="timeout"), "exec.timeout"),
        (an_answer("foobar\n", None, problem="flood"), "exec.flood"),
        (an_answer(problem="missing"), "exec.missing"),
        (an_answer(problem="stopped"), "exec.stopped"),
    ],
)
def test_the_answer_must_be_exactly_the_expected_one(answer: Raw, expected: str) -> None:
    assert code(check(), host(answer)) == expected


@pytest.mark.parametrize(
    ("fields", "answer", "expected"),
    [
        ({"stdout": {"matches": "(?i)^pong$"}}, an_answer("PONG\n"), "ok"),
        ({"stdout": 3}, an_answer("3\n"), "ok"),
        ({"stdout": {"not": {"contains": "ERR"}}}, an_answer("ERR\n"), "exec.output"),
        ({"exit": 1}, an_answer("foobar", 1), "ok"),
        ({"exit": {"at_most": 2}}, an_answer("foobar", 2), "ok"),
        ({"exit": {"not": 0}}, an_answer("foobar", 0), "exec.status"),
    ],
)
def test_matchers(fields: Any, answer: Raw, expected: str) -> None:
    assert code(check(**fields), host(answer)) == expected


def test_the_exit_status_alone_can_be_asked_for() -> None:
    alone = ExecCheck(id="ping", kind="exec", container="redis_2", command=list(GET.argv), exit=0)
    assert code(alone, host(an_answer("whatever"))) == "ok"
    assert code(alone, host(an_answer("", 1))) == "exec.status"


def failed(answer: Raw) -> Failed:
    with pytest.raises(Failed) as caught:
        check().judge(host(answer))
    return caught.value


def test_what_is_found_is_the_output_or_else_the_complaint() -> None:
    assert failed(an_answer("barfoo\n", stderr="warning")).verdict.actual == "barfoo"
    assert failed(an_answer("", 1, "Could not connect\n")).verdict.actual == "Could not connect"
    assert failed(an_answer("", 127, "not found\n")).verdict.params["word"] == "redis-cli"


def test_long_output_is_cut_in_the_message() -> None:
    assert len(failed(an_answer("x" * 9999)).verdict.params["found"]) == 200


def test_the_hosts_failure_is_not_the_students() -> None:
    assert hidden(check(), host(Unobserved("engine.timeout", "hangs"))) == "engine.timeout"


def test_the_command_is_asked_for_at_once_and_shown() -> None:
    patient = check(retry_while="^LOADING")
    assert list(patient.asks()) == [Exec("redis_2", GET.argv, "^LOADING")]
    assert patient.shown_by(Given()) == ["docker exec redis_2 redis-cli get mykey"]


@pytest.mark.parametrize("fields", [{"command": []}, {"retry_while": "("}])
def test_nonsense_is_refused(fields: Any) -> None:
    with pytest.raises(ValidationError):
        check(**fields)


def test_a_check_that_asks_nothing_is_refused() -> None:
    with pytest.raises(ValidationError, match="expected stdout:, exit: or both"):
        ExecCheck(id="key", kind="exec", container="redis_2", command=["true"])
