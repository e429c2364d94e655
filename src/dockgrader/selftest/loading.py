"""Reading the cases of an assignment, with the place of everything that is wrong in them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from dockgrader.assignment.loading import Loaded
from dockgrader.assignment.problem import Problem, refusal
from dockgrader.assignment.problems import problem_at, problems_from
from dockgrader.assignment.source import Source, read_source
from dockgrader.assignment.wording import unknown
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
    """The cases of an assignment. `strangers` are those that name a task or a check which is not there."""

    file: Path
    model: Cases
    recorded: tuple[Recorded, ...]
    strangers: tuple[Problem, ...]


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
    read = [_recorded(source, number, case) for number, case in enumerate(model.cases)]
    _refuse([found for found in read if isinstance(found, Problem)])
    recorded = tuple(found for found in read if isinstance(found, Recorded))
    return LoadedCases(file, model, recorded, tuple(_strangers(source, model, loaded)))


def _refuse(problems: list[Problem]) -> None:
    if problems:
        raise refusal(problems)


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
