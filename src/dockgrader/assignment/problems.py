"""Says in an author's words what is wrong with an assignment, where it stands and what was meant.

pydantic's errors speak of types and of unions' branches; an author thinks in lines and fields. So each error
is followed through the model to its place in the file, and said again in plain words.
"""

from __future__ import annotations

import difflib
import enum
import re
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from dockgrader.assignment.source import Path, Position, Source, escaped

if TYPE_CHECKING:
    import pydantic
    from pydantic_core import ErrorDetails

_EXPECTED = {
    "int_type int_parsing int_from_float int_parsing_size": "a whole number",
    "float_type float_parsing decimal_type decimal_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type bool_parsing": "true or false",
    "string_type string_sub_type string_unicode": "text",
    "list_type tuple_type set_type frozen_set_type iterable_type": "a list",
    "dict_type mapping_type model_type model_attributes_type dataclass_type": "a mapping",
    "none_required": "nothing",
    "literal_error enum": "{expected}",
    "greater_than_equal": "{ge} or more",
    "greater_than": "more than {gt}",
    "less_than_equal": "{le} or less",
    "less_than": "less than {lt}",
    "multiple_of": "a multiple of {multiple_of}",
    "string_too_short": "text of {min_length} or more characters",
    "string_too_long": "text of {max_length} or fewer characters",
    "string_pattern_mismatch": "text that matches {pattern}",
    "too_short": "{min_length} or more entries",
    "too_long": "{max_length} or fewer entries",
}
_PHRASES = {name: phrase for names, phrase in _EXPECTED.items() for name in names.split()}
_TYPE_NAMES = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
_MAX_NAMES = 30  # in one message
_MAX_MESSAGE = 500  # characters of a message that a validator wrote


@dataclass(frozen=True)
class Problem:
    """One thing to correct in an assignment.

    Line and column count from 1; `field` reads `tasks[0].checks[2].points`, "" for the whole file. `str()` is
    safe to print.
    """

    file: str
    line: int
    column: int
    field: str
    message: str

    def __str__(self) -> str:
        field = f"{self.field}: " if self.field else ""
        return f"{escaped(self.file, 1000)}:{self.line}:{self.column}: {field}{self.message}"


def problem_at(source: Source, path: Path, message: str) -> Problem:
    """A problem with the value at `path` of `source.data`; it stands at the nearest parent that is there."""
    return _problem(source, path, message, source.value_position(path))


def problems_from(
    source: Source, error: pydantic.ValidationError, model: type[pydantic.BaseModel], at: Path = ()
) -> list[Problem]:
    """The problems behind `error`, sorted by position, each once.

    `model` is what was validated from `source.data`, or from the part of it at the path `at`.
    """
    found = [_located(details, source, model, at) for details in error.errors(include_url=False)]
    problems = dict.fromkeys(_said(source, group) for group in _settled(found, 0))
    return sorted(problems, key=lambda problem: (problem.line, problem.column))


# Where an error is: pydantic's `loc` followed through the annotations.


@dataclass(frozen=True)
class _Place:
    """A place in the data; unlike pydantic's `loc`, its path names no branch of a union."""

    path: Path
    annotation: object  # None where it is not known
    owner: object = None  # the annotation one step up
    branches: tuple[tuple[Path, str], ...] = ()  # (path, branch) of each union without a discriminator passed
    is_key: bool = False


@dataclass(frozen=True)
class _Found:
    type: str
    input: object
    context: Mapping[str, Any]
    text: str
    name: str | int  # the last part of pydantic's `loc`
    place: _Place


def _located(details: ErrorDetails, source: Source, model: object, at: Path) -> _Found:
    place = _Place(at, model)
    name: str | int = ""
    for name in details["loc"]:
        place = _followed(place, name, source.data)
    return _Found(details["type"], details["input"], details.get("ctx", {}), details["msg"], name, place)


def _followed(place: _Place, part: str | int, data: object) -> _Place:
    choices, discriminator = _alternatives(place.annotation)
    if len(choices) > 1:
        branch = () if discriminator else ((place.path, str(part)),)
        choice = _choice(choices, discriminator, str(part))
        return replace(place, annotation=choice, branches=place.branches + branch)
    if part == "[key]" and _is_mapping(place.owner):
        key_type = next(iter(get_args(place.owner)), None)
        return replace(place, annotation=key_type, is_key=True)
    path = (*place.path, part)
    annotation, known = _inside(choices[0], part)
    if not known and not _exists(data, path):
        return place  # the name of a branch or a validator that the annotations do not show
    return _Place(path, annotation, choices[0], place.branches)


