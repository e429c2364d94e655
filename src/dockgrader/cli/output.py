"""Reports to standard output and to files, and the exit status that belongs to them."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dockgrader.errors import UsageError
from dockgrader.report.model import Report

if TYPE_CHECKING:
    from dockgrader.grading.run import Run

FORMATS = ("table", "json")


@dataclass(frozen=True)
class Output:
    """A format, and the file that it is written to; None means standard output."""

    format: str
    file: Path | None


def outputs(formats: Sequence[str]) -> list[Output]:
    """What `--format` asks for; the table on standard output when nothing is. Raises UsageError."""
    found = [_output(text) for text in formats] or [Output("table", None)]
    if sum(output.file is None for output in found) > 1:
        raise UsageError(
            "only one --format can go to standard output; give the others a file: json:report.json"
        )
    return found


def _output(text: str) -> Output:
    name, colon, file = text.partition(":")
    if name not in FORMATS:
        raise UsageError(f"unknown format {name!r}; expected one of {', '.join(FORMATS)}")
    if colon and not file:
        raise UsageError(f"--format {text}: the file's name is missing")
    path = Path(file) if file else None
    if path is not None:
        refuse_unwritable(path, f"--format {text}")
    return Output(name, path)


def refuse_unwritable(path: Path, option: str) -> None:
    """Raises UsageError, before anything is graded, where a file surely cannot be written."""
    if path.is_dir():
        raise UsageError(f"{option}: {path} is a folder")
    if not path.parent.is_dir():
        raise UsageError(f"{option}: there is no folder {path.parent}")
    if not os.access(path if path.exists() and not path.is_file() else path.parent, os.W_OK):
        raise UsageError(f"{option}: no permission to write {path}")


def warm(asked: Sequence[Output]) -> None:
    """Import the renderers, while the host is still answering."""
    for output in asked:
        importlib.import_module(f"dockgrader.report.{output.format}")


def write_run(run: Run, asked: Sequence[Output], evidence: Path | None) -> None:
    """Write what was read, where that is asked for, and the report, which is not lost with the evidence."""
    try:
        if evidence is not None:
            from dockgrader.grading.evidence import write_evidence

            write_evidence(run.evidence, evidence)
    finally:
        write(run.report, asked)


def write(report: Report, asked: Sequence[Output]) -> None:
    """Render and write each output; files whole or not at all."""
    for output in asked:
        text = _rendered(report, output)
        if output.file is None:
            click.echo(text, nl=False)
        else:
            from dockgrader.files import write_whole

            write_whole(output.file, text.encode("utf-8", "replace"))


def _rendered(report: Report, output: Output) -> str:
    if output.format == "json":
        from dockgrader.report import json

        return json.render(report)
    from dockgrader.report import table

    return table.render(report, colour=output.file is None and wants_colour())


def wants_colour() -> bool:
    """Colour only on a terminal that can show it, and never where NO_COLOR is set (no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def exit_status(reports: Sequence[Report], pass_mark: float) -> int:
    """0 when all reach the mark, 1 when one is below, 3 when something could not be observed."""
    percents = [report.percent for report in reports]
    if any(percent is None for percent in percents):
        return 3
    return 0 if all(percent is not None and percent + 1e-9 >= pass_mark for percent in percents) else 1
