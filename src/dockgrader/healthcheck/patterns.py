"""The regular expressions of grep as Python's, as far as they surely mean the same."""

from __future__ import annotations

import re

_ATOM = r"(?s)\\(?P<escaped>.)|(?P<set>\[\^?(?:A-Z|a-z|0-9|[A-Za-z0-9_ .:,])+\])|(?P<char>.)"


def compiled(pattern: str, syntax: str, flags: set[str]) -> re.Pattern[str] | None:
    """A grep pattern (G basic, E extended, F fixed, P of Perl) as a Python one; None if it is not surely the same.

    At most two quantifiers, none on a group, and three `|`: a pattern of the student's must not take forever.
    """
    if syntax == "P" and re.search(r"\\[<>]", pattern):
        return None  # what else is understood of an extended expression means the same to Perl
    source = re.escape(pattern) if syntax == "F" else _translate(pattern, extended=syntax in "EP")
    if source is None or not pattern.isascii() or ("w" in flags and not pattern):
        return None
    if "x" in flags:
        source = rf"\A(?:{source})\Z"
    elif "w" in flags:
        source = rf"(?<!\w)(?:{source})(?!\w)"
    try:
        return re.compile(source, re.ASCII | (re.IGNORECASE if "i" in flags else 0))
    except re.error:
        return None


def _translate(pattern: str, *, extended: bool) -> str | None:
    """A basic or extended regular expression as a Python one, None if it is not surely the same."""
    out: list[str] = []
    repeatable = False  # does something stand before that a quantifier can repeat?
    for match in re.finditer(_ATOM, pattern):
        char, escaped = match.group("char") or "", match.group("escaped") or ""
        operator = char if extended else char.strip("|+?(){}")
        if escaped and escaped in "|+?" and not extended:
            operator = escaped
        at_start = not out or out[-1] in ("|", "(")
        literal = ""
        if operator and operator in "*+?" and repeatable:
            out.append(operator)
        elif operator == "*" and not extended and (at_start or out == ["^"]):
            literal = "*"
        elif operator in ("|", "(", ")"):
            out.append(operator)
        elif operator == "^" and (extended or at_start):
            out.append("^")
        elif operator == "$" and (extended or match.end() == len(pattern)):
            out.append(r"\Z")
        elif escaped and escaped in _EDGES:
            out.append(_EDGES[escaped])
        elif match.group("set") or operator == ".":
            literal = match.group()
        elif (operator and operator in "*+?[\\{}$") or (escaped and escaped not in _ESCAPABLE[extended]):
            return None
        else:
            literal = escaped or char
        if literal:
            out.append(literal if match.group("set") or operator == "." else re.escape(literal))
        repeatable = bool(literal)
    signs = "".join(piece if piece in ("|", "(", ")") else "x" for piece in out)
    quantifiers = sum(piece in ("*", "+", "?") for piece in out)
    if quantifiers > 2 or signs.count("|") > 3 or (pattern and re.search(r"(?:^|[|(])(?:$|[|)])", signs)):
        return None
    return "".join(out)


_EDGES = {"<": r"\b(?=\w)", ">": r"\b(?<=\w)", "b": r"\b"}
_ESCAPABLE = {False: "].*[^$/\\", True: "].*[^$/\\|+?(){}"}
"""Whom a backslash makes plain characters, in a basic and in an extended expression."""
