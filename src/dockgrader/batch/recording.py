"""Writing outcomes into the run folder, as many at the same time as a disk makes safe together."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from functools import partial

from dockgrader.batch.attempt import Attempt, Kind
from dockgrader.batch.folder import RunFolder
from dockgrader.batch.work import Outcome
from dockgrader.errors import UsageError
from dockgrader.hosts.deadline import at_once

_AT_ONCE = 16
"""A disk takes tens of milliseconds to make one outcome safe, and not much longer for several: one by one, they would
hold up a batch."""


class Recorder:
    """Outcomes that are still to be written; `recorded` is told of each that was."""

    def __init__(self, folder: RunFolder, recorded: Callable[[Outcome], None]) -> None:
        self._folder = folder
        self._recorded = recorded
        self._waiting: deque[Outcome] = deque()

    @property
    def left(self) -> int:
        """How many are not written yet."""
        return len(self._waiting)

    def take(self, outcomes: Iterable[Outcome]) -> None:
        """Have these written, too."""
        self._waiting.extend(outcomes)

    def write_some(self) -> str:
        """Write some, the oldest first. What cannot be written stays; why one of them cannot, empty if all were."""
        some = [self._waiting.popleft() for _ in range(min(self.left, _AT_ONCE))]
        problems = list(at_once([partial(self._written, outcome) for outcome in some]))
        for outcome, problem in zip(some, problems, strict=True):
            if not problem:
                self._recorded(outcome)
        failed = [outcome for outcome, problem in zip(some, problems, strict=True) if problem]
        self._waiting.extendleft(reversed(failed))
        return next(filter(None, problems), "")

    def _written(self, outcome: Outcome) -> str:
        try:
            self._folder.add(outcome.student, attempt_of(outcome), outcome.report, outcome.evidence)
        except UsageError as error:
            return str(error)
        return ""


def attempt_of(outcome: Outcome, *, provided: bool = False) -> Attempt:
    """The attempt that is written for an outcome."""
    kind = Kind.GRADED if outcome.score is not None else Kind.UNOBSERVED
    if provided:
        kind = Kind.STUDENT_PROVIDED
    return Attempt(
        number=0,
        at=outcome.at,
        kind=kind,
        reason=outcome.reason,
        code=outcome.code,
        duration_s=outcome.duration_s,
        retries=outcome.retries,
        machine=outcome.machine,
        provided=provided,
        parameters=outcome.parameters,
    )
