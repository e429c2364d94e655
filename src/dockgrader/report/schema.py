"""The JSON Schema of the report, `dockgrader.report/1`: what whoever reads our JSON can count on."""

from __future__ import annotations

from typing import Any

from dockgrader.report.model import SCHEMA, Status

_NUMBER = {"type": "number", "minimum": 0}
_SCORE = {"type": ["number", "null"], "minimum": 0}
_TEXT = {"type": "string"}
_KNOWN = {"type": ["string", "null"]}


def schema() -> dict[str, Any]:
    """The schema, JSON Schema 2020-12."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:dockgrader:report:1",
        "title": "dockgrader's report",
        "description": "What one grading of one assignment on one host says. Nothing is ever absent: what could not "
        "be read is null. A later version may add keys under the same schema name; readers ignore what they do not "
        "know.",
        **_object(
            schema={"const": SCHEMA},
            status=_told(
                {"enum": ["graded", "error"]},
                "error when something could not be observed: then score is null",
            ),
            error=_told(_KNOWN, "Why something could not be observed"),
            lang=_told(_TEXT, "The language of titles, messages and hints"),
            assignment=_object(
                id=_TEXT, title=_TEXT, digest=_told(_TEXT, "SHA-256 of the assignment's file, as sha256:HEX")
            ),
            host=_object(name=_TEXT, engine=_KNOWN, api=_KNOWN, cgroup_version=_KNOWN, cgroup_driver=_KNOWN),
            started_at=_told(_TEXT, "When facts began to be read, ISO 8601 in UTC"),
            duration_s=_told(_NUMBER, "Seconds of grading"),
            score=_told(_SCORE, "The sum of the tasks; null when one could not be observed"),
            max_score=_told(_NUMBER, "What could be reached; it never shrinks"),
            tasks={"type": "array", "items": {"$ref": "#/$defs/task"}},
        ),
        # A host's failure is never a zero: status and score say the same.
        "if": {"properties": {"status": {"const": "error"}}},
        "then": {"properties": {"score": {"type": "null"}, "error": _TEXT}},
        "else": {"properties": {"score": _NUMBER, "error": {"type": "null"}}},
        "$defs": {"task": _task(), "check": _check()},
    }


def _task() -> dict[str, Any]:
    return _object(
        id=_TEXT,
        title=_TEXT,
        score=_told(_SCORE, "Null when one of the checks could not be observed"),
        max_score=_NUMBER,
        checks={"type": "array", "items": {"$ref": "#/$defs/check"}},
    )


def _check() -> dict[str, Any]:
    return {
        **_object(
            id=_TEXT,
            title=_TEXT,
            status=_told(
                {"enum": [str(status) for status in Status]},
                "passed and failed are the student's; error is the host's; skipped: a prerequisite failed",
            ),
            code=_told(_TEXT, "A stable name of what was found, one for each mistake that is told apart"),
            score=_told(_SCORE, "Null when the check could not be observed"),
            max_score=_NUMBER,
            expected=_told(
                {}, "The raw value that was expected (bytes, billionths of a CPU, text); null for none"
            ),
            actual=_told({}, "The raw value that was found; null for none"),
            message=_told(_TEXT, "What was expected and found, for people"),
            hint=_told(_TEXT, "How to get on; empty unless failed"),
        ),
        "if": {"properties": {"status": {"const": "error"}}},
        "then": {"properties": {"score": {"type": "null"}}},
        "else": {"properties": {"score": _NUMBER}},
    }


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _told(shape: dict[str, Any], description: str) -> dict[str, Any]:
    return {**shape, "description": description}
