"""Hostile text made harmless for a terminal."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def clean(text: str, most: int = 400) -> str:
    """One line of visible characters: whatever steers a terminal or its text direction is shown as an escape."""
    shown = "".join(_visible(character) for character in text[: most + 1])
    return shown if len(text) <= most else shown[:most] + "…"


def value(found: Any) -> str:
    """A raw value as a person reads it: texts as they are, the rest as JSON."""
    return clean(found if isinstance(found, str) else json.dumps(found, ensure_ascii=False, default=str))


def _visible(character: str) -> str:
    if unicodedata.category(character) not in _INVISIBLE:
        return character
    code = ord(character)
    short = {9: "\\t", 10: "\\n", 13: "\\r"}
    return short.get(code) or (f"\\x{code:02x}" if code < 256 else f"\\u{{{code:x}}}")
