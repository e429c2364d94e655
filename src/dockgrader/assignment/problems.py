"""Says in an author's words what is wrong with an assignment, where it stands and what was meant.

pydantic's errors speak of types and of unions' branches; an author thinks in lines and fields. So each error
is followed through the model to its place in the file, and said again in plain words.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dockgrader.assignment.annotations import alternatives, fields_of, tags_of
from dockgrader.assignment.links import flaws_in
from dockgrader.assignment.places import Found, located, settled
from dockgrader.assignment.problem import Problem
from dockgrader.assignment.source import Path, Position, Source
from dockgrader.assignment.wording import (
    PHRASES,
    allowed_names,
    expectation,
    field_of,
    shown,
    unknown,
    wrong_value,
)

if TYPE_CHECKING:
    import pydantic

__all__ = ["Problem", "problem_at", "problems_from", "problems_in_assignment"]


def problem_at(source: Source, path: Path, message: str) -> Problem:
    """A problem with the value at `path` of `source.data`; it stands at the nearest parent that is there."""
    return _problem(source, path, message, source.value_position(path))


def problems_from(
    source: Source, error: pydantic.ValidationError, model: type[pydantic.BaseModel], at: Path = ()
) -> list[Problem]:
    """The problems behind `error`, sorted by position, each once.

    `model` is what was validated from `source.data`, or from the part of it at the path `at`.
    """
    found = [located(details, source.data, model, at) for details in error.errors(include_url=False)]
    problems = dict.fromkeys(_said(source, group) for group in settled(found))
    return sorted(problems, key=lambda problem: (problem.line, problem.column))


def problems_in_assignment(
    source: Source, error: pydantic.ValidationError, model: type[pydantic.BaseModel]
) -> list[Problem]:
    """All of an assignment's problems at once.

    pydantic compares the parts of a task with each other only when each is right in itself; here they are compared
    whatever else is wrong, and what they say of each other stands where it is written.
    """
    between = [problem_at(source, path, message) for path, message in flaws_in(source.data)]
    told = {problem.message for problem in between}
    alone = [problem for problem in problems_from(source, error, model) if problem.message not in told]
    return sorted([*alone, *between], key=lambda problem: (problem.line, problem.column))


def _said(source: Source, group: list[Found]) -> Problem:
    error = next((each for each in group if each.type not in PHRASES), group[0])
    path = error.place.path
    match error.type:
        case "missing":
            message = f"required field is missing{expectation(error.place.annotation)}"
            return _problem(source, path, message, source.key_position(path[:-1]))
        case "extra_forbidden":
            message = unknown("field", error.name, fields_of(error.place.owner) or ())
            return _problem(source, path, message, source.key_position(path))
        case "invalid_key":
            message = "a field's name must be text; put it in quotes"
            return _problem(source, path, message, source.key_position(path))
        case "union_tag_invalid" | "union_tag_not_found":
            return _wrong_tag(source, error)
    position = source.key_position(path) if error.place.is_key else source.value_position(path)
    return _problem(source, path, wrong_value(error, group), position)


def _wrong_tag(source: Source, error: Found) -> Problem:
    """No branch of a discriminated union has the value that stands in its field (`kind: contaner`)."""
    choices, discriminator = alternatives(error.place.annotation)
    names = re.findall(r"'([^']*)'", error.context["discriminator"]) or [discriminator or "kind"]
    path = (*error.place.path, names[0])
    tags = [tag for choice in choices for tag in tags_of(choice, names[0])]
    allowed = tags or re.findall(r"'([^']*)'", error.context.get("expected_tags", ""))
    if error.type == "union_tag_not_found":
        message = f"required field is missing; {allowed_names(allowed)}"
        return _problem(source, path, message, source.key_position(path[:-1]))
    value = error.input.get(names[0]) if isinstance(error.input, dict) else error.context["tag"]
    message = unknown(f"{names[0]} {shown(value)}", value, allowed)
    return _problem(source, path, message, source.value_position(path))


def _problem(source: Source, path: Path, message: str, position: Position) -> Problem:
    return Problem(source.file, position.line, position.column, field_of(path), message)
