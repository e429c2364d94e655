"""One thing to correct in a file that an author wrote."""

from __future__ import annotations

from dockgrader.assignment.nodes import escaped
from dockgrader.errors import AssignmentError
from dockgrader.frozen import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing to correct.

    Line and column count from 1; `field` reads `tasks[0].checks[2].points`, "" for the whole file. `str()` is
    safe to print.
    """

    file: str
    line: int
    column: int
    field: str
    message: str

    def __str__(self) -> str:
        field = f"{self.field}: " if self.field else ""
        return f"{escaped(self.file, 1000)}:{self.line}:{self.column}: {field}{self.message}"


def refusal(problems: list[Problem]) -> AssignmentError:
    """The error that tells all of them."""
    return AssignmentError("\n".join(str(problem) for problem in problems), tuple(problems))
