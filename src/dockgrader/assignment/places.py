"""Where a pydantic error stands in the data: its `loc` followed through the annotations.

pydantic's `loc` names branches of unions and validators too, and of a union it reports every branch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, get_args

from dockgrader.assignment.annotations import alternatives, choice_of, inside, is_mapping
from dockgrader.assignment.source import Path
from dockgrader.frozen import dataclass

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


@dataclass(frozen=True)
class Place:
    """A place in the data; unlike pydantic's `loc`, its path names no branch of a union."""

    path: Path
    annotation: object  # None where it is not known
    owner: object = None  # the annotation one step up
    branches: tuple[tuple[Path, str], ...] = ()  # (path, branch) of each union without a discriminator passed
    is_key: bool = False


@dataclass(frozen=True)
class Found:
    """One of pydantic's errors, at its place."""

    type: str
    input: object
    context: Mapping[str, Any]
    text: str
    name: str | int  # the last part of pydantic's `loc`
    place: Place


def located(details: ErrorDetails, data: object, model: object, at: Path) -> Found:
    """The error with its place in `data`, of which the part at the path `at` was validated as a `model`."""
    place = Place(at, model)
    name: str | int = ""
    for name in details["loc"]:
        place = _followed(place, name, data)
    return Found(details["type"], details["input"], details.get("ctx", {}), details["msg"], name, place)


def _followed(place: Place, part: str | int, data: object) -> Place:
    choices, discriminator = alternatives(place.annotation)
    if len(choices) > 1:
        branch = () if discriminator else ((place.path, str(part)),)
        choice = choice_of(choices, discriminator, str(part))
        return replace(place, annotation=choice, branches=place.branches + branch)
    if part == "[key]" and is_mapping(place.owner):
        key_type = next(iter(get_args(place.owner)), None)
        return replace(place, annotation=key_type, is_key=True)
    path = (*place.path, part)
    annotation, known = inside(choices[0], part)
    if not known and not _exists(data, path):
        return place  # the name of a branch or a validator that the annotations do not show
    return Place(path, annotation, choices[0], place.branches)


def _exists(data: object, path: Path) -> bool:
    for part in path:
        in_list = isinstance(data, list) and isinstance(part, int) and part < len(data)
        if not in_list and not (isinstance(data, dict) and part in data):
            return False
        data = data[part]  # type: ignore[index]
    return True


def settled(found: Iterable[Found], depth: int = 0) -> list[list[Found]]:
    """Groups errors into problems: of a union, pydantic reports every branch, an author wrote only one.

    If a branch was entered (something inside of it is wrong), that is the one meant; else all of them
    together say what could stand there. `depth` counts the unions that are settled already.
    """
    groups: list[list[Found]] = []
    unions: dict[Path, dict[str, list[Found]]] = {}
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
            groups += settled(meant, depth + 1)
        else:
            groups.append([error for each in branches.values() for error in each])
    return groups
