"""Hostile text made harmless for a terminal."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dockgrader.report.plain import clean, value

HARMFUL = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("test_limit", "test_limit"),
        ("Привет, “мир” ✓", "Привет, “мир” ✓"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("\x9b31m", "\\x9b31m"),
        ("\u202eevil", "\\u{202e}evil"),
        ("a\u2028b", "a\\u{2028}b"),
        ("\ud800", "\\u{d800}"),
        ("\U000e0041", "\\u{e0041}"),
        ("\x00\x7f", "\\x00\\x7f"),
    ],
)
def test_what_steers_a_terminal_is_shown_as_an_escape(text: str, shown: str) -> None:
    assert clean(text) == shown


@given(st.text(st.characters()), st.integers(1, 50))
@example("\ud800" * 99, 10)
def test_any_text_becomes_one_bounded_line_that_can_be_encoded(text: str, most: int) -> None:
    shown = clean(text, most)
    assert not {unicodedata.category(character) for character in shown} & HARMFUL
    assert len(shown) <= (most + 1 if len(text) > most else len(text) * len(r"\u{10ffff}"))
    assert len(shown.splitlines()) <= 1
    shown.encode()


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), max_size=400))
def test_visible_text_stays_as_it_is(text: str) -> None:
    assert clean(text) == text


def test_a_cut_is_marked() -> None:
    assert clean("x" * 401) == "x" * 400 + "…"
    assert clean("x" * 400) == "x" * 400


@pytest.mark.parametrize(
    ("found", "shown"),
    [
        ("max", "max"),
        ("-1", "-1"),
        (209715200, "209715200"),
        (None, "null"),
        (["redis-cli", "ping"], '["redis-cli", "ping"]'),
        ({"not": "да"}, '{"not": "да"}'),
        (["\x1b"], '["\\u001b"]'),
    ],
)
def test_raw_values(found: Any, shown: str) -> None:
    assert value(found) == shown
