"""The model of assignments with the kinds that few have, and with those that installed packages add.

Apart from `model`, so that an assignment of the core's kinds imports no others and looks up no packages.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Annotated, Any, Union

from pydantic import Field, create_model

from dockgrader.assignment.loading import Loaded
from dockgrader.assignment.model import AnyCheck, Assignment, Task
from dockgrader.assignment.source import Path
from dockgrader.kinds import plugins
from dockgrader.kinds.base import SELDOM, Check


@cache
def model_with(kinds: frozenset[str] | None) -> type[Assignment]:
    """Assignments that may have these kinds too, or with None all that there are.

    The others are known by name only, and not imported.
    """
    ours_only = kinds is not None and kinds <= SELDOM.keys()
    names = [*SELDOM, *([] if ours_only else plugins.names())]
    branches = [
        plugins.branch(name) if kinds is None or name in kinds else plugins.stand_in(name, "")
        for name in names
    ]
    check: Any = Annotated[Union[(AnyCheck, *branches)], Field(discriminator="kind")]
    checks = Task.model_fields["checks"]
    task: Any = create_model(
        "Task",
        __base__=Task,
        __doc__=Task.__doc__,
        checks=(Annotated[list[check], *checks.metadata], Field(description=checks.description)),
    )
    tasks = Assignment.model_fields["tasks"]
    return create_model(
        "Assignment",
        __base__=Assignment,
        __doc__=Assignment.__doc__,
        tasks=(Annotated[list[task], *tasks.metadata], Field(description=tasks.description)),
    )


def unusable(loaded: Loaded) -> Iterator[tuple[Path, str]]:
    """Where a kind stands that cannot be used, and why."""
    for number, task in enumerate(loaded.assignment.tasks):
        checks: Sequence[Check] = task.checks
        for place, check in enumerate(checks):
            if isinstance(check, plugins.Unusable):
                yield ("tasks", number, "checks", place, "kind"), check.reason
