"""Kind `restart`: what a command answers outlives a stop and a start of its container. Only with `--active`."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import Any, Literal

from pydantic import Field

from dockgrader.facts.base import Fact, See
from dockgrader.facts.commands import Answered
from dockgrader.facts.containers import Container
from dockgrader.facts.restarting import Restarted
from dockgrader.kinds.base import Check, Failed, passed
from dockgrader.kinds.matchers import Matcher, Pattern, described, matches
from dockgrader.kinds.target import named, running_or_failed
from dockgrader.report import plain
from dockgrader.report.model import Verdict


class RestartCheck(Check):
    """A command in a container answers the same after the container was stopped and started.

    Points are earned with `--active` only; without it the check is skipped. 0 points let a score not depend on that.
    """

    kind: Literal["restart"]
    container: str = Field(description="The container's name")
    command: list[str] = Field(min_length=1, description="The command as a list of words; no shell reads it")
    stdout: Matcher = Field(description="Standard output without its last line feed, before and after")
    retry_while: Pattern | None = Field(
        None, description="Run it again, for ten seconds, while its output matches this regular expression"
    )

    def asks(self) -> Iterable[Fact[Any]]:
        """The container."""
        return [Container(self.container)]

    def acts(self) -> Iterable[Fact[Any]]:
        """The restart."""
        return [Restarted(self.container, tuple(self.command), self.retry_while or "")]

    def runs(self) -> list[str]:
        """The command, and what is done in between."""
        command = shlex.join(self.command)
        return [
            f"only with --active: stops {self.container} and starts it again (docker restart {self.container})",
            f"only with --active: runs in {self.container}, before and after: {command}",
        ]

    def judge(self, see: See) -> Verdict:
        """The answer after the restart decides."""
        running_or_failed(named(self.container, see), see)
        (fact,) = self.acts()
        found = see(fact)
        about = {
            "name": self.container,
            "command": shlex.join(self.command),
            "wanted": plain.value(described(self.stdout)),
        }
        if not self._right(found.before):
            said = _said(found.before)
            raise Failed("restart.before", described(self.stdout), said, **about, found=said[:200])
        if found.refused:
            raise Failed("restart.refused", described(self.stdout), None, **about, error=found.refused)
        if not found.restarted:
            raise Failed("restart.gone", described(self.stdout), None, **about)
        if found.after.problem in ("missing", "stopped"):
            raise Failed("restart.down", described(self.stdout), None, **about)
        if not self._right(found.after):
            said = _said(found.after)
            raise Failed("restart.lost", described(self.stdout), said, **about, found=said[:200])
        return passed(described(self.stdout), _said(found.after), **about)

    def _right(self, answer: Answered) -> bool:
        output = answer.stdout.removesuffix("\n")
        return not answer.problem and answer.exit == 0 and matches(self.stdout, output)

    def shown_by(self, see: See) -> list[str]:
        """The restart and the command."""
        return [fact.shown_by() for fact in self.acts()]


def _said(answer: Answered) -> str:
    return (answer.stdout.removesuffix("\n") or answer.stderr.strip() or answer.problem)[:1000]
