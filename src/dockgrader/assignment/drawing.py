"""Which value a student gets: drawn by a keyed hash of the student's id, the same on every machine and for ever.

Without the key nobody can tell what another student has. The key comes from a file or the environment, never from
the assignment, and is shown, written and sent nowhere.
"""

from __future__ import annotations

import hmac
import os
import stat
import unicodedata
from collections.abc import Callable, MutableMapping
from itertools import count
from pathlib import Path

from dockgrader.assignment.parameters import declared
from dockgrader.assignment.source import Source, Values
from dockgrader.errors import UsageError

FILE_VARIABLE = "DOCKGRADER_PARAMETER_KEY_FILE"
KEY_VARIABLE = "DOCKGRADER_PARAMETER_KEY"
OPTION = "--parameter-key"
LEAST_BYTES = 16
_MOST_BYTES = 64 << 10
_BITS = 256
HOW = f"{OPTION} FILE, {FILE_VARIABLE} or {KEY_VARIABLE}"


class Key:
    """A secret that says nothing of itself. Raises UsageError if it is too short."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret.strip()
        if len(self._secret) < LEAST_BYTES:
            raise UsageError(
                f"the parameters' key is shorter than {LEAST_BYTES} bytes; `openssl rand -hex 32` makes a good one"
            )

    def __repr__(self) -> str:
        return "Key(…)"

    def number(self, *words: str) -> int:
        """256 bits: HMAC-SHA-256 of the words, a line each."""
        message = "\n".join(words).encode("utf-8", "surrogatepass")
        return int.from_bytes(hmac.digest(self._secret, message, "sha256"))

    def fingerprint(self, assignment: str) -> str:
        """By which it is known again, and from which it cannot be worked out."""
        return f"{self.number('dockgrader-parameter-key-1', assignment) >> 128:032x}"


def drawn(source: Source, student: str, key: Key) -> Values:
    """A student's value of each parameter. Raises AssignmentError for a wrong declaration.

    Two ways of writing the same letters are one student, as they are in a roster (Unicode's NFC).
    """
    assignment, student = str(source.data.get("id", "")), unicodedata.normalize("NFC", student)

    def place(name: str, many: int) -> int:
        return below(
            many, lambda turn: key.number("dockgrader-parameter-1", assignment, name, str(turn), student)
        )

    return {name: each.value(place(name, each.count)) for name, each in declared(source).items()}


def below(many: int, number: Callable[[int], int]) -> int:
    """One of 0 … many - 1, each as likely: `number(0)` of 256 bits, or the next one beyond the last whole multiple."""
    fair = (1 << _BITS) - (1 << _BITS) % many
    return next(found for turn in count() if (found := number(turn)) < fair) % many


def read_key(file: Path | None, env: MutableMapping[str, str]) -> Key | None:
    """The key in the file, else in that which the environment names, else in the environment; None if nowhere.

    It is taken out of `env`, so that no program that is started from here on inherits it. Raises UsageError, which
    never repeats what was given: that may be the key itself.
    """
    secret = env.pop(KEY_VARIABLE, "")
    if file is not None:
        return Key(_content(file, OPTION))
    if named := env.get(FILE_VARIABLE):
        return Key(_content(Path(named), FILE_VARIABLE))
    return Key(os.fsencode(secret)) if secret else None


def _content(file: Path, option: str) -> bytes:
    try:
        if not stat.S_ISREG(file.stat().st_mode):  # a FIFO may be waited for for ever
            raise UsageError(f"{option}: this is no regular file")
        with file.open("rb") as stream:
            content = stream.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it has no usable name"
        raise UsageError(f"{option}: the file cannot be read: {reason}") from None
    if len(content) > _MOST_BYTES:
        raise UsageError(f"{option}: the file is larger than 64 KiB; this is no key")
    return content
