"""A parser for the part of the POSIX shell language that one-line health commands are written in.

`parse` turns a script into the tree of `syntax` and runs nothing. What dash, busybox ash and bash read
differently (`|&`, here-strings, `&>` unless the shell is known) and what needs more than a tree to understand
(functions, arithmetic) is refused as `UnsupportedSyntax`: guessing would make a wrong verdict. The input is
hostile: length and nesting are bounded, and the parser is linear in the length of the script for each level of
backquotes.

Source: POSIX.1-2017, XCU chapter 2.
"""

from __future__ import annotations

import re
from typing import Literal as OneOf

from dockgrader.healthcheck.syntax import (
    MAX_DEPTH,
    MAX_SCRIPT,
    AndOr,
    AnyCommand,
    Case,
    Command,
    Group,
    If,
    Loop,
    Pipeline,
    Redirect,
    Script,
    ShellSyntaxError,
    UnsupportedSyntax,
    Word,
)
from dockgrader.healthcheck.words import WordReader

_CLOSERS = ("then", "elif", "else", "fi", "}", "do", "done", "esac")
_NOT_MODELLED = ("for", "function", "select")
_IN = re.compile(r"in(?=[ \t\n])")
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(\+?=)")


def parse(text: str, *, ampersand: bool = False) -> tuple[Script, tuple[str, ...]]:
    """The tree of a script, and the texts of its comments. `ampersand` is for a shell that knows `&>`.

    Raises ShellSyntaxError where a shell would, and UnsupportedSyntax for what is not understood here, or for
    a script of more than MAX_SCRIPT characters or deeper than MAX_DEPTH.
    """
    if len(text) > MAX_SCRIPT:
        raise UnsupportedSyntax(f"longer than {MAX_SCRIPT} characters")
    parser = _Parser(text, depth=0, comments=[], ampersand=ampersand)
    return parser.whole(), tuple(parser.comments)


