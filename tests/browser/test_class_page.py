"""The class page in a real browser: it opens clean, sorts, filters, prints, and keeps nobody out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dockgrader.report import class_page
from dockgrader.report.class_report import ClassReport, Hint, Source, Strength
from dockgrader.report.model import Status
from tests.browser.pages import DESKTOP, MILLISECONDS, PHONE, Scheme, fits, opened, printed, violations
from tests.report.classes import PASSED, UNREAD, a_class, a_student
from tests.report.reports import a_check, a_task

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.live

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


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return written(tmp_path, "en")


def written(folder: Path, lang: str) -> Path:
    path = folder / f"class-{lang}.html"
    path.write_text(class_page.render(the_class(lang)), encoding="utf-8")
    return path


def students(page: Page, section: str = "h-students") -> list[str]:
    shown = page.locator(f"section[aria-labelledby={section}] tbody tr:visible th > bdi")
    return shown.evaluate_all("found => found.map(one => one.textContent)")  # type: ignore[no-any-return]


def click(page: Page, heading: str, section: str = "h-students") -> None:
    page.locator(f"section[aria-labelledby={section}]").get_by_role(
        "button", name=heading, exact=True
    ).click()


def test_sorting_by_score(chromium: Browser, file: Path) -> None:
    with opened(chromium, file) as page:
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


def test_sorting_the_heat_map_by_what_was_found(chromium: Browser, file: Path) -> None:
    with opened(chromium, file) as page:
        click(page, "cpus", "h-heat")
        click(page, "cpus", "h-heat")
        assert students(page, "h-heat")[:3] == ["late", students(page)[3], "boris"]


def test_filtering_both_tables(chromium: Browser, file: Path) -> None:
    with opened(chromium, file) as page:
        page.get_by_role("searchbox").fill("b")
        assert "boris" in students(page)
        page.get_by_role("searchbox").fill("ковалёва")
        assert students(page) == students(page, "h-heat") == ["Анна Ковалёва"]
        assert page.locator("output").text_content() == "1 / 35"


def test_texts_of_students_stay_texts(chromium: Browser, file: Path) -> None:
    with opened(chromium, file) as page:
        assert page.title() == "Homework 1"
        assert page.locator("img, iframe, object, a[href], script:not(:last-of-type)").count() == 0
        assert page.get_by_text("onerror").count() > 0
        text = page.content()
        assert "\u202e" not in text
        assert "\x1b" not in text


def test_a_mark_is_more_than_a_colour(chromium: Browser, file: Path) -> None:
    with opened(chromium, file) as page:
        marks = page.locator("section[aria-labelledby=h-heat] tbody tr:first-child td").all_text_contents()
        assert marks == ["✓passed", "✓passed"]
        found = page.locator("section[aria-labelledby=h-heat] td.f").first
        assert (found.text_content() or "").endswith("failed")


def test_everything_is_there_without_scripts(chromium: Browser, file: Path) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(file.as_uri(), timeout=MILLISECONDS)
    assert page.locator("section[aria-labelledby=h-students] tbody tr").count() == 35
    assert page.get_by_role("searchbox").count() == 0
    assert page.get_by_role("button").count() == 0
    context.close()


@pytest.mark.parametrize(
    ("lang", "scheme", "width"), [("en", "light", DESKTOP), ("ru", "dark", PHONE), ("ru", "light", PHONE)]
)
def test_everybody_can_read_it(
    chromium: Browser, tmp_path: Path, lang: str, scheme: Scheme, width: int, axe: str
) -> None:
    with opened(chromium, written(tmp_path, lang), width, scheme, ours=False) as page:
        page.locator("details").evaluate_all("found => found.forEach(one => { one.open = true })")
        assert violations(page, axe) == []


@pytest.mark.parametrize("width", [320, PHONE])
def test_only_tables_scroll_sideways(chromium: Browser, file: Path, width: int, tmp_path: Path) -> None:
    with opened(chromium, file, width) as page:
        assert fits(page)
        page.locator("details").evaluate_all("found => found.forEach(one => { one.open = true })")
        assert fits(page)
        assert page.screenshot(path=tmp_path / "page.png", full_page=True)


def test_paper_shows_all_rows(chromium: Browser, file: Path) -> None:
    with opened(chromium, file) as page:
        text = printed(page)
    for number in range(30):
        assert text.count(f"s{number:02}") == 2, "in the table and in the heat map"
