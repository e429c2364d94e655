"""Compound commands on paper: `if`, `case`, `while` and `until`."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from fnmatch import fnmatchcase

from dockgrader.healthcheck import syntax
from dockgrader.healthcheck.expanding import Expanding
from dockgrader.healthcheck.world import IO, MAX_ROUNDS, Field, Hangs


class Compound(Expanding, ABC):
    """A shell that can decide which commands are run next, and leaves it to others to run them."""

    @abstractmethod
    def script(self, script: syntax.Script, io: IO, tested: bool = False) -> int | None:
        """The status of a list of commands; `tested` says that `set -e` is off, as in a condition."""

    def branch(self, node: syntax.If, io: IO, tested: bool) -> int | None:
        """`if`."""
        for condition, body in node.branches:
            self.script(condition, io, True)
            if self.decided() == 0:
                return self.script(body, io, tested)
        return self.script(node.otherwise, io, tested) if node.otherwise else 0

    def case(self, node: syntax.Case, io: IO, tested: bool) -> int | None:
        """`case`: the first pattern that matches decides."""
        word = self.text(node.word, io)
        if any(isinstance(part, syntax.Substitution) for part in node.word.parts):
            self.status = None  # shells differ on what `$?` is now
        for patterns, body in node.branches:
            if any(self._matches(word, pattern, io) for pattern in patterns):
                return self.script(body, io, tested)
        return 0

    def _matches(self, word: Field, pattern: syntax.Word, io: IO) -> bool:
        wanted = [self._pattern(part, io) for part in pattern.parts]
        known = [piece for piece in wanted if piece is not None]
        glob = "".join(known)
        if len(known) < len(wanted) or (word is None and glob != "*"):
            return self.log.choose("a pattern of 'case' that is not known decides")
        return fnmatchcase(word or "", glob)

    def _pattern(self, part: syntax.Part, io: IO) -> str | None:
        """A part of a pattern as fnmatch has it, None if it is not understood."""
        if isinstance(part, syntax.IfSet):
            return None
        text = part.text if isinstance(part, syntax.Literal) else self.text(syntax.Word((part,)), io)
        if text is None or part.quoted:
            return None if text is None else re.sub(r"([*?[])", r"[\1]", text)
        return (
            None
            if re.search(r"[][~\\]" if isinstance(part, syntax.Literal) else r"[][*?~\\]", text)
            else text
        )

    def loop(self, node: syntax.Loop, io: IO, tested: bool) -> int | None:
        """`while` and `until`. Raises Hangs once a round begins as one before it did, for then all others do."""
        last: int | None = 0
        begun: list[tuple[object, ...]] = []
        for _ in range(MAX_ROUNDS):
            begins = (*self.remembered(), io.stdin.text)
            if self.log.taken:
                begins = (*begins, io.out.text, io.err.text)
            if begins in begun:
                raise Hangs
            begun.append(begins)
            self.script(node.condition, io, True)
            if (self.decided() == 0) == node.until:
                return last
            last = self.script(node.body, io, tested)
        raise self.log.unclear("a loop that is not seen to end")
