"""Named changes of a container: its state, limits, image, mounts, health, ports, labels."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from dockgrader.facts.base import dig, dig_dict, dig_int, dig_list, dig_str
from dockgrader.facts.compose import PREFIX
from dockgrader.facts.containers import Inspected
from dockgrader.facts.http import HttpSeries
from dockgrader.selftest.mutants.base import GONE, PAGE, Mutant, Path, field_name, replaced
from dockgrader.selftest.world import World, labels_of, ports_of, role_of

Change = tuple[str, Path, Any]
"""A mutant's name, the path in the inspection, the new value."""

_MIB, _MB = 1 << 20, 1_000_000
_STRANGER = "f" * 64
_ANONYMOUS = re.compile("[0-9a-f]{64}")


def container_mutants(world: World) -> Iterator[Mutant]:
    """Each container in each way that has a name."""
    for ident, raw in world.containers.items():
        role = role_of(raw)
        yield Mutant("state.gone", role, "", "there", "gone", world.with_container(ident, None))
        changes = [change for group in _GROUPS for change in group(raw)]
        for name, path, value in [*changes, *_volumes(world, raw)]:
            spoilt = _consistent(replaced(raw, path, value))
            changed = world.with_container(ident, spoilt) | _pages(world, ident, raw, spoilt)
            before, after = _at(raw, path), None if value is GONE else value
            yield Mutant(name, role, field_name(path), before, after, changed)


def _at(raw: Any, path: Path) -> Any:
    for step in path:
        raw = raw[step] if isinstance(step, int) else dig(raw, step)
    return raw


def _consistent(raw: dict[str, Any]) -> dict[str, Any]:
    """State.Running and its siblings follow from the status."""
    status = dig_str(raw, "State", "Status")
    state = {
        **raw["State"],
        "Running": status in ("running", "paused", "restarting"),
        "Paused": status == "paused",
        "Restarting": status == "restarting",
        "Pid": dig_int(raw, "State", "Pid") if status in ("running", "paused") else 0,
    }
    return {**raw, "State": state}


def _state(raw: dict[str, Any]) -> Iterator[Change]:
    status, path = dig_str(raw, "State", "Status"), ("State", "Status")
    for other in ("exited", "paused", "restarting", "created", "running"):
        if other != status:
            yield f"state.{other}", path, other
    if status == "running" and not dig_int(raw, "RestartCount"):
        yield "state.crash-looping", ("RestartCount",), 9


def _memory(raw: dict[str, Any]) -> Iterator[Change]:
    limit, path = dig_int(raw, "HostConfig", "Memory"), ("HostConfig", "Memory")
    if limit:
        yield "memory.page-more", path, limit + PAGE
        yield "memory.page-less", path, limit - PAGE
        yield "memory.doubled", path, 2 * limit
        yield "memory.removed", path, 0
        if limit % _MIB == 0:
            yield "memory.decimal-units", path, limit // _MIB * _MB


def _cpu(raw: dict[str, Any]) -> Iterator[Change]:
    for key, step in (("NanoCpus", 10_000_000), ("CpuQuota", 1000)):
        limit, path = dig_int(raw, "HostConfig", key), ("HostConfig", key)
        if limit > 0:
            yield "cpu.little-more", path, limit + step
            yield "cpu.little-less", path, limit - step
            yield "cpu.doubled", path, 2 * limit
            yield "cpu.removed", path, 0
            return


def _image(raw: dict[str, Any]) -> Iterator[Change]:
    other = {**raw, "Image": f"sha256:{_STRANGER}"}
    yield "image.other", (), replaced(other, ("Config", "Image"), "dockgrader/other")


