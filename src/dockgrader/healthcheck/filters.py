"""Programs that read their standard input and print something of it."""

from __future__ import annotations

import re
import string
from collections.abc import Callable

from dockgrader.healthcheck.world import UNKNOWN, Input, Outcome


def cat(args: list[str], stdin: Input) -> Outcome:
    """The same."""
    return (0, stdin.read()) if set(args) <= {"-"} else UNKNOWN


def tee(args: list[str], stdin: Input) -> Outcome:
    """The same, into files, too."""
    files = [arg for arg in args if arg not in ("-a", "/dev/null")]
    return UNKNOWN if any(file.startswith(("-", "/dev/", "/proc/")) for file in files) else (0, stdin.read())


def first_or_last(args: list[str], stdin: Input, *, first: bool) -> Outcome:
    """`head` and `tail`, of lines and of bytes."""
    match = re.fullmatch(r"|(-c ?|--bytes=|--lines=|-n ?|-)([0-9]{1,4})", " ".join(args), re.ASCII)
    text = stdin.read()
    if not match:
        return UNKNOWN
    if text is None or not text.isascii():
        return 0, None
    unit, number = match.groups()
    count = int(number or 10)
    if unit and unit[1:].strip(" -=") in ("c", "bytes"):
        return 0, text[:count] if first else text[max(0, len(text) - count) :]
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    return 0, "".join(lines[:count] if first else lines[max(0, len(lines) - count) :])


_CLASSES = {
    "[:upper:]": string.ascii_uppercase,
    "[:lower:]": string.ascii_lowercase,
    "[:digit:]": string.digits,
    "[:space:]": "\t\n\v\f\r ",
    "[:blank:]": " \t",
}
_CHARS = re.compile(
    r"(\[:\w+:\])|([a-z]-[a-z]|[A-Z]-[A-Z]|[0-9]-[0-9])|(\\[rnt])|([\w ,.:;!?/\"'=+()\n])", re.ASCII
)
_ESCAPES = {"\\r": "\r", "\\n": "\n", "\\t": "\t"}


def _chars(text: str) -> str | None:
    """The characters that a word of `tr` stands for, None if it is not understood."""
    found, at = "", 0
    while at < len(text):
        match = _CHARS.match(text, at)
        if not match:
            return None
        named, span, escape, char = match.groups()
        if named and named not in _CLASSES:
            return None
        if span:
            char = "".join(map(chr, range(ord(span[0]), ord(span[2]) + 1)))
        found += _CLASSES[named] if named else _ESCAPES[escape] if escape else char
        at = match.end()
    return found or None


def tr(args: list[str], stdin: Input) -> Outcome:
    """`tr -d SET` and `tr SET SET`; the brackets of the old form `[a-z]` map to themselves."""
    text = stdin.read()
    deletes = int(args[:1] == ["-d"])
    sets = [_chars(re.sub(r"^\[([a-zA-Z]-[a-zA-Z])\]$", r"\1", arg)) for arg in args[deletes:]]
    first, second = [*sets, None, None][:2]
    if first is None or len(sets) != 2 - deletes or (text is not None and re.search(r"[\[\]]", text)):
        return UNKNOWN
    if deletes:
        return 0, None if text is None else "".join(char for char in text if char not in first)
    if second is None or len(first) != len(second):
        return UNKNOWN  # what is missing is made up for differently
    return 0, None if text is None else text.translate(str.maketrans(first, second))


def cut(args: list[str], stdin: Input) -> Outcome:
    """`cut` of one range of characters (`-c`, `-b`), or of one field (`-d CHAR -f N`)."""
    text = stdin.read()
    options: dict[str, str] = {}
    words = iter(args)
    for word in words:
        options[word[:2]] = word[2:] or next(words, "")
    piece = _piece(options)
    if piece is None:
        return UNKNOWN
    if text is None or not text.isascii():
        return 0, None
    return 0, "".join(f"{piece(line)}\n" for line in lines_of(text))


def _piece(options: dict[str, str]) -> Callable[[str], str] | None:
    """What is kept of a line, None if the options are not understood."""
    values = list(options.values())
    if [*options] in (["-c"], ["-b"]):
        match = re.fullmatch(r"([1-9][0-9]?)?(-)?([1-9][0-9]?)?", values[0], re.ASCII)
        low, dash, high = match.groups() if match else (None, None, None)
        start, end = int(low or 1) - 1, int(high) if high else None if dash else int(low or 0)
        if not (low or high) or (high and not dash) or (end is not None and end <= start):
            return None
        return lambda line: line[start:end]
    delimiter, field = options.get("-d", ""), options.get("-f", "")
    if options.keys() != {"-d", "-f"} or len(delimiter) != 1 or not re.fullmatch("[1-9]", field, re.ASCII):
        return None
    return lambda line: nth(line.split(delimiter), int(field)) if delimiter in line else line


def lines_of(text: str) -> list[str]:
    """The lines of a text, of which the last one may have no end."""
    lines = text.split("\n")
    return lines if lines[-1] else lines[:-1]


def nth(pieces: list[str], number: int) -> str:
    """The piece of that number, counted from 1; nothing where there are fewer."""
    return pieces[number - 1] if number <= len(pieces) else ""


def wc(args: list[str], stdin: Input) -> Outcome:
    """`wc -l`."""
    text = stdin.read()
    if args != ["-l"]:
        return UNKNOWN
    return 0, None if text is None else f"{text.count(chr(10))}\n"


def xargs(args: list[str], stdin: Input) -> Outcome:
    """`xargs` and `xargs echo`, which print words on one line; one line even of nothing."""
    text = stdin.read()
    if args not in ([], ["echo"]):
        return UNKNOWN
    if text is None or re.search(r"[^\w\s,.:=+/()-]|(?:\A|\s)-", text, re.ASCII):
        return 0, None
    return 0, " ".join(text.split()) + "\n"
