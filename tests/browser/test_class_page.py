"""The class page in a real browser: it opens clean, sorts, filters, prints, and keeps nobody out."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dockgrader.report import class_page
from dockgrader.report.class_report import ClassReport, Hint, Source, Strength
from dockgrader.report.model import Status
from lab.browser import axe, browser
from lab.command import LabError
from tests.live.conftest import leave_out
from tests.report.classes import PASSED, UNREAD, a_class, a_student
from tests.report.reports import a_check, a_task

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.live

PATIENCE = 40_000
"""Milliseconds: the machine may be busy."""
HOSTILE = '<img src=x onerror="document.title=1"><script>document.title=2</script>"\'&lt;\u202e\x1b[2J'


def the_class(lang: str = "en") -> ClassReport:
    """Everything that the page can show, hostile texts among it."""
    failed = a_task(
        a_check(Status.FAILED, id="memory", max_score=2, code="memory.different", message=HOSTILE),
        a_check(Status.SKIPPED, id="cpus", max_score=1),
    )
    students = [
        a_student("anna", *PASSED, name="Анна Ковалёва", roster={"group": "A"}, host="10.0.0.5"),
        a_student(
            "boris", Status.PASSED, Status.FAILED, roster={"group": "B"}, source=Source.STUDENT_PROVIDED
        ),
        a_student("vera", *PASSED, tasks=(failed,), score=0, roster={"group": "B"}),
        a_student(HOSTILE, *UNREAD, name=HOSTILE, reason=HOSTILE, host=HOSTILE, roster={"group": HOSTILE}),
        a_student("late"),
        *(a_student(f"s{number:02}", *PASSED, roster={"group": "A"}) for number in range(30)),
    ]
    hints = (
        Hint(Strength.STRONG, "container", ("c" * 64, "d" * 64), ("anna", "boris")),
        Hint(Strength.WEAK, "host-key", ("SHA256:x",), ("anna", HOSTILE)),
        Hint(Strength.EXPLAINED, "engine", ("e",), ("vera", "late"), "class"),
    )
    return a_class(*students, lang=lang, hints=hints, graded_to="2026-03-01T18:05:00+00:00", scaled_from=30)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    try:
        with browser() as started:
            yield started
    except LabError as error:
        leave_out(str(error))


Open = Callable[..., "Page"]


@pytest.fixture
def opened(chromium: Browser, tmp_path: Path) -> Iterator[Open]:
    """Opens a class's page; at the end nothing may have been complained of, loaded or run."""
    complaints: list[str] = []
    contexts = []

    def go(report: ClassReport | None = None, width: int = 1280, **settings: Any) -> Page:
        file = tmp_path / "class.html"
        file.write_text(class_page.render(report or the_class()), encoding="utf-8")
        context = chromium.new_context(viewport={"width": width, "height": 900}, **settings)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request",
            lambda request: complaints.append(request.url) if request.url != file.as_uri() else None,
        )
        page.goto(file.as_uri())
        return page

    yield go
    for context in contexts:
        context.close()
    assert complaints == []


def students(page: Page, section: str = "h-students") -> list[str]:
    shown = page.locator(f"section[aria-labelledby={section}] tbody tr:visible th > bdi")
    return shown.evaluate_all("found => found.map(one => one.textContent)")  # type: ignore[no-any-return]


def click(page: Page, heading: str, section: str = "h-students") -> None:
    page.locator(f"section[aria-labelledby={section}]").get_by_role(
        "button", name=heading, exact=True
    ).click()


def test_sorting_by_score(opened: Open) -> None:
    page = opened()
    roster = students(page)
    click(page, "Score")
    ascending = students(page)
    assert ascending[:2] == ["vera", "boris"]
    assert set(ascending[-2:]) == {"late", roster[3]}, "who has no score stays at the end"
    click(page, "Score")
    descending = students(page)
    assert descending[0] == "Анна Ковалёва"
    assert descending[-4:-2] == ["boris", "vera"]
    assert set(descending[-2:]) == {"late", roster[3]}
    heading = page.locator("section[aria-labelledby=h-students] th", has_text="Score")
    assert heading.get_attribute("aria-sort") == "descending"


def test_sorting_the_heat_map_by_what_was_found(opened: Open) -> None:
    page = opened()
    click(page, "cpus", "h-heat")
    click(page, "cpus", "h-heat")
    assert students(page, "h-heat")[:3] == ["late", students(page)[3], "boris"]


def test_filtering_both_tables(opened: Open) -> None:
    page = opened()
    page.get_by_role("searchbox").fill("b")
    assert "boris" in students(page)
    page.get_by_role("searchbox").fill("ковалёва")
    assert students(page) == students(page, "h-heat") == ["Анна Ковалёва"]
    assert page.locator("output").text_content() == "1 / 35"


def test_texts_of_students_stay_texts(opened: Open) -> None:
    page = opened()
    assert page.title() == "Homework 1"
    assert page.locator("img, iframe, object, a[href], script:not(:last-of-type)").count() == 0
    assert page.get_by_text("onerror").count() > 0
    text = page.content()
    assert "\u202e" not in text
    assert "\x1b" not in text


def test_a_mark_is_more_than_a_colour(opened: Open) -> None:
    page = opened()
    marks = page.locator("section[aria-labelledby=h-heat] tbody tr:first-child td").all_text_contents()
    assert marks == ["✓passed", "✓passed"]
    found = page.locator("section[aria-labelledby=h-heat] td.f").first
    assert (found.text_content() or "").endswith("failed")


def test_everything_is_there_without_scripts(opened: Open) -> None:
    page = opened(java_script_enabled=False)
    assert page.locator("section[aria-labelledby=h-students] tbody tr").count() == 35
    assert page.get_by_role("searchbox").count() == 0
    assert page.get_by_role("button").count() == 0


@pytest.mark.parametrize("lang", ["en", "ru"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_nobody_is_kept_out(opened: Open, lang: str, scheme: str, width: int) -> None:
    page = opened(the_class(lang), width, color_scheme=scheme)
    for details in page.locator("details").all():
        details.evaluate("it => it.open = true")
    page.evaluate(axe())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    told = [
        (violation["impact"], violation["id"], violation["nodes"][0]["html"][:200])
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical", "moderate")
    ]
    assert told == []
    if folder := os.environ.get("DOCKGRADER_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"class-{lang}-{scheme}-{width}.png", full_page=True)


@pytest.mark.parametrize("width", [320, 390, 768])
def test_only_tables_scroll_sideways(opened: Open, width: int) -> None:
    page = opened(width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_paper_shows_all_rows(opened: Open) -> None:
    page = opened()
    page.emulate_media(media="print")
    for table in page.locator(".scroll").all():
        assert table.evaluate("it => getComputedStyle(it).overflow") == "visible"
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")


def test_a_class_of_hundreds_is_a_small_file() -> None:
    """300 students with 19 checks each, half of them failed with a long message."""
    task = the_class().tasks[0]
    outlines = tuple(dataclasses.replace(task.checks[0], id=f"check-{number}") for number in range(19))
    verdicts = a_task(
        *(
            a_check(
                Status.FAILED if number % 2 else Status.PASSED, id=outline.id, message="what was found " * 40
            )
            for number, outline in enumerate(outlines)
        )
    )
    row = a_student("anna", *PASSED, tasks=(verdicts,), name="Анна Ковалёва")
    report = a_class(
        *(dataclasses.replace(row, student=f"s{number}") for number in range(300)),
        tasks=(dataclasses.replace(task, checks=outlines),),
    )
    assert len(class_page.render(report).encode()) < 3_000_000