def _volumes(world: World, raw: dict[str, Any]) -> Iterator[Change]:
    for number, mount in enumerate(dig_list(raw, "Mounts")):
        if _of_the_image(world, raw, mount):
            continue
        path: Path = ("Mounts", number)
        place = str(mount.get("Destination", ""))
        yield "volume.removed", path, GONE
        yield "volume.moved", (*path, "Destination"), f"{place.rstrip('/')}2"
        if mount.get("Type") == "volume":
            name = str(mount.get("Name", ""))
            for mutant, new in (("volume.renamed", f"{name}-2"), ("volume.anonymous", _STRANGER)):
                source = str(mount.get("Source", "")).replace(f"/{name}/", f"/{new}/")
                yield mutant, path, {**mount, "Name": new, "Source": source}
            yield "volume.bind-mount", path, {**mount, "Type": "bind", "Name": "", "Source": "/srv/data"}
            yield "volume.tmpfs", path, {**mount, "Type": "tmpfs", "Name": "", "Source": ""}
        elif mount.get("Type") == "bind":
            yield "volume.other-source", (*path, "Source"), "/srv/other"


def _of_the_image(world: World, raw: dict[str, Any], mount: Any) -> bool:
    """Whether it is an anonymous volume that the image asks for, and that no other container has."""
    name = dig_str(mount, "Name")
    if not _ANONYMOUS.fullmatch(name) or mount.get("Destination") not in dig_dict(raw, "Config", "Volumes"):
        return False
    having = [
        other
        for other in world.containers.values()
        if any(item.name == name for item in Inspected(other).mounts)
    ]
    return len(having) < 2


def _health(raw: dict[str, Any]) -> Iterator[Change]:
    key = "Health" if dig(raw, "State", "Health") else "Healthcheck"
    if Inspected(raw).health:
        for status in ("unhealthy", "starting"):
            yield f"health.{status}", ("State", key, "Status"), status
    test = Inspected(raw).health_test
    if not test or test[0] == "NONE":
        return
    path = ("Config", "Healthcheck", "Test")
    script = test[1] if test[0] == "CMD-SHELL" else " ".join(test[1:])
    yield "health.command-removed", ("Config", "Healthcheck"), GONE
    yield "health.command-disabled", path, ["NONE"]
    yield "health.command-always-true", path, ["CMD", "true"]
    yield "health.command-or-true", path, ["CMD-SHELL", f"{script} || true"]
    yield "health.command-exit-0", path, ["CMD-SHELL", f"{script}; exit 0"]
    yield "health.command-echoed", path, ["CMD-SHELL", f"echo {script}"]
    yield "health.command-commented", path, ["CMD-SHELL", f"true # {script}"]
    yield "health.command-other-word", path, [*test[:-1], f"{test[-1]}x"]


def _port(raw: dict[str, Any]) -> Iterator[Change]:
    for port in ports_of(raw):
        path = ("NetworkSettings", "Ports", port)
        yield "port.unpublished", path, None
        moved = [
            {**binding, "HostPort": str(int(str(binding.get("HostPort")) or 0) + 1)}
            for binding in _at(raw, path)
        ]
        yield "port.moved", path, moved


def _label(raw: dict[str, Any]) -> Iterator[Change]:
    for name, value in labels_of(raw).items():
        if not name.startswith(PREFIX):
            path = ("Config", "Labels", name)
            yield "label.removed", path, GONE
            yield "label.changed", path, f"{value}x"


_GROUPS: tuple[Callable[[dict[str, Any]], Iterator[Change]], ...] = (
    _state,
    _memory,
    _cpu,
    _image,
    _health,
    _port,
    _label,
)


def _pages(world: World, ident: str, before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """The pages that a container's ports answer, when these are moved or no longer published."""
    if Inspected(before).published == Inspected(after).published:
        return {}
    moves = dict(zip(Inspected(before).published, Inspected(after).published, strict=False))
    changed = {}
    for key, question, answer in world.facts(HttpSeries.name):
        if question["container"] in (ident, Inspected(before).name):
            asked = [(series, moves.get((series["address"], series["port"]))) for series in answer]
            changed[key] = [{**series, "port": new[1]} for series, new in asked if new]
    return changed
