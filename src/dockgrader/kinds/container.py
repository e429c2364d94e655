"""Kind `container`: a container's state and limits in friendly fields, and any path of its inspect answer."""

from __future__ import annotations

import re
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from dockgrader.facts.base import See
from dockgrader.facts.containers import Inspected
from dockgrader.kinds import limits
from dockgrader.kinds.base import Cpus, Failed, Size, passed
from dockgrader.kinds.matchers import Matcher, described, matches
from dockgrader.kinds.target import TargetCheck, running_or_failed
from dockgrader.report import plain
from dockgrader.report.model import Verdict


class ContainerCheck(TargetCheck):
    """A container, or every replica of a service, is in a state, has limits, or has values in its inspect answer."""

    kind: Literal["container"]
    state: Literal["running"] | None = Field(None, description="The state that is expected")
    memory: Size | None = Field(None, description="HostConfig.Memory: bytes or a size such as 200MiB")
    cpus: Cpus | None = Field(None, description="NanoCpus, or CpuQuota / CpuPeriod of the same ratio")
    any_replica: bool = Field(
        False, description="One replica of the service that is as expected is enough; else every one must be"
    )
    inspect: dict[str, Matcher] = Field(
        {}, description="Paths of `docker inspect` and their values: HostConfig.NanoCpus: 500000000"
    )

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not (self.state or self.memory is not None or self.cpus is not None or self.inspect):
            raise ValueError("expected at least one of state, memory, cpus, inspect")
        return self

    def judge(self, see: See) -> Verdict:
        """The first thing that is off decides."""
        right, misses = [], []
        for target in self.targets(see):
            try:
                self._judge_one(target, see)
                right.append(target)
            except Failed as miss:
                misses.append(miss)
        if misses and not (self.any_replica and right):
            raise misses[0]
        return self._all_right(right)

    def _judge_one(self, target: Inspected, see: See) -> None:
        if self.state:
            running_or_failed(target, see)
        if self.memory is not None:
            limits.memory(target, self.memory, see)
        if self.cpus is not None:
            limits.cpus(target, self.cpus, see)
        for path, matcher in self.inspect.items():
            value = at_path(target.raw, path)
            if not matches(matcher, value):
                raise Failed(
                    "container.inspect",
                    described(matcher),
                    value,
                    name=target.name,
                    path=path,
                    wanted=plain.value(described(matcher)),
                    found=plain.value(value),
                )

    def _all_right(self, targets: list[Inspected]) -> Verdict:
        first, name = targets[0], ", ".join(target.name for target in targets)
        if self.memory is not None:
            return passed(self.memory, first.memory, name=name)
        if self.cpus is not None:
            return passed(self.cpus, first.cpus, name=name)
        if self.state:
            return passed(self.state, first.status, name=name)
        path, matcher = next(iter(self.inspect.items()))
        return passed(described(matcher), at_path(first.raw, path), name=name)

    def shown_by(self, see: See) -> list[str]:
        """`docker container inspect` with the very fields."""
        fields = ["{{.State.Status}}"] if self.state else []
        fields += ["{{.HostConfig.Memory}}"] if self.memory is not None else []
        if self.cpus is not None:
            fields += ["{{.HostConfig.NanoCpus}} {{.HostConfig.CpuQuota}} {{.HostConfig.CpuPeriod}}"]
        fields += [_template(path) for path in self.inspect]
        return self.inspect_commands(see, " ".join(fields))


def at_path(data: Any, path: str) -> Any:
    """The value at a dotted path (`Config.Labels.a`, `Mounts.0.Type`); keys with dots in brackets: `Labels[a.b]`."""
    for step in _steps(path):
        if isinstance(data, dict):
            data = data.get(step)
        elif isinstance(data, list) and step.isdecimal() and int(step) < len(data):
            data = data[int(step)]
        else:
            return None
    return data


def _steps(path: str) -> list[str]:
    return [bracketed or plain for bracketed, plain in re.findall(r"\[([^\]]+)\]|([^.\[\]]+)", path)]


def _template(path: str) -> str:
    steps = _steps(path)
    if all(re.fullmatch(r"[A-Za-z_]\w*", step) for step in steps):
        return "{{json ." + ".".join(steps) + "}}"
    words = " ".join(step if step.isdecimal() else f'"{step}"' for step in steps)
    return "{{json (index . " + words + ")}}"
