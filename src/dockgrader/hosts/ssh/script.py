"""POSIX sh scripts for a machine that we know nothing of: how they are written, and what is ours in their output.

A script goes to the standard input of `exec sh`, three words that mean the same to every login shell: nothing of it
is quoted for a shell that may be fish or csh. What profiles print is told from the answer by random marks.
"""

from __future__ import annotations

import os
import re
import shlex

COMMAND = "exec sh"
_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin:/snap/bin:/opt/homebrew/bin"

MARK_LINE = re.compile(rb"[0-9a-f]{32}\n")
"""What every mark looks like, with the end of its line."""


class Marks:
    """Random words around an answer. In the script each stands in two halves, so that no echo of it looks like one."""

    def __init__(self) -> None:
        self._halves = os.urandom(8).hex(), os.urandom(8).hex()
        self.begin = f"{self._halves[0]}{self._halves[1]}".encode()
        self.end = f"{self._halves[1]}{self._halves[0]}".encode()

    def say(self, *, end: bool = False, before: str = "", after: str = "") -> str:
        """The command that prints a mark on standard output, and after it the line of a word of the script."""
        first, second = reversed(self._halves) if end else self._halves
        line, word = ("%s\\n", f" {after}") if after else ("", "")
        return f"printf '{before}%s%s\\n{line}' {first} {second}{word}"


def whole(script: str, marks: Marks, *, errors: bool = True) -> bytes:
    """A script between its marks, on standard output and error; its last status follows the end mark on the first.

    Nothing runs before all of it has arrived. Without `errors` nothing at all comes on standard error.
    """
    begin, end = marks.say(), marks.say(end=True, before="\\n")
    lines = [
        "{ LC_ALL=C; export LC_ALL",
        f'case $PATH in *:{_PATH}:*) ;; *) PATH="$PATH:{_PATH}:$HOME/bin"; export PATH ;; esac',
        f"{begin}; {begin} >&2" if errors else f"{begin}; {{",
        script,
        f"status=$?; {end} >&2" if errors else "} 2>/dev/null; status=$?",
        # In one go: what is printed apart travels apart.
        marks.say(end=True, before="\\n", after='"$status"'),
        "}",
    ]
    return encoded("\n".join(lines) + "\n")


def quoted(text: str) -> str:
    """One word of a script."""
    return shlex.quote(text)


def encoded(text: str) -> bytes:
    """The bytes of a text, those that were no UTF-8 when it was read as they were. Raises ValueError."""
    return text.encode("utf-8", "surrogateescape")


def usable(word: str) -> bool:
    """Whether a word can stand in a script at all."""
    if "\0" in word:
        return False
    try:
        encoded(word)
    except ValueError:
        return False
    return True
