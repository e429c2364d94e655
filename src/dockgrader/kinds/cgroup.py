"""Kind `cgroup`: the limits that the kernel holds for a container, in its cgroup files, and who is in it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, model_validator

from dockgrader.errors import Unobserved
from dockgrader.facts.base import Fact, See
from dockgrader.facts.cgroup import Cgroup, CgroupLimits
from dockgrader.facts.containers import Inspected
from dockgrader.facts.engine import Info
from dockgrader.kinds import missing
from dockgrader.kinds.base import Cpus, Failed, Size, passed
from dockgrader.kinds.target import TargetCheck
from dockgrader.report.model import Verdict
from dockgrader.units import DEFAULT_CPU_PERIOD_US, NANO, human_cpus, human_size

if TYPE_CHECKING:
    from dockgrader.facts.cgroup_process import CgroupProcess, Membership

_V1_UNLIMITED = 1 << 62
"""Unlimited memory reads 2^63 rounded down to a page on v1; no host has half of that."""
_PAGES = (4 << 10, 16 << 10, 64 << 10)
"""Bytes of a page of memory, as the machines have them on which Docker runs."""


class CgroupCheck(TargetCheck):
    """The cgroup of a running container has a memory limit, a CPU quota of the default period, or a CPU limit; or
    its process is in it.
    """

    kind: Literal["cgroup"]
    memory: Size | None = Field(
        None, description="memory.limit_in_bytes (v1) or memory.max (v2), rounded down to whole pages"
    )
    cpus: Cpus | None = Field(None, description="Quota / period, whatever the period")
    cpu_quota: int | None = Field(
        None,
        gt=0,
        description="cpu.cfs_quota_us (v1) or the first number of cpu.max (v2), of a period of 100000",
    )

    process: bool = Field(
        False, description="The container's first process really is in the container's cgroup"
    )

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not self._limits() and not self.process:
            raise ValueError("expected at least one of memory, cpus, cpu_quota, process")
        return self

    def _limits(self) -> bool:
        return self.memory is not None or self.cpus is not None or self.cpu_quota is not None

    def asks(self) -> Iterable[Fact[Any]]:
        """The cgroup of the container, where its name is known."""
        return [*super().asks(), *(self.asks_of(self.container) if self.container else [])]

    def asks_of(self, ref: str) -> Iterable[Fact[Any]]:
        """Its cgroup."""
        return [*([Cgroup(ref)] if self._limits() else []), *self._membership(ref)]

    def _membership(self, ref: str) -> list[CgroupProcess]:
        """Imported only where it is asked for: most assignments look at limits alone."""
        if not self.process:
            return []
        from dockgrader.facts.cgroup_process import CgroupProcess

        return [CgroupProcess(ref)]

    def judge(self, see: See) -> Verdict:
        """The first limit that is off decides."""
        verdict = passed()
        for target in self.targets(see):
            for fact in self._membership(self.container or target.id):
                verdict = _process(target, see(fact), see)
            if not self._limits():
                continue
            found = see(self._fact(target))
            if found is None:
                raise missing.not_running(target, see)
            verdict = self._judge_one(target, found)
        return verdict

    def _fact(self, target: Inspected) -> Cgroup:
        return Cgroup(self.container or target.id)

    def _judge_one(self, target: Inspected, found: CgroupLimits) -> Verdict:
        verdict = passed()
        if self.memory is not None:
            verdict = _memory(target, _known(found.memory, "memory"), self.memory)
        if self.cpus is not None:
            verdict = _cpus(target, _known(found.quota, "cpu"), found.period, self.cpus)
        if self.cpu_quota is not None:
            verdict = _quota(target, _known(found.quota, "cpu"), found.period, self.cpu_quota)
        return verdict

    def shown_by(self, see: See) -> list[str]:
        """The path of the cgroup, then the files in it."""
        try:
            facts = [self._fact(target) for target in self.targets(see)]
        except Failed:
            return ["docker ps -a"]
        if self.process:
            return [command for fact in facts[:2] for command in _by_hand(fact, see)]
        return [command for fact in facts[:2] for command in fact.shown_by_files(see)]


def _process(target: Inspected, found: Membership | None, see: See) -> Verdict:
    if found is None:
        raise missing.not_running(target, see)
    paths = ", ".join(dict.fromkeys(found.paths.values()))
    if not found.there:
        raise Failed("cgroup.other-cgroup", target.id, paths, name=target.name, found=paths)
    return passed(target.id, paths, name=target.name)


def _by_hand(fact: Cgroup, see: See) -> list[str]:
    """The path, and the tools that show who is in it and what it holds, as the cgroup's version names it."""
    v2 = see(Info()).cgroup_version == "2"
    cgget = "cgget -r memory.max -r cpu.max" if v2 else "cgget -r memory.limit_in_bytes -r cpu.cfs_quota_us"
    return [fact.shown_by(), "systemd-cgls --all", f"{cgget} PATH"]


