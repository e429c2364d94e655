"""The words of the renderers themselves, a language a table; an unknown language speaks English."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from dockgrader.report.model import CheckReport, Report, Status, whole

_WORDS: dict[str, dict[str, str]] = {
    "en": {
        "passed": "passed",
        "failed": "failed",
        "error": "not observed",
        "skipped": "skipped",
        "score": "Score",
        "no score": "no score",
        "points": "points",
        "host": "Host",
        "started": "Graded at",
        "check": "Check",
        "task": "Task",
        "status": "Status",
        "expected": "Expected",
        "found": "Found",
        "hint": "Hint",
        "see": "See for yourself",
        "evidence": "Evidence",
        "hidden": "could not be read",
        "unobserved": "Not everything could be observed, so there is no score: this is not the student's failure.",
        "shortened": "The evidence was shortened to keep this page small; the JSON report and the evidence file "
        "have all of it.",
        "left out": "{count} parts are left out to keep this page small; the JSON report has all.",
        "where": "Where the points went",
        "code": "Code",
        "digest": "Assignment",
        "all well": "All checks passed.",
        "lost": "{score} of {max} points; {lost} lost.",
        "more": "{count} more checks did not pass; the report below has them all.",
    },
    "ru": {
        "passed": "пройдено",
        "failed": "не пройдено",
        "error": "нет данных",
        "skipped": "пропущено",
        "score": "Итог",
        "no score": "оценки нет",
        "points": "баллов",
        "host": "Хост",
        "started": "Проверено",
        "check": "Проверка",
        "task": "Задание",
        "status": "Результат",
        "expected": "Ожидалось",
        "found": "Найдено",
        "hint": "Подсказка",
        "see": "Проверьте сами",
        "evidence": "Свидетельства",
        "hidden": "прочитать не удалось",
        "unobserved": "Увидеть удалось не всё, поэтому оценки нет: это не ошибка студента.",
        "shortened": "Свидетельства сокращены, чтобы страница осталась небольшой; полностью они есть в отчёте JSON "
        "и в файле свидетельств.",
        "left out": "Частей опущено, чтобы страница осталась небольшой: {count}; в отчёте JSON есть всё.",
        "where": "Куда ушли баллы",
        "code": "Код",
        "digest": "Файл задания",
        "all well": "Все проверки пройдены.",
        "lost": "{score} из {max} баллов; потеряно {lost}.",
        "more": "Не пройдено ещё проверок: {count}; все они есть в отчёте ниже.",
    },
}


def words(lang: str) -> Mapping[str, str]:
    """The words of a language."""
    return _WORDS.get(lang, _WORDS["en"])


def points(score: float | None, most: float) -> str:
    """`2/2`; `?/2` for what could not be observed."""
    return f"{'?' if score is None else whole(score)}/{whole(most)}"


def lost(check: CheckReport) -> float:
    """Points that a check did not give; what was not observed may yet cost them all."""
    return check.max_score - (check.score or 0)


def host_line(report: Report) -> str:
    """The host with what is known of it, not yet cleaned."""
    host = report.host
    engine = f"Docker {host.engine}" if host.engine else ""
    cgroups = f"cgroup v{host.cgroup_version}/{host.cgroup_driver}" if host.cgroup_version else ""
    details = ", ".join(part for part in (engine, cgroups) if part)
    return f"{host.name} ({details})" if details else host.name


def utc(report: Report) -> str:
    """When grading started, `2026-03-01T10:05:00` in UTC; 1970 when the report does not say it as ISO 8601."""
    try:
        moment = datetime.fromisoformat(report.started_at)
        moment = moment.astimezone(UTC) if moment.tzinfo else moment
    except (OverflowError, ValueError):
        moment = datetime.fromtimestamp(0, UTC)
    return moment.replace(tzinfo=None, microsecond=0).isoformat()


def details(check: CheckReport) -> list[tuple[str, Any]]:
    """What is said of a check that failed: (word, raw value or text) of expected, found, hint."""
    if check.status is not Status.FAILED:
        return []
    told = [("expected", check.expected), ("found", check.actual), ("hint", check.hint)]
    return [(word, found) for word, found in told if found is not None and found != ""]
