"""What an author writes beside an assignment: its cases, and the blind spots that are accepted."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from dockgrader.kinds.base import Identifier, Spec, Text


def _case_name(value: str) -> str:
    if not value or len(value) > 120 or not all(part.isalnum() or part in "-_./" for part in value):
        raise ValueError(f"expected letters, digits, '-', '_', '.' and '/', found {value!r}")
    return value


CaseName = Annotated[str, AfterValidator(_case_name)]


class Case(Spec):
    """A correct solution or a mistake: its recording, and the verdicts that it must get."""

    name: CaseName = Field(description="The case's name, such as limits/decimal-megabytes")
    title: Text = Field("", description="What the student did")
    task: Identifier | None = Field(None, description="The only task that it is about; else all of them")
    recording: str = Field(
        min_length=1, description="An evidence file, beside this file: recordings/NAME.json.gz"
    )
    parameters: dict[str, str | int | float | bool] = Field(
        {}, description="The values of the assignment's parameters with which it was recorded"
    )
    expect: dict[str, str] = Field(
        {},
        description="Checks (TASK/CHECK, or CHECK where the case has a task) that do not pass: the code with "
        "which one fails, `skipped`, or `error CODE`. All others must pass; none here means a correct solution",
    )
    mutate: bool = Field(
        False, description="Change this correct solution field by field; the first one if none is chosen"
    )

    @model_validator(mode="after")
    def _only_correct_ones_are_mutated(self) -> Self:
        if self.mutate and not self.correct:
            raise ValueError("mutate: only a correct solution, one in which all checks pass, can be mutated")
        return self

    @property
    def correct(self) -> bool:
        """Whether it is a correct solution, of all or of one task."""
        return all(wanted == "passed" for wanted in self.expect.values())


class Accepted(Spec):
    """Blind spots that the author accepts: changes that may get full marks."""

    of: str = Field(
        "*",
        description="Whose: a container's name, a Compose service's, or that of another fact; * is anything",
    )
    mutants: list[str] = Field([], description="Names of mutants, such as port.moved or state.*")
    fields: list[str] = Field(
        [], description="Fields that no mutant names, such as HostConfig.RestartPolicy.*"
    )
    reason: str = Field(min_length=10, description="Why this does not matter")

    @model_validator(mode="after")
    def _says_what(self) -> Self:
        if not self.mutants and not self.fields:
            raise ValueError("expected mutants:, fields: or both")
        for name in self.mutants:
            if "." not in name or "*" in name.partition(".")[0]:
                raise ValueError(f"expected a mutant's name such as port.moved or port.*, found {name!r}")
        return self


class Cases(Spec):
    """The cases of an assignment, in `checks/NAME/cases.yaml` beside `checks/NAME.yaml`."""

    cases: list[Case] = Field(max_length=2000, description="Correct solutions and mistakes")
    accepted: list[Accepted] = Field([], description="Blind spots that are accepted, each with a reason")

    @model_validator(mode="after")
    def _sound(self) -> Self:
        names = [case.name for case in self.cases]
        doubles = sorted({name for name in names if names.count(name) > 1})
        if doubles:
            raise ValueError(f"two cases have the same name '{doubles[0]}'")
        return self
