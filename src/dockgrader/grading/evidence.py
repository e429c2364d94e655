"""Evidence: every fact that was read, in a file from which the same can be graded again without the host."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dockgrader.errors import EvidenceError, Unobserved
from dockgrader.facts.base import Answer, Fact, built_in
from dockgrader.files import write_whole
from dockgrader.frozen import dataclass
from dockgrader.grading.seeing import Parser, Reading
from dockgrader.report.model import HostReport

SCHEMA = "dockgrader.evidence/1"
_CAP = 64 << 20
_HOST_KEYS = ("engine", "api", "cgroup_version", "cgroup_driver")


@dataclass(frozen=True)
class Evidence:
    """What one run read: the host, when it started, why nothing could be read, and the readings by question."""

    host: HostReport
    started_at: str
    error: tuple[str, str] | None
    readings: tuple[Reading, ...]

    def to_json(self) -> dict[str, Any]:
        """As it is written."""
        return {
            "schema": SCHEMA,
            "host": asdict(self.host),
            "started_at": self.started_at,
            "error": list(self.error) if self.error else None,
            "readings": [vars(reading).copy() for reading in self.readings],
        }


class RecordedSee:
    """Facts looked up in evidence; what is not there is an error, never a zero."""

    def __init__(self, evidence: Evidence) -> None:
        self._error = evidence.error
        self._readings = {_key(reading.question): reading for reading in evidence.readings}
        self._found: dict[Fact[Any], Reading | None] = {}
        self._parse = Parser()

    def start(self, facts: Iterable[Fact[Any]]) -> None:
        """Nothing to begin."""

    def __call__(self, fact: Fact[Answer]) -> Answer:
        """The recorded answer."""
        reading = self.reading(fact)
        if reading is None:
            if self._error:
                raise Unobserved(*self._error)
            raise Unobserved("evidence.missing", f"Not in the evidence: {fact.shown_by()}")
        if reading.error is not None:
            raise Unobserved(*reading.error)
        answer: Answer = self._parse(fact, reading.answer)
        return answer

    def reading(self, fact: Fact[Any]) -> Reading | None:
        """What was recorded for this question."""
        if not built_in(fact):
            return self._readings.get(fact.key())
        if fact not in self._found:
            self._found[fact] = self._readings.get(fact.key())
        return self._found[fact]

    def has(self, fact: Fact[Any]) -> bool:
        """Whether this was recorded."""
        return fact.key() in self._readings

    def readings(self) -> list[Reading]:
        """All that was recorded."""
        return list(self._readings.values())


def read_evidence(path: Path) -> Evidence:
    """Read an evidence file, plain or gzip. Raises EvidenceError with what is wrong."""
    try:
        with path.open("rb") as file:
            data = file.read(_CAP + 1)
        if data[:2] == b"\x1f\x8b":
            with gzip.open(path) as unpacked:
                data = unpacked.read(_CAP + 1)
        raw = json.loads(data) if len(data) <= _CAP else None
    except (OSError, EOFError, ValueError, RecursionError, zlib.error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is no evidence file"
        raise EvidenceError(f"{path}: {reason}") from None
    schema = raw.get("schema") if isinstance(raw, dict) else None
    if not isinstance(raw, dict) or schema != SCHEMA:
        found = f"its schema is {str(schema)[:60]!r}" if schema else "it is no evidence file"
        raise EvidenceError(f"{path}: {found}; this version reads {SCHEMA}")
    try:
        return _evidence(raw)
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError):
        raise EvidenceError(f"{path}: it is cut short or was changed by hand") from None


def _evidence(raw: dict[str, Any]) -> Evidence:
    host = raw["host"]
    readings = tuple(
        Reading(
            dict(item["question"]),
            str(item["shown_by"]),
            str(item["at"]),
            float(item["seconds"]),
            item["answer"],
            _error(item["error"]),
        )
        for item in raw["readings"]
    )
    details = {key: None if host[key] is None else str(host[key]) for key in _HOST_KEYS}
    named = HostReport(str(host["name"]), **details)
    return Evidence(named, str(raw["started_at"]), _error(raw["error"]), readings)


def _error(raw: Any) -> tuple[str, str] | None:
    return (str(raw[0]), str(raw[1])) if raw else None


def _key(question: dict[str, Any]) -> str:
    return json.dumps(question, sort_keys=True, default=list)


def write_evidence(evidence: Evidence, path: Path) -> None:
    """Write evidence whole or not at all, readable by its owner only; compressed when the name ends in .gz."""
    data = json.dumps(evidence.to_json(), indent=1, ensure_ascii=True).encode()
    write_whole(path, gzip.compress(data, mtime=0) if path.suffix == ".gz" else data, 0o600)
