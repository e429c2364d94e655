"""The checks that say what somebody has chosen about a container or a Compose service."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from typing import Any

from dockgrader.facts.base import See, dig, dig_dict, dig_int, dig_str
from dockgrader.facts.compose import (
    CONFIG_FILES,
    DEPENDS_ON,
    WORKING_DIR,
    ComposeFiles,
    label_conditions,
)
from dockgrader.facts.containers import ANONYMOUS, Container, Containers, Image, Inspected, Mount
from dockgrader.kinds.base import glimpse
from dockgrader.observe.pages import said_by_page
from dockgrader.units import NANO, trimmed

Check = dict[str, Any]
_ID = re.compile("(sha256:)?[0-9a-f]{12,64}")
_OF_TOOLS = ("com.docker.", "io.docker.", "org.dockerproject.", "desktop.docker.io/", "io.podman.", "PODMAN_")
"""What the labels begin with that engines and Compose write; nobody has chosen those."""
_PODMANS_PIDS = 2048
"""Podman's own limit where none is given."""
_SIZES = (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10))


def checks_of(
    form: str, name: str, replicas: Sequence[Inspected], prefix: str, see: See
) -> tuple[list[Check], list[str]]:
    """Checks of a `container` or a `service` (`form`), ids beginning with `prefix`; and notes for the author."""
    first = next(item for item in replicas if item.status == "running") if form == "service" else replicas[0]
    target = {form: name}
    notes: list[str] = []
    running = f"{prefix}running"
    made: list[Check] = []
    if first.status == "running":
        made.append(_check(running, "container", f"{name} is running", [], **target, state="running"))
    needs = [running] if made else []
    if form == "container":
        made += _image(first, prefix, needs)
    made += _volumes(form, first, prefix, needs, target, name, see, notes)
    made += _limits(first, prefix, needs, target, name)
    made += _options(first, prefix, needs, target, name, see)
    made += _health(first, prefix, needs, target, name, notes)
    if form == "service":
        made += _dependencies(first, prefix, needs, name, see)
    page = said_by_page(first.name if form == "container" else first.id, first, see) if needs else None
    if page is not None:
        made.append(_check(f"{prefix}page", "http", f"{name} answers on its port", needs, **target, **page))
    return made, notes


def _check(ident: str, kind: str, title: str, needs: Sequence[str], **fields: Any) -> Check:
    return {"id": ident, "kind": kind, "title": title, **({"needs": list(needs)} if needs else {}), **fields}


def _image(item: Inspected, prefix: str, needs: Sequence[str]) -> Iterator[Check]:
    name = item.image.removesuffix(":latest")
    if name and not _ID.fullmatch(name):
        yield _check(
            f"{prefix}image",
            "image",
            f"It runs from the image {name}",
            needs,
            container=item.name,
            named=[name],
        )


def _limits(
    item: Inspected, prefix: str, needs: Sequence[str], target: dict[str, str], name: str
) -> Iterator[Check]:
    in_kernel: dict[str, Any] = {}
    if item.memory:
        size = _size(item.memory)
        in_kernel["memory"] = size
        yield _check(
            f"{prefix}memory", "container", f"{name} may use {size} of memory", needs, **target, memory=size
        )
    if item.cpus:
        cpus = _cpus(item.cpus)
        in_kernel["cpus"] = cpus
        yield _check(f"{prefix}cpus", "container", f"{name} may use {cpus} CPU", needs, **target, cpus=cpus)
    if in_kernel and needs:
        of = [f"{prefix}{what}" for what in in_kernel]
        title = f"The kernel holds the limits of {name}"
        yield _check(f"{prefix}cgroup", "cgroup", title, of, **target, **in_kernel)


def _size(number: int) -> str | int:
    return next((f"{number // factor}{unit}" for unit, factor in _SIZES if number % factor == 0), number)


def _cpus(nano: int) -> float | int:
    return nano // NANO if nano % NANO == 0 else float(trimmed(nano / NANO, 9))


def _volumes(
    form: str,
    item: Inspected,
    prefix: str,
    needs: Sequence[str],
    target: dict[str, str],
    name: str,
    see: See,
    notes: list[str],
) -> Iterator[Check]:
    number = 0
    for mount in item.mounts:
        if mount.type != "volume":
            notes.append(f"{name}: what is mounted at {mount.destination} ({mount.type}) is not stated")
            continue
        stated = _service_volume(mount) if form == "service" else _container_volume(item, mount, see)
        if stated is None:
            continue
        number += 1
        ident = f"{prefix}volume" if number == 1 else f"{prefix}volume-{number}"
        whose, fields = stated
        title = f"{mount.destination} of {name} is {whose}"
        yield _check(ident, "volume", title, needs, **target, path=mount.destination, **fields)


