"""The selftest itself: every case, then every mutant of the chosen correct solutions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase

from dockgrader.assignment.loading import Loaded
from dockgrader.assignment.model import Task
from dockgrader.errors import EvidenceError
from dockgrader.grading.evidence import RecordedSee
from dockgrader.grading.grade import Source, grade_task
from dockgrader.report.model import Status, Verdict
from dockgrader.selftest.individual import Individual
from dockgrader.selftest.loading import LoadedCases, Recorded
from dockgrader.selftest.model import Accepted, Case
from dockgrader.selftest.mutants import Mutant, mutants_of
from dockgrader.selftest.mutants.base import Path
from dockgrader.selftest.mutants.fields import Varied, varied_of
from dockgrader.selftest.outcome import BlindSpot, CaseResult, Outcome, failed_in
from dockgrader.selftest.world import MISSING, World, WorldSee, world_of

_BROKEN = ("check.broken", "fact.broken")


def selftest(loaded: Loaded, cases: LoadedCases, progress: Callable[[str], None] = lambda _: None) -> Outcome:
    """Grade all cases, mutate the chosen ones. `progress` is told what is being done."""
    tasks = list(loaded.assignment.tasks)
    progress(f"{len(cases.recorded)} cases")
    individual = Individual(loaded, cases.source)
    results = tuple(_graded(individual.tasks(recorded.case), recorded) for recorded in cases.recorded)
    correct = [
        recorded
        for recorded, result in zip(cases.recorded, results, strict=True)
        if recorded.case.correct and not result.wrong
    ]
    with _shaped_as_read("a correct solution"):
        worlds = {recorded.case.name: world_of(recorded.evidence) for recorded in correct}
        varied = _varied(correct, worlds, individual)
    found = _Found(cases.model.accepted)
    mutated = _chosen(tasks, correct)
    for recorded in mutated:
        case = recorded.case
        progress(f"mutants of {case.name}")
        found.mutate(case, individual.tasks(case), worlds[case.name], varied)
    can_fail = {check for result in results for check in failed_in(result)}
    for recorded in correct:
        found.swap(recorded.case, individual, worlds[recorded.case.name], can_fail)
    return Outcome(
        checks=tuple(f"{task.id}/{check.id}" for task in tasks for check in task.checks),
        cases=results,
        strangers=cases.strangers,
        mutated=tuple(recorded.case.name for recorded in mutated),
        mutants=found.mutants,
        caught_by=found.caught_by,
        blind_spots=tuple(found.spots.values()),
        broken=tuple(found.broken),
        stale=tuple(item for item in cases.model.accepted if item not in found.used) if mutated else (),
        unseen=tuple(individual.unseen([recorded.case for recorded in correct])),
    )


def _varied(correct: Sequence[Recorded], worlds: Mapping[str, World], individual: Individual) -> Varied:
    """Fields in which correct solutions of the same task differ; where parameters differ it is not the same."""
    groups: dict[str, list[World]] = {}
    for recorded in correct:
        groups.setdefault(str(individual.values(recorded.case)), []).append(worlds[recorded.case.name])
    found: dict[tuple[str, str], frozenset[Path]] = {}
    for group in groups.values():
        for whose, paths in varied_of(group).items():
            found[whose] = found.get(whose, frozenset()) | paths
    return found


@contextmanager
def _shaped_as_read(name: str) -> Iterator[None]:
    """An answer of a shape that no engine gives is the recording's fault."""
    try:
        yield
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        reason = f"{type(error).__name__}: {str(error)[:100]}"
        raise EvidenceError(
            f"the recording of {name} was changed by hand; record it again ({reason})"
        ) from error


def _chosen(tasks: Sequence[Task], correct: Sequence[Recorded]) -> list[Recorded]:
    """The correct solutions that the author chose; else the first of the whole, or the first of each task."""
    chosen = [recorded for recorded in correct if recorded.case.mutate]
    whole = [recorded for recorded in correct if recorded.case.task is None]
    if chosen or whole:
        return chosen or whole[:1]
    of_tasks = {task.id: [item for item in correct if item.case.task == task.id][:1] for task in tasks}
    return [recorded for found in of_tasks.values() for recorded in found]


def _graded(tasks: Sequence[Task], recorded: Recorded) -> CaseResult:
    case = recorded.case
    see = RecordedSee(recorded.evidence)
    given = {name: word(verdict) for task in tasks for name, verdict in verdicts(task, see).items()}
    prefix = f"{case.task}/" if case.task else ""
    return CaseResult(case, given, {prefix + name: wanted for name, wanted in case.expect.items()})


