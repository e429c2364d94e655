"""One assignment on one host: judges, prerequisites, the best Compose project, the score."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from dockgrader.assignment.loading import Loaded
from dockgrader.assignment.model import AnyCheck, Task
from dockgrader.errors import Unobserved
from dockgrader.facts.base import Fact, See
from dockgrader.facts.commands import Exec
from dockgrader.facts.compose import Project
from dockgrader.facts.containers import Container
from dockgrader.facts.engine import Info
from dockgrader.frozen import dataclass
from dockgrader.grading.behind import Noting, Readings, fact_reports
from dockgrader.grading.coming import Coming, absent_services, awaiting, on_their_way
from dockgrader.grading.wording import check_report
from dockgrader.hosts.deadline import at_once, background
from dockgrader.kinds.base import BUILT_IN, Check, Failed
from dockgrader.kinds.matchers import matches
from dockgrader.kinds.target import TargetCheck, candidates
from dockgrader.report.model import (
    AssignmentReport,
    CheckReport,
    HostReport,
    Report,
    Status,
    TaskReport,
    Verdict,
    total,
)
from dockgrader.texts import filled, picked

if TYPE_CHECKING:
    from dockgrader.grading.plugged import Plugged

_PROJECTS = 8
_AT_ONCE = 64
"""Containers that are inspected before a judge asks for them: enough for any homework, and a bound for the threads."""


CheckT = TypeVar("CheckT", bound=Check)


class Source(See, Readings, Protocol):
    """Where facts come from: a live host or evidence."""

    def start(self, facts: Sequence[Fact[Any]]) -> None:
        """Begin reading facts that will be asked for."""

    def has(self, fact: Fact[Any]) -> bool:
        """Whether this was read already, so that asking for it does nothing to the host."""


@dataclass(frozen=True)
class Graded:
    """A task's verdicts and the facts read for them by check, and the Compose project they are about."""

    verdicts: dict[str, Verdict]
    seen: dict[str, dict[Fact[Any], str]]
    checks: tuple[AnyCheck, ...]
    project: str | None
    rivals: int = 0


def grade(
    loaded: Loaded,
    tasks: Sequence[Task],
    see: Source,
    *,
    lang: str,
    host: HostReport,
    started_at: str,
    meanwhile: Callable[[], None] = lambda: None,
    facts: bool = True,
    active: bool = False,
) -> Report:
    """The report of these tasks. Never raises for what the host or the student did.

    `meanwhile` is called once the first questions are on their way. Without `facts` the report leaves out what
    was read for each check, which takes a moment and not every format shows. Only with `active` is anything
    changed on the host, and put back: last, one check after the other, when nobody else looks.
    """
    clock = time.monotonic()
    see.start(_questions(tasks))
    # In daemon threads, so that Ctrl-C does not wait for the judges.
    waiting = [background(partial(grade_task, task, see)) for task in tasks]
    meanwhile()
    graded = [future.result() for future in waiting]
    if active:
        graded = [_acted(task, result, see) for task, result in zip(tasks, graded, strict=True)]
    reports = tuple(
        _task_report(task, result, see, lang, facts) for task, result in zip(tasks, graded, strict=True)
    )
    score = total(task.score for task in reports)
    error = _first_error(reports) if score is None else None
    return Report(
        status="graded" if score is not None else "error",
        error=error,
        lang=lang,
        assignment=AssignmentReport(
            loaded.assignment.id, picked(loaded.assignment.title, lang), loaded.digest
        ),
        host=_with_cgroups(host, see),
        started_at=started_at,
        duration_s=round(time.monotonic() - clock, 3),
        score=score,
        max_score=total(task.max_score for task in reports) or 0,
        tasks=reports,
    )


def _questions(tasks: Sequence[Task]) -> list[Fact[Any]]:
    """What the judges will surely ask, commands first: they take longest."""
    asked = [fact for task in tasks for check in task.checks for fact in _safe(check).asks()]
    return sorted(dict.fromkeys([*asked, Info()]), key=lambda fact: not isinstance(fact, Exec))


def _acted(task: Task, passive: Graded, see: Source) -> Graded:
    """The task once more, with what changes something on the host; all else was read, and is not read again."""
    return grade_task(task, see, active=True) if any(list(_acts(check)) for check in task.checks) else passive


def _acts(check: AnyCheck) -> Iterable[Fact[Any]]:
    return check.acts() if check.kind in BUILT_IN else ()


def grade_task(task: Task, see: Source, *, active: bool = False) -> Graded:
    """A task's verdicts, on each candidate project; the best one is taken."""
    try:
        found = candidates(task.checks, see)[:_PROJECTS]
    except Unobserved:
        found = []
    if not found:
        return _grade_checks(tuple(task.ordered()), see, None, active, {})
    absent = absent_services(task.checks, found, see)
    ids = [
        ref
        for item in found
        for service, refs in item.services.items()
        if (item.name, service) not in absent
        for ref in refs
    ]
    see.start([Container(ref) for ref in ids[:_AT_ONCE]])
    see.start(_ahead(task.checks, found)[:_AT_ONCE])
    coming = on_their_way(absent, see)
    see.start(list(coming.values()))

    def on(name: str) -> Graded:
        checks = tuple(_within(check, name) for check in task.ordered())
        return _grade_checks(checks, see, name, active, coming)

    # At the same time, so that what one project is waited for is not missing from the next one's time.
    results = list(at_once([partial(on, item.name) for item in found]))
    best = max(results, key=_worth)
    return replace(best, rivals=len(results) - 1)


