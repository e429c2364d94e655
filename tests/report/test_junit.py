"""The report as JUnit XML: valid, and error, failure and skipped told apart, whatever its texts hold."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from lxml import etree

from dockgrader.report.junit import render
from dockgrader.report.model import Report, Status
from tests.report.hostile import all_checks, few, reports
from tests.report.reports import a_check, a_report, a_task

SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).with_name("junit.xsd")))
ELEMENTS = {Status.FAILED: ["failure"], Status.ERROR: ["error"], Status.SKIPPED: ["skipped"]}


def parsed(report: Report) -> etree._Element:
    """The document, valid by the schema."""
    root = etree.fromstring(render(report).encode())
    SCHEMA.assertValid(root)
    return root


@few
@given(reports())
def test_any_report_is_valid_and_each_check_is_a_case_with_its_result(report: Report) -> None:
    root = parsed(report)
    found = [[child.tag for child in case] for case in root.iter("testcase")]
    assert found == [ELEMENTS.get(check.status, []) for check in all_checks(report)]
    for group in (root, *root.iter("testsuite")):
        cases = list(group.iter("testcase"))
        counted = {
            "tests": len(cases),
            "failures": len(list(group.iter("failure"))),
            "errors": len(list(group.iter("error"))),
            "skipped": len(list(group.iter("skipped"))),
        }
        assert {name: int(group.get(name) or "") for name in counted} == counted


def test_a_failure_says_what_was_expected_and_found() -> None:
    failed = a_check(
        Status.FAILED,
        code="memory.other",
        message="No.",
        expected=1,
        actual="a\x00<b>",
        shown_by=("docker ps",),
    )
    [case] = parsed(a_report(a_task(failed))).iter("testcase")
    assert dict(case.items()) == {
        "classname": "homework-1.limits",
        "name": "memory: Memory is limited [0/2]",
        "time": "0",
    }
    assert dict(case[0].items()) == {"message": "No.", "type": "memory.other"}
    assert (case[0].text or "").split("\n") == [
        *("No.", "Expected: 1", "Found: a\\x00<b>", "See for yourself: docker ps")
    ]


def test_what_was_not_observed_has_no_score() -> None:
    root = parsed(a_report(a_task(a_check(Status.ERROR))))
    assert [item.get("value") for item in root.iter("property") if item.get("name") == "score"] == [""]
