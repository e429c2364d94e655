"""The errors of dockgrader: a small tree, each message says what happened and what to do about it.

Two families matter to whoever catches them: a `UsageError` is for the person who typed the command or wrote
the assignment (exit status 2), an `Unobserved` is what kept the grader from seeing the host (exit status 3,
never a zero for the student).
"""

from __future__ import annotations


class DockgraderError(Exception):
    """Anything that dockgrader itself raises."""


class UsageError(DockgraderError):
    """The command line, an assignment or an evidence file cannot be used as it is."""


class AssignmentError(UsageError):
    """An assignment file is wrong; the message names file, line, field and what was expected.

    `problems` are the same one by one (`assignment.problem.Problem`).
    """

    def __init__(self, message: str, problems: tuple[object, ...] = ()) -> None:
        super().__init__(message)
        self.problems = problems


class EvidenceError(UsageError):
    """An evidence file cannot be read back."""


class Unobserved(DockgraderError):
    """Something on the host could not be seen, for a reason that is not the student's.

    `code` is the stable name of the reason (`engine.timeout`, `cgroup.controller-missing`).
    """

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason

    def __reduce__(self) -> tuple[type[Unobserved], tuple[str, str]]:
        """Sent to another process with both."""
        return type(self), (self.code, self.reason)
