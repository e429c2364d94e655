"""Names that mean something to a shell before it looks for a program."""

from __future__ import annotations

import re


def words(text: str) -> frozenset[str]:
    """The words of a text that are set apart by blanks and new lines."""
    return frozenset(text.split())


SHELLS = ("sh", "ash", "dash", "bash")
AMPERSAND_SHELLS = ("ash", "bash")
"""Shells for which `&>` is a redirection."""
STATEFUL = words(
    """
    . source eval trap alias unalias shift break continue read local declare typeset readonly
    builtin enable shopt let getopts hash mapfile fg bg
    """
)
"""Builtins that are not followed: what they do to the shell is more than is remembered here."""
BUILTIN_ONLY = STATEFUL | {":", "exit", "return", "set", "export", "unset", "exec", "command", "[["}
"""Commands that only the shell itself can carry out."""
SENSITIVE = words("PATH IFS ENV BASH_ENV SHELLOPTS LD_PRELOAD LD_LIBRARY_PATH")
"""Variables that change what the words of a script mean or which program is run."""


def basename(program: str) -> str:
    """The name of a program; one outside the folders of programs keeps its path, for it may be anything."""
    folder, slash, name = program.rpartition("/")
    return name if slash and re.fullmatch(r"(/[\w.+-]+)*/s?bin", folder) else program
