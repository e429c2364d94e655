"""One grading run: reach the host or open its recording, grade, keep the evidence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dockgrader.assignment.loading import Loaded
from dockgrader.assignment.model import Task
from dockgrader.errors import Unobserved
from dockgrader.grading.evidence import Evidence, RecordedSee, read_evidence
from dockgrader.grading.grade import grade
from dockgrader.grading.seeing import LiveSee
from dockgrader.hosts.deadline import Deadline
from dockgrader.hosts.endpoint import Endpoint
from dockgrader.hosts.opening import open_host
from dockgrader.report.model import HostReport, Report


@dataclass(frozen=True)
class Bounds:
    """Seconds for the whole run, and for waiting until something is healthy."""

    timeout: float = 60.0
    wait: float = 45.0


@dataclass(frozen=True)
class Run:
    """What came of a run."""

    report: Report
    evidence: Evidence


def grade_endpoint(
    loaded: Loaded,
    tasks: Sequence[Task],
    endpoint: Endpoint,
    lang: str,
    bounds: Bounds,
    meanwhile: Callable[[], None] = lambda: None,
) -> Run:
    """Grade tasks on a host, live or recorded. Raises UsageError for an unusable recording only.

    `meanwhile` is called while the host is answering.
    """
    if endpoint.scheme == "recorded":
        evidence = read_evidence(Path(endpoint.path))
        return Run(grade_evidence(loaded, tasks, evidence, lang), evidence)
    deadline = Deadline(bounds.timeout)
    started_at = datetime.now(UTC).isoformat(timespec="seconds")
    try:
        host = open_host(endpoint, deadline)
    except Unobserved as hidden:
        evidence = Evidence(HostReport(endpoint.url), started_at, (hidden.code, hidden.reason), ())
        return Run(grade_evidence(loaded, tasks, evidence, lang), evidence)
    engine = host.engine.version.get("Version")
    named = HostReport(host.name, str(engine) if engine else None, host.engine.api)
    see = LiveSee(host, deadline, bounds.wait)
    try:
        report = grade(loaded, tasks, see, lang=lang, host=named, started_at=started_at, meanwhile=meanwhile)
        return Run(report, Evidence(report.host, started_at, None, tuple(see.readings())))
    finally:
        host.close()


def grade_evidence(loaded: Loaded, tasks: Sequence[Task], evidence: Evidence, lang: str) -> Report:
    """Grade tasks from what an earlier run has read."""
    see = RecordedSee(evidence)
    return grade(loaded, tasks, see, lang=lang, host=evidence.host, started_at=evidence.started_at)
