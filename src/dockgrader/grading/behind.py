"""The facts behind a verdict: which ones a judge read, and what of them a report shows."""

from __future__ import annotations

import json
from typing import Any, Protocol

from dockgrader.errors import Unobserved
from dockgrader.facts.base import Answer, Fact, See
from dockgrader.grading.seeing import Reading
from dockgrader.report.model import FactReport

MOST_FACTS = 24
MOST_CHARACTERS = 4000
_NEVER_ASKED = {
    *(
        "ResolvConfPath",
        "HostnamePath",
        "HostsPath",
        "LogPath",
        "GraphDriver",
        "MaskedPaths",
        "ReadonlyPaths",
    ),
    *("SandboxID", "SandboxKey"),
}
"""Members of inspect answers about which homework says nothing; they would fill half of the excerpt."""


class Readings(Protocol):
    """Where the reading of a fact is kept."""

    def reading(self, fact: Fact[Any]) -> Reading | None:
        """What was read for this question, None when there is nothing."""


class Noting:
    """A `see` that notes what is asked, and why it could not be answered."""

    def __init__(self, see: See) -> None:
        self._see = see
        self.seen: dict[Fact[Any], str] = {}

    def __call__(self, fact: Fact[Answer]) -> Answer:
        """The answer, as `see` gives it."""
        self.seen.setdefault(fact, "")
        try:
            return self._see(fact)
        except Unobserved as hidden:
            self.seen[fact] = hidden.reason
            raise


def fact_reports(seen: dict[Fact[Any], str], source: Readings) -> tuple[FactReport, ...]:
    """What is shown of the facts that a judge read."""
    return tuple(_shown(fact, hidden, source) for fact, hidden in list(seen.items())[:MOST_FACTS])


def _shown(fact: Fact[Any], hidden: str, source: Readings) -> FactReport:
    reading = source.reading(fact)
    if reading is None or reading.error is not None:
        reason = reading.error[1] if reading is not None and reading.error is not None else hidden
        return FactReport(
            fact.name, fact.shown_by(), reading.at if reading else "", reason[:MOST_CHARACTERS], True
        )
    return FactReport(fact.name, reading.shown_by, reading.at, excerpt(reading.answer))


def excerpt(answer: Any) -> str:
    """The beginning of an answer as JSON; an object's members that hold nothing are left out."""
    try:
        text = json.dumps(_filled(answer), indent=1, ensure_ascii=False, default=str)
    except (RecursionError, ValueError):
        text = "(nested too deeply to be shown)"
    return text if len(text) <= MOST_CHARACTERS else text[:MOST_CHARACTERS] + "\n…"


def _filled(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _filled(item)
            for key, item in value.items()
            if key not in _NEVER_ASKED and item not in (None, "", [], {})
        }
    return [_filled(item) for item in value] if isinstance(value, list) else value
