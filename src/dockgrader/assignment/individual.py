"""An assignment with parameters as a whole: validated at their extremes, and outlined for nobody in particular."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from dockgrader.assignment.loading import Loaded, validated
from dockgrader.assignment.nodes import escaped
from dockgrader.assignment.parameters import Parameter, declared, in_words
from dockgrader.assignment.problem import Problem, refusal
from dockgrader.assignment.references import given
from dockgrader.assignment.source import Source, Values
from dockgrader.errors import AssignmentError


def outline(source: Source, file: Path) -> Loaded:
    """What is the same for every student; titles keep the names of the parameters, the rest has the least values.

    Raises AssignmentError with what is wrong with any entry of a list, or either end of a range.
    """
    wrong: dict[Problem, list[Values]] = {}
    samples = extremes(declared(source))
    for values in samples:
        try:
            validated(given(source, values), file)
        except AssignmentError as error:
            for problem in error.problems:
                if isinstance(problem, Problem):
                    wrong.setdefault(problem, []).append(values)
    if wrong:
        told = {_told(problem, found, len(samples)): None for problem, found in wrong.items()}
        raise refusal(sorted(told, key=lambda problem: (problem.line, problem.column)))
    return validated(given(source, samples[0], titles=False), file)


def extremes(parameters: Mapping[str, Parameter]) -> list[Values]:
    """All least values, all greatest ones; between them each entry of each list."""
    turns = max(len(each.one_of or "12") for each in parameters.values())

    def place(parameter: Parameter, turn: int) -> int:
        last = parameter.count - 1
        if turn == turns - 1:
            return last
        return min(turn, last) if parameter.one_of else 0

    return [
        {name: each.value(place(each, turn)) for name, each in parameters.items()} for turn in range(turns)
    ]


def _told(problem: Problem, found: list[Values], samples: int) -> Problem:
    """With an example of values, where it is not wrong whatever they are."""
    if len(found) == samples:
        return problem
    return replace(problem, message=f"{problem.message} (with {escaped(in_words(found[0]), 300)})")
