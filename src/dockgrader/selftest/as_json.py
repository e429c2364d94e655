"""A selftest's outcome for programs."""

from __future__ import annotations

import json

from dockgrader.selftest.outcome import BlindSpot, CaseResult, Outcome

SCHEMA = "dockgrader.selftest/1"


def render(outcome: Outcome) -> str:
    """One JSON object; verdicts are words as in cases."""
    said = {
        "schema": SCHEMA,
        "sound": outcome.sound,
        "checks": list(outcome.checks),
        "cases": [_case(result) for result in outcome.cases],
        "never_failed": outcome.never_failed,
        "strangers": [str(problem) for problem in outcome.strangers],
        "mutated": list(outcome.mutated),
        "mutants": outcome.mutants,
        "caught_by": dict(outcome.caught_by),
        "blind_spots": [_spot(spot) for spot in outcome.blind_spots],
        "broken": [
            {"mutant": mutant.name, "of": mutant.of, "reason": reason} for mutant, reason in outcome.broken
        ],
        "unseen": list(outcome.unseen),
        "stale": [item.model_dump() for item in outcome.stale],
    }
    return json.dumps(said, indent=2, ensure_ascii=True) + "\n"


def _case(result: CaseResult) -> dict[str, object]:
    wrong = {check: {"expected": wanted, "given": given} for check, (wanted, given) in result.wrong.items()}
    return {"name": result.case.name, "verdicts": dict(result.given), "wrong": wrong}


def _spot(spot: BlindSpot) -> dict[str, object]:
    mutant = spot.mutant
    return {
        "mutant": mutant.name,
        "of": mutant.of,
        "field": mutant.field,
        "case": spot.case,
        "accepted": spot.accepted.reason if spot.accepted else None,
        "undecided": spot.undecided or None,
    }