def _service_volume(mount: Mount) -> tuple[str, Check] | None:
    """Compose makes its name from the project's, which is another one for each folder."""
    anonymous = ANONYMOUS.fullmatch(mount.name) is not None
    return None if anonymous else ("a volume that has a name", {"any_name": True})


def _container_volume(item: Inspected, mount: Mount, see: See) -> tuple[str, Check] | None:
    """None for the image's own."""
    other = _sharing(item, mount.name, mount.destination, see)
    named = {} if ANONYMOUS.fullmatch(mount.name) else {"named": mount.name}
    if other is None:
        return (f"the volume {mount.name}", named) if named else None
    return f"the volume of {other}", {"same_as": other, **named}


def _sharing(item: Inspected, volume: str, path: str, see: See) -> str | None:
    """An older container that has the same volume at the same path."""
    listed = glimpse(see, Containers()) or []
    place = next((number for number, line in enumerate(listed) if line.id == item.id), len(listed))
    for line in listed[place + 1 :]:
        other = glimpse(see, Container(line.id))
        if other and any((mount.name, mount.destination) == (volume, path) for mount in other.mounts):
            return other.name
    return None


def _options(
    item: Inspected, prefix: str, needs: Sequence[str], target: dict[str, str], name: str, see: See
) -> Iterator[Check]:
    stated: dict[str, Any] = {}
    policy = dig_str(item.raw, "HostConfig", "RestartPolicy", "Name")
    if policy not in ("", "no"):
        stated["HostConfig.RestartPolicy.Name"] = policy
    pids = dig_int(item.raw, "HostConfig", "PidsLimit")
    if pids > 0 and pids != _PODMANS_PIDS:
        stated["HostConfig.PidsLimit"] = pids
    for option in ("ReadonlyRootfs", "Privileged", "Init"):
        if dig(item.raw, "HostConfig", option) is True:
            stated[f"HostConfig.{option}"] = True
    for label, value in _own_labels(item, see):
        stated[f"Config.Labels[{label}]"] = value
    if stated:
        yield _check(
            f"{prefix}options", "container", f"{name} has its options", needs, **target, inspect=stated
        )


def _own_labels(item: Inspected, see: See) -> Iterator[tuple[str, str]]:
    """Labels that are neither a tool's nor the image's; a label with brackets cannot be named in a path."""
    image = glimpse(see, Image(item.image)) if item.image else None
    of_image = dig_dict(image, "Config", "Labels")
    for label, value in item.labels.items():
        if not label.startswith(_OF_TOOLS) and of_image.get(label) != value and not set("[]") & set(label):
            yield label, value


def _health(
    item: Inspected, prefix: str, needs: Sequence[str], target: dict[str, str], name: str, notes: list[str]
) -> Iterator[Check]:
    test = item.health_test
    if not test or test == ["NONE"]:
        return
    words = _health_words(test)
    if words:
        title = f"The healthcheck of {name} is {shlex.join(words)}"
        yield _check(f"{prefix}healthcheck", "health", title, needs, **target, command=words)
    else:
        notes.append(f"{name}: its health command is a script, which is not stated: {' '.join(test)[:100]}")
    if item.health == "healthy":
        yield _check(f"{prefix}healthy", "health", f"{name} is healthy", needs, **target, status="healthy")


def _health_words(test: Sequence[str]) -> list[str]:
    """The one command that the test is, [] where it is more than that."""
    from dockgrader.healthcheck import judge_health_command

    try:
        script = shlex.split(test[1].partition("||")[0]) if test[0] == "CMD-SHELL" else list(test[1:])
    except (ValueError, IndexError):
        return []
    words = [word.rpartition("/")[2] if number == 0 else word for number, word in enumerate(script)]
    return words if words and judge_health_command(list(test), words).ok else []


def _dependencies(item: Inspected, prefix: str, needs: Sequence[str], name: str, see: See) -> Iterator[Check]:
    labels = item.labels
    if DEPENDS_ON in labels:
        conditions = label_conditions(labels[DEPENDS_ON])
    else:
        says = glimpse(see, ComposeFiles(labels.get(WORKING_DIR, ""), labels.get(CONFIG_FILES, "")))
        spec = says.services.get(name) if says else None
        conditions = dict(spec.depends_on) if spec else {}
    if conditions:
        title = f"{name} waits for {', '.join(conditions)}"
        yield _check(f"{prefix}depends-on", "compose", title, needs, service=name, depends_on=conditions)
