"""Named changes of a Compose project: what services depend on, and that they are services at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dockgrader.facts.base import dig_dict, dig_list
from dockgrader.facts.compose import CONFIG_HASH, DEPENDS_ON, PREFIX, SERVICE, label_conditions
from dockgrader.facts.compose_hash import ComposeHash
from dockgrader.selftest.mutants.base import GONE, Mutant, Path, replaced
from dockgrader.selftest.world import World, files_key, labels_of, role_of

_CONDITIONS = ("service_started", "service_healthy", "service_completed_successfully")


def compose_mutants(world: World) -> Iterator[Mutant]:
    """Each container of a Compose project, its files, and the hash of what runs."""
    for ident, raw in world.containers.items():
        if SERVICE in labels_of(raw):
            yield from _identity(world, ident, raw)
            yield from _dependencies(world, ident, raw)
    for key, question, answer in world.facts(ComposeHash.name):
        if dig_dict({"a": answer}, "a").get("hash"):
            of, other = world.of(question), {"hash": "0" * 64}
            yield Mutant(
                "dependency.not-brought-up", of, "compose-hash", answer["hash"], "0" * 64, {key: other}
            )


def _identity(world: World, ident: str, raw: dict[str, Any]) -> Iterator[Mutant]:
    role, labels = role_of(raw), labels_of(raw)
    kept = {name: value for name, value in labels.items() if not name.startswith(PREFIX)}
    spoilt = {
        "compose.not-by-compose": kept,
        "compose.service-renamed": {**labels, SERVICE: f"{labels[SERVICE]}-2"},
        "compose.one-off": {**labels, PREFIX + "oneoff": "True"},
        "compose.hook": {name: value for name, value in labels.items() if name != CONFIG_HASH},
    }
    for name, changed in spoilt.items():
        other = replaced(raw, ("Config", "Labels"), changed)
        yield Mutant(name, role, "Config.Labels", "", "", world.with_container(ident, other))


def _dependencies(world: World, ident: str, raw: dict[str, Any]) -> Iterator[Mutant]:
    """Changed wherever it is said: in the label that Compose v2 writes, and in the files."""
    labels, role = labels_of(raw), role_of(raw)
    service, key = labels[SERVICE], files_key(labels)
    files = dig_list(world.answers.get(key), "files")
    said = label_conditions(labels.get(DEPENDS_ON, "")) | _in_files(files, service)
    for other, condition in said.items():
        spoilt = {f"dependency.{new.replace('_', '-')}": new for new in _CONDITIONS if new != condition}
        for name, new in {
            **spoilt,
            "dependency.removed": GONE,
            "dependency.plain-list": "service_started",
        }.items():
            changed = _with_label(world, ident, raw, other, new)
            if files:
                told = [_file(file, service, other, new, name == "dependency.plain-list") for file in files]
                changed[key] = {**world.answers[key], "files": told}
            after = "" if new is GONE else new
            yield Mutant(name, role, f"depends_on.{other}", condition, after, changed)


def _in_files(files: list[Any], service: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for file in files:
        for other, entry in dig_dict(file, "services", service, "depends_on").items():
            found[other] = str(dig_dict({"e": entry}, "e").get("condition", "service_started"))
    return found


def _with_label(world: World, ident: str, raw: dict[str, Any], other: str, new: Any) -> dict[str, Any]:
    label = labels_of(raw).get(DEPENDS_ON)
    if label is None:
        return {}
    entries = [entry for entry in label.split(",") if entry.strip()]
    kept = [entry for entry in entries if entry.split(":")[0].strip() != other]
    kept += [] if new is GONE else [f"{other}:{new}:false"]
    return world.with_container(ident, replaced(raw, ("Config", "Labels", DEPENDS_ON), ",".join(kept)))


def _file(file: Any, service: str, other: str, new: Any, plain_list: bool) -> Any:
    path: Path = ("services", service, "depends_on")
    depends = dig_dict(file, *map(str, path))
    if other not in depends:
        return file
    if plain_list:
        return replaced(file, path, list(depends))
    return replaced(file, (*path, other), GONE if new is GONE else {"condition": new})
