"""The report as HTML: a real parser finds our elements alone, whatever the texts hold."""

from __future__ import annotations

import re
from typing import Any

import html5lib
from hypothesis import given

from dockgrader.report.html import render
from dockgrader.report.model import Report, Status
from tests.report.hostile import PAGE, all_checks, few, reports
from tests.report.reports import a_check, a_report, a_task

ELEMENTS = PAGE | {"a", "strong", "pre", "defs", "pattern", "circle"}
ATTRIBUTES = {
    *(
        "lang",
        "charset",
        "http-equiv",
        "content",
        "name",
        "class",
        "id",
        "href",
        "scope",
        "colspan",
        "translate",
    ),
    *(
        "aria-labelledby",
        "aria-label",
        "aria-hidden",
        "focusable",
        "role",
        "width",
        "height",
        "x",
        "y",
        "cx",
        "cy",
    ),
    *("r", "viewBox", "preserveAspectRatio", "patternUnits", "patternTransform"),
}


def parsed(report: Report) -> Any:
    """The document. Raises an error where the page is no HTML."""
    return html5lib.HTMLParser(strict=False, namespaceHTMLElements=False).parse(render(report))


def name(element: Any) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else "comment"


def text(element: Any) -> str:
    return " ".join("".join(element.itertext()).split())


@few
@given(reports())
def test_nothing_in_it_is_alive(report: Report) -> None:
    root = parsed(report)
    assert {name(element) for element in root.iter()} <= ELEMENTS
    for element in root.iter():
        assert {key.rpartition("}")[2] for key in element.attrib} <= ATTRIBUTES
        assert re.fullmatch(r"#task-\d+", element.get("href", "#task-1"))
    rows = [row for row in root.iter("tr") if row.get("class") in list(Status)]
    assert [row.get("class") for row in rows] == [check.status.value for check in all_checks(report)]
    facts = sum(len(check.facts) for check in all_checks(report))
    assert sum(element.get("class") == "fact" for element in root.iter("p")) == facts


@few
@given(reports())
def test_no_character_steers_the_reader(report: Report) -> None:
    page = render(report)
    assert not re.search(
        "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]", page
    )


def test_the_page_lets_nothing_run_and_nothing_be_loaded() -> None:
    [policy] = [meta.get("content") for meta in parsed(a_report()).iter("meta") if meta.get("http-equiv")]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy


def test_it_says_what_a_student_needs() -> None:
    failed = a_check(
        Status.FAILED,
        message="Too much.",
        hint="Count again.",
        expected=1,
        actual="<b>",
        shown_by=("docker ps",),
    )
    page = text(parsed(a_report(a_task(failed))).find("body"))
    for part in (
        "0 / 2 points",
        "Too much.",
        "Count again.",
        "Expected 1",
        "Found <b>",
        "docker ps",
        "failed",
    ):
        assert part in page


def test_it_speaks_the_reports_language() -> None:
    page = parsed(a_report(a_task(a_check(Status.ERROR)), lang="ru", error="Нет Docker."))
    assert page.get("lang") == "ru"
    body = text(page.find("body"))
    assert "оценки нет" in body and "нет данных" in body and "Нет Docker." in body


def test_the_picture_shares_its_width_by_points() -> None:
    tasks = (a_task(a_check(max_score=1), a_check(max_score=3)), a_task(a_check(max_score=2)))
    pieces = [
        r for r in parsed(a_report(*tasks)).iter() if name(r) == "rect" and r.get("class", "")[:5] == "piece"
    ]
    assert [(piece.get("x"), piece.get("width")) for piece in pieces] == [
        ("0.0", "250.0"),
        ("250.0", "750.0"),
        ("0.0", "500.0"),
    ]