def _ahead(checks: Sequence[AnyCheck], found: Sequence[Project]) -> list[Fact[Any]]:
    """What will be asked of the projects' containers. Not where something is about to change, which is awaited first:
    a page that needs a healthy Redis would be asked for too soon.
    """
    return [
        fact
        for item in found
        if item.settled
        for check in checks
        if isinstance(check, TargetCheck) and check.service and check.project in (None, item.name)
        for ref in item.services.get(check.service, ())
        for fact in _safe(check).asks_of(ref)
    ]


def _safe(check: CheckT) -> CheckT | Plugged:
    """The check, in a wrapping that bounds and checks what it does where its kind is a package's."""
    if check.kind in BUILT_IN:
        return check
    from dockgrader.grading.plugged import Plugged

    return Plugged(check)


def _within(check: AnyCheck, project: str) -> AnyCheck:
    """The same check about one project; what is about a container by name is left alone."""
    if isinstance(check, TargetCheck) and check.service and check.project is None:
        return check.model_copy(update={"project": project})
    return check


def _worth(graded: Graded) -> tuple[float, float]:
    """What a project may be worth at most, then what it surely is: an error must not turn into a lower score."""
    points = dict.fromkeys(Status, 0.0)
    for check in graded.checks:
        points[graded.verdicts[check.id].status] += check.points
    return points[Status.PASSED] + points[Status.ERROR], points[Status.PASSED]


def _grade_checks(
    checks: tuple[AnyCheck, ...], see: Source, project: str | None, active: bool, coming: Coming
) -> Graded:
    verdicts: dict[str, Verdict] = {}
    seen: dict[str, dict[Fact[Any], str]] = {}
    for check in checks:
        noting = Noting(see)
        blocked = _blocked(check, verdicts, checks) or (None if active else _not_asked(check, see))
        verdicts[check.id] = blocked or judged(check, awaiting(check, noting, coming))
        seen[check.id] = noting.seen
    return Graded(verdicts, seen, checks, project)


def _blocked(check: AnyCheck, verdicts: dict[str, Verdict], checks: Sequence[AnyCheck]) -> Verdict | None:
    """The verdict of a check whose prerequisites do not all hold; an unobserved one makes it an error."""
    needed = {need: verdicts[need] for need in check.needs}
    for status in (Status.ERROR, Status.FAILED, Status.SKIPPED):
        for need, verdict in needed.items():
            if verdict.status is status:
                cause = verdict.params.get("cause_id", need)
                failed = status is not Status.ERROR
                return Verdict(
                    Status.SKIPPED if failed else Status.ERROR,
                    "skipped" if failed else "prerequisite.error",
                    params={"cause_id": cause, "reason": verdict.params.get("reason", "")},
                )
    return None


def _not_asked(check: AnyCheck, see: Source) -> Verdict | None:
    """The verdict of a check that would change something on the host, unless that was done and recorded."""
    if all(see.has(fact) for fact in _acts(check)):
        return None
    return Verdict(Status.SKIPPED, "active.not-asked", params={"cause_id": check.id})


def judged(check: Check, see: See) -> Verdict:
    """A check's verdict: the judge's, a mistake of the student's, or an error of the host's or the judge's own."""
    try:
        return _safe(check).judge(see)
    except Failed as failure:
        return refined(check, failure.verdict)
    except Unobserved as hidden:
        return Verdict(Status.ERROR, hidden.code, params={"reason": hidden.reason})
    except Exception as bug:  # noqa: BLE001 - a judge that breaks is an error of this check; the rest is graded
        reason = f"The check itself is broken ({check.kind}: {type(bug).__name__}: {str(bug)[:200]})"
        return Verdict(Status.ERROR, "check.broken", params={"reason": reason})


def refined(check: Check, verdict: Verdict) -> Verdict:
    """The author's code for what was found, where the author expects this mistake."""
    for mistake in check.mistakes:
        codes = [mistake.instead_of] if isinstance(mistake.instead_of, str) else mistake.instead_of
        if (codes is None or verdict.code in codes) and matches(mistake.actual, verdict.actual):
            return Verdict(verdict.status, mistake.code, verdict.expected, verdict.actual, verdict.params)
    return verdict


def _task_report(task: Task, graded: Graded, see: Source, lang: str, facts: bool) -> TaskReport:
    by_id = {check.id: check for check in graded.checks}
    checks = tuple(
        replace(
            check_report(by_id[check.id], graded.verdicts[check.id], by_id, see, lang),
            facts=fact_reports(graded.seen[check.id], see) if facts else (),
        )
        for check in task.checks
    )
    note = ""
    if graded.project and graded.rivals:
        note = filled(_NOTES[lang], {"project": graded.project, "count": graded.rivals + 1})
    return TaskReport(
        id=task.id,
        title=picked(task.title, lang),
        score=total(check.score for check in checks),
        max_score=total(check.max_score for check in checks) or 0,
        checks=checks,
        note=note,
    )


_NOTES = {
    "en": "Compose project {project}, the best of {count} that run here",
    "ru": "Проект Compose {project}, лучший из {count} работающих здесь",
}


def _first_error(tasks: Sequence[TaskReport]) -> str:
    reasons: list[str] = []
    checks: list[CheckReport] = [check for task in tasks for check in task.checks]
    for check in checks:
        if (
            check.status is Status.ERROR
            and check.code != "prerequisite.error"
            and check.message not in reasons
        ):
            reasons.append(check.message)
    return "; ".join(reasons[:3])


def _with_cgroups(host: HostReport, see: See) -> HostReport:
    """The host with what its engine says of cgroups."""
    if host.cgroup_version is not None:
        return host
    try:
        info = see(Info())
    except Unobserved:
        return host
    return HostReport(host.name, host.engine, host.api, info.cgroup_version, info.cgroup_driver or None)
