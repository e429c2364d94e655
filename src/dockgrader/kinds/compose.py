"""Kind `compose`: a service depends on others under a condition.

What decides, in this order (docs/explanation): the label that Compose v2 writes on the container; the effective
compose file; on Compose v1, which writes no label, the file counts only when its hash is that of what runs. It
passes if one source says so, fails if none says so and one can be read, and is an error when nothing can be read.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from dockgrader.errors import Unobserved
from dockgrader.facts.base import See
from dockgrader.facts.compose import (
    CONFIG_FILES,
    CONFIG_HASH,
    DEPENDS_ON,
    ENV_FILE,
    PROJECT,
    VERSION,
    WORKING_DIR,
    ComposeConfig,
    ComposeFiles,
    label_conditions,
)
from dockgrader.facts.compose_hash import ComposeHash
from dockgrader.facts.containers import Inspected
from dockgrader.kinds.base import Failed, passed
from dockgrader.kinds.target import TargetCheck
from dockgrader.report.model import Verdict

if TYPE_CHECKING:
    from dockgrader.facts.compose_spec import ServiceSpec

Condition = Literal["service_started", "service_healthy", "service_completed_successfully"]


class ComposeCheck(TargetCheck):
    """A Compose service starts only when others are in a condition."""

    kind: Literal["compose"]
    service: str = Field(description="The service that depends")
    depends_on: dict[str, Condition] = Field(min_length=1, description="Services and the condition of each")

    def judge(self, see: See) -> Verdict:
        """Any replica may show it: all are made from one file."""
        verdict = passed()
        for other, condition in self.depends_on.items():
            verdict = self._judge_one(other, condition, see)
        return verdict

    def _judge_one(self, other: str, condition: str, see: See) -> Verdict:
        misses: list[Failed] = []
        hidden: list[str] = []
        for target in self.targets(see):
            try:
                return self._judge_replica(target, other, condition, see)
            except Failed as miss:
                misses.append(miss)
            except Unobserved as error:
                if error.code != "compose.unreadable":
                    raise
                hidden.append(error.reason)
        if misses:
            raise misses[0]
        raise Unobserved("compose.unreadable", hidden[0])

    def _judge_replica(self, target: Inspected, other: str, condition: str, see: See) -> Verdict:
        labels = target.labels
        label = label_conditions(labels[DEPENDS_ON]).get(other, "") if DEPENDS_ON in labels else None
        if label == condition:
            return passed(condition, label, name=target.name, service=self.service, other=other)
        spec, problem = self._spec(target, see)
        if spec is not None and spec.depends_on.get(other) == condition:
            if labels.get(VERSION, "").startswith("1."):
                self._refuse_edited_file(target, other, condition, see)
            return passed(condition, condition, name=target.name, service=self.service, other=other)
        if spec is None and label is None:
            raise Unobserved(
                "compose.unreadable", f"What {target.name} depends on cannot be read here: {problem}"
            )
        actual = spec.depends_on.get(other) if spec is not None else label
        raise Failed(
            _mistake(spec, other, actual),
            condition,
            actual or None,
            name=target.name,
            service=self.service,
            other=other,
            wanted=condition,
            found=actual,
        )

    def _spec(self, target: Inspected, see: See) -> tuple[ServiceSpec | None, str]:
        """What the files say of the service; Compose itself is asked where merging them needs it."""
        labels = target.labels
        where = (labels.get(WORKING_DIR, ""), labels.get(CONFIG_FILES, ""))
        says = see(ComposeFiles(*where))
        spec = says.services.get(self.service)
        if spec is not None and "depends_on" not in spec.uncertain:
            return spec, ""
        if says.problem:
            return None, says.problem
        says = see(ComposeConfig(labels.get(PROJECT, ""), *where, env_file=labels.get(ENV_FILE, "")))
        spec = says.services.get(self.service)
        return spec, says.problem or f"the compose file has no service {self.service}"

    def _refuse_edited_file(self, target: Inspected, other: str, condition: str, see: See) -> None:
        labels = target.labels
        running = labels.get(CONFIG_HASH, "")
        fact = ComposeHash(
            labels.get(PROJECT, ""),
            labels.get(WORKING_DIR, ""),
            labels.get(CONFIG_FILES, ""),
            self.service,
            running,
            env_file=labels.get(ENV_FILE, ""),
        )
        says = see(fact)
        if says.problem:
            raise Unobserved(
                "compose.unreadable", f"Whether the compose file is what runs cannot be told: {says.problem}"
            )
        if says.hash != running:
            _refuse_other_compose(labels[VERSION], says.version)
            raise Failed(
                "depends.not-brought-up",
                condition,
                None,
                name=target.name,
                service=self.service,
                other=other,
                wanted=condition,
            )

    def shown_by(self, see: See) -> list[str]:
        """The label, and the file."""
        template = '{{index .Config.Labels "com.docker.compose.depends_on"}}'
        return [*self.inspect_commands(see, template), *self._file_commands(see)]

    def _file_commands(self, see: See) -> Iterable[str]:
        try:
            labels = self.targets(see)[0].labels
        except Failed:
            return []
        if not labels.get(CONFIG_FILES):
            return []
        return [ComposeFiles(labels.get(WORKING_DIR, ""), labels[CONFIG_FILES]).shown_by()]


def _refuse_other_compose(started_by: str, asked: str) -> None:
    """Another version may hash the same file otherwise, so that its hash proves agreement only."""
    if asked and asked != started_by:
        raise Unobserved(
            "compose.unreadable",
            "Whether the compose file is what runs cannot be told: the project was started by Compose "
            f"{started_by}, and here is {asked}, whose hash may differ",
        )


def _mistake(spec: ServiceSpec | None, other: str, actual: str | None) -> str:
    if not actual:
        return "depends.missing"
    if actual != "service_started":
        return "depends.other-condition"
    if spec is not None and spec.depends_on_form == "list" and other in spec.depends_on:
        return "depends.plain-list"
    return "depends.service-started"
