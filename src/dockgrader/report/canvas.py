"""The gradebook as Canvas imports it (Grades > Import).

The columns are those of Canvas's own export: `Student,ID,SIS User ID,SIS Login ID,Section`, then the assignment, and a
row "Points Possible" (Instructure's guide "How do I import grades in the Gradebook?"). What the importer does with
them, read in its source (lib/gradebook_importer.rb):

* A student is found by `ID`, Canvas's own number, of which any leading digits count; else by `SIS User ID`, else by
  `SIS Login ID`, else by the name. So `ID` holds digits or nothing.
* A column after `Section` is an assignment: one that exists where its name, or `Name (number)`, agrees; else a new one.
  Only a custom column of the course ("Notes") may stand before it, so reasons have no place of their own otherwise.
* An empty cell is "no grade". It clears an earlier one.
* Line breaks in the first rows can make it take another separator; there are none in our cells.
* A byte order mark is not skipped, so none is written.
"""

from __future__ import annotations

from dockgrader.report.cells import cell, is_changed, number, table
from dockgrader.report.class_report import ClassReport, Source, Standing, StudentRow
from dockgrader.report.class_words import WORDS

_POINTS = "Points Possible"


def render(
    report: ClassReport, column: str = "", *, notes_column: str = "", graded_only: bool = False
) -> str:
    """The rows for Canvas; `column` is the assignment as Canvas names it, else the assignment's title.

    `notes_column` is a custom column that the course has: for reasons, and for who handed in evidence. `graded_only`
    leaves out who has no grade, since importing an empty one clears an earlier one.
    """
    students = [row for row in report.students if row.standing is Standing.GRADED or not graded_only]
    extra = [notes_column] if notes_column else []
    heading = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
    rows = [
        [*heading, *(cell(name) for name in (*extra, column or report.assignment.title))],
        [f"    {_POINTS}", "", "", "", "", *("" for _ in extra), number(report.max_score)],
    ]
    for row in students:
        note = [cell(_note(report, row))] if extra else []
        rows.append([*(cell(text) for text in _who(row)), *note, number(row.score)])
    return table(rows)


def _note(report: ClassReport, row: StudentRow) -> str:
    provided = row.source is Source.STUDENT_PROVIDED
    words = WORDS.get(report.lang, WORDS["en"])
    return ". ".join(filter(None, (row.reason, words["provided"] if provided else "")))


def notes(report: ClassReport) -> list[str]:
    """What the person who imports the file should know."""
    found = []
    changed = [row.student for row in report.students if any(map(is_changed, _who(row)[1:]))]
    if changed:
        found.append(
            f"{len(changed)} ids look like formulas and were defused; Canvas will not find {', '.join(changed[:5])}"
        )
    return found


def _who(row: StudentRow) -> list[str]:
    own = {" ".join(name.lower().replace("_", " ").split()): text for name, text in row.roster.items()}
    number_ = next((text for text in (own.get("id", ""), own.get("canvas id", "")) if _is_number(text)), "")
    sis, login = own.get("sis user id", ""), own.get("sis login id", "")
    if not (number_ or sis or login):
        login = row.student
    name = row.name or row.student
    return [row.student if _POINTS in name else name, number_, sis, login, own.get("section", "")]


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()
