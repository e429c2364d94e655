"""The HTML report in a real Chromium: it opens, unfolds, prints, fits a phone, and everybody can read it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dockgrader.assignment.loading import load
from dockgrader.grading.evidence import read_evidence
from dockgrader.grading.run import grade_evidence
from dockgrader.report.html import render
from dockgrader.report.model import Report, Status
from tests.browser.pages import DESKTOP, PHONE, Scheme, fits, opened, printed, violations
from tests.report.hostile import TRICKS
from tests.report.reports import a_check, a_report, a_task

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).parents[2]
RECORDING = ROOT / "fixtures" / "homework-1" / "recorded-mistakes.json.gz"


def recorded(lang: str) -> Report:
    loaded = load(ROOT / "checks" / "homework-1.yaml")
    return grade_evidence(loaded, loaded.assignment.tasks, read_evidence(RECORDING), lang)


def nothing_seen() -> Report:
    lost = a_check(Status.ERROR, message="There is no socket.", code="engine.no-socket")
    return a_report(a_task(lost, lost), a_task(lost), error="There is no socket.")


def hostile() -> Report:
    checks = [a_check(Status.FAILED, title=t, message=t, actual=t, hint=t, shown_by=(t,)) for t in TRICKS]
    return a_report(a_task(*checks, title="W" * 300), error="x" * 500)


REPORTS = {
    "mistakes": lambda: recorded("en"),
    "mistakes-ru": lambda: recorded("ru"),
    "nothing-seen": nothing_seen,
    "hostile": hostile,
}


@pytest.fixture(params=list(REPORTS), scope="module")
def file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pages") / f"{request.param}.html"
    path.write_text(render(REPORTS[request.param]()), encoding="utf-8")
    return path


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_it_opens_without_an_error_and_fits(
    chromium: Browser, file: Path, width: int, tmp_path: Path
) -> None:
    with opened(chromium, file, width) as page:
        assert fits(page)
        for summary in page.locator("summary").all()[:3]:
            summary.click()
        assert fits(page)
        assert page.screenshot(path=tmp_path / "page.png", full_page=True)


def test_evidence_unfolds(chromium: Browser, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(render(recorded("en")), encoding="utf-8")
    with opened(chromium, file, PHONE) as page:
        evidence = page.locator("tr.failed + tr.more details").first
        assert not evidence.locator("pre").is_visible()
        evidence.locator("summary").click()
        assert evidence.locator("pre").is_visible()
        assert evidence.locator("code").first.inner_text() == "docker container inspect test_limit"
        evidence.locator("summary").press("Enter")
        assert not evidence.locator("pre").is_visible()


def test_it_prints(chromium: Browser, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    report = recorded("en")
    file.write_text(render(report), encoding="utf-8")
    with opened(chromium, file) as page:
        text = printed(page)
    assert "17 / 30 points" in text
    for task in report.tasks:
        for check in task.checks:
            assert check.title in text
            assert not check.hint or " ".join(check.hint.split()[:4]) in text


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_read_it(chromium: Browser, file: Path, scheme: Scheme, axe: str) -> None:
    with opened(chromium, file, scheme=scheme, ours=False) as page:
        assert violations(page, axe) == []


def test_the_policy_keeps_scripts_from_running(chromium: Browser, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    page_with_script = render(nothing_seen()).replace(
        "</body>", "<script>document.title='ran'</script></body>"
    )
    file.write_text(page_with_script, encoding="utf-8")
    with pytest.raises(AssertionError, match="Content Security Policy"), opened(chromium, file) as page:
        assert page.title() != "ran"
