"""Whose labels name the files of which a Compose project was last brought up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dockgrader.facts.base import See, dig_str
from dockgrader.facts.compose import CONFIG_FILES, PROJECT, VERSION, WORKING_DIR, replicas
from dockgrader.facts.containers import Container, Containers, Inspected
from dockgrader.facts.waiting import seconds_between

_MOST = 3
"""Other sets of files that are tried on Compose v1, where each may take Compose a second."""


def sources(target: Inspected, see: See) -> Iterator[Inspected]:
    """The container itself, then those of its project whose labels name other files, newest first.

    A container that `up` leaves as it is keeps its old labels, and web is left when nothing that is hashed has
    changed, be the files renamed or an override added. The files of the last `up` then stand in the labels of what
    it made anew, such as redis.

    On Compose v1 whoever asks has web's hash agree with the files, so that any may be tried. On Compose v2 no hash
    can tell: newer ones leave depends_on out of it. There only the newest container counts, and only if it was made
    after web. An older one tells of an older `up`: its files may have said service_healthy before web was made anew
    of a plain list, and web's own labels are the newer ones. And of several later ones the last `up` is what holds:
    had it gone back to a plain list, what stood in the files between would be no excuse.
    """
    yield target
    v1 = by_v1(target)
    found = [other for other in _others(target, see) if v1 or _made_after(target, other)]
    found.sort(key=lambda other: dig_str(other.raw, "Created"), reverse=True)
    # A dict keeps the order, and of several containers with the same files the first that is put in.
    by_files = {files_of(other.labels): other for other in reversed(found if v1 else found[:1])}
    ordered = [other for other in found if by_files.get(files_of(other.labels)) is other]
    yield from (other for other in ordered[:_MOST] if files_of(other.labels) != files_of(target.labels))


def _others(target: Inspected, see: See) -> Iterator[Inspected]:
    for item in replicas(see(Containers())):
        if item.labels[PROJECT] == target.labels.get(PROJECT) and item.id != target.id:
            other = see(Container(item.id))
            if other is not None:
                yield other


def by_v1(target: Inspected) -> bool:
    """Whether Compose v1 made it, which writes no label of dependencies."""
    return target.labels.get(VERSION, "").startswith("1.")


def files_of(labels: Mapping[str, str]) -> tuple[str, str]:
    """The project's folder and its files, as the labels name them."""
    return labels.get(WORKING_DIR, ""), labels.get(CONFIG_FILES, "")


def _made_after(target: Inspected, other: Inspected) -> bool:
    """By the engine's clock; not where it does not say."""
    return (seconds_between(*(dig_str(found.raw, "Created") for found in (target, other))) or 0) > 0
