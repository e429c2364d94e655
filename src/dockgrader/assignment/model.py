"""Assignment and Task: what a course author writes, as pydantic models."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import Field, model_validator

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
        _refuse_doubles([check.id for check in self.checks], "checks")
        known = {check.id: check.needs for check in self.checks}
        for check in self.checks:
            for need in check.needs:
                if need not in known:
                    raise ValueError(f"the check '{check.id}' needs '{need}', which is no check of this task")
        if circle := _circle(known):
            raise ValueError(f"prerequisites go in a circle: {' needs '.join(circle)}")
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
    tasks: list[Task] = Field(min_length=1, max_length=100, description="The tasks")

    @model_validator(mode="after")
    def _sound(self) -> Self:
        _refuse_doubles([task.id for task in self.tasks], "tasks")
        return self


def _refuse_doubles(ids: list[str], what: str) -> None:
    doubles = sorted({name for name in ids if ids.count(name) > 1})
    if doubles:
        raise ValueError(f"two {what} have the same id '{doubles[0]}'")


def _circle(needs: dict[str, list[str]]) -> list[str]:
    """One circle of prerequisites, [] when there is none."""
    done: set[str] = set()
    for start in needs:
        path, stack = [start], [iter(needs[start])]
        while stack:
            following = next(stack[-1], None)
            if following is None:
                done.add(path.pop())
                stack.pop()
            elif following in path:
                return [*path[path.index(following) :], following]
            elif following not in done:
                path.append(following)
                stack.append(iter(needs[following]))
    return []