def verdicts(task: Task, see: Source) -> dict[str, Verdict]:
    """Verdicts by TASK/CHECK, in the assignment's order."""
    found = grade_task(task, see).verdicts
    return {f"{task.id}/{check.id}": found[check.id] for check in task.checks}


def word(verdict: Verdict) -> str:
    """A verdict as cases write it: `passed`, `skipped`, the code with which it failed, `error CODE`."""
    if verdict.status is Status.FAILED:
        return verdict.code
    return f"error {verdict.code}" if verdict.status is Status.ERROR else str(verdict.status)


class _Found:
    """What comes of mutants, gathered over all correct solutions."""

    def __init__(self, accepted: Sequence[Accepted]) -> None:
        self._accepted = accepted
        self.mutants = 0
        self.caught_by: dict[str, int] = {}
        self.spots: dict[tuple[str, str, str], BlindSpot] = {}
        self.broken: list[tuple[Mutant, str]] = []
        self.used: list[Accepted] = []

    def mutate(self, case: Case, tasks: Sequence[Task], world: World, varied: Varied) -> None:
        """Grade each mutant of a correct solution, in the tasks whose answers it changes."""
        asked = {}
        for task in tasks:
            see = WorldSee(world)
            verdicts(task, see)
            asked[task.id] = see.asked
        with _shaped_as_read(case.name):
            mutants = list(mutants_of(world, varied))
        for mutant in mutants:
            self.mutants += 1
            # A task that asked for none of the answers that are changed says the same as before.
            touched = [task for task in tasks if not asked[task.id].isdisjoint(mutant.changed)]
            self._judge(case, mutant, [pair for task in touched for pair in _spoilt(task, world, mutant)])

    def swap(self, case: Case, individual: Individual, world: World, can_fail: Collection[str]) -> None:
        """Grade a correct solution as that of students with other values; it must cost points.

        A command with another value in it was not run when the solution was recorded. It counts as caught where its
        check has been seen to fail in a case.
        """
        for mutant, tasks in individual.swaps(case):
            self.mutants += 1
            pairs = [pair for task in tasks for pair in verdicts(task, WorldSee(world)).items()]
            seen = {name for name in individual.differ(case, tasks) if name in can_fail}
            if not any(name in seen and verdict.code == MISSING for name, verdict in pairs):
                self._judge(case, mutant, pairs)

    def _judge(self, case: Case, mutant: Mutant, found: list[tuple[str, Verdict]]) -> None:
        failed = [name for name, verdict in found if verdict.status is Status.FAILED]
        errors = [verdict for _, verdict in found if verdict.status is Status.ERROR]
        for verdict in errors:
            if verdict.code in _BROKEN:
                self.broken.append((mutant, str(verdict.params.get("reason", ""))))
                return
        for name in failed:
            self.caught_by[name] = self.caught_by.get(name, 0) + 1
        lacking = next((verdict for verdict in errors if verdict.code == MISSING), None)
        if failed or (errors and lacking is None):
            return
        reason = str(lacking.params.get("reason", "")) if lacking else ""
        spot = BlindSpot(mutant, case.name, reason, self._acceptance(mutant))
        key = (mutant.name, mutant.of, mutant.field)
        if key not in self.spots or (self.spots[key].undecided and not reason):
            self.spots[key] = spot

    def _acceptance(self, mutant: Mutant) -> Accepted | None:
        for item in self._accepted:
            if accepts(item, mutant):
                if item not in self.used:
                    self.used.append(item)
                return item
        return None


def _spoilt(task: Task, world: World, mutant: Mutant) -> Iterator[tuple[str, Verdict]]:
    yield from verdicts(task, WorldSee(world, mutant.changed)).items()


def accepts(item: Accepted, mutant: Mutant) -> bool:
    """Whether the author accepts this blind spot. What has a name is accepted by its name only."""
    if not fnmatchcase(mutant.of, item.of):
        return False
    if mutant.name == "field.changed":
        return any(fnmatchcase(mutant.field, _glob(pattern)) for pattern in item.fields)
    return any(fnmatchcase(mutant.name, pattern) for pattern in item.mutants)


def _glob(pattern: str) -> str:
    return pattern.replace("[", "[[]")  # brackets are part of a field's name
