"""Grading again whenever something on the host changes, until all is right."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from dockgrader.assignment.loading import Loaded
from dockgrader.assignment.model import Task
from dockgrader.errors import Unobserved
from dockgrader.facts.base import Fact, dig_str
from dockgrader.frozen import dataclass
from dockgrader.grading.changes import LONGEST, SETTLED, Back, Changes, Event, Lost, Relevance
from dockgrader.grading.reach import Bounds, Live, reach
from dockgrader.grading.run import Run, grade_reached
from dockgrader.grading.seeing import Reading
from dockgrader.hosts.base import Conflict, Engine, Missing
from dockgrader.hosts.deadline import Deadline
from dockgrader.hosts.endpoint import Endpoint
from dockgrader.kinds.base import BUILT_IN
from dockgrader.report.model import Report

UNTOLD = 5.0
"""Seconds between looks at what changes without an event of the engine's."""
_AT_ONCE = 50
"""Containers whose health checks are looked up before one grading."""
_ENGINES = 8
"""Of the newest gradings, whose commands may still end: a watch goes on for hours."""


@dataclass(frozen=True)
class Shown:
    """Whom to tell: of a run whose verdicts are new, and of a host that went away."""

    run: Callable[[Run], None]
    lost: Callable[[str], None]


class Watch:
    """Grades a host again and again. `last` is the newest run."""

    def __init__(
        self,
        loaded: Loaded,
        tasks: Sequence[Task],
        endpoint: Endpoint,
        lang: str,
        bounds: Bounds,
        *,
        facts: bool = False,
    ) -> None:
        self._loaded = loaded
        self._tasks = tasks
        self._endpoint = endpoint
        self._lang = lang
        self._bounds = bounds
        self._facts = facts
        self._relevance = Relevance()
        self._untold = _untold(tasks)
        self._read: dict[Fact[Any], object] = {}
        self._engines: deque[Engine] = deque(maxlen=_ENGINES)
        self.last: Run | None = None

    def until_full_marks(self, shown: Shown) -> None:
        """Returns on full marks, or when the host cannot be reached at all; else goes on until interrupted."""
        with Changes(self._endpoint, self._bounds.timeout) as changes:
            while True:
                run = self._graded()
                if self.last is None or _verdicts(run.report) != _verdicts(self.last.report):
                    self.last = run
                    shown.run(run)
                if run.evidence.error is not None and not self._engines:
                    return
                if run.report.score is not None and run.report.score == run.report.max_score:
                    return
                self._wait(changes, shown)

    def _graded(self) -> Run:
        reached = reach(self._endpoint, self._bounds)
        if isinstance(reached, Live):
            self._engines.append(reached.host.engine)
            self._learn(reached.host.engine)
        run = grade_reached(self._loaded, self._tasks, reached, self._lang, facts=self._facts)
        self._read = {fact: _read_of(fact, run.evidence.readings) for fact in self._untold}
        for reading in run.evidence.readings:
            if isinstance(reading.answer, dict) and dig_str(reading.answer, "Id"):
                self._relevance.knows(reading.answer)
        return run

    def _learn(self, engine: Engine) -> None:
        """What health checks there are, those of containers that no check looks at too: they run all the time."""
        with suppress(Unobserved, Missing, Conflict):
            listed = [dig_str(item, "Id") for item in engine.get("/containers/json")]
            for ref in list(filter(self._relevance.strange, filter(None, listed)))[:_AT_ONCE]:
                with suppress(Missing):
                    self._relevance.knows({"Id": ref, **engine.get(f"/containers/{ref}/json")})

    def _wait(self, changes: Changes, shown: Shown) -> None:
        """Until something relevant has happened, and is over, or what no event tells of is not as it was."""
        look = Deadline(UNTOLD)
        while not self._matters(found := changes.next(look.remaining() if self._untold else None), shown):
            if found is None:
                if self._differs():
                    return
                look = Deadline(UNTOLD)
        longest = Deadline(LONGEST)
        while not longest.passed():
            found = changes.next(SETTLED)
            if found is None:
                return
            self._matters(found, shown)

    def _differs(self) -> bool:
        """Whether something of which no event tells is not as it was graded. That a host is away, an event tells."""
        reached = reach(self._endpoint, self._bounds, self._untold)
        if not isinstance(reached, Live):
            return False
        try:
            for fact in self._untold:
                with suppress(Unobserved):
                    reached.see(fact)
            readings = reached.see.readings()
        finally:
            reached.close()
        return any(_read_of(fact, readings) not in (None, self._read[fact]) for fact in self._untold)

    def _matters(self, found: Event | Lost | Back | None, shown: Shown) -> bool:
        if isinstance(found, Lost):
            shown.lost(found.reason)
            return False
        if found is None or isinstance(found, Back):
            return found is not None
        return self._relevance.of(found, self._own)

    def _own(self, exec_id: str) -> bool:
        return any(engine.own(exec_id) for engine in self._engines)


def _untold(tasks: Sequence[Task]) -> list[Fact[Any]]:
    checks = [check for task in tasks for check in task.checks if check.kind in BUILT_IN]
    return list(dict.fromkeys(fact for check in checks for fact in check.untold()))


def _read_of(fact: Fact[Any], readings: Sequence[Reading]) -> object:
    """What was read, or the error that hid it; None where it was not read at all."""
    return next(
        (found.answer or found.error for found in readings if found.question == fact.question()), None
    )


def _verdicts(report: Report) -> Any:
    """What a report says, apart from when it was made."""
    return replace(report, started_at="", duration_s=0.0, host=replace(report.host, name=""))