def _alternatives(annotation: Any) -> tuple[Sequence[object], str]:
    """The branches of `annotation` (one if it is no union, None left out), and their discriminating field."""
    discriminator = ""
    while True:
        if get_origin(annotation) is Annotated:
            annotation, *notes = get_args(annotation)
            discriminator = _discriminator(notes) or discriminator
        elif hasattr(annotation, "annotation"):  # a pydantic FieldInfo
            discriminator = _discriminator([annotation, *annotation.metadata]) or discriminator
            annotation = annotation.annotation
        elif getattr(annotation, "__pydantic_root_model__", False):
            annotation = annotation.model_fields["root"]
        elif hasattr(annotation, "__value__"):  # a `type` alias
            annotation = annotation.__value__
        elif get_origin(annotation) in (Union, types.UnionType):
            choices = [each for each in get_args(annotation) if each is not type(None)]
            if len(choices) > 1:
                return choices, discriminator
            annotation = choices[0]
        else:
            return (annotation,), ""


def _discriminator(notes: Iterable[object]) -> str:
    """The field that discriminates; "()" for a function, which has branches but no field; else ""."""
    for note in notes:
        found = getattr(note, "discriminator", None)
        found = getattr(found, "discriminator", found)  # Field(discriminator=Discriminator(…))
        if found:
            return found if isinstance(found, str) else "()"
    return ""


def _choice(choices: Iterable[object], discriminator: str, branch: str) -> object:
    """The one of `choices` that pydantic calls `branch`; None if it cannot be told."""
    if discriminator:
        choice = next((each for each in choices if branch in _tags(each, discriminator)), None)
        inner, its_discriminator = _alternatives(choice)
        if len(inner) > 1 and its_discriminator == discriminator:  # pydantic names such a branch once
            return _choice(inner, discriminator, branch)
        return choice
    bare = ((_alternatives(each)[0][0], each) for each in choices)
    names = {re.escape(getattr(get_origin(kind) or kind, "__name__", "?")): each for kind, each in bare}
    called = (name for find in (re.match, re.search) for name in names if find(rf"{name}\b", branch))
    return names.get(next(called, ""))


def _tags(annotation: object, discriminator: str) -> Iterator[str]:
    """The values of the field `discriminator` that `annotation`'s models accept."""
    if get_origin(annotation) is Annotated:
        yield from (str(note.tag) for note in get_args(annotation)[1:] if hasattr(note, "tag"))
    choices = _alternatives(annotation)[0]
    if len(choices) > 1:
        for choice in choices:
            yield from _tags(choice, discriminator)
    else:
        yield from map(str, _values((_fields(choices[0]) or {}).get(discriminator)))


def _fields(annotation: Any) -> dict[str, Any] | None:
    """Each field of a model by the name that an author writes; None if `annotation` is no model."""
    if not hasattr(annotation, "model_fields"):
        return None
    annotation.model_rebuild(raise_errors=False)  # else a name defined after the model may be unresolved
    fields = annotation.model_fields.items()
    return {f.validation_alias if isinstance(f.validation_alias, str) else name: f for name, f in fields}


def _inside(annotation: object, part: str | int) -> tuple[object, bool]:
    """The annotation of what stands at `part` in an `annotation`, and whether that has parts at all."""
    fields = _fields(annotation)
    if fields is not None:
        return fields.get(str(part)), True
    container, arguments = get_origin(annotation) or annotation, get_args(annotation)
    if not isinstance(container, type) or not issubclass(container, Iterable) or issubclass(container, str):
        return None, False
    return arguments[-1 if _is_mapping(annotation) else 0] if arguments else None, True


def _is_mapping(annotation: object) -> bool:
    container = get_origin(annotation) or annotation
    return isinstance(container, type) and issubclass(container, Mapping)


def _values(annotation: object) -> list[object]:
    """What a Literal or an Enum allows; [] for anything else."""
    values: list[object] = []
    for choice in _alternatives(annotation)[0]:
        if get_origin(choice) is Literal:
            values += get_args(choice)
        elif isinstance(choice, enum.EnumType):
            values += choice
    return [each.value if isinstance(each, enum.Enum) else each for each in values]


def _exists(data: object, path: Path) -> bool:
    for part in path:
        inside = isinstance(data, list) and isinstance(part, int) and part < len(data)
        if not inside and not (isinstance(data, dict) and part in data):
            return False
        data = data[part]  # type: ignore[index]
    return True


def _settled(found: Iterable[_Found], depth: int) -> list[list[_Found]]:
    """Groups errors into problems: of a union, pydantic reports every branch, an author wrote only one.

    If a branch was entered (something inside of it is wrong), that is the one meant; else all of them
    together say what could stand there.
    """
    groups: list[list[_Found]] = []
    unions: dict[Path, dict[str, list[_Found]]] = {}
    for error in found:
        if len(error.place.branches) <= depth:
            groups.append([error])
        else:
            path, branch = error.place.branches[depth]
            unions.setdefault(path, {}).setdefault(branch, []).append(error)
    for path, branches in unions.items():
        entered = [each for each in branches.values() if any(error.place.path != path for error in each)]
        if entered:
            meant = min(entered, key=len)
            groups += _settled(meant, depth + 1)
        else:
            groups.append([error for each in branches.values() for error in each])
    return groups


# What to say about it.


