"""One world in which a script is followed on paper: is the service up, what was written, what happened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from dockgrader.healthcheck.names import basename

MAX_TEXT = 1000  # characters of a text that is followed; longer ones count as unknown
MAX_STEPS = 1000  # a command, an expansion and 64 characters of text are a step each
MAX_DEPTH = 30  # commands inside each other, by groups, substitutions or nested shells
MAX_ROUNDS = 20  # of a loop
MAX_CHOICES = 5  # decisions of unknown commands on one path

FAILURE = -1
"""An exit status that is surely not 0, and nobody knows which it is."""

Field = str | None
"""A word after expansion; None is one whose text is unknown."""

Outcome = tuple[int | None, str | None]
"""Exit status and standard output of a program; None is unknown."""

UNKNOWN: Outcome = (None, None)


class Unclear(Exception):
    """What happens next hangs on something unknown."""


class Hangs(Exception):
    """What is followed never ends: the engine cuts it off, and counts that as a failure."""


class ShellExit(Exception):
    """The shell that is followed ends here, with this status."""

    def __init__(self, status: int | None) -> None:
        super().__init__()
        self.status = status


class Sink:
    """What was written to a descriptor; None once something unknown was."""

    def __init__(self) -> None:
        self.text: str | None = ""

    def write(self, text: str | None) -> None:
        """Add a text, None for an unknown one."""
        if self.text is not None:
            self.text = None if text is None or len(self.text) + len(text) > MAX_TEXT else self.text + text


class Input:
    """A standard input, which whoever reads it empties."""

    def __init__(self, text: str | None) -> None:
        self.text = text

    def read(self) -> str | None:
        """All that is left; None if it is unknown."""
        text, self.text = self.text, ""
        return text


@dataclass
class IO:
    """The three descriptors of a command."""

    stdin: Input
    out: Sink
    err: Sink

    def spoil(self) -> None:
        """Something unknown read and wrote here."""
        self.stdin.text = None
        self.out.write(None)
        self.err.write(None)

    def device_files(self) -> dict[str, Sink]:
        """The files whose names mean a descriptor."""
        return {
            "/dev/stdout": self.out,
            "/dev/stderr": self.err,
            "/dev/fd/1": self.out,
            "/dev/fd/2": self.err,
            "/proc/self/fd/1": self.out,
            "/proc/self/fd/2": self.err,
        }


def nothing() -> IO:
    """Descriptors to which nothing was written and from which nothing can be read."""
    return IO(Input(""), Sink(), Sink())


@dataclass
class Log:
    """Whether the expected program succeeds, and what happened; shared by a shell and its subshells.

    Where an unknown command decides, `plan` says for the first ones whether it succeeded; the others do.
    """

    up: bool
    expected: tuple[str, ...]
    comments: list[str]
    ran: bool = False
    passed: bool = False  # there is a way on which it ran and the script ended with 0
    echoed: str = ""  # a printed text that names the expected program
    other: str = ""  # the expected program with other words
    unknown: str = ""  # what could not be followed
    masked: tuple[str, str] | None = None  # code and cause of a status that was made 0
    commands: list[str] = field(default_factory=list)
    read: Callable[[str], str | None] = field(default=lambda path: None)  # a file of the container
    plan: tuple[bool, ...] = ()
    taken: list[bool] = field(default_factory=list)  # what was chosen, by the plan and beyond
    is_set: dict[str, bool] = field(default_factory=dict)  # variables that the script does not set
    touched: bool = False  # something may have been done to the expected program
    steps: int = 0
    depth: int = 0

    @property
    def program(self) -> str:
        """The name of the expected program."""
        return basename(self.expected[0])

    def spend(self, steps: int) -> None:
        """Raises Unclear once more than MAX_STEPS were spent."""
        self.steps += steps
        if self.steps > MAX_STEPS:
            raise self.unclear("too long to follow")

    def choose(self, reason: str) -> bool:
        """Whether something unknown succeeds on this path; raises Unclear where that is not followed."""
        if len(self.taken) == MAX_CHOICES:
            raise self.unclear(reason)
        self.taken.append(self.plan[len(self.taken)] if len(self.taken) < len(self.plan) else True)
        self.unknown = self.unknown or reason
        return self.taken[-1]

    def choose_set(self, name: str) -> bool:
        """Whether a variable that is not the script's has a value on this path; raises Unclear."""
        if name not in self.is_set:
            self.is_set[name] = self.choose(f"whether {show(name)} is set decides")
        return self.is_set[name]

    def unclear(self, reason: str) -> Unclear:
        """An exception to raise; the first reason is remembered."""
        self.unknown = self.unknown or reason
        return Unclear(reason)

    def cannot_tell(self, name: str) -> None:
        """A command of which nobody knows what it does; the first one is remembered."""
        self.unknown = self.unknown or f"what {show(name)} does is not known"


def show(text: str) -> str:
    """Student-made text for a person: short, and nothing in it that could move a cursor."""
    shown = "".join(char if char.isprintable() else "?" for char in text[:61])
    return f"'{shown if len(text) <= 60 else shown[:59] + '…'}'"
