"""What an author declares under `parameters:`: lists and ranges of which each student gets one value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple, Self

from pydantic import AfterValidator, Field, RootModel, ValidationError, WithJsonSchema, model_validator

from dockgrader.assignment.problem import refusal
from dockgrader.assignment.problems import problems_from
from dockgrader.assignment.source import Source, Value
from dockgrader.kinds.base import Spec, Text
from dockgrader.report.model import whole
from dockgrader.units import NANO, exact_size, parse_cpus, parse_size

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
_MOST = 1_000_000_000
_LONGEST = 200  # characters: a file of 1 MiB may name a text very often


def _name(value: str) -> str:
    # Small letters, so that a variable of a shell is rarely taken for a parameter.
    if not _NAME.fullmatch(value):
        raise ValueError(f"expected small letters, digits and '_', a letter first, found {value[:60]!r}")
    return value


Name = Annotated[
    str, AfterValidator(_name), WithJsonSchema({"type": "string", "pattern": f"^{_NAME.pattern}$"})
]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Number = int | Finite | str
Scalar = bool | int | Finite | str


class _Range(NamedTuple):
    """Whole numbers `first`, `first + step`, …, so `many`: of nothing (`unit` ""), billionths ("cpu"), or bytes."""

    first: int
    step: int
    many: int
    unit: str

    def written(self, number: int) -> Value:
        """As an author writes it."""
        if self.unit == "":
            return number
        return whole(number / NANO) if self.unit == "cpu" else exact_size(number, self.unit)


class Parameter(Spec):
    """A value of which each student gets another one: from a list, or from a range in equal steps."""

    one_of: list[Scalar] | None = Field(
        None, min_length=2, max_length=200, description="The values: texts, numbers, true and false"
    )
    from_: Number | None = Field(
        None, alias="from", description="The least value: a whole number, a size or a number of CPUs"
    )
    to: Number | None = Field(None, description="The greatest value, which the steps must reach")
    step: Number | None = Field(
        None, description="From value to value; 1 if left out, for whole numbers only"
    )
    description: Text = Field("", description="For authors; students never see it")

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.one_of is None:
            self._range()
        else:
            if any(given is not None for given in (self.from_, self.to, self.step)):
                raise ValueError("expected either one_of, or from and to")
            texts = [text_of(value) for value in self.one_of]
            for text in texts:
                if len(text) > _LONGEST:
                    raise ValueError(f"one_of: expected at most {_LONGEST} characters, found {len(text)}")
                if texts.count(text) > 1:
                    raise ValueError(f"one_of: {text[:60]!r} stands there twice")
        return self

    @property
    def count(self) -> int:
        """How many values there are."""
        return self._range().many if self.one_of is None else len(self.one_of)

    def value(self, index: int) -> Value:
        """The value at a place, from 0."""
        if self.one_of is not None:
            return self.one_of[index]
        of = self._range()
        return of.written(of.first + index * of.step)

    def place(self, value: object) -> int | None:
        """The place of a value that somebody wrote; None if it is none of them."""
        if self.one_of is not None:
            texts = [text_of(each) for each in self.one_of]
            return texts.index(text_of(value)) if text_of(value) in texts else None
        of = self._range()
        try:
            steps, rest = divmod(_parsed(value, of.unit) - of.first, of.step)
        except ValueError:
            return None
        return steps if rest == 0 and 0 <= steps < of.many else None

    def _range(self) -> _Range:
        if self.from_ is None or self.to is None:
            raise ValueError("expected one_of: [VALUE, …], or from: and to:")
        given = [number for number in (self.step, self.from_, self.to) if number is not None]
        texts = [number for number in given if isinstance(number, str)]
        unit = texts[0] if texts else "cpu" if any(isinstance(number, float) for number in given) else ""
        if self.step is None and unit:
            raise ValueError("step: is needed for sizes and CPUs")
        first, last = _parsed(self.from_, unit), _parsed(self.to, unit)
        step = 1 if self.step is None else _parsed(self.step, unit)
        if step <= 0:
            raise ValueError(f"step: expected more than 0, found {self.step!r}")
        if last <= first:
            raise ValueError(f"to: expected more than {self.from_!r}, found {self.to!r}")
        steps, rest = divmod(last - first, step)
        found = _Range(first, step, steps + 1, unit)
        if rest:
            reached = found.written(last - rest)
            raise ValueError(f"to: the steps do not reach {self.to!r}; the last one before it is {reached!r}")
        if found.many > _MOST:
            raise ValueError(f"expected at most {_MOST} values, found {found.many}")
        return found


class Parameters(RootModel[Annotated[dict[Name, Parameter], Field(min_length=1, max_length=50)]]):
    """All that stands under `parameters:`."""


def declared(source: Source) -> Mapping[str, Parameter]:
    """The parameters of an assignment by name. Raises AssignmentError with all that is wrong in them."""
    try:
        return Parameters.model_validate(source.data["parameters"]).root
    except ValidationError as error:
        raise refusal(problems_from(source, error, Parameters, at=("parameters",))) from None


def text_of(value: object) -> str:
    """A value inside of a text, as YAML has it: `true`, not `True`."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def in_words(values: Mapping[str, object]) -> str:
    """For people: `memory = 256MiB, port = 6123`."""
    return ", ".join(f"{name} = {text_of(value)}" for name, value in values.items())


def _parsed(number: Any, unit: str) -> int:
    if unit == "cpu":
        return parse_cpus(number)
    if unit:
        return parse_size(number)
    if isinstance(number, bool) or not isinstance(number, int):
        raise ValueError(f"expected a whole number, found {number!r}")
    return number