def _said(source: Source, group: list[_Found]) -> Problem:
    error = next((each for each in group if each.type not in _PHRASES), group[0])
    path = error.place.path
    match error.type:
        case "missing":
            message = f"required field is missing{_expectation(error.place.annotation)}"
            return _problem(source, path, message, source.key_position(path[:-1]))
        case "extra_forbidden":
            message = _unknown("field", error.name, _fields(error.place.owner) or ())
            return _problem(source, path, message, source.key_position(path))
        case "invalid_key":
            message = "a field's name must be text; put it in quotes"
            return _problem(source, path, message, source.key_position(path))
        case "union_tag_invalid" | "union_tag_not_found":
            return _wrong_tag(source, error)
    position = source.key_position(path) if error.place.is_key else source.value_position(path)
    return _problem(source, path, _wrong_value(error, group), position)


def _wrong_tag(source: Source, error: _Found) -> Problem:
    """No branch of a discriminated union has the value that stands in its field (`kind: contaner`)."""
    choices, discriminator = _alternatives(error.place.annotation)
    names = re.findall(r"'([^']*)'", error.context["discriminator"]) or [discriminator or "kind"]
    path = (*error.place.path, names[0])
    tags = [tag for choice in choices for tag in _tags(choice, names[0])]
    allowed = tags or re.findall(r"'([^']*)'", error.context.get("expected_tags", ""))
    if error.type == "union_tag_not_found":
        message = f"required field is missing; {_allowed(allowed)}"
        return _problem(source, path, message, source.key_position(path[:-1]))
    value = error.input.get(names[0]) if isinstance(error.input, dict) else error.context["tag"]
    message = _unknown(f"{names[0]} {_shown(value)}", value, allowed)
    return _problem(source, path, message, source.value_position(path))


def _wrong_value(error: _Found, group: list[_Found]) -> str:
    if error.type in ("value_error", "assertion_error"):
        own = str(error.context.get("error") or re.sub("^(Value error|Assertion failed), ", "", error.text))
        return escaped(own, _MAX_MESSAGE)
    if error.type not in _PHRASES:
        text = re.sub("^Input should be ", "expected ", error.text)
        return escaped(f"{text}, found {_shown(error.input)}", _MAX_MESSAGE)
    phrases = [_phrase(each) for each in group]
    said = f"expected {' or '.join(dict.fromkeys(phrases))}, found {_shown(error.input)}"
    if "text" in phrases and isinstance(error.input, bool | int | float):
        said += "; put it in quotes if it is text"
    literals = [name for phrase in phrases for name in re.findall(r"'([^']*)'", phrase)]
    return escaped(said, _MAX_MESSAGE) + _near(error.input, literals)


def _phrase(error: _Found) -> str:
    whole = {k: int(v) for k, v in error.context.items() if isinstance(v, float) and v.is_integer()}
    return _PHRASES[error.type].format(**{**error.context, **whole})  # 0 rather than 0.0


def _unknown(what: str, name: object, allowed: Iterable[str]) -> str:
    allowed = list(allowed)
    near = _near(name, allowed)
    return f"unknown {what}{near}{' ' if near else '; '}{_allowed(allowed)}"


def _allowed(names: Sequence[str]) -> str:
    more = ", …" if len(names) > _MAX_NAMES else ""
    return f"allowed: {', '.join(names[:_MAX_NAMES])}{more}"


def _near(value: object, names: Iterable[str]) -> str:
    if not isinstance(value, str):
        return ""
    by_lower = {name.lower(): name for name in names}
    near = difflib.get_close_matches(value[:100].lower(), by_lower, 1)
    return f"; did you mean '{by_lower[near[0]]}'?" if near else ""


def _expectation(annotation: object) -> str:
    """ "; expected text" for a field that is not there; "" if it cannot be said in a word."""
    phrases: list[str] = [_shown(value) for value in _values(annotation)]
    for choice in _alternatives(annotation)[0]:
        container = get_origin(choice) or choice
        if _fields(choice) is not None or container is dict:
            phrases.append("a mapping")
        elif container is list or container is tuple:
            phrases.append("a list")
        elif isinstance(container, type) and container in _TYPE_NAMES:
            phrases.append(_TYPE_NAMES[container])
    return f"; expected {' or '.join(dict.fromkeys(phrases))}" if phrases else ""


def _shown(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case str():
            return f"'{escaped(value)}'"
        case list():
            return f"a list of {len(value)}" if value else "an empty list"
        case dict():
            return "a mapping" if value else "an empty mapping"
    return escaped(str(value))


def _problem(source: Source, path: Path, message: str, position: Position) -> Problem:
    return Problem(source.file, position.line, position.column, _field(path), message)


def _field(path: Path) -> str:
    field = ""
    for part in path:
        if isinstance(part, int):
            field += f"[{part}]"
        elif re.fullmatch(r"[\w-]+", part):
            field += f".{part}" if field else part
        else:
            field += f"['{escaped(part)}']"
    return field
