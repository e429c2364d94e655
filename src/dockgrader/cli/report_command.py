"""`dockgrader report`."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dockgrader.cli import options, output
from dockgrader.frozen import dataclass

if TYPE_CHECKING:
    from dockgrader.batch.folder import RunFolder
    from dockgrader.report.class_report import ClassReport

FORMATS = ("csv", "moodle", "canvas", "html")


@click.command("report")
@click.argument("folder", type=click.Path(path_type=Path), metavar="FOLDER")
@options.format_option("csv (default), moodle, canvas or html")
@click.option("--student", metavar="ID", help="The report of one student, with evidence: table, html, json…")
@click.option(
    "--scale",
    type=options.Number(min=0, min_open=True, max=1_000_000),
    metavar="MAX",
    help="Scores out of MAX, rounded half up to two decimals.",
)
@click.option("--column", default="", metavar="NAME", help="The grade's column, as the LMS names it.")
@click.option("--notes", default="", metavar="NAME", help="Canvas: a column of the course's own for reasons.")
@click.option("--graded-only", is_flag=True, help="Moodle, Canvas: leave out who has no grade.")
@options.lang_option()
def command(
    folder: Path,
    formats: tuple[str, ...],
    student: str | None,
    scale: float | None,
    column: str,
    notes: str,
    graded_only: bool,
    lang: str | None,
) -> int:
    """Make the gradebook, or the class page, of a run folder that `dockgrader batch` wrote.

    Who could not be observed has no grade and a reason, never a zero.

    \b
    Examples:
      dockgrader report autumn-hw1 --format csv:grades.csv --format html:class.html
      dockgrader report autumn-hw1 --format moodle:moodle.csv --scale 100
      dockgrader report autumn-hw1 --format canvas:canvas.csv --column "Homework 1 (4242)"
      dockgrader report autumn-hw1 --student ivanov --format html:ivanov.html
    """
    from dockgrader.batch.folder import RunFolder
    from dockgrader.texts import language

    spoken = language(lang)
    choices = _Choices(column, notes, graded_only)
    asked = output.outputs(formats, FORMATS) if student is None else output.outputs(formats)
    _refuse_idle(choices, {item.format for item in asked}, scale if student is not None else None)
    opened = RunFolder(folder)
    if student is None:
        _write_class(opened, asked, spoken, scale, choices)
    else:
        _write_student(opened, student, asked, spoken)
    for damage in opened.damaged:
        _note(f"{damage}; it is left out")
    return 0


@dataclass(frozen=True)
class _Choices:
    column: str
    notes: str
    graded_only: bool


def _refuse_idle(choices: _Choices, formats: Collection[str], scale: float | None) -> None:
    """An option that would change nothing is refused, so that nobody relies on it."""
    from dockgrader.errors import UsageError

    lms = {"moodle", "canvas"}
    for option, given, needs in (
        ("--column", choices.column, lms),
        ("--notes", choices.notes, {"canvas"}),
        ("--graded-only", choices.graded_only, lms),
        ("--scale", scale, set(FORMATS)),
    ):
        if given and not needs.intersection(formats):
            raise UsageError(f"{option} is for --format {' or '.join(sorted(needs))} of a whole class")


def _write_class(
    folder: RunFolder, asked: list[output.Output], lang: str, scale: float | None, choices: _Choices
) -> None:
    from dockgrader.batch.class_results import class_report
    from dockgrader.report.class_report import Standing, scaled

    report = class_report(folder, lang, hints=any(item.format == "html" for item in asked))
    if scale is not None:
        report = scaled(report, scale)
    for item in asked:
        text, notes = _rendered(report, item.format, choices)
        output.put(text, item.file, 0o600)  # a class's grades are nobody else's
        for note in notes:
            _note(note)
    without = len(report.students) - report.count(Standing.GRADED)
    if without:
        _note(f"{without} of {len(report.students)} students have no grade; the csv and html formats say why")


def _rendered(report: ClassReport, name: str, choices: _Choices) -> tuple[str, list[str]]:
    """A format's text, and what whoever imports it should know."""
    if name == "moodle":
        from dockgrader.report import moodle

        return moodle.render(report, choices.column, graded_only=choices.graded_only), moodle.notes(report)
    if name == "canvas":
        from dockgrader.report import canvas

        text = canvas.render(
            report, choices.column, notes_column=choices.notes, graded_only=choices.graded_only
        )
        return text, canvas.notes(report)
    if name == "html":
        from dockgrader.report import class_page

        return class_page.render(report), []
    from dockgrader.report import gradebook_csv

    return gradebook_csv.render(report), []


def _write_student(folder: RunFolder, student: str, asked: list[output.Output], lang: str) -> None:
    from dockgrader.batch.appeal import appeal

    found = appeal(folder, student, lang)
    output.write(found.report, asked)
    for disagreement in found.disagreements:
        _note(disagreement)


def _note(text: str) -> None:
    from dockgrader.report.plain import clean

    click.echo(f"Note: {clean(text, 1000)}", err=True)