class _Parser(WordReader):
    """Recursive descent over the characters."""

    def __init__(self, text: str, depth: int, comments: list[str], *, ampersand: bool) -> None:
        super().__init__(text, comments, ampersand=ampersand)
        self.depth = depth

    def whole(self) -> Script:
        script = self._list()
        if self.at < len(self.text):
            raise ShellSyntaxError(f"unexpected {self.text[self.at : self.at + 10]!r}")
        return script

    def _list(self) -> Script:
        items: list[tuple[AndOr, bool]] = []
        self.skip(newlines=True)
        while self.at < len(self.text) and not self._closes():
            node = self._and_or()
            background = self._separator()
            items.append((node, background is True))
            if background is None:
                break
        return Script(tuple(items))

    def _closes(self) -> bool:
        return self.starts(")") or self.starts(";;") or self.reserved() in _CLOSERS

    def _separator(self) -> bool | None:
        """What ends a command: True is `&`, False is `;` or a new line, None is neither."""
        self.skip()
        if self.starts("&>"):
            raise UnsupportedSyntax("'&>' means the background in one shell and a redirection in another")
        found = None
        if self.take("&"):
            found = True
        elif self.starts(";") and not self.starts(";;"):
            self.at += 1
            found = False
        elif self.starts("\n"):
            found = False
        if found is not None:
            self.skip(newlines=True)
        return found

    def _body(self) -> Script:
        """A list that may not be empty, one level deeper."""
        script = self.nested_list()
        if not script.items:
            raise ShellSyntaxError("a command is missing")
        return script

    def nested_list(self) -> Script:
        self._deeper()
        script = self._list()
        self.depth -= 1
        return script

    def nested_script(self, text: str) -> Script:
        self._deeper()
        script = self._inner(text).whole()
        self.depth -= 1
        return script

    def nested_words(self, text: str) -> tuple[Word, ...]:
        inner = self._inner(text)
        words: list[Word] = []
        inner.skip()
        while word := inner.word():
            words.append(word)
            inner.skip()
        if inner.at < len(text):
            raise UnsupportedSyntax("a '${…}' that is more than words")
        return tuple(words)

    def _inner(self, text: str) -> _Parser:
        return _Parser(text, self.depth, self.comments, ampersand=self.ampersand)

    def _deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise UnsupportedSyntax("nested too deeply")

    def _and_or(self) -> AndOr:
        first = self._pipeline()
        rest: list[tuple[OneOf["&&", "||"], Pipeline]] = []
        while True:
            self.skip()
            if self.take("&&"):
                self.skip(newlines=True)
                rest.append(("&&", self._pipeline()))
            elif self.take("||"):
                self.skip(newlines=True)
                rest.append(("||", self._pipeline()))
            else:
                return AndOr(first, tuple(rest))

    def _pipeline(self) -> Pipeline:
        negated = self.reserved() == "!"
        if negated:
            self.at += 1
            self.skip()
        commands = [self._command()]
        while True:
            self.skip()
            if self.starts("|&"):
                raise UnsupportedSyntax("'|&' is not understood by every shell")
            if self.starts("||") or not self.take("|"):
                return Pipeline(tuple(commands), negated)
            self.skip(newlines=True)
            commands.append(self._command())

    def _command(self) -> AnyCommand:
        word = self.reserved()
        if word in _NOT_MODELLED or word == "!" or self.starts("(("):
            raise UnsupportedSyntax(f"{word or '(('!r} is not understood here")
        if self.take("("):
            body = self._body()
            self.expect(")")
            return Group(body, True, self._redirects())
        if word == "{":
            self.at += 1
            body = self._body()
            self.expect("}")
            return Group(body, False, self._redirects())
        if word == "if":
            return self._if()
        if word == "case":
            return self._case()
        if word in ("while", "until"):
            return self._loop(word)
        if word:
            raise ShellSyntaxError(f"unexpected {word!r}")
        return self._simple()

    def _if(self) -> If:
        branches: list[tuple[Script, Script]] = []
        otherwise = None
        while (word := self.reserved()) in ("if", "elif"):
            self.take(word)
            condition = self._body()
            self.expect("then")
            branches.append((condition, self._body()))
        if word == "else":
            self.take(word)
            otherwise = self._body()
        self.expect("fi")
        return If(tuple(branches), otherwise, self._redirects())

    def _case(self) -> Case:
        self.take("case")
        self.skip()
        word = self.word()
        self.skip(newlines=True)
        if word is None or not _IN.match(self.text, self.at):
            raise ShellSyntaxError("'case' without 'in'")
        self.take("in")
        branches: list[tuple[tuple[Word, ...], Script]] = []
        ended = True
        self.skip(newlines=True)
        while ended and self.reserved() != "esac":
            patterns = self._patterns()
            branches.append((patterns, self.nested_list()))
            if self.starts(";;&"):
                raise UnsupportedSyntax("';;&' is not understood by every shell")
            ended = self.take(";;")
            self.skip(newlines=True)
        self.expect("esac")
        return Case(word, tuple(branches), self._redirects())

    def _patterns(self) -> tuple[Word, ...]:
        self.take("(")
        patterns: list[Word] = []
        while not patterns or self.take("|"):
            self.skip()
            pattern = self.word()
            if pattern is None:
                raise ShellSyntaxError("a pattern is missing")
            patterns.append(pattern)
            self.skip()
        if not self.take(")"):
            raise ShellSyntaxError("missing ')' after a pattern")
        return tuple(patterns)

    def _loop(self, word: str) -> Loop:
        self.take(word)
        condition = self._body()
        self.expect("do")
        body = self._body()
        self.expect("done")
        return Loop(condition, body, word == "until", self._redirects())

    def _redirects(self) -> tuple[Redirect, ...]:
        found: list[Redirect] = []
        self.skip()
        while redirect := self.redirect():
            found.append(redirect)
            self.skip()
        return tuple(found)

    def _simple(self) -> Command:
        assignments: list[tuple[str, Word]] = []
        words: list[Word] = []
        redirects: list[Redirect] = []
        while True:
            self.skip()
            if redirect := self.redirect():
                redirects.append(redirect)
            elif not words and (match := _ASSIGNMENT.match(self.text, self.at)):
                if match.group(2) != "=":
                    raise UnsupportedSyntax("'+=' is not understood by every shell")
                self.at = match.end()
                assignments.append((match.group(1), self.word() or Word(())))
            elif word := self.word():
                words.append(word)
            else:
                break
        if self.starts("("):
            if len(words) == 1 or (assignments and not words):
                raise UnsupportedSyntax("a function or an array")
            raise ShellSyntaxError("unexpected '('")
        if not (assignments or words or redirects):
            raise ShellSyntaxError("a command is missing")
        return Command(tuple(assignments), tuple(words), tuple(redirects))
