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
from dockgrader.facts.base import dig_str
from dockgrader.frozen import dataclass
from dockgrader.grading.changes import LONGEST, SETTLED, Back, Changes, Event, Lost, Relevance
from dockgrader.grading.reach import Bounds, Live, reach
from dockgrader.grading.run import Run, grade_reached
from dockgrader.hosts.base import Conflict, Engine, Missing
from dockgrader.hosts.deadline import Deadline
from dockgrader.hosts.endpoint import Endpoint
from dockgrader.report.model import Report

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
        """Until something relevant has happened, and is over."""
        while not self._matters(changes.next(), shown):
            pass
        longest = Deadline(LONGEST)
        while not longest.passed():
            found = changes.next(SETTLED)
            if found is None:
                return
            self._matters(found, shown)

    def _matters(self, found: Event | Lost | Back | None, shown: Shown) -> bool:
        if isinstance(found, Lost):
            shown.lost(found.reason)
            return False
        if found is None or isinstance(found, Back):
            return found is not None
        return self._relevance.of(found, self._own)

    def _own(self, exec_id: str) -> bool:
        return any(engine.own(exec_id) for engine in self._engines)


def _verdicts(report: Report) -> Any:
    """What a report says, apart from when it was made."""
    return replace(report, started_at="", duration_s=0.0, host=replace(report.host, name=""))
