"""Gradescope's results.json: scores where there are some, none anywhere where there is none."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from jsonschema import Draft202012Validator

from dockgrader.report.gradescope import render
from dockgrader.report.model import Report, Status
from tests.report.hostile import all_checks, few, reports
from tests.report.reports import a_check, a_report, a_task

VISIBILITY = {"enum": ["hidden", "after_due_date", "after_published", "visible"]}
TEXT = {"type": "string"}
# After "Autograder Specifications" of Gradescope's documentation; all fields that we write are here.
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "score": {"type": "number"},
        "execution_time": {"type": "integer"},
        "output": TEXT,
        "stdout_visibility": VISIBILITY,
        "output_format": {"const": "text"},
        "test_output_format": {"const": "text"},
        "test_name_format": {"const": "text"},
        "tests": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "score": {"type": "number"},
                    "max_score": {"type": "number"},
                    "status": {"enum": ["passed", "failed"]},
                    "name": TEXT,
                    "name_format": {"const": "text"},
                    "number": {"type": "string", "pattern": r"^\d+\.\d+$"},
                    "output": TEXT,
                    "output_format": {"const": "text"},
                    "visibility": VISIBILITY,
                    "extra_data": {"type": "object"},
                },
            },
        },
    },
}


def parsed(report: Report) -> Any:
    result = json.loads(render(report))
    Draft202012Validator(SCHEMA).validate(result)
    return result


@few
@given(reports())
def test_any_report_is_valid_and_a_host_that_hides_something_leaves_no_score(report: Report) -> None:
    result = parsed(report)
    assert len(result["tests"]) == len(all_checks(report))
    if report.score is None:
        assert not [place for place in (result, *result["tests"]) if "score" in place or "status" in place]
    else:
        assert result["score"] == report.score
        assert [test["score"] for test in result["tests"]] == [check.score for check in all_checks(report)]


def test_each_check_is_seen_when_its_author_says() -> None:
    checks = [a_check(visibility=when) for when in ("visible", "hidden", "after_due_date", "nonsense")]
    result = parsed(a_report(a_task(*checks)))
    assert [test["visibility"] for test in result["tests"]] == [
        "visible",
        "hidden",
        "after_due_date",
        "hidden",
    ]


def test_a_skipped_check_is_failed_there_with_its_reason() -> None:
    [test] = parsed(a_report(a_task(a_check(Status.SKIPPED, message="No container."))))["tests"]
    assert (test["score"], test["status"], test["output"]) == (0, "failed", "skipped: No container.")
