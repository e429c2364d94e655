"""The report as GitHub's Markdown, for a step's summary or a comment.

What a student wrote can hold links, images, mentions, references, HTML. Words of letters alone stand as they are;
whatever else stands in a text is put into code spans, in which neither Markdown nor GitHub sees anything; evidence
stands in fenced blocks. Tables hold no `|` of anybody's.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from dockgrader.report.model import CheckReport, Report, Status, TaskReport, whole
from dockgrader.report.plain import clean, value
from dockgrader.report.words import details, host_line, points, words

MOST_BYTES = 1_000_000
"""A step's summary may have 1 MiB, and others may write into the same one."""
_MARKS = {Status.PASSED: "✅", Status.FAILED: "❌", Status.ERROR: "⚠️", Status.SKIPPED: "⏭️"}
_EVIDENCE = (4000, 1000, 200, 0)
"""Characters of a fact's excerpt, from plenty to none."""
_TOKEN = re.compile(r"([(«„“\"']*)(.*?)([)»“”\"'.,;:!?…]*)", re.DOTALL)
_PLAIN = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*|\d{1,6}(?:[.,]\d{1,6})?|[-—–×/]|")
_HASH = re.compile(r"[a-f]{7,}", re.IGNORECASE)
_CODE = re.compile(r"`([^`]+)`")


def render(report: Report, max_bytes: int = MOST_BYTES) -> str:
    """The whole report in at most `max_bytes` of UTF-8: evidence is shortened first, then checks are left out."""
    for most in _EVIDENCE:
        text = _joined([*_head(report), *_body(report, most), *_notes(report, most)])
        if len(text.encode()) <= max_bytes:
            return text
    return _cut(report, max_bytes)


def _cut(report: Report, max_bytes: int) -> str:
    """As many blocks without evidence as fit, and a line that says how many are missing."""
    spoken = words(report.lang)
    blocks = [*_head(report), *_body(report, 0)]
    kept, room = [], max_bytes - 2 * len(spoken["left out"].encode())
    for block in blocks:
        room -= len(block.encode()) + 2
        if room < 0:
            break
        kept.append(block)
    missing = spoken["left out"].format(count=len(blocks) - len(kept))
    return _joined([*kept, f"*{missing}*"])


def _joined(blocks: list[str]) -> str:
    return "\n\n".join(blocks) + "\n"


def _head(report: Report) -> list[str]:
    spoken = words(report.lang)
    score = (
        spoken["no score"] if report.score is None else f"{whole(report.score)} / {whole(report.max_score)}"
    )
    head = [
        f"## {prose(report.assignment.title)}",
        f"**{spoken['score']}: {score}**" + ("" if report.score is None else f" {spoken['points']}"),
    ]
    if report.score is None:
        head += [f"⚠️ {spoken['unobserved']}", prose(report.error or "", 2000)]
    head += [
        f"{spoken['host']}: {code(host_line(report))} · {spoken['started']}: {code(report.started_at)}",
        _table(report),
    ]
    return [block for block in head if block]


def _table(report: Report) -> str:
    spoken = words(report.lang)
    lines = [
        f"| | {spoken['check']} | {spoken['status']} | {spoken['points'].capitalize()} |",
        "| --- | --- | --- | ---: |",
    ]
    for task in report.tasks:
        title = f"**{_cell(task.title or task.id)}**"
        lines.append(f"| | {title} | | **{points(task.score, task.max_score)}** |")
        for check in task.checks:
            status = spoken[check.status.value]
            score = points(check.score, check.max_score)
            lines.append(
                f"| {_MARKS[check.status]} | {_cell(check.title or check.id)} | {status} | {score} |"
            )
    return "\n".join(lines)


def _body(report: Report, most: int) -> Iterator[str]:
    for task in report.tasks:
        told = [check for check in task.checks if check.status in (Status.FAILED, Status.ERROR)]
        if told:
            yield f"### {prose(task.title or task.id)}"
        if told and task.note:
            yield prose(task.note)
        for check in told:
            yield _joined(list(_check(task, check, report.lang, most))).rstrip("\n")


def _check(task: TaskReport, check: CheckReport, lang: str, most: int) -> Iterator[str]:
    spoken = words(lang)
    score = points(check.score, check.max_score)
    yield f"#### {_MARKS[check.status]} {prose(check.title or check.id)} ({score})"
    yield prose(check.message) or spoken[check.status.value]
    lines = [
        f"- {spoken[word]}: {prose(value(found), 1000) if word == 'hint' else code(value(found))}"
        for word, found in details(check)
    ]
    lines += [f"- {spoken['see']}: {code(command, 1000)}" for command in check.shown_by]
    if lines:
        yield "\n".join(lines)
    if most and check.facts:
        # A block of HTML up to the next empty line, in which Markdown means nothing.
        name = html.escape(clean(f"{task.id}/{check.id}"))
        yield f"<details><summary>{spoken['evidence']}: <code>{name}</code></summary>"
        for fact in check.facts:
            told = f" ({spoken['hidden']})" if fact.hidden else ""
            yield f"{code(fact.shown_by, 1000)} {code(fact.at)}{told}"
            yield _fenced(fact.excerpt, most)
        yield "</details>"


def _notes(report: Report, most: int) -> list[str]:
    shortened = most < _EVIDENCE[0] and any(check.facts for task in report.tasks for check in task.checks)
    return [f"*{words(report.lang)['shortened']}*"] if shortened else []


def prose(text: str, most: int = 400) -> str:
    """A text whose plain words stay as they are; everything else is code. One line."""
    parts = _CODE.split(clean(text, most))
    told = [code(part) if place % 2 else _words(part) for place, part in enumerate(parts)]
    # A full stop after code stands at its end; two spans must not touch.
    return re.sub(r"(`) ([.,;:!?)])", r"\1\2", " ".join(part for part in told if part))


def code(text: str, most: int = 400) -> str:
    """A code span that holds a text, whatever is in it; empty when there is nothing."""
    shown = clean(text, most)
    if not shown.strip():
        return ""
    fence = "`" * (_longest_run(shown) + 1)
    return f"{fence} {shown} {fence}" if "`" in shown or shown != shown.strip() else f"{fence}{shown}{fence}"


def _words(text: str) -> str:
    """Each word as it is or as code; those that are code side by side share a span."""
    told: list[str] = []
    odd: list[str] = []
    for word in text.split():
        match = _TOKEN.fullmatch(word)
        before, core, after = match.groups() if match else ("", word, "")
        if _plain(core) and (
            told or odd or not core[:1].isdigit()
        ):  # a number at the start would begin a list
            told += [*_span(odd), word]
            odd = []
        elif before or after:
            told += [*_span(odd), f"{before}{code(core, 2000)}{after}"]
            odd = []
        else:
            odd.append(word)
    return " ".join([*told, *_span(odd)])


def _plain(core: str) -> bool:
    return bool(_PLAIN.fullmatch(core)) and not _HASH.search(core)


def _span(odd: list[str]) -> list[str]:
    return [code(" ".join(odd), 2000)] if odd else []


def _cell(text: str) -> str:
    return prose(text.replace("|", "¦"))


def _fenced(text: str, most: int) -> str:
    """A block of lines as they are."""
    shown = text if len(text) <= most else f"{text[:most]}…"
    lines = [clean(line, most) for line in shown.split("\n")]
    fence = "`" * max(3, _longest_run("\n".join(lines)) + 1)
    return "\n".join([f"{fence}text", *lines, fence])


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)
