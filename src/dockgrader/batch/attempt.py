"""One grading of one student, as the run folder keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import Any

from dockgrader.assignment.source import Values
from dockgrader.frozen import dataclass
from dockgrader.report.model import Report

SCHEMA = "dockgrader.attempt/1"


class Kind(StrEnum):
    """How an attempt came about, and whether all of it was observed."""

    GRADED = "graded"
    UNOBSERVED = "unobserved"
    STUDENT_PROVIDED = "student-provided"
    REGRADED = "regraded"


@dataclass(frozen=True)
class Attempt:
    """`NNNN.attempt.json` with the report that belongs to it. Times are ISO 8601 in UTC, seconds.

    A regraded attempt stands in for the one whose evidence it is about (`of`), which stays as history.
    `provided` is true when that evidence came from the student.
    """

    number: int
    at: str
    kind: Kind
    reason: str = ""
    code: str = ""
    """What kept the grader from observing it (`ssh.auth`); empty where all was observed."""
    duration_s: float = 0.0
    retries: int = 0
    evidence: str | None = None
    """The evidence file's name, beside the attempt's own."""
    machine: Mapping[str, Any] = field(default_factory=dict)
    of: int | None = None
    provided: bool = False
    kept: tuple[str, ...] = ()
    """Checks (`task/check`) whose old verdict stands, since the evidence has not what a new assignment asks."""
    parameters: Values = field(default_factory=dict)
    """The values of an assignment's parameters by which it was graded."""
    report: Report | None = None

    def to_json(self) -> dict[str, Any]:
        """As it is written, without the report, which has a file of its own."""
        fields = {key: value for key, value in _fields(self).items() if key != "report"}
        return {
            "schema": SCHEMA,
            **fields,
            "kept": list(self.kept),
            "machine": dict(self.machine),
            "parameters": dict(self.parameters),
        }


def _fields(thing: Any) -> dict[str, Any]:
    """A dataclass's fields, not copied."""
    return {name: getattr(thing, name) for name in thing.__dataclass_fields__}


def attempt_from(raw: Any, report: Report | None) -> Attempt:
    """The attempt in what `json.loads` gave. Raises ValueError when it is none."""
    try:
        if raw["schema"] != SCHEMA:
            raise ValueError(f"its schema is {str(raw['schema'])[:60]!r}")
        return Attempt(
            number=int(raw["number"]),
            at=str(raw["at"]),
            kind=Kind(raw["kind"]),
            reason=str(raw["reason"]),
            code=str(raw["code"]),
            duration_s=float(raw["duration_s"]),
            retries=int(raw["retries"]),
            evidence=_name(raw["evidence"]),
            machine=dict(raw["machine"]),
            of=None if raw.get("of") is None else int(raw["of"]),
            provided=raw.get("provided") is True,
            kept=tuple(str(check) for check in raw.get("kept", ())),
            parameters=_values(raw.get("parameters", {})),
            report=report,
        )
    except (LookupError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError(f"it is no attempt ({type(error).__name__}: {str(error)[:60]})") from None


def _values(raw: Any) -> Values:
    if not all(isinstance(value, str | int | float) for value in raw.values()):
        raise ValueError("its parameters are no plain values")
    return {str(name): value for name, value in raw.items()}


def _name(raw: Any) -> str | None:
    """A file's name and no path, whatever somebody wrote there."""
    if raw is None:
        return None
    if not isinstance(raw, str) or "/" in raw or "\\" in raw or raw in (".", "..", ""):
        raise ValueError("its evidence is no file's name")
    return raw
