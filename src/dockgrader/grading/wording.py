"""A verdict in words: the author's texts first, then those that belong to the code."""

from __future__ import annotations

from collections.abc import Mapping

from dockgrader.facts.base import See
from dockgrader.kinds.base import Check
from dockgrader.report.model import CheckReport, Status, Verdict, whole
from dockgrader.texts import filled, of_code, picked

_SCORES = {Status.FAILED: 0.0, Status.SKIPPED: 0.0}


def check_report(
    check: Check, verdict: Verdict, checks: Mapping[str, Check], see: See, lang: str
) -> CheckReport:
    """What is reported of a check in a language; `checks` are the task's, to name a cause by its title."""
    cause = checks.get(str(verdict.params.get("cause_id")))
    params = {**verdict.params, "cause": title_of(cause, lang) if cause else ""}
    message, hint = _texts(check, verdict, lang)
    score = None if verdict.status is Status.ERROR else _SCORES.get(verdict.status, check.points)
    return CheckReport(
        id=check.id,
        title=title_of(check, lang),
        status=verdict.status,
        code=verdict.code,
        score=None if score is None else whole(score),
        max_score=whole(check.points),
        expected=verdict.expected,
        actual=verdict.actual,
        message=filled(message, params).strip(),
        hint=filled(hint, params) if verdict.status is Status.FAILED else "",
        shown_by=tuple(_commands(check, see)) if verdict.status is Status.FAILED else (),
        visibility=check.visibility,
    )


def title_of(check: Check, lang: str) -> str:
    """The check's title, else its id."""
    return picked(check.title, lang) or check.id


def _texts(check: Check, verdict: Verdict, lang: str) -> tuple[str, str]:
    message, hint = _own_texts(check, verdict.code, lang) or of_code(verdict.code, lang)
    if verdict.status is Status.ERROR and not message:
        message = "{reason}"
    mistakes = [item for item in check.mistakes if item.code == verdict.code]
    own_message = check.messages.get(verdict.code) or next((item.message for item in mistakes), None)
    own_hint = check.hints.get(verdict.code) or next((item.hint for item in mistakes), None) or check.hint
    return picked(own_message, lang) or message or verdict.code, picked(own_hint, lang) or hint


def _own_texts(check: Check, code: str, lang: str) -> tuple[str, str] | None:
    """Those that the kind itself brings, in this language, else in English."""
    if not check.texts:
        return None
    try:
        by_lang = check.texts[code]
        message, hint = by_lang.get(lang) or by_lang.get("en") or next(iter(by_lang.values()))
        return str(message), str(hint)
    except Exception:  # noqa: BLE001 - a verdict without its words is better than none
        return None


def _commands(check: Check, see: See) -> list[str]:
    try:
        return [str(command) for command in check.shown_by(see)]
    except Exception:  # noqa: BLE001 - the verdict stands without the commands, whatever a kind of somebody's does
        return []
