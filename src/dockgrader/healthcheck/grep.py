"""grep on its standard input, as far as its options and its pattern are understood."""

from __future__ import annotations

import re

from dockgrader.healthcheck.filters import lines_of
from dockgrader.healthcheck.patterns import compiled
from dockgrader.healthcheck.world import UNKNOWN, Input, Outcome


def grep(args: list[str], stdin: Input, syntax: str = "G") -> Outcome:
    """Status and output; `syntax` is G (basic), E (extended) or F (fixed text) unless an option says so."""
    options = _options(args)
    text = stdin.read()
    if options is None or text is None or len(text) > 200 or not text.isascii():
        return UNKNOWN
    flags = options.flags
    syntax = next((flag for flag in _SYNTAXES if flag in flags), syntax)
    known = [regex for pattern in options.patterns if (regex := compiled(pattern, syntax, flags))]
    if len(known) != len(options.patterns) or (syntax == "P" and len(known) > 1):
        return UNKNOWN
    inverted = "v" in flags
    found = [
        (number, line)
        for number, line in enumerate(lines_of(text), 1)
        if any(pattern.search(line) for pattern in known) != inverted
    ]
    found = found[: options.most]
    return int(not found), _output(flags, known, found)


def _output(flags: set[str], patterns: list[re.Pattern[str]], found: list[tuple[int, str]]) -> str | None:
    if "q" in flags:
        return None if "c" in flags else ""  # busybox counts all the same
    if flags & _UNTOLD:
        return None
    if "c" in flags:
        return f"{len(found)}\n"
    if "o" in flags:
        if len(patterns) > 1:
            return None
        found = [
            (number, match.group())
            for number, line in found
            for match in patterns[0].finditer(line)
            if match.group()
        ]
    return "".join(f"{number}:{line}\n" if "n" in flags else f"{line}\n" for number, line in found)


_SYNTAXES = "FEGP"
_UNTOLD = {"H", "A", "B", "C", "color"}
"""Options with which the lines that are found are not printed as they are, or not they alone."""
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
    "--basic-regexp": "G",
    "--perl-regexp": "P",
    "--no-messages": "s",
    "--line-number": "n",
    "--text": "a",
    "--no-filename": "h",
    "--with-filename": "H",
    "--line-buffered": "s",
    "--color": "s",
    "--color=auto": "s",
    "--color=never": "s",
    "--colour": "s",
    "--colour=auto": "s",
    "--colour=never": "s",
    "--color=always": "color",
    "--colour=always": "color",
}
_SHORT = r"-([qivcoxwFEGPsnahH]*)(?:([emABC])(.*))?"
_LONG_VALUE = {"--regexp": "e", "--max-count": "m"}


class _Options:
    """The options and patterns of a grep that reads its standard input; `most` lines are found."""

    def __init__(self) -> None:
        self.flags: set[str] = set()
        self.patterns: list[str] = []
        self.most: int | None = None

    def take(self, option: str, value: str | None) -> bool:
        """An option with its value; is it understood?"""
        if value is None:
            return False
        if option == "e":
            self.patterns.append(value)
            return True
        if not re.fullmatch("[0-9]{1,4}", value, re.ASCII):
            return False
        if option == "m":
            self.most = int(value)
        else:
            self.flags.add(option)
        return self.most != 0  # of which nobody says what it means


def _options(args: list[str]) -> _Options | None:
    """None where they are not understood."""
    found = _Options()
    rest: list[str] = []
    words = iter(args)
    for word in words:
        long, equals, value = word.partition("=")
        if word == "--":
            rest.extend(words)
        elif word in _LONG:
            found.flags.add(_LONG[word])
        elif long in _LONG_VALUE:
            if not found.take(_LONG_VALUE[long], value if equals else next(words, None)):
                return None
        elif len(word) > 1 and (match := re.fullmatch(_SHORT, word, re.DOTALL)):
            flags, option, value = match.groups()
            found.flags.update(flags)
            if option and not found.take(option, value or next(words, None)):
                return None
        elif len(word) > 1 and word.startswith("-"):
            return None
        else:
            rest.append(word)
    if not found.patterns and rest:
        found.patterns.append(rest.pop(0))
    if not found.patterns or rest not in ([], ["-"]) or len(found.flags & set(_SYNTAXES)) > 1:
        return None
    if {"o", "v"} <= found.flags:
        return None  # busybox 1.35 dies of it
    found.patterns = [line for pattern in found.patterns for line in pattern.split("\n")]
    return found
