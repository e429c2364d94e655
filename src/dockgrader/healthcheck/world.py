"""One world in which a script is followed on paper: is the service up, what was written, what happened."""

from __future__ import annotations

from dataclasses import dataclass, field

from dockgrader.healthcheck.names import basename

MAX_TEXT = 1000  # characters of a text that is followed; longer ones count as unknown
MAX_STEPS = 1000  # a command, an expansion and 64 characters of text are a step each
MAX_DEPTH = 30  # commands inside each other, by groups, substitutions or nested shells

Field = str | None
"""A word after expansion; None is one whose text is unknown."""

Outcome = tuple[int | None, str | None]
"""Exit status and standard output of a program; None is unknown."""

UNKNOWN: Outcome = (None, None)


class Unclear(Exception):
    """What happens next hangs on something unknown."""


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
    """Whether the expected program succeeds, and what happened; shared by a shell and its subshells."""

    up: bool
    expected: tuple[str, ...]
    comments: list[str]
    ran: bool = False
    echoed: str = ""  # a printed text that names the expected program
    other: str = ""  # the expected program with other words
    unknown: str = ""  # what could not be followed
    masked: tuple[str, str] | None = None  # code and cause of a status that was made 0
    commands: list[str] = field(default_factory=list)
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
