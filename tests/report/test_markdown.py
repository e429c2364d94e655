"""The report as Markdown: nothing of anybody's is a link, an image, a mention or HTML, and tables stay whole."""

from __future__ import annotations

import re
from collections.abc import Iterator

import html5lib
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from dockgrader.report.markdown import code, prose, render
from dockgrader.report.model import FactReport, Report, Status
from tests.report.hostile import TEXTS, all_checks, few, reports
from tests.report.reports import a_check, a_report, a_task

READER = MarkdownIt("gfm-like", {"linkify": False})
# What GitHub makes links of in text that is not code.
LINKED = re.compile(r"@\w|#\d|\bGH-\d|://|\bwww\.|\w@\w|\b[0-9a-f]{7,40}\b|:\w+:", re.IGNORECASE | re.ASCII)
OURS = {"details", "summary", "code"}


def tokens(text: str) -> Iterator[Token]:
    for token in READER.parse(text):
        yield token
        yield from token.children or ()


def assert_harmless(text: str) -> None:
    for token in tokens(text):
        assert token.type not in ("link_open", "image", "html_inline", "code_block"), token
        if token.type == "text":
            assert not LINKED.search(token.content), token.content
        if token.type == "html_block":
            names = {node.tag.rpartition("}")[2] for node in html5lib.parseFragment(token.content).iter()}
            assert names <= OURS | {"DOCUMENT_FRAGMENT"}, token.content


@few
@given(reports())
def test_nothing_in_it_is_alive_and_the_table_has_a_row_a_check(report: Report) -> None:
    text = render(report)
    assert_harmless(text)
    found = [token.type for token in tokens(text)]
    rows = 1 + len(report.tasks) + len(all_checks(report))
    assert found.count("tr_open") == rows
    assert found.count("td_open") == 4 * (rows - 1)
    told = [check for check in all_checks(report) if check.status in (Status.FAILED, Status.ERROR)]
    assert found.count("heading_open") == 1 + len(told) + sum(
        any(check in told for check in task.checks) for task in report.tasks
    )
    unfolding = [token for token in READER.parse(text) if token.type == "html_block"]
    assert [token.content.strip()[:9] for token in unfolding] == ["<details>", "</details"] * sum(
        bool(check.facts) for check in told
    )


@given(TEXTS)
def test_code_holds_exactly_the_text(text: str) -> None:
    span = code(text)
    children = READER.parseInline(f"a {span} b")[0].children or []
    assert [token.type for token in children] == (["text", "code_inline", "text"] if span else ["text"])


@given(TEXTS, st.sampled_from(["{}", "- {}", "## {}", "| a |\n| --- |\n| {} |"]))
def test_prose_stays_one_piece_of_text(text: str, place: str) -> None:
    assert_harmless(place.format(prose(text.replace("|", ""))))


def test_plain_words_stay_plain_and_names_are_code() -> None:
    assert prose("There is no test_limit (yet); see `docker ps`.") == (
        "There is no `test_limit` (yet); see `docker ps`."
    )
    assert prose("1. @octocat wrote https://a.b deadbeef") == "`1`. `@octocat` wrote `https://a.b deadbeef`"


def test_evidence_is_shortened_until_it_fits_and_that_is_said() -> None:
    fact = FactReport("container", "docker inspect x", "2026-03-01T10:05:00", "é" * 3000)
    report = a_report(a_task(*[a_check(Status.FAILED, facts=(fact,))] * 20))
    whole = render(report)
    assert "shortened" not in whole
    sizes = (len(whole.encode()), 60_000, 20_000, 4_000, 900)
    texts = [render(report, size) for size in sizes]
    assert [len(text.encode()) <= size for text, size in zip(texts, sizes, strict=True)] == [True] * 5
    assert texts[0] == whole
    assert all("evidence was shortened" in text for text in texts[1:4])
    assert all("left out" in text for text in texts[4:])
    for text in texts:
        assert_harmless(text)


@few
@given(reports(), st.integers(400, 3000))
def test_no_report_is_too_large(report: Report, size: int) -> None:
    text = render(report, size)
    assert len(text.encode()) <= size
    assert_harmless(text)


def test_without_a_score_it_says_so() -> None:
    text = render(
        a_report(a_task(a_check(Status.ERROR, message="No daemon.")), error="No daemon.", lang="ru")
    )
    assert "**Итог: оценки нет**" in text
    assert "это не ошибка студента" in text
    assert "?/2" in text
