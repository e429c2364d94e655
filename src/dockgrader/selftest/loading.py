"""Reading the cases of an assignment, with the place of everything that is wrong in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import ValidationError

from dockgrader.assignment.loading import Loaded, read
from dockgrader.assignment.parameters import Parameter, declared, text_of
from dockgrader.assignment.problem import Problem, refusal
from dockgrader.assignment.problems import problem_at, problems_from
from dockgrader.assignment.source import Source, read_source
from dockgrader.assignment.wording import shown, unknown
from dockgrader.errors import AssignmentError, EvidenceError
from dockgrader.frozen import dataclass
from dockgrader.grading.evidence import Evidence, read_evidence
from dockgrader.selftest.model import Case, Cases

FILE = "cases.yaml"


@dataclass(frozen=True)
class Recorded:
    """A case with its evidence."""

    case: Case
    evidence: Evidence


@dataclass(frozen=True)
class LoadedCases:
    """The cases of an assignment. `strangers` are those that name a task or a check which is not there.

    `source` is the assignment's, where that has parameters, of which each case has values.
    """

    file: Path
    model: Cases
    recorded: tuple[Recorded, ...]
    strangers: tuple[Problem, ...]
    source: Source | None = None


def cases_file(assignment: Path) -> Path:
    """Where the cases of an assignment lie: `checks/NAME/cases.yaml`."""
    return assignment.with_suffix("") / FILE


def load_cases(loaded: Loaded) -> LoadedCases:
    """The cases and their recordings. Raises AssignmentError for all that is wrong in them, EvidenceError never."""
    file = cases_file(loaded.file)
    if not file.is_file():
        raise AssignmentError(
            f"{file}: no such file; the cases of {loaded.file.name} belong there (`dockgrader new` shows a beginning)"
        )
    source = read_source(file, fields="cases, accepted")
    try:
        model = Cases.model_validate(source.data)
    except ValidationError as error:
        _refuse(problems_from(source, error, Cases))
    own = read(loaded.file) if loaded.assignment.parameters else None
    _refuse(list(_wrong_values(source, model, declared(own) if own else {})))
    found = [_recorded(source, number, case) for number, case in enumerate(model.cases)]
    _refuse([each for each in found if isinstance(each, Problem)])
    recorded = tuple(each for each in found if isinstance(each, Recorded))
    return LoadedCases(file, model, recorded, tuple(_strangers(source, model, loaded)), own)


def _refuse(problems: list[Problem]) -> None:
    if problems:
        raise refusal(problems)


def _wrong_values(source: Source, model: Cases, known: Mapping[str, Parameter]) -> Iterator[Problem]:
    """Each case must say with which values of all parameters it was recorded."""
    for number, case in enumerate(model.cases):
        at = ("cases", number, "parameters")
        for name, value in case.parameters.items():
            if name not in known:
                yield problem_at(source, (*at, name), unknown(f"parameter {shown(name)}", name, known))
            elif known[name].place(value) is None:
                yield problem_at(
                    source, (*at, name), f"{shown(text_of(value))} is no value that {name} can have"
                )
        if missing := [name for name in known if name not in case.parameters]:
            yield problem_at(
                source, at, f"the values with which it was recorded are missing: {', '.join(missing)}"
            )


def _recorded(source: Source, number: int, case: Case) -> Recorded | Problem:
    path = Path(source.file).parent / case.recording
    try:
        evidence = read_evidence(path)
    except EvidenceError as error:
        return problem_at(source, ("cases", number, "recording"), str(error))
    if evidence.error is not None and case.correct:
        reason = f"{path}: nothing was read in it: {evidence.error[1]}"
        return problem_at(source, ("cases", number, "recording"), reason)
    return Recorded(case, evidence)


def _strangers(source: Source, model: Cases, loaded: Loaded) -> Iterator[Problem]:
    tasks = {task.id: [check.id for check in task.checks] for task in loaded.assignment.tasks}
    whole = [f"{task}/{check}" for task, checks in tasks.items() for check in checks]
    for number, case in enumerate(model.cases):
        if case.task is not None and case.task not in tasks:
            message = unknown(f"task '{case.task}'", case.task, tasks)
            yield problem_at(source, ("cases", number, "task"), message)
            continue
        known = whole if case.task is None else tasks[case.task]
        for name in case.expect:
            if name not in known:
                message = unknown(f"check '{name}'", name, known)
                path = ("cases", number, "expect", name)
                yield problem_at(source, path, message)
