"""Assignment and Task: what a course author writes, as pydantic models."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from dockgrader.assignment.links import Flaw, doubles, flaws_of
from dockgrader.kinds.base import Identifier, Spec, Text
from dockgrader.kinds.cgroup import CgroupCheck
from dockgrader.kinds.compose import ComposeCheck
from dockgrader.kinds.container import ContainerCheck
from dockgrader.kinds.exec import ExecCheck
from dockgrader.kinds.health import HealthCheck
from dockgrader.kinds.http import HttpCheck
from dockgrader.kinds.image import ImageCheck
from dockgrader.kinds.volume import VolumeCheck

AnyCheck = Annotated[
    CgroupCheck
    | ComposeCheck
    | ContainerCheck
    | ExecCheck
    | HealthCheck
    | HttpCheck
    | ImageCheck
    | VolumeCheck,
    Field(discriminator="kind"),
]


class Task(Spec):
    """A part of an assignment that can be graded alone."""

    id: Identifier = Field(description="The task's name")
    title: Text = Field(description="What is to be done, as a student reads it")
    checks: list[AnyCheck] = Field(min_length=1, max_length=200, description="What is checked")

    @model_validator(mode="after")
    def _sound(self) -> Self:
        _refuse(flaws_of([(check.id, check.needs) for check in self.checks]))
        return self

    def ordered(self) -> Iterator[AnyCheck]:
        """The checks, each after those that it needs."""
        done: set[str] = set()
        waiting = list(self.checks)
        while waiting:
            ready = next(check for check in waiting if done.issuperset(check.needs))
            waiting.remove(ready)
            done.add(ready.id)
            yield ready


class Assignment(Spec):
    """A list of tasks."""

    id: Identifier = Field(description="The assignment's name")
    title: Text = Field(description="The assignment's title")
    parameters: dict[str, Any] = Field(
        {},
        description="Values that differ from student to student, by name; ${name} stands for one in any text",
    )
    tasks: list[Task] = Field(min_length=1, max_length=100, description="The tasks")

    @model_validator(mode="after")
    def _sound(self) -> Self:
        _refuse(doubles([task.id for task in self.tasks], "tasks"))
        return self


def _refuse(flaws: Iterator[Flaw]) -> None:
    for _, message in flaws:
        raise ValueError(message)
