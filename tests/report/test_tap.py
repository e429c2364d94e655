"""The report as TAP: a reader of TAP finds each check once, with the right result, whatever its texts hold."""

from __future__ import annotations

import re

from hypothesis import given

from dockgrader.report.model import Report, Status
from dockgrader.report.tap import render
from tests.report.hostile import all_checks, few, reports
from tests.report.reports import a_check, a_report, a_task

# As TAP::Parser reads it: a directive begins at a `#` that no backslash stands before.
TEST = re.compile(r"(not )?ok (\d+) - ((?:\\.|[^\\#])*)(?:#\s*(SKIP|TODO)\b\s*(.*))?", re.IGNORECASE)


def parsed(text: str) -> list[tuple[bool, str, str]]:
    """Of each test line: is it ok, its description, its directive. Raises AssertionError for what is no TAP."""
    version, plan, *lines = text.removesuffix("\n").split("\n")
    assert version == "TAP version 13"
    assert plan == f"1..{len(lines)}"
    found = []
    for number, line in enumerate(lines, 1):
        match = TEST.fullmatch(line)
        assert match is not None, line
        assert int(match[2]) == number
        found.append((match[1] is None, re.sub(r"\\(.)", r"\1", match[3]), (match[4] or "").upper()))
    return found


@few
@given(reports())
def test_each_check_is_a_line_with_its_result(report: Report) -> None:
    results = {
        Status.PASSED: (True, ""),
        Status.FAILED: (False, ""),
        Status.ERROR: (False, ""),
        Status.SKIPPED: (True, "SKIP"),
    }
    text = render(report)
    assert [(ok, directive) for ok, _, directive in parsed(text)] == [
        results[check.status] for check in all_checks(report)
    ]


def test_a_failure_says_why_and_an_error_that_it_is_none() -> None:
    lines = parsed(
        render(
            a_report(
                a_task(
                    a_check(title="issue #7", message="too # much", status=Status.FAILED),
                    a_check(Status.ERROR, message="no daemon"),
                    a_check(Status.SKIPPED, message="no container"),
                )
            )
        )
    )
    assert lines[0] == (False, "limits/memory: issue #7 [0/2] - too # much", "")
    assert lines[1] == (False, "limits/memory: Memory is limited [?/2] - not observed: no daemon", "")
    assert lines[2] == (True, "limits/memory: Memory is limited [0/2] ", "SKIP")
