"""What a shell remembers, and the builtins that change nothing else."""

from __future__ import annotations

import re

from dockgrader.healthcheck.names import SENSITIVE
from dockgrader.healthcheck.world import FAILURE, Field, Log, show


class State:
    """The variables, the last status and the options of a shell or subshell."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.variables: dict[str, Field] = {}
        self.status: int | None = 0
        self.errexit = False
        self.pipefail = False
        self.xtrace = False
        self.substituted: int | None = 0  # status of the last command substitution

    def inherit(self, parent: State) -> None:
        """Start as a subshell of `parent` does."""
        self.variables = dict(parent.variables)
        self.status, self.xtrace = parent.status, parent.xtrace
        self.errexit, self.pipefail = parent.errexit, parent.pipefail

    def remembered(self) -> tuple[object, ...]:
        """All that decides what comes next."""
        return dict(self.variables), self.status, self.errexit, self.pipefail, self.xtrace

    def decided(self) -> int:
        """The last status where it decides what comes next: one that is not known is chosen."""
        if self.status is None:
            self.status = 0 if self.log.choose("a status that is not known decides") else FAILURE
        return self.status

    def exit_status(self, args: list[Field]) -> int | None:
        """The status that `exit` with these arguments ends with."""
        if not args:
            return self.status
        if args[0] is None or not re.fullmatch(r"-?[0-9]{1,9}", args[0]):
            raise self.log.unclear("an exit status that is no number")
        # Shells differ on a negative number, but it is never a zero.
        return int(args[0]) & 255 if args[0][0] != "-" else 255

    def set_options(self, args: list[Field]) -> int:
        """`set`, of which only errexit, nounset, pipefail, xtrace and verbose are followed."""
        words = iter(args)
        for arg in words:
            if not arg or not re.fullmatch(r"[-+](?:[euxv]+o?|o)", arg):
                raise self.log.unclear("'set' with something that is not followed here")
            on = arg[0] == "-"
            long = next(words, None) if arg.endswith("o") else ""
            if long not in ("", "errexit", "nounset", "pipefail", "xtrace", "verbose"):
                raise self.log.unclear("'set' with something that is not followed here")
            if "e" in arg or long == "errexit":
                self.errexit = on
            if long == "pipefail":
                self.pipefail = on
            if set(arg) & {"x", "v"} or long in ("xtrace", "verbose"):
                self.xtrace = on  # either prints something on standard error
        return 0

    def export(self, name: str, args: list[Field]) -> int:
        """`export` and `unset`."""
        for arg in args:
            variable, equals, value = (arg or "").partition("=")
            if not re.fullmatch(r"[A-Za-z_]\w*", variable, re.ASCII) or variable in SENSITIVE:
                raise self.log.unclear(f"{show(name)} with something that is not followed here")
            if equals or name == "unset":
                self.variables[variable] = value
        return 0
