"""grep on its standard input, as far as its options and its pattern are understood."""

from __future__ import annotations

import re

from dockgrader.healthcheck.patterns import compiled
from dockgrader.healthcheck.world import UNKNOWN, Input, Outcome


def grep(args: list[str], stdin: Input, syntax: str = "G") -> Outcome:
    """Status and output; `syntax` is G (basic), E (extended) or F (fixed text) unless an option says so."""
    options = _options(args)
    text = stdin.read()
    if options is None or text is None or len(text) > 200 or not text.isascii():
        return UNKNOWN
    flags, patterns = options
    syntax = next((flag for flag in "FEG" if flag in flags), syntax)
    known = [regex for pattern in patterns if (regex := compiled(pattern, syntax, flags))]
    if len(known) != len(patterns):
        return UNKNOWN
    inverted = "v" in flags
    lines = _lines_of(text)
    found = [line for line in lines if any(pattern.search(line) for pattern in known) != inverted]
    return int(not found), _output(flags, known, found)


def _lines_of(text: str) -> list[str]:
    lines = text.split("\n")
    return lines if lines[-1] else lines[:-1]


def _output(flags: set[str], patterns: list[re.Pattern[str]], found: list[str]) -> str | None:
    if "q" in flags:
        return None if "c" in flags else ""  # busybox counts all the same
    if "c" in flags:
        return f"{len(found)}\n"
    if "o" in flags:
        if len(patterns) > 1:
            return None
        found = [match.group() for line in found for match in patterns[0].finditer(line) if match.group()]
    return "".join(f"{line}\n" for line in found)


_LONG = {
    "--quiet": "q",
    "--silent": "q",
    "--ignore-case": "i",
    "--invert-match": "v",
    "--count": "c",
    "--only-matching": "o",
    "--line-regexp": "x",
    "--word-regexp": "w",
    "--fixed-strings": "F",
    "--extended-regexp": "E",
    "--no-messages": "s",
}


def _options(args: list[str]) -> tuple[set[str], list[str]] | None:
    """The flags and patterns of a grep that reads its standard input, None if it is not understood."""
    flags: set[str] = set()
    patterns: list[str] = []
    rest: list[str] = []
    words = iter(args)
    for word in words:
        if word == "--":
            rest.extend(words)
        elif word in _LONG:
            flags.add(_LONG[word])
        elif len(word) > 1 and (match := re.fullmatch(r"-([qivcoxwFEGs]*)(e(.*))?", word, re.DOTALL)):
            flags.update(match.group(1))
            if match.group(2):
                patterns.append(match.group(3) or next(words, "\\"))
        elif len(word) > 1 and word.startswith("-"):
            return None
        else:
            rest.append(word)
    if not patterns and rest:
        patterns.append(rest.pop(0))
    if not patterns or rest not in ([], ["-"]) or len(flags & {"F", "E", "G"}) > 1:
        return None
    if {"o", "v"} <= flags:
        return None  # busybox 1.35 dies of it
    return flags, [line for pattern in patterns for line in pattern.split("\n")]
