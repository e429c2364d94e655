"""All other fields of all facts, changed one after the other: what has no name of its own is not forgotten.

Left out is only what no student sets and no assignment can ask for (identity, time, place, the engine's own
housekeeping), what follows from a field that is changed under a name, and every field in which two of the author's
correct solutions differ: that it does not matter is shown by them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dockgrader.facts.base import dig_int
from dockgrader.facts.containers import Container, Containers, Image, Inspected
from dockgrader.facts.engine import Events, Info
from dockgrader.facts.waiting import HealthWithin, SteadyWithin
from dockgrader.selftest.mutants.base import Mutant, Path, field_name, replaced
from dockgrader.selftest.world import World, ports_of, role_of

Varied = Mapping[tuple[str, str], frozenset[Path]]
"""Paths in which correct solutions differ, by whose they are and the fact."""

_NAME = "field.changed"
_COPIES = {Container.name, Containers.name, Image.name, HealthWithin.name, SteadyWithin.name}
"""Facts that say again what a container's inspection says."""
_NOT_THE_STUDENTS = {Info.name, Events.name}
"""The host's own, and the past."""

_ALL_BY_NAME = {"cgroup-process", "file-in-volume", "http-series", "namespaces", "shells", "unused-volumes"}
"""Facts all of whose changes have names."""

_NAMED = "State RestartCount Name Image Config.Image Mounts Config.Healthcheck.Test Config.Labels NetworkSettings.Ports"
_FOLLOWS = (
    "Path Args Config.Volumes Config.ExposedPorts HostConfig.Binds HostConfig.Mounts HostConfig.PortBindings"
    " NetworkSettings.Bridge NetworkSettings.SandboxID NetworkSettings.SandboxKey NetworkSettings.HairpinMode"
)
_HOUSEKEEPING = (
    "Id Created Driver Platform GraphDriver Storage MountLabel ProcessLabel AppArmorProfile ExecIDs ResolvConfPath"
    " HostnamePath HostsPath LogPath ImageManifestDescriptor SizeRw SizeRootFs HostConfig.ContainerIDFile"
    " HostConfig.ConsoleSize HostConfig.MaskedPaths HostConfig.ReadonlyPaths"
)
_OF_OTHER_SYSTEMS = (
    "HostConfig.CpuCount HostConfig.CpuPercent HostConfig.IOMaximumIOps HostConfig.IOMaximumBandwidth"  # Windows
    " HostConfig.KernelMemory HostConfig.KernelMemoryTCP"  # no kernel limits these any more
    " Config.OnBuild"  # of images
)
_LEFT_OUT = frozenset(
    tuple(path.split(".")) for path in f"{_NAMED} {_FOLLOWS} {_HOUSEKEEPING} {_OF_OTHER_SYSTEMS}".split()
)
_CPU = frozenset(("HostConfig", name) for name in ("NanoCpus", "CpuQuota", "CpuPeriod"))
_ADDRESS = re.compile(
    r".*(Address(es)?|Gateway|PrefixLen|NetworkID|EndpointID|SandboxID|DNSNames|MacAddress)"
)
_VOLATILE = re.compile(
    r"(sha256:)?[0-9a-f]{12,64}"  # an id
    r"|\d{4}-\d\d-\d\dT.*"  # a time
    r"|\d+\.\d+\.\d+\.\d+(/\d+)?|([0-9a-f]{2}:){5}[0-9a-f]{2}"  # an address
)


def field_mutants(world: World, varied: Varied) -> Iterator[Mutant]:
    """Fields of containers, then those of all facts of which nothing is known here."""
    for ident, raw in world.containers.items():
        role = role_of(raw)
        dull = varied.get((role, Container.name), frozenset())
        if not dull.isdisjoint(_CPU):  # the engine takes either NanoCpus, or quota and period
            dull |= _CPU
        for path, before, after in _changes(raw, dull | _set_by_name(raw)):
            changed = world.with_container(ident, replaced(raw, path, after))
            yield Mutant(_NAME, role, field_name(path), before, after, changed)
    for key, question in world.questions.items():
        fact = str(question["fact"])
        if fact in _COPIES | _NOT_THE_STUDENTS or key not in world.answers:
            continue
        of, answer = world.of(question), world.answers[key]
        for path, before, after in _changes(answer, varied.get((of, fact), frozenset()) | _by_name(fact)):
            field = f"{fact}: {field_name(path)}".removesuffix(": ")
            yield Mutant(_NAME, of, field, before, after, {key: replaced(answer, path, after)})


