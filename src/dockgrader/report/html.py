"""The report as one HTML file for a browser, a phone, a screen reader or paper."""

from __future__ import annotations

from typing import Any

from dockgrader.frozen import dataclass
from dockgrader.report.model import CheckReport, FactReport, Report, Status, TaskReport, whole
from dockgrader.report.page import page
from dockgrader.report.plain import clean, value
from dockgrader.report.words import details, host_line, points, utc, words

MARKS = {Status.PASSED: "✓", Status.FAILED: "✗", Status.ERROR: "!", Status.SKIPPED: "–"}
_WIDTH = 1000.0


@dataclass(frozen=True)
class Piece:
    """A check in the picture: from `x` on, `width` wide, in thousandths of the widest task."""

    status: str
    x: float
    width: float
    label: str


def render(report: Report) -> str:
    """The page. Whatever steers text is shown as an escape; the template escapes the rest."""
    spoken = words(report.lang)
    widest = max((task.max_score for task in report.tasks), default=0)
    return page(
        "report.html.j2",
        report.lang if report.lang in ("en", "ru") else "en",
        words=spoken,
        title=clean(report.assignment.title or report.assignment.id),
        host=clean(host_line(report)),
        started=f"{utc(report).replace('T', ' ')} UTC",
        digest=clean(report.assignment.digest),
        score=None if report.score is None else whole(report.score),
        max_score=whole(report.max_score),
        percent=None if report.percent is None else round(report.percent),
        error=clean(report.error or "", 2000),
        counts=_counts(report),
        marks={status.value: mark for status, mark in MARKS.items()},
        tasks=[_task(task, report.lang, widest) for task in report.tasks],
    )


def _counts(report: Report) -> list[tuple[str, int]]:
    statuses = [check.status for task in report.tasks for check in task.checks]
    return [(status.value, statuses.count(status)) for status in Status if status in statuses]


def _task(task: TaskReport, lang: str, widest: float) -> dict[str, Any]:
    return {
        "id": clean(task.id),
        "title": clean(task.title or task.id),
        "points": points(task.score, task.max_score),
        "unknown": task.score is None,
        "note": clean(task.note),
        "pieces": _pieces(task, lang, widest),
        "checks": [_check(check, lang) for check in task.checks],
    }


def _pieces(task: TaskReport, lang: str, widest: float) -> list[Piece]:
    pieces, x = [], 0.0
    for check in task.checks:
        width = _WIDTH * check.max_score / widest if widest else 0.0
        score = points(check.score, check.max_score)
        label = f"{check.title or check.id}: {words(lang)[check.status.value]}, {score}"
        if width:
            pieces.append(Piece(check.status.value, round(x, 2), round(width, 2), clean(label)))
        x += width
    return pieces


def _check(check: CheckReport, lang: str) -> dict[str, Any]:
    return {
        "id": clean(check.id),
        "title": clean(check.title or check.id),
        "status": check.status.value,
        "code": clean(check.code),
        "points": points(check.score, check.max_score),
        "message": "" if check.status is Status.PASSED else clean(check.message, 2000),
        "values": [(word, value(found)) for word, found in details(check) if word != "hint"],
        "hint": clean(check.hint, 2000) if check.status is Status.FAILED else "",
        "commands": [clean(command, 1000) for command in check.shown_by],
        "facts": [_fact(fact) for fact in check.facts],
    }


def _fact(fact: FactReport) -> dict[str, Any]:
    return {
        "command": clean(fact.shown_by, 1000),
        "at": clean(fact.at),
        "hidden": fact.hidden,
        "excerpt": "\n".join(clean(line, 4000) for line in fact.excerpt.split("\n")),
    }
