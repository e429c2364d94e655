"""Reports in which every text is whatever a student's machine could send."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from itertools import cycle

from hypothesis import settings
from hypothesis import strategies as st

from dockgrader.report.model import (
    AssignmentReport,
    CheckReport,
    FactReport,
    HostReport,
    Report,
    Status,
)
from tests.report.reports import a_report, a_task

PAGE = {
    *("html", "head", "meta", "title", "style", "body", "header", "main", "footer", "section", "h1", "h2"),
    *("p", "dl", "dt", "dd", "ul", "li", "div", "span", "b", "code", "details", "summary"),
    *("table", "thead", "tbody", "tr", "th", "td", "svg", "rect"),
}
"""Elements that each HTML page of ours has; whatever else comes out is named by the page's own test."""
TRICKS = (
    *("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "</pre></code><svg/onload=alert(1)>"),
    *(
        "'\" onmouseover=alert(1) x='",
        "{{ 7*7 }}{% raw %}",
        "]]><!--",
        "&lt;&#60;&amp;",
        "--><b>",
        "</title>",
    ),
    *("[a](https://evil.example)", "![a](https://evil.example/a.png)", "<https://evil.example>", "@octocat"),
    *("https://evil.example", "www.evil.example", "a@evil.example", "#1", "owner/repo#2", "GH-3", "deadbeef"),
    *(
        "a | b",
        "\\|",
        "|---|---|",
        "`",
        "```",
        "``` `` `",
        "***",
        "1. a",
        "- a",
        "    a",
        "# a",
        "> a",
        "---",
    ),
    *("[x]: https://evil.example", "[x]", "~~~", "<details>", "\\", "$x$", ":smile:", "`a\\` | b"),
    *(
        "::error::x",
        "::add-mask::x",
        "  ::set-output name=a::b",
        "##[add-mask]x",
        "\x85::warning::x",
        "%0A::x::",
    ),
    *("::stop-commands::x", "# SKIP", "# TODO x", "ok 7 - x", "Bail out!", "1..0", "\\# SKIP", "not ok"),
    *(
        "\x00",
        "\x1b[31m",
        "\x07",
        "\r",
        "\n",
        "a\nok 2",
        "a\r\n::error::x",
        "\u2028",
        "\u202e",
        "\u200b",
        "\ufeff",
    ),
    *("\ud800", "\udcff", "\ufffe", "\uffff", "\U0001f600", "=1+1", "\t", "", " ", "é", "привет", "العربية"),
)

TEXTS = st.one_of(
    st.text(max_size=20),
    st.lists(st.sampled_from(TRICKS), min_size=1, max_size=4).map("".join),
    st.lists(st.sampled_from(TRICKS), min_size=1, max_size=4).map(" ".join),
    st.text(st.characters(categories=["Cs", "Cc", "Cf", "Cn"]), max_size=5),
)
few = settings(max_examples=40)
"""For tests of whole reports, each of which holds many texts."""


@st.composite
def reports(draw: st.DrawFn) -> Report:
    """A report of up to two tasks of up to three checks; its sums are right, its texts are anything."""
    texts = cycle(draw(st.lists(TEXTS, min_size=7, max_size=7)))
    tasks = [
        a_task(
            *(_check(status, most / 4, texts) for status, most in found),
            id=next(texts),
            title=next(texts),
            note=next(texts),
        )
        for found in draw(
            st.lists(st.lists(st.tuples(st.sampled_from(Status), st.integers(0, 40)), max_size=3), max_size=2)
        )
    ]
    report = a_report(
        *tasks,
        lang=draw(st.sampled_from(["en", "ru", next(texts)])),
        assignment=AssignmentReport(next(texts), next(texts), next(texts)),
        host=HostReport(next(texts), next(texts), None, next(texts), next(texts)),
        started_at=next(texts),
    )
    return dataclasses.replace(report, error=next(texts) if report.score is None else None)


def _check(status: Status, most: float, texts: Iterator[str]) -> CheckReport:
    """A check with the score that belongs to its status."""
    return CheckReport(
        id=next(texts),
        title=next(texts),
        status=status,
        code=next(texts),
        score={Status.PASSED: most, Status.ERROR: None}.get(status, 0),
        max_score=most,
        expected=next(texts),
        actual={next(texts): [next(texts), None, 1]},
        message=next(texts),
        hint=next(texts),
        shown_by=(next(texts), next(texts)),
        facts=(
            FactReport(next(texts), next(texts), next(texts), next(texts)),
            FactReport(next(texts), next(texts), next(texts), next(texts), True),
        ),
        visibility=next(texts),
    )


def all_checks(report: Report) -> list[CheckReport]:
    """The checks of all tasks in order."""
    return [check for task in report.tasks for check in task.checks]
