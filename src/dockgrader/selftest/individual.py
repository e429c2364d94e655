"""Parameters in a selftest: each case has its own values, and a solution must not pass for another student's.

A correct solution that was recorded with one value is graded as that of a student with another one. Where it gets
full marks all the same, nothing looks at the parameter, and answers can be passed on.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from dockgrader.assignment.loading import Loaded, validated
from dockgrader.assignment.model import Task
from dockgrader.assignment.parameters import Parameter, declared, text_of
from dockgrader.assignment.references import given
from dockgrader.assignment.source import Source, Value, Values
from dockgrader.selftest.model import Case
from dockgrader.selftest.mutants import Mutant

OTHER = "parameter.other"
"""The mutant that is another student's task."""


class Individual:
    """The tasks of an assignment by values of its parameters; always the same ones where it has none."""

    def __init__(self, loaded: Loaded, source: Source | None) -> None:
        self._loaded, self._source = loaded, source
        self._made: dict[str, list[Task]] = {}
        self.parameters: Mapping[str, Parameter] = declared(source) if source else {}

    def values(self, case: Case) -> Values:
        """A case's, as they are drawn (`64MiB` for `65536KiB`); they are known to be among those."""
        places = {name: each.place(case.parameters.get(name)) for name, each in self.parameters.items()}
        return {name: self.parameters[name].value(place or 0) for name, place in places.items()}

    def tasks(self, case: Case, other: Values | None = None) -> list[Task]:
        """Those that a case is about, with its values but for `other` ones."""
        whole = self._tasks({**self.values(case), **(other or {})})
        return [task for task in whole if case.task in (None, task.id)]

    def _tasks(self, values: Values) -> list[Task]:
        if self._source is None:
            return list(self._loaded.assignment.tasks)
        key = json.dumps(values)
        if key not in self._made:
            own = validated(given(self._source, values), self._loaded.file)
            self._made[key] = list(own.assignment.tasks)
        return self._made[key]

    def swaps(self, case: Case) -> Iterator[tuple[Mutant, list[Task]]]:
        """A case's tasks as other students have them, one parameter changed; not where its tasks have none of it."""
        own = self.values(case)
        for name, parameter in self.parameters.items():
            for other in _others(parameter, own[name]):
                tasks = self.tasks(case, {name: other})
                if case.task is None or tasks != self.tasks(case):
                    yield Mutant(OTHER, name, "", own[name], other, {}), tasks

    def unseen(self, correct: Sequence[Case]) -> Iterator[str]:
        """The ends of parameters at which no correct solution was recorded."""
        for name, parameter in self.parameters.items():
            seen = {self.values(case)[name] for case in correct if self._about(case, name)}
            for end, place in (("least", 0), ("greatest", parameter.count - 1)):
                value = parameter.value(place)
                if value not in seen:
                    word = end if parameter.one_of is None else "first" if place == 0 else "last"
                    yield f"{name}: {text_of(value)}, its {word} value"

    def _about(self, case: Case, name: str) -> bool:
        others = _others(self.parameters[name], self.values(case)[name])
        return self.tasks(case, {name: others[0]}) != self.tasks(case)

    def differ(self, case: Case, changed: Iterable[Task]) -> set[str]:
        """The checks (TASK/CHECK) that are others with changed values."""
        before = {f"{task.id}/{check.id}": check for task in self.tasks(case) for check in task.checks}
        after = {f"{task.id}/{check.id}": check for task in changed for check in task.checks}
        return {name for name, check in after.items() if check != before.get(name)}


def _others(parameter: Parameter, value: Value) -> list[Value]:
    """What another student may have: each entry of a list; of a range both ends, and the neighbours."""
    own, last = parameter.place(value) or 0, parameter.count - 1
    near = [0, last, max(own - 1, 0), min(own + 1, last)]
    places = near if parameter.one_of is None else range(last + 1)
    return [parameter.value(place) for place in dict.fromkeys(places) if place != own]
