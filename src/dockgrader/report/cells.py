"""Text in the cells of a spreadsheet: one line, and never a formula.

A spreadsheet that opens CSV computes a cell that begins with `=`, `+`, `-` or `@`, and such a formula can send the
class list away or run a program (OWASP, "CSV Injection"). An apostrophe before it makes it plain text. Leading spaces,
quotes and invisible characters do not protect, as programs strip them; full-width letters are formulas too in some
languages' Excel. A semicolon counts as the beginning of a cell, since Excel in many languages separates at it.

A number that stands alone is written by `number` and needs nothing of this: scores are never negative.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence

from dockgrader.report.model import whole

_LONGEST = 32_000
"""Excel cuts cells after 32,767 characters."""
_BREAKS = re.compile(r"[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+")
_HIDDEN = {"Cc", "Cs", "Co", "Cn"}
_STEERING = set("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
_STRIPPED = set("\"'`´‘’‚‛“”„‟«»‹›＂＇")
_FORMULA = set("=+-@\u2212")
_NOTHING = {"Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp", "Mn", "Me"}


def cell(text: str) -> str:
    """One line of text that no spreadsheet computes; what cannot be seen is shown as an escape."""
    pieces = text[:_LONGEST].split(";")
    return ";".join(("'" if _is_formula(piece) else "") + line(piece) for piece in pieces)


def is_changed(text: str) -> bool:
    """Whether a cell holds something else than the text, so that it no longer matches elsewhere."""
    return cell(text) != text


def number(points: float | None) -> str:
    """Points as a plain number, with a point and no trailing zeros; empty where there is none."""
    return "" if points is None else str(whole(points))


def table(rows: Iterable[Sequence[str]]) -> str:
    """Comma-separated rows (RFC 4180, with plain line feeds). The cells are taken as they are."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def line(piece: str) -> str:
    """One line in which nothing is invisible: breaks are spaces, control characters escapes."""
    return "".join(_shown(character) for character in _BREAKS.sub(" ", piece))


def _shown(character: str) -> str:
    if unicodedata.category(character) in _HIDDEN or character in _STEERING:
        code = ord(character)
        return f"\\x{code:02x}" if code < 256 else f"\\u{{{code:x}}}"
    return character


def _is_formula(piece: str) -> bool:
    for character in piece:
        if character in _STRIPPED or unicodedata.category(character) in _NOTHING:
            continue
        return unicodedata.normalize("NFKC", character)[:1] in _FORMULA
    return False
