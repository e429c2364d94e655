"""What a selftest finds: verdicts of cases, blind spots, and whether all is as it should be."""

from __future__ import annotations

from collections.abc import Mapping

from dockgrader.assignment.problems import Problem
from dockgrader.frozen import dataclass
from dockgrader.selftest.model import Accepted, Case
from dockgrader.selftest.mutants import Mutant


@dataclass(frozen=True)
class CaseResult:
    """A case's verdicts by TASK/CHECK, as cases write them: those given and those expected."""

    case: Case
    given: Mapping[str, str]
    expected: Mapping[str, str]

    @property
    def wrong(self) -> dict[str, tuple[str, str]]:
        """Checks whose verdict is not the expected one: (expected, given)."""
        return {
            check: (self.expected.get(check, "passed"), word)
            for check, word in self.given.items()
            if word != self.expected.get(check, "passed")
        }

    @property
    def uncaught(self) -> bool:
        """Whether this is a mistake, and every check passes all the same."""
        return not self.case.correct and set(self.given.values()) == {"passed"}


@dataclass(frozen=True)
class BlindSpot:
    """A mutant that is not told from the correct solution. `undecided` is what the recording lacks to tell, or ""."""

    mutant: Mutant
    case: str
    undecided: str = ""
    accepted: Accepted | None = None


@dataclass(frozen=True)
class Outcome:
    """All that a selftest finds. `checks` are TASK/CHECK in the assignment's order.

    `unseen` are ends of parameters at which no correct solution was recorded.
    """

    checks: tuple[str, ...]
    cases: tuple[CaseResult, ...]
    strangers: tuple[Problem, ...]
    mutated: tuple[str, ...]
    mutants: int
    caught_by: Mapping[str, int]
    blind_spots: tuple[BlindSpot, ...]
    broken: tuple[tuple[Mutant, str], ...]
    stale: tuple[Accepted, ...]
    unseen: tuple[str, ...] = ()

    @property
    def never_failed(self) -> list[str]:
        """Checks that failed in no case: nothing shows that they can."""
        caught = {check for result in self.cases for check in failed_in(result)}
        return [check for check in self.checks if check not in caught]

    @property
    def open_blind_spots(self) -> list[BlindSpot]:
        """Those that are not accepted."""
        return [spot for spot in self.blind_spots if spot.accepted is None]

    @property
    def sound(self) -> bool:
        """Whether everything is as it should be."""
        wrong = [result for result in self.cases if result.wrong]
        told = (
            self.strangers,
            self.never_failed,
            self.open_blind_spots,
            self.broken,
            self.stale,
            self.unseen,
        )
        return not (wrong or any(told))


def failed_in(result: CaseResult) -> list[str]:
    """The checks that failed in a case, which is not: were skipped or in error."""
    return [
        check
        for check, word in result.given.items()
        if word not in ("passed", "skipped") and not word.startswith("error ")
    ]