def varied_of(worlds: Iterable[World]) -> Varied:
    """The fields in which correct solutions differ from each other."""
    first: dict[tuple[str, str], Any] = {}
    differ: dict[tuple[str, str], set[Path]] = {}
    for world in worlds:
        for whose, answer in _told(world):
            paths = _differences(first.setdefault(whose, answer), answer)
            differ.setdefault(whose, set()).update(paths)
    return {whose: frozenset(paths) for whose, paths in differ.items()}


def _differences(one: Any, other: Any, path: Path = ()) -> Iterator[Path]:
    """The uppermost paths at which two answers are not the same."""
    if isinstance(one, dict) and isinstance(other, dict) and one and other:
        for key in one.keys() | other.keys():
            if key in one and key in other:
                yield from _differences(one[key], other[key], (*path, str(key)))
            else:
                yield (*path, str(key))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, pair in enumerate(zip(one, other, strict=True)):
            yield from _differences(*pair, (*path, number))
    elif one != other:
        yield path


def _told(world: World) -> Iterator[tuple[tuple[str, str], Any]]:
    for raw in world.containers.values():
        yield (role_of(raw), Container.name), raw
    for key, question in world.questions.items():
        fact = str(question["fact"])
        if key in world.answers and fact not in _COPIES | _NOT_THE_STUDENTS:
            yield (world.of(question), fact), world.answers[key]


def _set_by_name(raw: dict[str, Any]) -> frozenset[Path]:
    """What this very container is changed in under a name, beside what is always left out."""
    found: set[Path] = set(_LEFT_OUT)
    if dig_int(raw, "HostConfig", "Memory"):
        found.add(("HostConfig", "Memory"))
    if Inspected(raw).cpus:
        found |= _CPU
    if ports_of(raw):
        found.add(("NetworkSettings", "Ports"))
    return frozenset(found)


def _by_name(fact: str) -> frozenset[Path]:
    """Of other facts: what their named mutants change, and where it was read."""
    known: dict[str, set[Path]] = {
        "exec": {("stdout",), ("exit",), ("problem",), ("tries",), ("stderr",)},
        "cgroup": {("files",), ("proc_cgroup",), ("via",), ("version",)},
        "compose-hash": {("hash",)},
        "restarted": {(side, part) for side in ("before", "after") for part in ("stderr", "tries")},
    }
    return frozenset({()} if fact in _ALL_BY_NAME else known.get(fact, set()))


def _leaves(data: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Paths and values of all leaves; an empty list or object is one as well."""
    if isinstance(data, dict) and data:
        for key, value in data.items():
            yield from _leaves(value, (*path, str(key)))
    elif isinstance(data, list) and data:
        for number, value in enumerate(data):
            yield from _leaves(value, (*path, number))
    else:
        yield path, data


def _changes(data: Any, dull: frozenset[Path]) -> Iterator[tuple[Path, Any, Any]]:
    """Path, value and another value of each leaf that may matter."""
    for path, value in _leaves(data):
        beginnings = (path[:length] for length in range(len(path) + 1))
        if any(beginning in dull for beginning in beginnings) or _volatile(path, value):
            continue
        yield path, value, _other(value)


def _volatile(path: Path, value: Any) -> bool:
    last = next((step for step in reversed(path) if isinstance(step, str)), "")
    if _ADDRESS.fullmatch(last) or (
        last in ("Hostname",) and isinstance(value, str) and _VOLATILE.fullmatch(value)
    ):
        return True
    return isinstance(value, str) and _VOLATILE.fullmatch(value) is not None


def _other(value: Any) -> Any:
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return f"{value}x"
        case []:
            return ["dockgrader"]
        case {}:
            return {"dockgrader": "x"}
    return "dockgrader"
