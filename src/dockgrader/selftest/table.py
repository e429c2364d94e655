"""A selftest's outcome for a terminal: the checks by cases, then what is not as it should be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from dockgrader.report import plain
from dockgrader.selftest.individual import OTHER
from dockgrader.selftest.outcome import BlindSpot, CaseResult, Outcome, failed_in

_LEGEND = "✓ passed   ✗ failed   - skipped   ! error   ? not the expected verdict"
_WIDTH = 96


def render(outcome: Outcome, *, all_blind_spots: bool = False) -> str:
    """The whole report; with `all_blind_spots` those that are accepted as well."""
    parts = [
        *_tables(outcome),
        _caught(outcome),
        _mutants(outcome),
        *(_accepted(outcome) if all_blind_spots else ()),
        *_complaints(outcome),
        _last_line(outcome),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _tables(outcome: Outcome) -> Iterator[str]:
    """A table a task: its checks are columns, the cases in which it was graded are rows."""
    for task, names in groupby(outcome.checks, key=lambda name: name.partition("/")[0]):
        checks = list(names)
        rows = [result for result in outcome.cases if checks[0] in result.given]
        legend = [f"  {number} {name.partition('/')[2]}" for number, name in enumerate(checks, 1)]
        heads = "".join(f"{number:>3}" for number in range(1, len(checks) + 1))
        lines = [f"{heads}   case", *(_row(result, checks) for result in rows)]
        yield "\n".join([f"{task}: {len(rows)} cases", *_in_columns(legend), "", *lines])
    yield _LEGEND


def _row(result: CaseResult, checks: Sequence[str]) -> str:
    marks = "".join(f"{_mark(result, check):>3}" for check in checks)
    codes = [
        word.removeprefix("error ")
        for check in checks
        if (word := result.given[check]) not in ("passed", "skipped")
    ]
    return f"{marks}   {result.case.name}{'  ' if codes else ''}{', '.join(dict.fromkeys(codes))}"


def _mark(result: CaseResult, check: str) -> str:
    word = result.given[check]
    mark = {"passed": "✓", "skipped": "-"}.get(word, "!" if word.startswith("error ") else "✗")
    return f"{mark}?" if check in result.wrong else mark


def _in_columns(words: Sequence[str]) -> list[str]:
    """Short texts side by side, as many as fit."""
    wide = max((len(word) for word in words), default=0) + 2
    many = max(1, _WIDTH // wide)
    rows = [words[start : start + many] for start in range(0, len(words), many)]
    return ["".join(word.ljust(wide) for word in row).rstrip() for row in rows]


def _caught(outcome: Outcome) -> str:
    """For each check: how many cases and how many mutants it caught."""
    lines = ["What each check catches: cases, mutants"]
    for check in outcome.checks:
        cases = sum(check in failed_in(result) for result in outcome.cases)
        never = "   never failed in a case: nothing shows that it can" if not cases else ""
        lines.append(f"{cases:>6} {outcome.caught_by.get(check, 0):>6}   {check}{never}")
    return "\n".join(lines)


def _mutants(outcome: Outcome) -> str:
    if not outcome.mutated:
        return "No correct solution that gets full marks is there to be changed: nothing was mutated."
    spots = len(outcome.blind_spots)
    accepted = spots - len(outcome.open_blind_spots)
    return (
        f"{outcome.mutants} mutants of {', '.join(outcome.mutated)}: {spots} get full marks,"
        f" {accepted} of them accepted with a reason"
    )


def _accepted(outcome: Outcome) -> Iterator[str]:
    groups: dict[str, list[BlindSpot]] = {}
    for spot in outcome.blind_spots:
        if spot.accepted is not None:
            groups.setdefault(spot.accepted.reason, []).append(spot)
    for reason, spots in groups.items():
        yield "\n".join([f"Accepted: {plain.clean(reason)}", *_spots(spots)])


def _spots(spots: Iterable[BlindSpot]) -> Iterator[str]:
    """Named mutants a line each; other fields a line for all whose they are."""
    fields: dict[tuple[str, str], list[str]] = {}
    for spot in spots:
        mutant = spot.mutant
        where = f" {mutant.field}" if mutant.field else ""
        if mutant.name == "field.changed":
            fields.setdefault((mutant.field, spot.undecided), []).append(mutant.of)
            continue
        if mutant.name == OTHER:
            solution = f"the solution for {_short(mutant.before)} passes for {_short(mutant.after)} as well"
            yield f"  {OTHER} of {mutant.of}: {solution}{_undecided(spot.undecided)}"
            continue
        change = f"{_short(mutant.before)} → {_short(mutant.after)}"
        shown = f": {change}" if _scalar(mutant.before) and _scalar(mutant.after) and mutant.field else ""
        yield f"  {mutant.name} of {mutant.of}{where}{shown}{_undecided(spot.undecided)}"
    for (field, undecided), whose in fields.items():
        yield f"  field {plain.clean(field)} of {', '.join(whose)}{_undecided(undecided)}"


def _undecided(reason: str) -> str:
    return f"  (cannot be told: {plain.clean(reason)})" if reason else ""


def _scalar(value: object) -> bool:
    return value is None or isinstance(value, str | int | float)


def _short(value: object) -> str:
    text = plain.clean("nothing" if value is None else str(value).rstrip("\n") or "''")
    return text if len(text) <= 40 else text[:39] + "…"


def _complaints(outcome: Outcome) -> Iterator[str]:
    yield from _block(
        "Named in a case, but not in the assignment:", (str(item) for item in outcome.strangers)
    )
    wrong = [line for result in outcome.cases for line in _wrong(result)]
    yield from _block("Not the expected verdict:", wrong)
    uncaught = [result.case.name for result in outcome.cases if result.uncaught]
    yield from _block("Mistakes that nothing catches:", uncaught)
    yield from _block("Checks that never failed in any case (they prove nothing):", outcome.never_failed)
    broken = [f"{mutant.name} of {mutant.of} {mutant.field}: {reason}" for mutant, reason in outcome.broken]
    yield from _block("Mutants that break a check:", map(plain.clean, broken))
    if outcome.open_blind_spots:
        yield "\n".join(
            [
                "Blind spots: these get full marks. Add a check, a correct case in which the field differs,",
                "or accept them under `accepted:` with a reason.",
                *_spots(outcome.open_blind_spots),
            ]
        )
    yield from _block(
        "Ends of parameters at which no correct solution was recorded (a case with these `parameters:`):",
        map(plain.clean, outcome.unseen),
    )
    stale = [
        f"of {item.of}: {', '.join([*item.mutants, *item.fields])} ({item.reason})" for item in outcome.stale
    ]
    yield from _block("Accepted, but no blind spot any more; remove:", map(plain.clean, stale))


def _wrong(result: CaseResult) -> Iterator[str]:
    for check, (wanted, given) in result.wrong.items():
        yield plain.clean(f"{result.case.name}: {check}: expected {wanted}, got {given}")


def _block(title: str, lines: Iterable[str]) -> Iterator[str]:
    found = list(lines)
    if found:
        yield "\n".join([title, *(f"  {line}" for line in found)])


def _last_line(outcome: Outcome) -> str:
    if outcome.sound:
        cases = len(outcome.cases)
        return f"Sound: {cases} cases get their verdicts, every check can fail, no blind spot is left open."
    return "Not sound: see above."
