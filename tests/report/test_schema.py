"""The schema of the report is the model's, and takes real reports of each status."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator, ValidationError

from dockgrader.report.json import render
from dockgrader.report.model import Report, Status
from dockgrader.report.schema import schema
from tests.givens import a_container
from tests.report.hostile import few, reports
from tests.report.reports import a_check, a_report, a_task
from tests.solution import Solved, graded

SCHEMA = schema()


def valid(report: Report) -> Any:
    written = json.loads(render(report))
    Draft202012Validator(SCHEMA).validate(written)
    return written


def closed(part: Any) -> Any:
    """The schema with nothing more allowed than it names."""
    if isinstance(part, list):
        return [closed(item) for item in part]
    if not isinstance(part, dict):
        return part
    shut = {key: closed(item) for key, item in part.items()}
    return {**shut, "additionalProperties": False} if "required" in part else shut


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@few
@given(reports())
def test_any_report_is_valid_and_has_no_key_that_the_schema_does_not_name(report: Report) -> None:
    Draft202012Validator(closed(SCHEMA)).validate(json.loads(render(report)))


def test_a_real_report_of_each_status_is_valid() -> None:
    unlimited = a_container("test_limit", state={"Pid": 100})
    solved, mistaken = graded(Solved())[0], graded(Solved({"test_limit": unlimited}))[0]
    seen = {
        check["status"]
        for report in (solved, mistaken)
        for task in valid(report)["tasks"]
        for check in task["checks"]
    }
    assert seen == {"passed", "failed", "skipped"}
    assert valid(a_report(a_task(a_check(Status.ERROR)), error="No daemon."))["score"] is None


@pytest.mark.parametrize(
    "change", [{"score": 0}, {"status": "graded"}, {"error": None}, {"schema": "dockgrader.report/2"}]
)
def test_a_zero_for_a_hosts_failure_is_invalid(change: dict[str, Any]) -> None:
    written = valid(a_report(a_task(a_check(Status.ERROR)), error="No daemon."))
    with pytest.raises(ValidationError):
        Draft202012Validator(SCHEMA).validate(written | change)


def test_a_key_that_is_missing_is_invalid() -> None:
    for name in SCHEMA["required"]:
        written = valid(a_report(a_task(a_check())))
        del written[name]
        with pytest.raises(ValidationError):
            Draft202012Validator(SCHEMA).validate(written)
