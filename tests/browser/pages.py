"""What every page of ours must do in a real browser: any page is tested with these."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Scheme = Literal["light", "dark"]
PHONE, DESKTOP = 390, 1280
MILLISECONDS = 120_000


@contextmanager
def opened(
    chromium: Browser, file: Path, width: int = DESKTOP, scheme: Scheme = "light", *, ours: bool = True
) -> Iterator[Page]:
    """The page, without an error on the console and without a request for anything else.

    `ours` keeps the page's own policy, which would keep a test from adding a script.
    """
    context = chromium.new_context(
        viewport={"width": width, "height": 844}, color_scheme=scheme, bypass_csp=not ours
    )
    context.set_default_timeout(MILLISECONDS)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: said.append(request.url) if request.url != file.as_uri() else None)
    page.goto(file.as_uri())
    yield page
    assert not said, said
    context.close()


def fits(page: Page) -> bool:
    """Whether nothing sticks out sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def printed(page: Page) -> str:
    """The text of the page on A4."""
    from pypdf import PdfReader  # of the browser's group, which the unit tests do without

    pages = PdfReader(io.BytesIO(page.pdf(format="A4"))).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def violations(page: Page, axe: str) -> list[str]:
    """What axe-core finds serious or critical; the page must be open without its policy."""
    page.evaluate(axe)
    found = page.evaluate("axe.run()")["violations"]
    return [
        f"{rule['id']}: {node['html']}"
        for rule in found
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]
