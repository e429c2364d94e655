"""A verdict in words: the author's texts first, then those that belong to the code."""

from __future__ import annotations

from collections.abc import Mapping

from dockgrader.assignment.model import AnyCheck
from dockgrader.facts.base import See
from dockgrader.report.model import CheckReport, Status, Verdict, whole
from dockgrader.texts import filled, of_code, picked

_SCORES = {Status.FAILED: 0.0, Status.SKIPPED: 0.0}


def check_report(
    check: AnyCheck, verdict: Verdict, checks: Mapping[str, AnyCheck], see: See, lang: str
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


def title_of(check: AnyCheck, lang: str) -> str:
    """The check's title, else its id."""
    return picked(check.title, lang) or check.id


def _texts(check: AnyCheck, verdict: Verdict, lang: str) -> tuple[str, str]:
    message, hint = of_code(verdict.code, lang)
    mistakes = [item for item in check.mistakes if item.code == verdict.code]
    own_message = check.messages.get(verdict.code) or next((item.message for item in mistakes), None)
    own_hint = check.hints.get(verdict.code) or next((item.hint for item in mistakes), None) or check.hint
    return picked(own_message, lang) or message or verdict.code, picked(own_hint, lang) or hint


def _commands(check: AnyCheck, see: See) -> list[str]:
    try:
        return check.shown_by(see)
    except Exception:  # noqa: BLE001 - the verdict stands without the commands, whatever a kind of somebody's does
        return []
