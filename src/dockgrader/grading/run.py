"""One grading run: reach the host or open its recording, grade, keep the evidence."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dockgrader.assignment.loading import Loaded
from dockgrader.assignment.model import Task
from dockgrader.frozen import dataclass
from dockgrader.grading.apart import Apart
from dockgrader.grading.evidence import Evidence, RecordedSee
from dockgrader.grading.grade import grade
from dockgrader.grading.reach import Bounds, Live, reach
from dockgrader.hosts.base import NotBack
from dockgrader.hosts.endpoint import Endpoint
from dockgrader.report.model import Report

__all__ = ["Bounds", "Run", "grade_endpoint", "grade_evidence", "grade_reached"]

PuttingBack = Callable[[Callable[[], list[NotBack]]], None]
"""Calls what starts all that was stopped, and tells whoever waits what does not run even so."""


@dataclass(frozen=True)
class Run:
    """What came of a run."""

    report: Report
    evidence: Evidence


def grade_endpoint(
    loaded: Loaded, tasks: Sequence[Task], endpoint: Endpoint, lang: str, bounds: Bounds
) -> Run:
    """Grade tasks on a host, live or recorded. Raises UsageError for an unusable recording or URL only."""
    return grade_reached(loaded, tasks, reach(endpoint, bounds), lang)


def grade_reached(
    loaded: Loaded,
    tasks: Sequence[Task],
    reached: Live | Apart | Evidence,
    lang: str,
    meanwhile: Callable[[], None] = lambda: None,
    facts: bool = True,
    active: PuttingBack | None = None,
    afterwards: Callable[[], None] = lambda: None,
) -> Run:
    """Grade tasks on a host that was reached, or from evidence; the host is closed.

    `meanwhile` is called while the host is answering, `afterwards` when all is graded and the host is still there:
    what is read by then is part of the evidence. `facts` are for the formats that show them. With `active`,
    containers may be stopped; before this returns or raises, whatever it raises, `active` has them put back.
    """
    if isinstance(reached, Evidence):
        return Run(grade_evidence(loaded, tasks, reached, lang, facts), reached)
    see, started_at = reached.see, reached.started_at
    try:
        report = grade(
            loaded,
            tasks,
            see,
            lang=lang,
            host=reached.report(),
            started_at=started_at,
            meanwhile=meanwhile,
            facts=facts,
            active=active is not None,
        )
        afterwards()
        return Run(report, Evidence(report.host, started_at, None, tuple(see.readings())))
    finally:
        try:
            if active and isinstance(reached, Live):
                active(reached.put_back)
        finally:
            reached.close()


def grade_evidence(
    loaded: Loaded, tasks: Sequence[Task], evidence: Evidence, lang: str, facts: bool = True
) -> Report:
    """Grade tasks from what an earlier run has read."""
    see = RecordedSee(evidence)
    return grade(
        loaded, tasks, see, lang=lang, host=evidence.host, started_at=evidence.started_at, facts=facts
    )