def _known(value: str | None, controller: str) -> str:
    if value is None:
        raise Unobserved(
            "cgroup.controller-missing",
            f"This host's kernel has no {controller} controller for containers, so no limit can be held there",
        )
    return value


def _memory(target: Inspected, raw: str, expected: int) -> Verdict:
    actual: int | str = int(raw) if raw.isdecimal() else raw
    if actual == expected or actual in _in_whole_pages(expected):
        return passed(expected, actual, name=target.name)
    unlimited = actual == "max" or (isinstance(actual, int) and actual >= _V1_UNLIMITED)
    found = human_size(actual) if isinstance(actual, int) and not unlimited else "∞"
    raise Failed(
        "cgroup.memory-unlimited" if unlimited else "cgroup.memory-different",
        expected,
        actual,
        name=target.name,
        wanted=f"{human_size(expected)} ({expected})",
        found=f"{found} ({actual})",
    )


def _in_whole_pages(size: int) -> list[int]:
    """What a kernel holds of a size that is no multiple of its page: 100MB reads 99999744 with pages of 4096 bytes."""
    return [size - size % page for page in _PAGES] if size % _PAGES[0] else []


def _limit(raw: str, period: str | None) -> tuple[int | None, int]:
    """Quota (None for unlimited) and period in microseconds."""
    quota = int(raw) if raw.isdecimal() else None
    return quota, int(period) if period and period.isdecimal() and int(period) else DEFAULT_CPU_PERIOD_US


def _cpus(target: Inspected, raw: str, raw_period: str | None, expected: int) -> Verdict:
    quota, period = _limit(raw, raw_period)
    if quota is not None and quota * NANO == expected * period:
        return passed(expected, f"{quota} {period}", name=target.name)
    raise _wrong_cpu(target, raw, quota, period, expected, expected * period // NANO)


def _quota(target: Inspected, raw: str, raw_period: str | None, expected: int) -> Verdict:
    quota, period = _limit(raw, raw_period)
    limit = expected * NANO // DEFAULT_CPU_PERIOD_US
    if quota == expected and period == DEFAULT_CPU_PERIOD_US:
        return passed(expected, quota, name=target.name)
    if quota is not None and quota * NANO == limit * period:
        raise Failed(
            "cgroup.other-period",
            expected,
            quota,
            name=target.name,
            quota=quota,
            period=period,
            wanted=expected,
            cpus=human_cpus(limit),
        )
    raise _wrong_cpu(target, raw, quota, period, limit, expected)


def _wrong_cpu(
    target: Inspected, raw: str, quota: int | None, period: int, limit: int, expected: int
) -> Failed:
    return Failed(
        "cgroup.cpu-unlimited" if quota is None else "cgroup.cpu-different",
        expected,
        raw if quota is None else quota,
        name=target.name,
        wanted=expected,
        cpus=human_cpus(limit),
        found=raw if quota is None else f"{quota} / {period}",
    )
