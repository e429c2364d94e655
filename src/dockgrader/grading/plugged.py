"""Checks of kinds that installed packages add: whatever their code does, it is an error of that check only.

Somebody's code may raise, return anything, or never end. A judge's own time is bounded; waiting for facts, which
are bounded themselves, does not count.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import wait
from typing import Any

from dockgrader import plugins
from dockgrader.errors import Unobserved
from dockgrader.facts.base import Answer, Fact, See
from dockgrader.facts.plugins import refuse_unusable
from dockgrader.hosts.deadline import background
from dockgrader.kinds.base import Check, Failed
from dockgrader.kinds.plugins import origin
from dockgrader.report.model import Status, Verdict

JUDGE_SECONDS = 20.0
_STEP = 0.25
_MOST_FACTS = 200


class Plugged:
    """A check of a package's kind, as the grading uses it."""

    def __init__(self, check: Check) -> None:
        self._check = check

    def asks(self) -> Iterator[Fact[Any]]:
        """What can be asked ahead. What is wrong is left to the judge."""
        return _usable(lambda: self._check.asks())

    def asks_of(self, ref: str) -> Iterator[Fact[Any]]:
        """What can be asked ahead of a service's container."""
        return _usable(lambda: getattr(self._check, "asks_of", lambda _: ())(ref))

    def judge(self, see: See) -> Verdict:
        """The verdict. Raises Failed, and Unobserved for the host's sake and the package's."""
        asking = _Asking(see)
        future = background(lambda: self._check.judge(asking))
        own = 0.0
        while not wait([future], _STEP).done:
            own += 0.0 if asking.waiting else _STEP
            if own > JUDGE_SECONDS:
                raise self._broken(f"its judge does not end: {JUDGE_SECONDS:.0f} seconds without a question")
        try:
            return self._sound(future.result())
        except Failed as failure:
            self._sound(failure.verdict)
            raise
        except Unobserved as hidden:
            raise Unobserved(str(hidden.code), str(hidden.reason)) from None
        except plugins.BREAKAGE as bug:
            raise self._broken(plugins.said(bug)) from None

    def _sound(self, verdict: Any) -> Verdict:
        """The verdict, if it is one that can be reported."""
        if not isinstance(verdict, Verdict) or not isinstance(verdict.status, Status):
            raise self._broken(f"its judge returned {type(verdict).__name__}, not a Verdict")
        try:
            json.dumps(
                [verdict.code, verdict.expected, verdict.actual, dict(verdict.params)], allow_nan=False
            )
        except (TypeError, ValueError, RecursionError) as bug:
            raise self._broken(f"its verdict is no JSON: {plugins.said(bug)}") from None
        if not isinstance(verdict.code, str):
            raise self._broken("the code of its verdict is no text")
        return verdict

    def _broken(self, what: str) -> Unobserved:
        kind = self._check.kind
        return Unobserved("plugin.broken", f"the kind {kind} of {origin(kind) or 'nobody'}: {what}")


class _Asking:
    """A `see` that refuses facts which could not be recorded, and knows whether it is waited for."""

    def __init__(self, see: See) -> None:
        self._see = see
        self._lock = threading.Lock()
        self.waiting = 0

    def __call__(self, fact: Fact[Answer]) -> Answer:
        refuse_unusable(fact)
        with self._lock:
            self.waiting += 1
        try:
            return self._see(fact)
        finally:
            with self._lock:
                self.waiting -= 1


def _usable(ask: Any) -> Iterator[Fact[Any]]:
    try:
        facts: list[Fact[Any]] = []
        for fact in ask():
            refuse_unusable(fact)
            hash(fact)
            facts.append(fact)
            if len(facts) >= _MOST_FACTS:
                break
    except plugins.BREAKAGE:
        return
    yield from facts


def shown(check: Check) -> list[str]:
    """What `dockgrader show` says of such a check: its package, all fields of its own, and what it runs and asks."""
    from dockgrader.kinds.plugins import Unusable

    if isinstance(check, Unusable):
        return [f"cannot be used: {check.reason}"]
    lines = [f"kind {check.kind} of {origin(check.kind)}"]
    own = [name for name in type(check).model_fields if name not in Check.model_fields]
    try:
        given = check.model_dump(mode="json", include=set(own) & check.model_fields_set)
        lines += [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in given.items()]
        runs = [str(line) for line in check.runs()]
        asked: Iterable[Fact[Any]] = check.asks()
        asks = [f"asks: {fact.shown_by()}" for fact in asked]
        return [*lines, *runs, *asks]
    except plugins.BREAKAGE as bug:
        return [*lines, f"what it runs cannot be told: {plugins.said(bug)}"]
