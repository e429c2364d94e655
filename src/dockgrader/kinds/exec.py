"""Kind `exec`: what a command in a container answers."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from dockgrader.facts.base import Fact, See
from dockgrader.facts.commands import Answered, Exec
from dockgrader.kinds.base import Check, Failed, passed
from dockgrader.kinds.matchers import Matcher, Pattern, described, matches
from dockgrader.report import plain
from dockgrader.report.model import Verdict


class ExecCheck(Check):
    """A command is run in a container; its exit status and its output are matched."""

    kind: Literal["exec"]
    container: str = Field(description="The container's name")
    command: list[str] = Field(min_length=1, description="The command as a list of words; no shell reads it")
    stdout: Matcher = Field(None, description="Standard output without its last line feed")
    exit: Matcher = Field(0, description="The exit status")
    retry_while: Pattern | None = Field(
        None, description="Run it again, for ten seconds, while its output matches this regular expression"
    )

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not {"stdout", "exit"} & self.model_fields_set:
            raise ValueError("expected stdout:, exit: or both")
        return self

    def asks(self) -> Iterable[Fact[Any]]:
        """The command: the slowest of all questions, so it starts first."""
        return [self._fact()]

    def runs(self) -> list[str]:
        """The command, and when it is run again."""
        again = f" (again while its output matches {self.retry_while!r})" if self.retry_while else ""
        return [line + again for line in super().runs()]

    def _fact(self) -> Exec:
        return Exec(self.container, tuple(self.command), self.retry_while or "")

    def judge(self, see: See) -> Verdict:
        """Output first: redis-cli, for one, reports errors with exit status 0."""
        answer = see(self._fact())
        command = shlex.join(self.command)
        if answer.problem:
            raise Failed(
                f"exec.{answer.problem}", self._expected(), None, name=self.container, command=command
            )
        if answer.exit in (126, 127):
            raise Failed(
                "exec.no-command",
                self._expected(),
                _reason(answer),
                name=self.container,
                command=command,
                word=self.command[0],
            )
        output = answer.stdout.removesuffix("\n")
        if "stdout" in self.model_fields_set and not matches(self.stdout, output):
            found = output or _reason(answer)
            raise Failed(
                "exec.output",
                described(self.stdout),
                found,
                name=self.container,
                command=command,
                wanted=plain.value(described(self.stdout)),
                found=found[:200],
            )
        if not matches(self.exit, answer.exit):
            raise Failed(
                "exec.status",
                described(self.exit),
                answer.exit,
                name=self.container,
                command=command,
                wanted=plain.value(described(self.exit)),
                found=answer.exit,
                said=_reason(answer)[:200],
            )
        return passed(self._expected(), output[:1000], name=self.container, command=command)

    def _expected(self) -> Any:
        return described(self.stdout if "stdout" in self.model_fields_set else self.exit)

    def shown_by(self, see: See) -> list[str]:
        """The command."""
        return [self._fact().shown_by()]


def _reason(answer: Answered) -> str:
    return (answer.stderr or answer.stdout).strip()[:1000]
