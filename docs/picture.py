"""Draws docs/report.svg, the README's picture of a report: python docs/picture.py (needs rich)."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
RECORDING = ROOT / "fixtures" / "homework-1" / "recorded-mistakes.json.gz"
COLOURS = {"✓": "green", "✗": "red", "-": "yellow"}


def main() -> None:
    """Grade the recording of a host with mistakes and draw what a terminal shows."""
    command = [
        sys.executable,
        "-m",
        "dockgrader",
        "regrade",
        "homework-1/limits",
        str(RECORDING),
        "--lang",
        "en",
    ]
    report = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    console = Console(record=True, width=82, file=io.StringIO())
    console.print(Text("$ dockgrader check homework-1/limits", style="bold"))
    for line in report.splitlines():
        text = Text(line)
        if line[:1] in COLOURS:
            text.stylize(f"bold {COLOURS[line[0]]}", 0, 1)
        console.print(text)
    picture = console.export_svg(title="dockgrader")
    # The reader's own monospace font will do: a picture that asks other servers for fonts is none.
    local = re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.DOTALL)
    (ROOT / "docs" / "report.svg").write_text(local, encoding="utf-8")


if __name__ == "__main__":
    main()
