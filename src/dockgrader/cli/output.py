"""Reports to standard output and to files, and the exit status that belongs to them."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dockgrader.errors import DockgraderError, UsageError
from dockgrader.frozen import dataclass
from dockgrader.report.model import Report

if TYPE_CHECKING:
    from dockgrader.grading.run import Run

FORMATS = ("table", "json", "tap", "junit", "markdown", "html", "github", "classroom50", "gradescope")
"""Each is a module of `dockgrader.report` with `render(report)`, imported when it is asked for."""
_WITH_FACTS = ("markdown", "html")


@dataclass(frozen=True)
class Output:
    """A format, and the file that it is written to; None means standard output."""

    format: str
    file: Path | None


def outputs(formats: Sequence[str], known: Sequence[str] = FORMATS) -> list[Output]:
    """What `--format` asks for; the first known one on standard output when nothing is. Raises UsageError."""
    found = [_output(text, known) for text in formats] or [Output(known[0], None)]
    if sum(output.file is None for output in found) > 1:
        raise UsageError(
            "only one --format can go to standard output; give the others a file: json:report.json"
        )
    files = [output.file.resolve() for output in found if output.file and not output.file.is_char_device()]
    if len(set(files)) < len(files):
        raise UsageError("two --format options name the same file; give each its own")
    return found


def _output(text: str, known: Sequence[str]) -> Output:
    name, colon, file = text.partition(":")
    if name not in known:
        raise UsageError(f"unknown format {name!r}; expected one of {', '.join(known)}")
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


def with_facts(asked: Sequence[Output]) -> bool:
    """Whether one of the formats shows what was read for each check."""
    return any(output.format in _WITH_FACTS for output in asked)


def refuse_points(asked: Sequence[Output], points: Iterable[float]) -> None:
    """Raises UsageError, before anything is graded, where a format cannot hold an assignment's points."""
    if not any(output.format == "classroom50" for output in asked):
        return
    from dockgrader.report.classroom50 import scale

    try:
        scale(points)
    except ValueError as error:
        raise UsageError(f"--format classroom50: {error}") from None


def write(report: Report, asked: Sequence[Output]) -> None:
    """Render and write each output; files whole or not at all.

    What goes wrong with one does not keep the others from being written; the first error is raised at the end.
    """
    errors: list[DockgraderError | OSError] = []
    for output in asked:
        try:
            put(rendered(report, output.format, colour=output.file is None and wants_colour()), output.file)
        except (DockgraderError, OSError) as error:
            errors.append(error)
    if errors:
        raise errors[0]


def put(text: str, file: Path | None, mode: int = 0o644) -> None:
    """Text to a file, whole or not at all, or to standard output."""
    if file is None:
        click.echo(text, nl=False)
    else:
        from dockgrader.files import write_whole

        write_whole(file, text.encode("utf-8", "replace"), mode)


def rendered(report: Report, name: str, *, colour: bool = False) -> str:
    """The report in a format. Raises UsageError when that cannot hold it."""
    module = importlib.import_module(f"dockgrader.report.{name}")
    more: dict[str, dict[str, Any]] = {"table": {"colour": colour}, "classroom50": {"job": os.environ}}
    try:
        text: str = module.render(report, **more.get(name, {}))
    except Exception as error:
        raise UsageError(f"--format {name}: {error or type(error).__name__}") from error
    return text


def wants_colour() -> bool:
    """Colour only on a terminal that can show it, and never where NO_COLOR is set (no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def exit_status(reports: Sequence[Report], pass_mark: float) -> int:
    """0 when all reach the mark, 1 when one is below, 3 when something could not be observed."""
    percents = [report.percent for report in reports]
    if any(percent is None for percent in percents):
        return 3
    return 0 if all(percent is not None and percent + 1e-9 >= pass_mark for percent in percents) else 1
