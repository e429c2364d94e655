"""Kind `http`: the page of the notes, and its number that grows."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from pydantic import ValidationError

from dockgrader.facts.base import Answer, Fact
from dockgrader.facts.http import HttpSeries
from dockgrader.kinds.base import Failed
from dockgrader.kinds.http import HttpCheck
from tests.givens import Given, Raw, a_container, a_service, code, no_page, pages

BODY = r"Hello, World! I have been seen (?P<n>\d{1,18}) times\."
FOUND: dict[str, Any] = {"body": None, "matches": BODY}
"""The sentence somewhere on the page, as homework-1 asks for it."""


def check(**fields: Any) -> HttpCheck:
    return HttpCheck(id="counter", kind="http", **({"service": "web", "body": BODY, "grows": "n"} | fields))


def seen(number: object) -> str:
    return f"Hello, World! I have been seen {number} times."


def web(*found: list[Raw]) -> Given:
    """A host with one replica for each series of pages."""
    replicas = [a_service("web", replica=number) for number in range(1, len(found) + 1)]
    facts = {HttpSeries(raw["Id"], "/", 2): series for raw, series in zip(replicas, found, strict=True)}
    return Given(*replicas, facts=facts)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (pages(seen(1), seen(2)), "ok"),
        (pages(seen(9), seen(10) + "\n"), "ok"),
        (pages(seen(10), seen(700)), "ok"),
        (pages(seen(2), seen(2)), "http.does-not-grow"),
        (pages(seen(2), seen(1)), "http.does-not-grow"),
        (pages(seen(9), seen("9" * 19)), "http.body"),
        (pages(seen(1), "<h1>" + seen(2)), "http.body"),
        (pages(seen("many"), seen("more")), "http.body"),
        (pages("It works!", "It works!"), "http.body"),
        (pages("", ""), "http.body"),
        (pages((500, "oops"), (500, "oops")), "http.status"),
        (pages(seen(1), (500, "oops")), "http.status"),
        (pages((302, "")), "http.status"),
        (pages(no_page("refused")), "http.refused"),
        (pages(no_page("empty")), "http.empty"),
        (pages(no_page("timeout")), "http.timeout"),
        (pages(no_page("garbage")), "http.garbage"),
        (pages(no_page("unreachable")), "http.unreachable"),
        (pages(seen(1), no_page("timeout")), "http.timeout"),
        ([], "http.not-published"),
    ],
)
def test_what_one_replica_answers(found: list[Raw], expected: str) -> None:
    assert code(check(), web(found)) == expected


GOOD, STUCK, SILENT = pages(seen(1), seen(2)), pages(seen(1), seen(1)), pages(no_page("refused"))


def test_in_the_hosts_network_nothing_is_published() -> None:
    """Nobody may be sent to look for `ports`, which Docker ignores there."""
    raw = a_service("web", host={"NetworkMode": "host"})
    for found, expected in (([], "http.host-network"), (pages(seen(1), seen(2), port=5000), "ok")):
        assert code(check(), Given(raw, facts={HttpSeries(raw["Id"], "/", 2): found})) == expected


def test_any_replica_and_any_port_may_answer() -> None:
    assert code(check(), web(SILENT, GOOD)) == "ok"
    assert code(check(), web(SILENT + pages((404, "")) + GOOD)) == "ok"


def test_the_nearest_miss_is_told() -> None:
    assert code(check(), web(SILENT, STUCK, [])) == "http.does-not-grow"
    assert code(check(), web([], SILENT)) == "http.refused"


@pytest.mark.parametrize(
    ("pattern", "bodies", "expected"),
    [
        (r"(?P<n>\d+)", ("1", "22"), "ok"),
        (r"n=(?P<n>.*)", ("n=1", "n=two"), "http.body"),
        (r"a(?P<n>\d+)?", ("a", "a"), "http.body"),
        (r"(?P<n>\d+)", ("1" * 40, "1" * 41), "http.does-not-grow"),
        (r"(?P<n>\d+)", ("٣", "٤"), "ok"),
    ],
)
def test_what_grows_must_be_a_number(pattern: str, bodies: tuple[str, ...], expected: str) -> None:
    """What is no number is the student's page, and not a broken check."""
    assert code(check(body=pattern), web(pages(*bodies))) == expected


