"""Kind `compose`: a service depends on others under a condition.

What decides, in this order (docs/explanation): the label that Compose v2 writes on the container; the effective
compose file; on Compose v1, which writes no label, the file counts only when its hash is that of what runs. It
passes if one source says so, fails if none says so and one can be read, and is an error when nothing can be read. The
files are those that web's labels name, or those of the last `up`, if that left web as it was.
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
from dockgrader.kinds.compose_sources import by_v1, files_of, sources
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
        good = passed(condition, condition, name=target.name, service=self.service, other=other)
        if label == condition:
            return good
        misses: list[Failed] = []
        problems: list[str] = []
        untold: list[str] = []
        for source in sources(target, see):
            try:
                self._judge_source(source, target, other, condition, see)
                return good
            except Failed as miss:
                misses.append(miss)
            except _Unreadable as why:
                problems.append(f"What {target.name} depends on cannot be read here: {why}")
            except _HashUntold as why:
                untold.append(f"Whether the compose file is what runs cannot be told: {why}")
        if untold or not (misses or label is not None):  # what may be right outweighs what says otherwise
            raise Unobserved("compose.unreadable", (untold or problems)[0])
        raise misses[0] if misses else self._miss(target, other, condition, None, label)

    def _judge_source(
        self, source: Inspected, target: Inspected, other: str, condition: str, see: See
    ) -> None:
        """Nothing where the source's files say what is wanted, and are what the target was made of."""
        spec, problem = self._spec(source, see)
        if spec is None and not problem and by_v1(target):
            raise self._not_brought_up(target, other, condition)
        if spec is None:
            raise _Unreadable(problem or f"the compose file has no service {self.service}")
        if spec.depends_on.get(other) != condition:
            raise self._miss(target, other, condition, spec, spec.depends_on.get(other))
        if by_v1(target):
            self._refuse_edited_file(source, target, other, condition, see)

    def _miss(
        self, target: Inspected, other: str, condition: str, spec: ServiceSpec | None, actual: str | None
    ) -> Failed:
        return Failed(
            _mistake(spec, other, actual),
            condition,
            actual or None,
            name=target.name,
            service=self.service,
            other=other,
            wanted=condition,
            found=actual,
        )

    def _not_brought_up(self, target: Inspected, other: str, condition: str) -> Failed:
        return Failed(
            "depends.not-brought-up",
            condition,
            None,
            name=target.name,
            service=self.service,
            other=other,
            wanted=condition,
        )

    def _spec(self, source: Inspected, see: See) -> tuple[ServiceSpec | None, str]:
        """What the files say of the service, or the problem; neither where they can be read and have none of its name,
        or are broken by now.

        Compose itself is asked where merging them needs it.
        """
        labels = source.labels
        says = see(ComposeFiles(*files_of(labels)))
        if says.broken and by_v1(source):
            return None, ""
        spec = says.services.get(self.service)
        if spec is not None and "depends_on" not in spec.uncertain:
            return spec, ""
        if says.problem or (spec is None and says.whole):
            return None, says.problem
        config = ComposeConfig(labels.get(PROJECT, ""), *files_of(labels), env_file=labels.get(ENV_FILE, ""))
        says = see(config)
        return says.services.get(self.service), says.problem

    def _refuse_edited_file(
        self, source: Inspected, target: Inspected, other: str, condition: str, see: See
    ) -> None:
        labels, running = source.labels, target.labels.get(CONFIG_HASH, "")
        fact = ComposeHash(
            labels.get(PROJECT, ""),
            *files_of(labels),
            self.service,
            running,
            env_file=labels.get(ENV_FILE, ""),
        )
        says = see(fact)
        if says.problem:
            raise _HashUntold(says.problem)
        if says.hash != running:
            _refuse_other_compose(target.labels[VERSION], says.version)
            raise self._not_brought_up(target, other, condition)

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


class _Unreadable(Exception):
    """What the files say of the service cannot be read."""


class _HashUntold(Exception):
    """The files say what is wanted, but whether they are what runs cannot be told."""


def _refuse_other_compose(started_by: str, asked: str) -> None:
    """Another version may hash the same file otherwise, so that its hash proves agreement only."""
    if asked and asked != started_by:
        raise _HashUntold(
            f"the project was started by Compose {started_by}, and here is {asked}, whose hash may differ"
        )


def _mistake(spec: ServiceSpec | None, other: str, actual: str | None) -> str:
    if not actual:
        return "depends.missing"
    if actual != "service_started":
        return "depends.other-condition"
    if spec is not None and spec.depends_on_form == "list" and other in spec.depends_on:
        return "depends.plain-list"
    return "depends.service-started"
