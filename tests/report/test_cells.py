"""Cells that no spreadsheet computes, whatever they hold."""

from __future__ import annotations

import csv
import io
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dockgrader.report.cells import cell, is_changed, number, table

FORMULAS = ["=1+1", "+1", "-anna", "@SUM(A1)", "=cmd|' /C calc'!A0", '=HYPERLINK("http://x","y")']
HIDDEN = [
    *("\t=1", "\r=1", "\n=1", " =1", "\u00a0=1", "\u3000=1", "\u200b=1", "\ufeff=1", "\x00=1", "\x1b=1"),
    *('"=1', "'=1", "“=1", '" \t"=1', "„=1", "＂=1", "`=1"),
    *("＝1", "＋1", "－1", "＠x", "﹦1", "﹢1", "﹣1", "﹫x", "−1"),
]
AFTER_A_SEMICOLON = ["x;=1+1", "x; =1+1;y", 'x;"=1', "x;\t@y"]


@pytest.mark.parametrize("text", FORMULAS + HIDDEN)
def test_a_formula_is_plain_text(text: str) -> None:
    assert cell(text).startswith("'")


@pytest.mark.parametrize("text", AFTER_A_SEMICOLON)
def test_a_semicolon_begins_a_cell_in_many_languages_of_excel(text: str) -> None:
    assert all(not looks_like_a_formula(piece) for piece in cell(text).split(";"))
    assert "'" in cell(text)


@pytest.mark.parametrize(
    "text", ["anna", "Анна Ковалёва", "a=b", "3-5", "x+y", "a@example.org", "a; b", "", "42"]
)
def test_what_is_no_formula_stays_as_it_is(text: str) -> None:
    assert cell(text) == text
    assert not is_changed(text)


def test_lines_and_invisible_characters() -> None:
    assert cell("one\r\ntwo\tthree\u2028four") == "one two three four"
    assert cell("a\x1b[2Jb\x00") == "a\\x1b[2Jb\\x00"
    assert cell("ab\u202ecd") == "ab\\u{202e}cd"
    assert cell("a\ud800") == "a\\u{d800}"
    assert cell("می\u200cخواهم") == "می\u200cخواهم"  # this one is spelling, not steering


def test_a_cell_is_bounded() -> None:
    assert len(cell("x" * 100_000)) <= 32_767


def test_numbers() -> None:
    assert [number(points) for points in (None, 0, 2.0, 2.5, 1 / 3)] == ["", "0", "2", "2.5", str(1 / 3)]


def looks_like_a_formula(text: str) -> bool:
    """As the strictest reader sees it: normalised, without what programs strip."""
    seen = "".join(
        character
        for character in unicodedata.normalize("NFKC", text)
        if unicodedata.category(character)[0] not in "CZ"
    ).lstrip('"“”„‟«»‹›`´‘’‚‛')
    return seen[:1] in tuple("=+-@\u2212")


ANYTHING = st.text() | st.lists(st.sampled_from([*"=+-@;\"' \t\r\n,＝a", "\u200b", "\u0301"])).map("".join)


@given(ANYTHING)
@example(";\u0301=1")
@example("'=1")
def test_no_text_becomes_a_formula_under_either_separator(text: str) -> None:
    found = cell(text)
    assert not any(looks_like_a_formula(piece) for piece in found.split(";"))
    assert len(found.splitlines()) <= 1
    found.encode()


@given(st.lists(st.lists(ANYTHING.map(cell), min_size=2, max_size=5), max_size=5))
def test_a_real_reader_gets_the_cells_back(rows: list[list[str]]) -> None:
    text = table(rows)
    assert list(csv.reader(io.StringIO(text, newline=""), strict=True)) == rows
    assert text.count("\n") == len(rows)
