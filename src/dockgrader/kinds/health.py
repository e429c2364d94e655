"""Kind `health`: a container's healthcheck really is a command, and the container is healthy."""

from __future__ import annotations

import shlex
from typing import Literal, Self

from pydantic import Field, model_validator

from dockgrader.facts.base import See
from dockgrader.facts.commands import Exec
from dockgrader.facts.compose import CONFIG_FILES, SERVICE, WORKING_DIR, ComposeFiles
from dockgrader.facts.containers import Inspected
from dockgrader.facts.waiting import HealthWithin
from dockgrader.kinds.base import Failed, glimpse, passed
from dockgrader.kinds.target import TargetCheck
from dockgrader.report.model import Verdict


class HealthCheck(TargetCheck):
    """The health command of a container, or of every replica of a service, and the health it reports."""

    kind: Literal["health"]
    command: list[str] | None = Field(
        None, min_length=1, description="The command that the healthcheck must really be: [redis-cli, ping]"
    )
    status: Literal["healthy"] | None = Field(None, description="The health, awaited while it is starting")

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if self.command is None and self.status is None:
            raise ValueError("expected command:, status: or both")
        return self

    def judge(self, see: See) -> Verdict:
        """The first replica that is off decides."""
        verdict = passed()
        for target in self.targets(see):
            if self.command is not None:
                verdict = self._judge_command(target, self.command, see)
            if self.status is not None:
                verdict = self._judge_status(target, see)
        return verdict

    def _judge_command(self, target: Inspected, command: list[str], see: See) -> Verdict:
        test = target.health_test
        shown = " ".join(test or [])
        if test == ["CMD", *command]:  # word for word, so that no script has to be understood
            return passed(command, test, name=target.name, found=shown)
        from dockgrader.healthcheck import judge_health_command

        found = judge_health_command(test, command, lambda path: _file(see, target, path))
        if found.ok:
            return passed(command, test, name=target.name, found=shown)
        code = found.code
        if code == "healthcheck.none" and self._right_in_file(target, command, see):
            code = "healthcheck.not-brought-up"
        wanted = shlex.join(command)
        raise Failed(
            code, command, test, name=target.name, wanted=wanted, found=shown[:200], detail=found.detail
        )

    def _right_in_file(self, target: Inspected, command: list[str], see: See) -> bool:
        from dockgrader.healthcheck import judge_health_command

        labels = target.labels
        if SERVICE not in labels:
            return False
        says = glimpse(see, ComposeFiles(labels.get(WORKING_DIR, ""), labels.get(CONFIG_FILES, "")))
        spec = says.services.get(labels[SERVICE]) if says else None
        return spec is not None and judge_health_command(spec.healthcheck, command).ok

    def _judge_status(self, target: Inspected, see: See) -> Verdict:
        health = see(HealthWithin(target.id))
        if health.status == self.status:
            return passed(self.status, health.status, name=target.name)
        code = {"unhealthy": "health.unhealthy", "starting": "health.still-starting"}.get(
            health.status, "health.none"
        )
        waited = f"{health.waited:.0f}"
        raise Failed(code, self.status, health.status or None, name=target.name, waited=waited)

    def shown_by(self, see: See) -> list[str]:
        """The health command and the health."""
        fields = ["{{json .Config.Healthcheck}}"] if self.command is not None else []
        fields += ["{{json .State.Health}}"] if self.status is not None else []
        return self.inspect_commands(see, " ".join(fields))


def _file(see: See, target: Inspected, path: str) -> str | None:
    """A script in the container that its health command runs."""
    answer = see(Exec(target.id, ("cat", "--", path)))
    return answer.stdout if answer.exit == 0 else None
