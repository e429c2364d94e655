"""What the annotations of a pydantic model allow: branches of unions, fields, literal values."""

from __future__ import annotations

import enum
import re
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, Union, get_args, get_origin


def alternatives(annotation: Any) -> tuple[Sequence[object], str]:
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


def choice_of(choices: Iterable[object], discriminator: str, branch: str) -> object:
    """The one of `choices` that pydantic calls `branch`; None if it cannot be told."""
    if discriminator:
        choice = next((each for each in choices if branch in tags_of(each, discriminator)), None)
        inner, its_discriminator = alternatives(choice)
        if len(inner) > 1 and its_discriminator == discriminator:  # pydantic names such a branch once
            return choice_of(inner, discriminator, branch)
        return choice
    bare = ((alternatives(each)[0][0], each) for each in choices)
    names = {re.escape(getattr(get_origin(kind) or kind, "__name__", "?")): each for kind, each in bare}
    called = (name for find in (re.match, re.search) for name in names if find(rf"{name}\b", branch))
    return names.get(next(called, ""))


def tags_of(annotation: object, discriminator: str) -> Iterator[str]:
    """The values of the field `discriminator` that `annotation`'s models accept."""
    if get_origin(annotation) is Annotated:
        yield from (str(note.tag) for note in get_args(annotation)[1:] if hasattr(note, "tag"))
    choices = alternatives(annotation)[0]
    if len(choices) > 1:
        for choice in choices:
            yield from tags_of(choice, discriminator)
    else:
        yield from map(str, values_of((fields_of(choices[0]) or {}).get(discriminator)))


def fields_of(annotation: Any) -> dict[str, Any] | None:
    """Each field of a model by the name that an author writes; None if `annotation` is no model."""
    if not hasattr(annotation, "model_fields"):
        return None
    annotation.model_rebuild(raise_errors=False)  # else a name defined after the model may be unresolved
    fields = annotation.model_fields.items()
    return {f.validation_alias if isinstance(f.validation_alias, str) else name: f for name, f in fields}


def inside(annotation: object, part: str | int) -> tuple[object, bool]:
    """The annotation of what stands at `part` in an `annotation`, and whether that has parts at all."""
    fields = fields_of(annotation)
    if fields is not None:
        return fields.get(str(part)), True
    container, arguments = get_origin(annotation) or annotation, get_args(annotation)
    if not isinstance(container, type) or not issubclass(container, Iterable) or issubclass(container, str):
        return None, False
    return arguments[-1 if is_mapping(annotation) else 0] if arguments else None, True


def is_mapping(annotation: object) -> bool:
    """Is it a dict, or another mapping?"""
    container = get_origin(annotation) or annotation
    return isinstance(container, type) and issubclass(container, Mapping)


def values_of(annotation: object) -> list[object]:
    """What a Literal or an Enum allows; [] for anything else."""
    values: list[object] = []
    for choice in alternatives(annotation)[0]:
        if get_origin(choice) is Literal:
            values += get_args(choice)
        elif isinstance(choice, enum.EnumType):
            values += choice
    return [each.value if isinstance(each, enum.Enum) else each for each in values]
