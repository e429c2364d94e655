"""The examples in the pages: fenced blocks with their language, and the commands in them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    ROOT / "README.md",
    *sorted(path for path in ROOT.glob("docs/**/*.md") if "generated" not in path.parts),
]
_BLOCK = re.compile(
    r"^(?:<!-- on: (?P<on>\S+) -->\n)?```(?P<language>\w*)\n(?P<text>.*?)^```", re.DOTALL | re.MULTILINE
)
_WORD = re.compile(r"[A-Za-z0-9_./:=@-]+")


class Block(NamedTuple):
    """A fenced block; `on` is the recording on which its commands print what stands there, else empty."""

    page: Path
    language: str
    text: str
    on: str

    def __str__(self) -> str:
        return f"{self.page.stem}:{self.text.splitlines()[0][:40]}"


def blocks(*languages: str) -> list[Block]:
    """Those of all pages, in these languages."""
    return [
        Block(page, found["language"], found["text"], found["on"] or "")
        for page in PAGES
        for found in _BLOCK.finditer(page.read_text(encoding="utf-8"))
        if found["language"] in languages
    ]


def commands(block: Block) -> Iterator[list[str]]:
    """The words after `dockgrader` of each of its commands, as far as a shell would hand them to it."""
    text = block.text.replace("\\\n", " ")
    for line in text.splitlines():
        if "dockgrader " not in line or (block.language == "console" and not line.startswith("$ ")):
            continue
        lexer = shlex.shlex(line.removeprefix("$ "), posix=True, punctuation_chars="();<>|&")
        lexer.whitespace_split = True
        words: list[str] = []
        for word in [*lexer, ";"]:
            if word[0] in "();<>|&":
                if words[:1] == ["dockgrader"]:
                    yield words[1:]
                words = []
            else:
                words.append(word)
