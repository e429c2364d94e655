"""The words of a shell script: quotes, expansions and redirections. Scripts inside of words are left to the parser."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod

from dockgrader.healthcheck.cursor import Cursor
from dockgrader.healthcheck.syntax import (
    IfSet,
    Literal,
    Part,
    Redirect,
    Script,
    ShellSyntaxError,
    Substitution,
    UnsupportedSyntax,
    Variable,
    Word,
)

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BRACED = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*|\?)(:?[-+][^'\"`$\\{}]*)?\}")
# Quotes and names of variables, but nothing deeper.
_NAMED = r"\$(?:\w+(?!\w)|\{\w+\})"
_IF_SET = re.compile(
    r"\{([A-Za-z_][A-Za-z0-9_]*):?\+"
    rf"((?:[^'\"`$\\{{}}]|\"(?:[^\"`\\{{}}$]|{_NAMED})*\"|'[^'{{}}]*'|{_NAMED})*)\}}"
)
_REDIRECT = re.compile(r"([0-9]*)(>>|>&|<&|>\||<<|<>|<|>)")
_BOTH = re.compile("&>>?")
_PLAIN = re.compile(r"[^ \t\n;&|<>()'\"`$\\]+")
_PLAIN_QUOTED = re.compile(r"[^\"`$\\]+")


class WordReader(Cursor, ABC):
    """Reads the word or the redirection that stands at the cursor."""

    @abstractmethod
    def nested_list(self) -> Script:
        """The commands that stand here, one level deeper."""

    @abstractmethod
    def nested_words(self, text: str) -> tuple[Word, ...]:
        """The words of a text that stood in braces, one level deeper."""

    @abstractmethod
    def nested_script(self, text: str) -> Script:
        """The tree of a script that stood between backquotes, one level deeper."""

    def redirect(self) -> Redirect | None:
        """The redirection that starts here, None if none does."""
        if self.ampersand and (match := _BOTH.match(self.text, self.at)):
            digits, op = "", "&>"
        elif match := _REDIRECT.match(self.text, self.at):
            digits, op = match.groups()
        else:
            return None
        if op in ("<<", "<>"):
            raise UnsupportedSyntax(f"{op!r} is not understood here")
        self.at = match.end()
        if self.starts("("):
            raise UnsupportedSyntax("process substitution")
        self.skip()
        target = self.word()
        if target is None:
            raise ShellSyntaxError(f"nothing after {op!r}")
        fd = int(digits[:4]) if digits else (0 if op[0] == "<" else 1)
        return Redirect(fd, ">" if op == ">|" else op, target)

    def word(self) -> Word | None:
        """The word that starts here, None if none does."""
        start = self.at
        parts: list[Part] = []
        while self.at < len(self.text):
            if match := _PLAIN.match(self.text, self.at):
                self.at = match.end()
                parts.append(Literal(match.group(), False))
            elif self.take("\\\n"):
                continue
            elif self.take("\\"):
                parts.append(Literal(self.text[self.at : self.at + 1] or "\\", True))
                self.at += 1
            elif self.take("'"):
                parts.append(self._single_quoted())
            elif self.take('"'):
                parts.extend(self._double_quoted())
            elif self.starts("$") or self.starts("`"):
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

    def _double_quoted(self) -> list[Part]:
        # The empty text keeps "" a word of its own.
        parts: list[Part] = [Literal("", True)]
        while self.at < len(self.text):
            if match := _PLAIN_QUOTED.match(self.text, self.at):
                self.at = match.end()
                parts.append(Literal(match.group(), True))
            elif self.take('"'):
                return parts
            elif self.take("\\\n"):
                continue
            elif self.take("\\"):
                char = self.text[self.at : self.at + 1]
                parts.append(Literal(char if char and char in '$`"\\' else "\\" + char, True))
                self.at += 1
            else:
                parts.append(self._expansion(quoted=True))
        raise ShellSyntaxError("a double quote is not closed")

    def _expansion(self, *, quoted: bool) -> Part:
        if self.take("`"):
            return Substitution(self._backquoted(quoted=quoted), quoted)
        self.at += 1  # the dollar sign
        if self.starts("(("):
            raise UnsupportedSyntax("arithmetic")
        if self.take("("):
            body = self.nested_list()
            self.expect(")")
            return Substitution(body, quoted)
        if self.starts("{"):
            if not quoted and (match := _IF_SET.match(self.text, self.at)):
                self.at = match.end()
                return IfSet(match.group(1), self.nested_words(match.group(2)))
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
                return self.nested_script("".join(chars))
            if char == "\\" and self.text[self.at : self.at + 1] in tuple(escapable):
                char = self.text[self.at]
                self.at += 1
            chars.append(char)
        raise ShellSyntaxError("a backquote is not closed")
