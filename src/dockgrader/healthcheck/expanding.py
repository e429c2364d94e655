"""A shell that expands the words of a command: its variables, and what other commands print."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Sequence

from dockgrader.healthcheck import syntax
from dockgrader.healthcheck.expansion import fields_of, literal
from dockgrader.healthcheck.state import State
from dockgrader.healthcheck.world import FAILURE, IO, Field


class Expanding(State, ABC):
    """It leaves it to others to run commands."""

    @abstractmethod
    def output(self, script: syntax.Script, io: IO) -> Field:
        """What a command substitution stands for."""

    def fields(self, words: Sequence[syntax.Word], io: IO) -> list[Field]:
        """The fields of a command."""
        first = literal(words[0]) if words else None
        found: list[Field] = []
        for word in words:
            fields = self.expand(word, io, split=first != "[[")
            if first == "export" and fields == [None]:
                self._export_unknown(word)
            else:
                found += fields
        return found

    def _export_unknown(self, word: syntax.Word) -> None:
        """`export NAME=…` with a value that is not known."""
        plain = itertools.takewhile(lambda part: isinstance(part, syntax.Literal), word.parts)
        name, equals, _ = "".join(part.text for part in plain if isinstance(part, syntax.Literal)).partition(
            "="
        )
        if not equals:
            raise self.log.unclear("'export' with something that is not followed here")
        self.export("export", [f"{name}="])
        self.variables[name] = None

    def text(self, word: syntax.Word, io: IO) -> Field:
        """A word where it is not split: the value of an assignment, the target of a redirection."""
        fields = self.expand(word, io, split=False)
        return fields[0] if fields else ""

    def expand(self, word: syntax.Word, io: IO, *, split: bool) -> list[Field]:
        """The fields of a word."""
        if split and len(word.parts) == 1 and isinstance(word.parts[0], syntax.IfSet):
            part = word.parts[0]
            if self.variables.get(part.name) or self.log.choose_set(part.name):
                return [field for inner in part.words for field in self.expand(inner, io, split=True)]
            return []
        return fields_of(word, lambda part: self._value(part, io), split=split)

    def _value(self, part: syntax.Variable | syntax.Substitution | syntax.IfSet, io: IO) -> Field:
        if isinstance(part, syntax.IfSet):
            raise self.log.unclear("a '${…}' that is more than a name")
        text = self._variable(part.name) if isinstance(part, syntax.Variable) else self.output(part.body, io)
        self.log.spend(1 + len(text or "") // 64)
        return text

    def _variable(self, name: str) -> Field:
        if name == "?":
            return None if self.status in (None, FAILURE) else str(self.status)
        return self.variables.get(name)
