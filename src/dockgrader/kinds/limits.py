"""Memory and CPU limits as the engine holds them, and the mistakes that are told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockgrader.errors import Unobserved
from dockgrader.facts.base import See, dig_int, dig_str
from dockgrader.facts.compose import CONFIG_FILES, PROJECT, SERVICE, WORKING_DIR, ComposeFiles, projects
from dockgrader.facts.containers import Container, Containers, Inspected
from dockgrader.facts.engine import Info
from dockgrader.kinds.base import Failed, glimpse
from dockgrader.units import DEFAULT_CPU_PERIOD_US, NANO, human_cpus, human_size

if TYPE_CHECKING:
    from dockgrader.facts.compose_spec import ServiceSpec

_MIB, _MB = 1024**2, 1000**2


def memory(target: Inspected, expected: int, see: See) -> None:
    """Raises Failed unless the container's memory limit is `expected` bytes, Unobserved where the kernel has none."""
    actual = target.memory
    if actual == expected:
        return
    if actual == 0 and not see(Info()).memory_limit:
        raise Unobserved(
            "engine.no-memory-limit",
            "This host's kernel cannot limit memory, so the engine discarded the limit: not the student's fault",
        )
    code = "memory.different"
    if actual == 0:
        code = "memory.unlimited"
        if dig_int(target.raw, "HostConfig", "MemoryReservation") == expected:
            code = "memory.only-reserved"
        code = _unlimited_service(target, see, code, "memory", expected)
    elif decimal_megabytes(actual, expected):
        code = "memory.decimal-megabytes"
    raise Failed(
        code,
        expected,
        actual,
        name=target.name,
        wanted=f"{human_size(expected)} ({expected})",
        found=f"{human_size(actual)} ({actual})",
    )


def decimal_megabytes(actual: int, expected: int) -> bool:
    """Whether decimal megabytes were taken for binary ones: 200000000 for 200 MiB."""
    return expected % _MIB == 0 and actual == expected // _MIB * _MB


def cpus(target: Inspected, expected: int, see: See) -> None:
    """Raises Failed unless the container may use `expected` billionths of a CPU, by NanoCpus or quota and period."""
    actual = target.cpus
    if actual == expected:
        return
    if actual == 0 and not see(Info()).cpu_quota:
        raise Unobserved(
            "engine.no-cpu-limit", "This host's kernel cannot limit CPU time: not the student's fault"
        )
    code = "cpu.different"
    if actual == 0:
        code = "cpu.unlimited"
        if dig_int(target.raw, "HostConfig", "CpuShares"):
            code = "cpu.only-shares"
        elif dig_str(target.raw, "HostConfig", "CpusetCpus"):
            code = "cpu.only-cpuset"
        code = _unlimited_service(target, see, code, "cpus", expected)
    raise Failed(
        code,
        expected,
        actual,
        name=target.name,
        wanted=human_cpus(expected),
        found=human_cpus(actual),
        quota=expected * DEFAULT_CPU_PERIOD_US // NANO,
    )


def _unlimited_service(target: Inspected, see: See, code: str, limit: str, expected: int) -> str:
    """For a service without the limit: is it on another service, or in a file that was never brought up?"""
    labels = target.labels
    if PROJECT not in labels or code.startswith(("memory.only", "cpu.only")):
        return code
    if any(_limit_of(other, limit) == expected for other in _siblings(target, see)):
        return f"{'memory' if limit == 'memory' else 'cpu'}.on-other-service"
    says = glimpse(see, ComposeFiles(labels.get(WORKING_DIR, ""), labels.get(CONFIG_FILES, "")))
    spec = says.services.get(labels.get(SERVICE, "")) if says else None
    if spec and _limit_in(spec, limit) == expected:
        return f"{'memory' if limit == 'memory' else 'cpu'}.not-brought-up"
    return code


def _limit_of(target: Inspected, limit: str) -> int:
    return target.memory if limit == "memory" else target.cpus


def _limit_in(spec: ServiceSpec, limit: str) -> int | None:
    if limit == "memory":
        return spec.memory
    return None if spec.cpus is None else round(spec.cpus * NANO)


def _siblings(target: Inspected, see: See) -> list[Inspected]:
    """The containers of the project's other services."""
    labels = target.labels
    found: list[Inspected] = []
    for project in projects(glimpse(see, Containers()) or []):
        if project.name == labels.get(PROJECT):
            for service, ids in project.services.items():
                others = (
                    [glimpse(see, Container(ref)) for ref in ids] if service != labels.get(SERVICE) else []
                )
                found += [other for other in others if other is not None]
    return found
