"""A parser for the part of the POSIX shell language that one-line health commands are written in.

`parse` turns a script into a small tree and runs nothing. What dash, busybox ash and bash read differently
(`&>`, `|&`, here-strings) and what needs more than a tree to understand (loops, functions, arithmetic) is
refused as `UnsupportedSyntax`: guessing would make a wrong verdict. The input is hostile: length and nesting
are bounded, and the parser is linear in the length of the script for each level of backquotes.

Source: POSIX.1-2017, XCU chapter 2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal as OneOf

MAX_SCRIPT = 4096  # characters
MAX_DEPTH = 20  # groups, substitutions and ifs inside each other


class ShellSyntaxError(ValueError):
    """The shell itself would refuse this script."""


class UnsupportedSyntax(ValueError):
    """The script may well be right, but this parser does not understand it."""


@dataclass(frozen=True, slots=True)
class Literal:
    """Text as it stands; `quoted` text is never split or taken for a pattern of file names."""

    text: str
    quoted: bool


@dataclass(frozen=True, slots=True)
class Variable:
    """`$name` or `${name}`; `?` is the last exit status, an empty name a value not to be known."""

    name: str
    quoted: bool


@dataclass(frozen=True, slots=True)
class Substitution:
    """`$(…)` or backquotes."""

    body: Script
    quoted: bool


@dataclass(frozen=True, slots=True)
class Word:
    """Parts that stand together without a blank between them."""

    parts: tuple[Literal | Variable | Substitution, ...]


@dataclass(frozen=True, slots=True)
class Redirect:
    """`fd` (file descriptor), `op` (`<`, `>`, `>>`, `>&`, `<&`) and where to."""

    fd: int
    op: str
    target: Word


@dataclass(frozen=True, slots=True)
class Command:
    """`NAME=value… word… redirect…`."""

    assignments: tuple[tuple[str, Word], ...]
    words: tuple[Word, ...]
    redirects: tuple[Redirect, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """`( … )` is a subshell, `{ …; }` is not."""

    body: Script
    subshell: bool
    redirects: tuple[Redirect, ...]


@dataclass(frozen=True, slots=True)
class If:
    """`if`/`elif` conditions with their bodies, and the `else` body."""

    branches: tuple[tuple[Script, Script], ...]
    otherwise: Script | None
    redirects: tuple[Redirect, ...]


AnyCommand = Command | Group | If


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Commands joined by `|`, perhaps after a `!`."""

    commands: tuple[AnyCommand, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class AndOr:
    """Pipelines joined by `&&` and `||`, which have equal rank and group to the left."""

    first: Pipeline
    rest: tuple[tuple[OneOf["&&", "||"], Pipeline], ...]


@dataclass(frozen=True, slots=True)
class Script:
    """A list of commands, each with whether it runs in the background (`&`)."""

    items: tuple[tuple[AndOr, bool], ...]


def parse(text: str) -> tuple[Script, tuple[str, ...]]:
    """The tree of a script, and the texts of its comments.

    Raises ShellSyntaxError where a shell would, and UnsupportedSyntax for what is not understood here, or for
    a script of more than MAX_SCRIPT characters or deeper than MAX_DEPTH.
    """
    if len(text) > MAX_SCRIPT:
        raise UnsupportedSyntax(f"longer than {MAX_SCRIPT} characters")
    parser = _Parser(text, depth=0, comments=[])
    return parser.whole(), tuple(parser.comments)


_CLOSERS = ("then", "elif", "else", "fi", "}")
_RESERVED = re.compile(
    r"(then|elif|else|fi|\}|\{|!|if|while|until|for|case|esac|do|done|function|select)(?=[ \t\n;&|<>()]|\Z)"
)
_NOT_MODELLED = ("while", "until", "for", "case", "function", "select")
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(\+?=)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BRACED = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*|\?)(:?[-+][^'\"`$\\{}]*)?\}")
_REDIRECT = re.compile(r"([0-9]*)(>>|>&|<&|>\||<<|<>|<|>)")
_PLAIN = re.compile(r"[^ \t\n;&|<>()'\"`$\\]+")
_PLAIN_QUOTED = re.compile(r"[^\"`$\\]+")


class _Parser:
    """Recursive descent over the characters; `at` is the place in `text`."""

    def __init__(self, text: str, depth: int, comments: list[str]) -> None:
        self.text = text
        self.at = 0
        self.depth = depth
        self.comments = comments

    def whole(self) -> Script:
        script = self._list()
        if self.at < len(self.text):
            raise ShellSyntaxError(f"unexpected {self.text[self.at : self.at + 10]!r}")
        return script

    # --- tokens -----------------------------------------------------------------------------------------

    def _starts(self, token: str) -> bool:
        return self.text.startswith(token, self.at)

    def _take(self, token: str) -> bool:
        if self._starts(token):
            self.at += len(token)
            return True
        return False

    def _skip(self, *, newlines: bool = False) -> None:
        """Blanks, continued lines and comments. Only called between tokens, where `#` starts a comment."""
        while self.at < len(self.text):
            if self.text[self.at] in " \t" or (newlines and self.text[self.at] == "\n"):
                self.at += 1
            elif self._starts("\\\n"):
                self.at += 2
            elif self.text[self.at] == "#":
                end = self.text.find("\n", self.at)
                end = len(self.text) if end < 0 else end
                self.comments.append(self.text[self.at + 1 : end])
                self.at = end
            else:
                return

    def _reserved(self) -> str:
        """The reserved word that stands here, or an empty string."""
        match = _RESERVED.match(self.text, self.at)
        return match.group(1) if match else ""

    def _expect(self, token: str) -> None:
        self._skip(newlines=True)
        if self._reserved() not in ("", token) or not self._take(token):
            raise ShellSyntaxError(f"missing {token!r}")

    # --- lists, pipelines, compound commands -------------------------------------------------------------

    def _list(self) -> Script:
        items: list[tuple[AndOr, bool]] = []
        self._skip(newlines=True)
        while self.at < len(self.text) and not self._starts(")") and self._reserved() not in _CLOSERS:
            node = self._and_or()
            background = self._separator()
            items.append((node, background is True))
            if background is None:
                break
        return Script(tuple(items))

    def _separator(self) -> bool | None:
        """What ends a command: True is `&`, False is `;` or a new line, None is neither."""
        self._skip()
        if self._starts("&>"):
            raise UnsupportedSyntax("'&>' means the background in one shell and a redirection in another")
        found = None
        if self._take("&"):
            found = True
        elif self._starts(";") and not self._starts(";;"):
            self.at += 1
            found = False
        elif self._starts("\n"):
            found = False
        if found is not None:
            self._skip(newlines=True)
        return found

    def _body(self) -> Script:
        """A list that may not be empty, one level deeper."""
        script = self._nested_list()
        if not script.items:
            raise ShellSyntaxError("a command is missing")
        return script

    def _nested_list(self) -> Script:
        self._deeper()
        script = self._list()
        self.depth -= 1
        return script

    def _deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise UnsupportedSyntax("nested too deeply")

    def _and_or(self) -> AndOr:
        first = self._pipeline()
        rest: list[tuple[OneOf["&&", "||"], Pipeline]] = []
        while True:
            self._skip()
            if self._take("&&"):
                self._skip(newlines=True)
                rest.append(("&&", self._pipeline()))
            elif self._take("||"):
                self._skip(newlines=True)
                rest.append(("||", self._pipeline()))
            else:
                return AndOr(first, tuple(rest))

    def _pipeline(self) -> Pipeline:
        negated = self._reserved() == "!"
        if negated:
            self.at += 1
            self._skip()
        commands = [self._command()]
        while True:
            self._skip()
            if self._starts("|&"):
                raise UnsupportedSyntax("'|&' is not understood by every shell")
            if self._starts("||") or not self._take("|"):
                return Pipeline(tuple(commands), negated)
            self._skip(newlines=True)
            commands.append(self._command())

    def _command(self) -> AnyCommand:
        word = self._reserved()
        if word in _NOT_MODELLED or word == "!" or self._starts("(("):
            raise UnsupportedSyntax(f"{word or '(('!r} is not understood here")
        if self._take("("):
            body = self._body()
            self._expect(")")
            return Group(body, True, self._redirects())
        if word == "{":
            self.at += 1
            body = self._body()
            self._expect("}")
            return Group(body, False, self._redirects())
        if word == "if":
            return self._if()
        if word:
            raise ShellSyntaxError(f"unexpected {word!r}")
        return self._simple()

    def _if(self) -> If:
        branches: list[tuple[Script, Script]] = []
        otherwise = None
        while (word := self._reserved()) in ("if", "elif"):
            self._take(word)
            condition = self._body()
            self._expect("then")
            branches.append((condition, self._body()))
        if word == "else":
            self._take(word)
            otherwise = self._body()
        self._expect("fi")
        return If(tuple(branches), otherwise, self._redirects())

    def _redirects(self) -> tuple[Redirect, ...]:
        found: list[Redirect] = []
        self._skip()
        while redirect := self._redirect():
            found.append(redirect)
            self._skip()
        return tuple(found)

    # --- simple commands and words -----------------------------------------------------------------------

    def _simple(self) -> Command:
        assignments: list[tuple[str, Word]] = []
        words: list[Word] = []
        redirects: list[Redirect] = []
        while True:
            self._skip()
            if redirect := self._redirect():
                redirects.append(redirect)
            elif not words and (match := _ASSIGNMENT.match(self.text, self.at)):
                if match.group(2) != "=":
                    raise UnsupportedSyntax("'+=' is not understood by every shell")
                self.at = match.end()
                assignments.append((match.group(1), self._word() or Word(())))
            elif word := self._word():
                words.append(word)
            else:
                break
        if self._starts("("):
            if len(words) == 1 or (assignments and not words):
                raise UnsupportedSyntax("a function or an array")
            raise ShellSyntaxError("unexpected '('")
        if not (assignments or words or redirects):
            raise ShellSyntaxError("a command is missing")
        return Command(tuple(assignments), tuple(words), tuple(redirects))

    def _redirect(self) -> Redirect | None:
        match = _REDIRECT.match(self.text, self.at)
        if not match:
            return None
        digits, op = match.groups()
        if op in ("<<", "<>"):
            raise UnsupportedSyntax(f"{op!r} is not understood here")
        self.at = match.end()
        if self._starts("("):
            raise UnsupportedSyntax("process substitution")
        self._skip()
        target = self._word()
        if target is None:
            raise ShellSyntaxError(f"nothing after {op!r}")
        fd = int(digits[:4]) if digits else (0 if op[0] == "<" else 1)
        return Redirect(fd, ">" if op == ">|" else op, target)

    def _word(self) -> Word | None:
        start = self.at
        parts: list[Literal | Variable | Substitution] = []
        while self.at < len(self.text):
            if match := _PLAIN.match(self.text, self.at):
                self.at = match.end()
                parts.append(Literal(match.group(), False))
            elif self._take("\\\n"):
                continue
            elif self._take("\\"):
                parts.append(Literal(self.text[self.at : self.at + 1] or "\\", True))
                self.at += 1
            elif self._take("'"):
                parts.append(self._single_quoted())
            elif self._take('"'):
                parts.extend(self._double_quoted())
            elif self._starts("$") or self._starts("`"):
                parts.append(self._expansion(quoted=False))
            else:
                break
        return Word(tuple(parts)) if self.at > start else None

    def _single_quoted(self) -> Literal:
        end = self.text.find("'", self.at)
        if end < 0:
            raise ShellSyntaxError("a single quote is not closed")
        literal = Literal(self.text[self.at : end], True)
        self.at = end + 1
        return literal

    def _double_quoted(self) -> list[Literal | Variable | Substitution]:
        # The empty text keeps "" a word of its own.
        parts: list[Literal | Variable | Substitution] = [Literal("", True)]
        while self.at < len(self.text):
            if match := _PLAIN_QUOTED.match(self.text, self.at):
                self.at = match.end()
                parts.append(Literal(match.group(), True))
            elif self._take('"'):
                return parts
            elif self._take("\\\n"):
                continue
            elif self._take("\\"):
                char = self.text[self.at : self.at + 1]
                parts.append(Literal(char if char and char in '$`"\\' else "\\" + char, True))
                self.at += 1
            else:
                parts.append(self._expansion(quoted=True))
        raise ShellSyntaxError("a double quote is not closed")

    def _expansion(self, *, quoted: bool) -> Literal | Variable | Substitution:
        if self._take("`"):
            return Substitution(self._backquoted(quoted=quoted), quoted)
        self.at += 1  # the dollar sign
        if self._starts("(("):
            raise UnsupportedSyntax("arithmetic")
        if self._take("("):
            body = self._nested_list()
            self._expect(")")
            return Substitution(body, quoted)
        if self._starts("{"):
            match = _BRACED.match(self.text, self.at)
            if not match:
                raise UnsupportedSyntax("a '${…}' that is more than a name")
            self.at = match.end()
            return Variable("" if match.group(2) else match.group(1), quoted)
        if match := _NAME.match(self.text, self.at):
            self.at = match.end()
            return Variable(match.group(), quoted)
        char = self.text[self.at : self.at + 1]
        if char and (char in "0123456789@*" or (char in "'\"" and not quoted)):
            raise UnsupportedSyntax(f"'${char}' is not understood here")
        if char and char in "?$#!-":
            self.at += 1
            return Variable(char if char == "?" else "", quoted)
        return Literal("$", True)

    def _backquoted(self, *, quoted: bool) -> Script:
        """The script between backquotes, in which a backslash protects a backquote, a dollar or itself."""
        escapable = '`$\\"' if quoted else "`$\\"
        chars: list[str] = []
        while self.at < len(self.text):
            char = self.text[self.at]
            self.at += 1
            if char == "`":
                self._deeper()
                script = _Parser("".join(chars), self.depth, self.comments).whole()
                self.depth -= 1
                return script
            if char == "\\" and self.text[self.at : self.at + 1] in tuple(escapable):
                char = self.text[self.at]
                self.at += 1
            chars.append(char)
        raise ShellSyntaxError("a backquote is not closed")
