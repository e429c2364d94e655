"""The class page: one self-contained HTML file for the instructor.

Without its script everything is readable; it adds sorting and a filter.
"""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from dockgrader.frozen import dataclass
from dockgrader.report.class_report import ClassReport, Standing, Strength, StudentRow
from dockgrader.report.class_words import WORDS
from dockgrader.report.model import CheckReport, Status, whole
from dockgrader.report.page import page
from dockgrader.report.plain import clean

_BINS = 11
_SHOWN = 200
"""Characters of a message in a mark's title: the whole one is in the student's own report."""


@dataclass(frozen=True)
class Mark:
    """A cell of the heat map: the style's class, what stands in it, the word for it, what was found."""

    style: str
    sign: str
    word: str
    title: str = ""
    first: bool = False
    """Of a task."""


@dataclass(frozen=True)
class Bin:
    """A bar of the distribution: its label, how many students, and its height from 0 to 1."""

    label: str
    count: int
    height: float


@dataclass(frozen=True)
class Code:
    """What was found, how often, by the example of one message, and whose it was."""

    code: str
    message: str
    students: tuple[str, ...]


@dataclass(frozen=True)
class Failure:
    """A check with how many failed it, of how many for whom it was observed."""

    task: str
    title: str
    failed: int
    observed: int
    skipped: int
    codes: tuple[Code, ...]

    @property
    def share(self) -> float:
        """From 0 to 1."""
        return self.failed / self.observed if self.observed else 0.0


def render(report: ClassReport) -> str:
    """The page in the report's language."""
    words = WORDS.get(report.lang, WORDS["en"])
    scores = [row.score for row in report.students if row.score is not None]
    return page(
        "class_page.html.j2",
        report.lang if report.lang in WORDS else "en",
        style="class_page.css",
        script="class_page.js",
        report=report,
        words=words,
        counts={standing.value: report.count(standing) for standing in Standing},
        median=_rounded(statistics.median(scores)) if scores else None,
        mean=_rounded(statistics.fmean(scores)) if scores else None,
        full=sum(score >= report.max_score for score in scores),
        bins=distribution(report),
        tasks=_task_means(report),
        failures=failures(report),
        marks=[(row, marks(row, report, words)) for row in report.students],
        without=[row for row in report.students if row.standing is not Standing.GRADED],
        hints={
            strength.value: [hint for hint in report.hints if hint.strength is strength]
            for strength in Strength
        },
        columns=_shown_columns(report),
    )


def distribution(report: ClassReport) -> list[Bin]:
    """Graded students by tenths of the full marks; full marks have a bar of their own."""
    counts = [0] * _BINS
    for row in report.students:
        if row.score is not None:
            share = row.score / report.max_score if report.max_score else 1.0
            counts[min(int(share * 10 + 1e-9), _BINS - 1) if share < 1 else _BINS - 1] += 1
    most = max(counts) or 1
    labels = [f"{tenth * 10}–{tenth * 10 + 9}" for tenth in range(_BINS - 1)] + ["100"]
    return [Bin(label, count, count / most) for label, count in zip(labels, counts, strict=True)]


def failures(report: ClassReport) -> list[Failure]:
    """Checks that somebody failed, the most often failed first."""
    found = []
    for task in report.tasks:
        for check in task.checks:
            seen = list(_verdicts(report, task.id, check.id))
            by_status = Counter(verdict.status for _, verdict in seen)
            if by_status[Status.FAILED]:
                observed = by_status[Status.FAILED] + by_status[Status.PASSED]
                found.append(
                    Failure(
                        task.id,
                        check.title or check.id,
                        by_status[Status.FAILED],
                        observed,
                        by_status[Status.SKIPPED],
                        _codes(seen),
                    )
                )
    return sorted(found, key=lambda failure: (-failure.failed, -failure.share))


def marks(row: StudentRow, report: ClassReport, words: dict[str, str]) -> list[Mark]:
    """A student's marks, one a check of the assignment."""
    found = []
    for task in report.tasks:
        result = row.task(task.id)
        verdicts = {check.id: check for check in result.checks} if result else {}
        cells = [_mark(verdicts.get(check.id), words) for check in task.checks]
        found += [replace(mark, first=not place) for place, mark in enumerate(cells)]
    return found


_SIGNS = {
    Status.PASSED: ("p", "✓"),
    Status.FAILED: ("f", "✗"),
    Status.SKIPPED: ("s", "–"),
    Status.ERROR: ("e", "?"),
}


def _mark(verdict: CheckReport | None, words: dict[str, str]) -> Mark:
    if verdict is None:
        return Mark("n", "·", words["m_none"])
    style, sign = _SIGNS[verdict.status]
    title = ""
    if verdict.status in (Status.FAILED, Status.ERROR):
        title = clean(f"{verdict.code}: {verdict.message}", _SHOWN)
    return Mark(style, sign, words[f"m_{verdict.status}"], title)


def _verdicts(report: ClassReport, task: str, check: str) -> Iterator[tuple[StudentRow, CheckReport]]:
    for row in report.students:
        result = row.task(task)
        for verdict in result.checks if result else ():
            if verdict.id == check:
                yield row, verdict


def _codes(seen: list[tuple[StudentRow, CheckReport]]) -> tuple[Code, ...]:
    students: dict[str, list[str]] = defaultdict(list)
    messages: dict[str, Counter[str]] = defaultdict(Counter)
    for row, verdict in seen:
        if verdict.status is Status.FAILED:
            students[verdict.code].append(row.name or row.student)
            messages[verdict.code][verdict.message] += 1
    return tuple(
        Code(code, messages[code].most_common(1)[0][0], tuple(who))
        for code, who in sorted(students.items(), key=lambda item: -len(item[1]))
    )


def _task_means(report: ClassReport) -> list[dict[str, Any]]:
    """Each task with the mean of those whose task has a score, whatever became of their other tasks."""
    found = []
    for task in report.tasks:
        results = [result for row in report.students if (result := row.task(task.id))]
        shares = [
            result.score / result.max_score
            for result in results
            if result.score is not None and result.max_score
        ]
        mean = statistics.fmean(shares) if shares else None
        points = None if mean is None else _rounded(mean * task.max_score)
        found.append({"task": task, "mean": mean, "points": points, "n": len(shares)})
    return found


def _shown_columns(report: ClassReport) -> list[str]:
    """The roster's own columns that the table shows: not what has its place already, nor how one logs in."""
    hidden = {"name", "email", "host", "user", "port", "key", "jump", "lang"}
    names = dict.fromkeys(name for row in report.students for name in row.roster)
    return [name for name in names if name not in hidden][:6]


def _rounded(points: float) -> float:
    return whole(round(points, 2))
