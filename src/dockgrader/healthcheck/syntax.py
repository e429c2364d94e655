"""The tree of a shell script, as far as one-line health commands need one. Source: POSIX.1-2017, XCU chapter 2."""

from __future__ import annotations

from typing import Literal as OneOf

from dockgrader.frozen import dataclass

MAX_SCRIPT = 4096  # characters
MAX_DEPTH = 20  # groups, substitutions and ifs inside each other


class ShellSyntaxError(ValueError):
    """The shell itself would refuse this script."""


class UnsupportedSyntax(ValueError):
    """The script may well be right, but this parser does not understand it."""


@dataclass(frozen=True)
class Literal:
    """Text as it stands; `quoted` text is never split or taken for a pattern of file names."""

    text: str
    quoted: bool


@dataclass(frozen=True)
class Variable:
    """`$name` or `${name}`; `?` is the last exit status, an empty name a value not to be known."""

    name: str
    quoted: bool


@dataclass(frozen=True)
class Substitution:
    """`$(…)` or backquotes."""

    body: Script
    quoted: bool


@dataclass(frozen=True)
class IfSet:
    """`${name:+word…}` outside of quotes: words that stand there only if the variable has a value."""

    name: str
    words: tuple[Word, ...]


Part = Literal | Variable | Substitution | IfSet


@dataclass(frozen=True)
class Word:
    """Parts that stand together without a blank between them."""

    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Redirect:
    """`fd` (file descriptor), `op` (`<`, `>`, `>>`, `>&`, `<&`, and `&>` for both outputs) and where to."""

    fd: int
    op: str
    target: Word


@dataclass(frozen=True)
class Command:
    """`NAME=value… word… redirect…`."""

    assignments: tuple[tuple[str, Word], ...]
    words: tuple[Word, ...]
    redirects: tuple[Redirect, ...]


@dataclass(frozen=True)
class Group:
    """`( … )` is a subshell, `{ …; }` is not."""

    body: Script
    subshell: bool
    redirects: tuple[Redirect, ...]


@dataclass(frozen=True)
class If:
    """`if`/`elif` conditions with their bodies, and the `else` body."""

    branches: tuple[tuple[Script, Script], ...]
    otherwise: Script | None
    redirects: tuple[Redirect, ...]


@dataclass(frozen=True)
class Case:
    """`case WORD in`: the patterns of each branch, and its body, which may be empty."""

    word: Word
    branches: tuple[tuple[tuple[Word, ...], Script], ...]
    redirects: tuple[Redirect, ...]


@dataclass(frozen=True)
class Loop:
    """`while`, or `until`, which goes on while its condition fails."""

    condition: Script
    body: Script
    until: bool
    redirects: tuple[Redirect, ...]


AnyCommand = Command | Group | If | Case | Loop


@dataclass(frozen=True)
class Pipeline:
    """Commands joined by `|`, perhaps after a `!`."""

    commands: tuple[AnyCommand, ...]
    negated: bool


@dataclass(frozen=True)
class AndOr:
    """Pipelines joined by `&&` and `||`, which have equal rank and group to the left."""

    first: Pipeline
    rest: tuple[tuple[OneOf["&&", "||"], Pipeline], ...]


@dataclass(frozen=True)
class Script:
    """A list of commands, each with whether it runs in the background (`&`)."""

    items: tuple[tuple[AndOr, bool], ...]
