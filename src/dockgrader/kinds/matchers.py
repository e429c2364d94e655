"""Plain matchers that an author writes: a value, or one of a few comparisons.

A string is compared with the text of what was found, so that `500000000` and `"500000000"` mean the same.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

Scalar = Annotated[
    bool | int | float | str | None, Field(description="A plain value", union_mode="left_to_right")
]


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"no regular expression: {error}") from None
    return pattern


Pattern = Annotated[str, AfterValidator(_compiles)]
"""A regular expression in Python's syntax, which compiles."""


class Comparison(BaseModel):
    """All the comparisons that are given must hold."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    equals: Any = Field(None, description="Exactly this value")
    one_of: list[Any] | None = Field(None, description="One of these values")
    at_least: float | None = Field(None, description="A number not below this")
    at_most: float | None = Field(None, description="A number not above this")
    contains: Any = Field(None, description="A text, list or object that contains this")
    matches: Pattern | None = Field(
        None, description="A regular expression found in the text (Python's syntax)"
    )
    not_: Matcher | None = Field(None, alias="not", description="The opposite of a matcher")

    @model_validator(mode="after")
    def _says_something(self) -> Comparison:
        if not self.model_fields_set:
            raise ValueError("expected one of equals, one_of, at_least, at_most, contains, matches, not")
        for name in ("one_of", "at_least", "at_most", "matches"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise ValueError(f"{name}: expected a value, found nothing, which would match anything")
        return self


Matcher = Comparison | bool | int | float | str | None | list[Any]


def matches(matcher: Any, value: Any) -> bool:
    """Whether a value is as a matcher says."""
    if not isinstance(matcher, Comparison):
        return same(matcher, value)
    given = matcher.model_fields_set
    return all(
        (
            "equals" not in given or same(matcher.equals, value),
            matcher.one_of is None or any(same(one, value) for one in matcher.one_of),
            matcher.at_least is None or (_number(value) and value >= matcher.at_least),
            matcher.at_most is None or (_number(value) and value <= matcher.at_most),
            "contains" not in given or _contains(value, matcher.contains),
            matcher.matches is None or (value is not None and bool(re.search(matcher.matches, _text(value)))),
            "not_" not in given or not matches(matcher.not_, value),
        )
    )


def same(expected: Any, value: Any) -> bool:
    """Equal, numbers and their texts alike; true is not 1."""
    if isinstance(expected, bool) or isinstance(value, bool):
        return expected is value or (isinstance(expected, str) and expected == _text(value))
    if isinstance(expected, str) and isinstance(value, int | float):
        return expected == _text(value)
    if isinstance(value, str) and isinstance(expected, int | float):
        return value == _text(expected)
    return bool(expected == value)


def described(matcher: Any) -> Any:
    """The expectation as a raw JSON value: the value itself, or the comparison as an object."""
    if not isinstance(matcher, Comparison):
        return matcher
    return matcher.model_dump(by_alias=True, exclude_unset=True)


def _contains(value: Any, part: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(same(part, item) for item in value)
    if isinstance(value, dict):
        return str(part) in value
    return value is not None and _text(part) in _text(value)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(value: Any) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
