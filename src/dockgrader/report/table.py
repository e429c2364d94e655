"""The report as a table for a terminal of 80 columns: what passed takes a line, what failed says why."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from tabulate import tabulate

from dockgrader.report.model import CheckReport, Report, Status, TaskReport, whole
from dockgrader.report.plain import clean, value

WIDTH = 80
_MARKS = {Status.PASSED: "✓", Status.FAILED: "✗", Status.ERROR: "!", Status.SKIPPED: "-"}
_COLOURS = {Status.PASSED: "32", Status.FAILED: "31", Status.ERROR: "35", Status.SKIPPED: "33"}
_NOT_CHECKED = ("skipped", "prerequisite.error")
_WORDS = {
    "en": {
        "expected": "expected",
        "found": "found",
        "hint": "hint",
        "see": "see",
        "score": "Score",
        "points": "points",
        "host": "Host",
        "error": "Not everything could be observed, so there is no score: this is not the student's failure.",
    },
    "ru": {
        "expected": "ожидалось",
        "found": "найдено",
        "hint": "подсказка",
        "see": "проверьте",
        "score": "Итог",
        "points": "баллов",
        "host": "Хост",
        "error": "Увидеть удалось не всё, поэтому оценки нет: это не ошибка студента.",
    },
}


def render(report: Report, *, colour: bool = False) -> str:
    """The whole report; with ANSI colours where the terminal wants them."""
    words = _WORDS.get(report.lang, _WORDS["en"])
    parts = [_wrapped(clean(report.assignment.title), ""), _host(report, words["host"]), ""]
    for task in report.tasks:
        parts += [_task(task, words, colour), ""]
    parts.append(f"{words['score']}: {_score(report.score)} / {whole(report.max_score)} {words['points']}")
    if report.score is None:
        parts += [_wrapped(words["error"], "")]
    return "\n".join(parts) + "\n"


def _host(report: Report, word: str) -> str:
    host = report.host
    engine = f"Docker {host.engine}" if host.engine else ""
    cgroups = f"cgroup v{host.cgroup_version}/{host.cgroup_driver}" if host.cgroup_version else ""
    details = ", ".join(part for part in (engine, cgroups) if part)
    return _wrapped(f"{word}: {clean(host.name)}" + (f" ({clean(details)})" if details else ""), "")


def _task(task: TaskReport, words: dict[str, str], colour: bool) -> str:
    head = f"{clean(task.id)}: {clean(task.title)}"
    score = f"{_score(task.score)}/{whole(task.max_score)}"
    lines = [_wrapped(f"{head}  [{score}]", "  ")]
    if task.note:
        lines.append(_wrapped(clean(task.note), "  ", indent="  "))
    room = WIDTH - 6 - max([7, *(len(_points(check)) for check in task.checks)])
    rows = [
        _row(check, words, colour, room, told=before is not None and _same_cause(before, check))
        for before, check in zip((None, *task.checks), task.checks, strict=False)
    ]
    return "\n".join([*lines, tabulate(rows, tablefmt="plain", disable_numparse=True)])


def _same_cause(before: CheckReport, check: CheckReport) -> bool:
    """Whether a check was not checked for the reason that stands one line above: it is told once."""
    return check.code in _NOT_CHECKED and (before.status, before.message) == (check.status, check.message)


def _row(check: CheckReport, words: dict[str, str], colour: bool, room: int, told: bool) -> list[str]:
    mark = _MARKS[check.status]
    if colour:
        mark = f"\x1b[{_COLOURS[check.status]}m{mark}\x1b[0m"
    lines = [line for text, indent in _texts(check, words, told) for line in _fold(text, indent, room)]
    return [mark, _points(check), "\n".join(lines)]


def _texts(check: CheckReport, words: dict[str, str], told: bool) -> Iterator[tuple[str, str]]:
    """What is said of a check, each text with the indent of its further lines."""
    yield clean(check.title), ""
    if check.status is Status.PASSED or told:
        return
    yield clean(check.message), ""
    if check.status is Status.FAILED:
        for word, found in (("expected", check.expected), ("found", check.actual)):
            if found is not None and found != "":
                yield f"{words[word]}: {value(found)}", "  "
        if check.hint:
            yield f"{words['hint']}: {clean(check.hint, 1000)}", "  "
        for command in check.shown_by:
            yield f"{words['see']}: {clean(command, 1000)}", "  "


def _points(check: CheckReport) -> str:
    return f"{_score(check.score)}/{whole(check.max_score)}"


def _score(score: float | None) -> str:
    return "?" if score is None else str(whole(score))


def _fold(text: str, indent: str, room: int) -> list[str]:
    """Lines that fit beside mark and points; a name or a command's word is never broken in two."""
    return textwrap.wrap(
        text,
        room,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
    )


def _wrapped(text: str, hanging: str, indent: str = "") -> str:
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )
