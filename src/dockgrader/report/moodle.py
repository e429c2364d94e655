"""The gradebook as Moodle's grade import takes it (Grades > Import > CSV file).

Moodle asks which column identifies the student and which grade item each other column goes to
(https://docs.moodle.org/en/Grade_import), so the names of the columns only help to choose. What its importer does with
a row, read in its source (grade/import/csv/classes/load_data.php), decides the rest:

* A row whose identifier is blank is graded under the student of the row before it. So a column that could identify
  students is only written when it holds something for each of them, and nothing twice.
* An identifier that nobody has ends the whole import; nothing is imported then.
* `-` means "no grade", as in Moodle's own exports. An empty cell means the same for a grade item that exists, but
  becomes 0 in the database where the column is mapped to a new one. So no grade is written as `-`.
* A byte order mark is skipped and UTF-8 is the default, so none is written.
* A new grade item has the maximum 100, and a grade above 100 ends the import.

Feedback is shown to students as HTML: it holds the assignment's and the grader's own words, never angle brackets.
"""

from __future__ import annotations

from collections.abc import Callable

from dockgrader.report.cells import cell, is_changed, number, table
from dockgrader.report.class_report import ClassReport, Standing, StudentRow
from dockgrader.report.model import Status

NO_GRADE = "-"
_TEXTS = {
    "en": {"failed": "not passed", "provided": "graded from evidence that the student handed in"},
    "ru": {"failed": "не пройдено", "provided": "оценено по данным, которые прислал студент"},
}


def render(report: ClassReport, column: str = "", *, graded_only: bool = False) -> str:
    """The rows for Moodle; `column` names the grade item, else the assignment's title does.

    `graded_only` leaves out who has no grade, since importing "no grade" clears an earlier one.
    """
    column = column or report.assignment.title
    rows = [row for row in report.students if row.standing is Standing.GRADED or not graded_only]
    identifiers = _identifiers(report)
    heading = [*identifiers, column, f"{column} (feedback)"]
    return table(
        [
            [cell(name) for name in heading],
            *(
                [
                    *(cell(read(row)) for read in identifiers.values()),
                    NO_GRADE if row.score is None else number(row.score),
                    cell(_feedback(report, row)),
                ]
                for row in rows
            ),
        ]
    )


def notes(report: ClassReport) -> list[str]:
    """What the person who imports the file should know."""
    found = []
    for heading, read in _candidates().items():
        if heading not in _identifiers(report) and any(map(read, report.students)):
            found.append(
                f"the column {heading!r} is left out: some students have none, or share one, "
                "and Moodle would then grade somebody else"
            )
    changed = [row.student for row in report.students if is_changed(row.student)]
    if changed:
        found.append(
            f"{len(changed)} ids look like formulas and were defused; Moodle will not find {', '.join(changed[:5])}"
        )
    if report.max_score > 100:
        found.append("Moodle refuses grades above 100; --scale 100 brings them there")
    return found


def _candidates() -> dict[str, Callable[[StudentRow], str]]:
    def own(*names: str) -> Callable[[StudentRow], str]:
        return lambda row: next(
            (text for key, text in row.roster.items() if key.lower() in names and text), ""
        )

    return {
        "Username": own("username"),
        "ID number": lambda row: own("id number", "idnumber", "id_number")(row) or row.student,
        "Email address": lambda row: row.email,
    }


def _identifiers(report: ClassReport) -> dict[str, Callable[[StudentRow], str]]:
    """Columns in which each student has something of their own; PHP takes "0" for blank."""
    found = {}
    for heading, read in _candidates().items():
        values = [read(row).strip() for row in report.students]
        if all(value not in ("", "0") for value in values) and len(set(values)) == len(values):
            found[heading] = read
    return found


def _feedback(report: ClassReport, row: StudentRow) -> str:
    if row.standing is not Standing.GRADED:
        return _no_html(row.reason)
    words = _TEXTS.get(report.lang, _TEXTS["en"])
    parts = []
    for task in row.tasks:
        failed = [check.title for check in task.checks if check.status is Status.FAILED]
        lost = f" ({words['failed']}: {', '.join(failed)})" if failed else ""
        parts.append(f"{task.title}: {number(task.score)}/{number(task.max_score)}{lost}")
    if row.source == "student-provided":
        parts.append(words["provided"])
    return _no_html(". ".join(parts))


def _no_html(text: str) -> str:
    return text.replace("<", "‹").replace(">", "›")
