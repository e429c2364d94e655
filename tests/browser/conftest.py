"""A real Chromium, one a session; where it cannot be had, that is said, and in CI it is a failure."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from lab import browser as lab_browser
from lab.command import LabError

if TYPE_CHECKING:
    from playwright.sync_api import Browser

REQUIRED = "DOCKGRADER_REQUIRE_LIVE"


def leave_out(reason: str) -> None:
    """Skip with the reason, or fail where that is not allowed."""
    if os.environ.get(REQUIRED):
        pytest.fail(f"{reason} ({REQUIRED} is set)", pytrace=False)
    pytest.skip(f"NOT TESTED IN A BROWSER: {reason}")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser."""
    try:
        with lab_browser.browser() as started:
            yield started
    except LabError as error:
        leave_out(str(error))


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core."""
    try:
        return lab_browser.axe()
    except LabError as error:
        leave_out(f"axe-core: {error}")
        raise