@pytest.mark.parametrize(
    ("around", "expected"),
    [
        ("{}", "ok"),
        ("<!doctype html>\n<h1>{}</h1>\n", "ok"),
        ("{}\nweb-1", "ok"),
        ("web-1: {}", "ok"),
        ("{}web-1", "ok"),
        ("<title>{0}</title><h1>{0}</h1>", "ok"),
        ("{}<!-- Hello, World! I have been seen 99 times. -->", "http.many-numbers"),
        ("Hello, World! I have been seen many times. {}", "ok"),
    ],
)
def test_text_around_what_is_looked_for(around: str, expected: str) -> None:
    see = web(pages(*(around.format(seen(number)) for number in (3, 4))))
    assert code(check(**FOUND), see) == expected
    assert code(check(), see) == ("ok" if around == "{}" else "http.body")


@pytest.mark.parametrize(
    "text",
    [
        "Hello World! I have been seen {} times.",
        "Hello, World I have been seen {} times.",
        "hello, world! I have been seen {} times.",
        "Hello, World! I have been seen {} times",
        "Hello, World! I have been seen {}.0 times.",
        "Hello, World! I have been seen 1,00{} times.",
        "Hello, World! I have been seen -{} times.",
        "Hello, World! I have been seen №{} times.",
        "Hello, World!  I have been seen {} times.",
        "Hello, World! I have been seen <b>{}</b> times.",
        "I have been seen {} times.",
        "{}",
    ],
)
def test_another_sentence_is_not_found(text: str) -> None:
    bodies = [f"<p>{text.format(number)}</p>" for number in (3, 4)]
    assert code(check(**FOUND), web(pages(*bodies))) == "http.body"


def test_the_number_that_is_found_must_grow() -> None:
    same = [f"<h1>{seen(3)}</h1> request {request}" for request in (1, 2)]
    assert code(check(**FOUND), web(pages(*same))) == "http.does-not-grow"
    two_numbers = " ".join(seen(number) for number in (1, 2))
    with pytest.raises(Failed) as caught:
        check(**FOUND).judge(web(pages(two_numbers, two_numbers)))
    assert caught.value.verdict.actual == [1, 2]


def test_a_text_that_is_found_without_a_number() -> None:
    fields: dict[str, Any] = {"body": None, "matches": "Hello", "grows": None}
    for found, expected in ((" Hello!", "ok"), ("Bye", "http.body")):
        see = Given(a_service("web"), facts={HttpSeries(a_service("web")["Id"], "/", 1): pages(found)})
        assert code(check(**fields), see) == expected


def test_a_status_alone() -> None:
    check_404 = HttpCheck(id="x", kind="http", container="web", path="/nope", status=404)
    for found, expected in ((pages((404, "a\nb")), "ok"), (pages("fine"), "http.status")):
        see = Given(a_container("web"), facts={HttpSeries("web", "/nope", 1): found})
        assert code(check_404, see) == expected


def test_numbers_and_text_are_told() -> None:
    with pytest.raises(Failed) as caught:
        check().judge(web(STUCK))
    assert caught.value.verdict.actual == [1, 1]
    assert caught.value.verdict.params["address"] == "0.0.0.0:80"
    assert check().judge(web(GOOD)).actual == seen(2)
    with pytest.raises(Failed) as caught:
        check().judge(web(pages("x" * 9999)))
    assert len(caught.value.verdict.actual) == 1000


@pytest.mark.parametrize(
    "fields",
    [
        {"body": "("},
        {"grows": "m"},
        {"body": None},
        {"body": None, "matches": "no group"},
        {"matches": BODY},
        {"path": "x"},
        {"path": "/a b"},
        {"status": 99},
    ],
)
def test_nonsense_is_refused(fields: Any) -> None:
    with pytest.raises(ValidationError):
        check(**fields)


def test_commands_that_show_the_same() -> None:
    assert check().shown_by(web(GOOD)) == ["curl -i http://127.0.0.1:80/"]
    assert check().shown_by(web([{"address": "::", "port": 8080, "pages": []}])) == [
        "curl -i http://[::1]:8080/"
    ]
    assert check().shown_by(web([])) == ["docker port compose-web-1"]
    assert check().shown_by(Given()) == ["docker ps -a"]


def test_replicas_are_asked_at_the_same_time() -> None:
    """Else some that hang would use up the time of the one that answers."""
    given, all_asked = web(pages(no_page("timeout")), pages(seen(1), seen(2))), threading.Barrier(2)

    class Together(Given):
        def __call__(self, fact: Fact[Answer]) -> Answer:
            if isinstance(fact, HttpSeries):
                all_asked.wait(5)
            return given(fact)

    assert code(check(), Together()) == "ok"
