"""Puts values in the place of `${name}`, wherever that stands in an assignment's plain data.

It is done before anything is validated, so that kinds, those of packages too, need not know of it. Compose writes
variables in the same way; here as there `$${` is a literal `${`. What is no declared name is an error, so that a
shell's `${HOME}` is never replaced, nor left, by accident.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from dockgrader.assignment.parameters import declared, text_of
from dockgrader.assignment.problem import Problem, refusal
from dockgrader.assignment.problems import problem_at
from dockgrader.assignment.source import Path, Source, Value, Values
from dockgrader.assignment.wording import shown, unknown
from dockgrader.units import parse_size

_REFERENCE = re.compile(r"\$\$\{|\$\{([^{}]*)\}|\$\{")
_WHOLE = re.compile(r"\$\{([^{}]*)\}")
_BYTES = ".bytes"


class Unfilled(ValueError):
    """A reference that means nothing; the message says why."""


def given(source: Source, values: Values, *, titles: bool = True) -> Source:
    """The assignment with these values in it; without `titles` the references stay in titles.

    Raises AssignmentError for references to what is not declared or has no value here, for parameters that are
    used nowhere, and where every student must have the same (ids, points).
    """
    filling = _Filling(source, values, titles)
    data = {key: filling.filled(value, (key,)) for key, value in source.data.items() if key != "parameters"}
    problems = list(filling.problems.values())
    names = declared(source)
    if not problems:
        problems = [
            problem_at(
                source, ("parameters", name), f"it is used nowhere; write ${{{name}}} where it is meant"
            )
            for name in names
            if name not in filling.used
        ]
    if problems:
        raise refusal(sorted(problems, key=lambda problem: (problem.line, problem.column)))
    return replace(source, data={**data, "parameters": source.data["parameters"]}, values=dict(values))


def fill(text: str, values: Values) -> str:
    """The text with values in place of the references. Raises Unfilled."""
    return _REFERENCE.sub(lambda found: _written(found, values), text)


def escape(text: str) -> str:
    """The text such that `fill` gives it back."""
    return text.replace("${", "$${")


def names_in(text: str) -> Iterator[str]:
    """The parameters that a text refers to."""
    for found in _REFERENCE.finditer(text):
        if found[1] is not None:
            yield found[1].removesuffix(_BYTES)


def _written(found: re.Match[str], values: Values) -> str:
    if found[0] == "$${":
        return "${"
    if found[1] is None:
        raise Unfilled("expected ${NAME} of a parameter; a literal ${ is written $${")
    return text_of(value_of(found[1], values))


def value_of(name: str, values: Values) -> Value:
    """The value of `name`, or of `name.bytes`, which is a size in bytes. Raises Unfilled."""
    if name in values:
        return values[name]
    base = name.removesuffix(_BYTES)
    if base not in values:
        raise Unfilled(_unknown(name, values))
    try:
        return parse_size(values[base])
    except ValueError:
        raise Unfilled(f"{base} is no size, so there is no ${{{name}}}") from None


def _unknown(name: str, known: Collection[str]) -> str:
    return f"{unknown(f'parameter {shown(name)}', name, known)}; a literal ${{ is written $${{"


class _Filling:
    def __init__(self, source: Source, values: Values, titles: bool) -> None:
        self._source, self._values, self._titles = source, values, titles
        self.problems: dict[str, Problem] = {}
        """One a text, however often that stands in the file."""
        self.used: set[str] = set()
        self._texts: dict[str, str] = {}
        """Each text is filled once: an alias can repeat a long one a hundred thousand times."""

    def filled(self, data: Any, path: Path) -> Any:
        if isinstance(data, str):
            return self._text(data, path) if "${" in data else data
        if isinstance(data, list):
            return [self.filled(item, (*path, place)) for place, item in enumerate(data)]
        return self._mapping(data, path) if isinstance(data, dict) else data

    def _mapping(self, data: Mapping[Any, Any], path: Path) -> dict[Any, Any]:
        made: dict[Any, Any] = {}
        for key, value in data.items():
            name = self._words(key, (*path, key)) if isinstance(key, str) and "${" in key else key
            if name in made:
                self._wrong(str(key), (*path, key), f"the field {shown(name)} stands there already")
            made[name] = self.filled(value, (*path, key))
        return made

    def _text(self, text: str, path: Path) -> Value:
        """A number stays one where nothing else stands there, and no quotes say that it is text."""
        whole = _WHOLE.fullmatch(text)
        words = self._words(text, path)
        if (
            whole is None
            or text in self.problems
            or not self._filled_in(path)
            or not self._source.is_plain(path)
        ):
            return words
        return value_of(whole[1], self._values)

    def _words(self, text: str, path: Path) -> str:
        names = list(names_in(text))
        self.used.update(names)
        if names and _same_for_all(path):
            self._wrong(text, path, "this is the same for every student; a parameter cannot stand here")
        if not self._filled_in(path):
            return text.replace("$${", "${")
        if text not in self._texts:
            try:
                self._texts[text] = fill(text, self._values)
            except Unfilled as error:
                self._wrong(text, path, str(error))
                self._texts[text] = text
        return self._texts[text]

    def _filled_in(self, path: Path) -> bool:
        return self._titles or "title" not in path

    def _wrong(self, text: str, path: Path, message: str) -> None:
        if text not in self.problems:
            self.problems[text] = problem_at(self._source, path, message)


def _same_for_all(path: Path) -> bool:
    """Where one assignment is one for all: else scores and statistics would mean something else for each student."""
    match path:
        case ("id",) | ("tasks", _, "id"):
            return True
        case ("tasks", _, "checks", _, "id" | "kind" | "points" | "needs" | "visibility", *_):
            return True
        case ("tasks", _, "checks", _, "mistakes", _, "code"):
            return True
    return False
