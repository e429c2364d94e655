"""Is the built site whole by itself? Ends with 1 when a page loads something from elsewhere, or has not been made."""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path

SITE = Path(__file__).resolve().parent.parent / "site"
_LOADS = {"script": "src", "img": "src", "iframe": "src", "link": "href", "source": "src", "object": "data"}
_ONLY_NAMED = {"canonical", "alternate", "prev", "next"}


class Loads(HTMLParser):
    """Collects what a page loads from other servers."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One element."""
        given = {name: value or "" for name, value in attrs}
        address = given.get(_LOADS.get(tag, ""), "")
        if address.startswith(("http:", "https:", "//")) and given.get("rel") not in _ONLY_NAMED:
            self.found.append(address)


def main() -> None:
    """Look at every page."""
    pages = sorted(SITE.glob("**/*.html"))
    names = {str(page.relative_to(SITE)) for page in pages}
    wrong = [] if "reference/generated/codes/index.html" in names else ["the generated reference is missing"]
    for page in pages:
        loads = Loads()
        loads.feed(page.read_text(encoding="utf-8"))
        wrong += [f"{page.relative_to(SITE)} loads {address}" for address in loads.found]
    for line in wrong:
        print(line, file=sys.stderr)
    print(f"{len(pages)} pages, nothing is loaded from elsewhere" if not wrong else "not whole by itself")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
