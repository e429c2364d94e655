"""Plain matchers, as an author writes them in YAML."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from dockgrader.kinds.matchers import Comparison, Matcher, described, matches, same

WRITTEN: TypeAdapter[Any] = TypeAdapter(Matcher)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


def holds(written: Any, value: Any) -> bool:
    return matches(WRITTEN.validate_python(written), value)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (500000000, 500000000),
        (500000000, "500000000"),
        ("500000000", 500000000),
        (0.5, "0.5"),
        ("foobar", "foobar"),
        (True, True),
        ("true", True),
        (None, None),
        (["redis-cli", "ping"], ["redis-cli", "ping"]),
        ({"equals": {"a": 1}}, {"a": 1}),
        ({"equals": None}, None),
        ({"one_of": [1, "two"]}, "1"),
        ({"at_least": 1}, 1),
        ({"at_least": 1, "at_most": 2}, 1.5),
        ({"contains": "ping"}, "redis-cli ping"),
        ({"contains": "ping"}, ["redis-cli", "ping"]),
        ({"contains": 80}, ["80"]),
        ({"contains": "80/tcp"}, {"80/tcp": None}),
        ({"matches": "^redis"}, "redis:7"),
        ({"matches": "^5"}, 500),
        ({"not": "foobar"}, "foo"),
        ({"not": None}, 0),
        ({"not": {"contains": "x"}, "matches": "."}, "abc"),
    ],
)
def test_matches(written: Any, value: Any) -> None:
    assert holds(written, value)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (1, True),
        (0, False),
        (True, 1),
        ("True", True),
        ("foobar", "foobar "),
        ("foobar", "Foobar"),
        (None, ""),
        (None, 0),
        ("None", None),
        (["a"], "a"),
        ({"one_of": []}, None),
        ({"at_least": 1}, "2"),
        ({"at_least": 0}, True),
        ({"at_most": 5}, None),
        ({"contains": "x"}, None),
        ({"contains": "x"}, ["xx"]),
        ({"matches": "."}, None),
        ({"matches": "."}, ""),
        ({"not": None}, None),
        ({"not": {"matches": "a"}}, "a"),
        ({"equals": 1, "at_least": 2}, 1),
    ],
)
def test_matches_not(written: Any, value: Any) -> None:
    assert not holds(written, value)


@pytest.mark.parametrize(
    "written",
    [
        {},
        {"equal": 1},
        {"matches": "("},
        {"matches": None},
        {"one_of": None},
        {"at_least": None},
        {"at_most": None},
        {"at_least": "much"},
        {"one_of": "a"},
        {"not": {}},
    ],
)
def test_a_comparison_that_would_match_anything_or_is_misspelt_is_refused(written: Any) -> None:
    with pytest.raises(ValidationError):
        WRITTEN.validate_python(written)


@given(JSON)
def test_what_was_found_matches_itself_and_not_its_opposite(value: Any) -> None:
    assert same(value, value)
    assert matches(Comparison(equals=value), value)
    assert not matches(Comparison.model_validate({"not": {"equals": value}}), value)


@given(JSON, JSON)
def test_no_value_breaks_a_matcher(expected: Any, value: Any) -> None:
    for name in ("equals", "contains", "not"):
        comparison = Comparison.model_validate({name: {"equals": expected} if name == "not" else expected})
        assert matches(comparison, value) in (True, False)
    for written in ({"at_least": 1}, {"at_most": 1}, {"matches": "a|b"}, {"one_of": [expected]}):
        assert holds(written, value) in (True, False)


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_and_its_text_are_the_same(number: float) -> None:
    assert same(str(number), number)
    assert same(number, str(number))


@pytest.mark.parametrize("written", [5, "x", None, {"not": {"one_of": [1, 2]}}, {"at_least": 1.5}, ["a"]])
def test_an_expectation_is_described_as_it_was_written(written: Any) -> None:
    assert described(WRITTEN.validate_python(written)) == written
