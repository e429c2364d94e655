"""What installed Python packages add through entry points: kinds of check, and facts.

A package is found where Python finds modules, but never in the working folder: that may be a student's.
Nothing is imported here before somebody asks for it by name.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, distributions
from pathlib import Path

from dockgrader.errors import DockgraderError
from dockgrader.frozen import dataclass

KINDS = "dockgrader.kinds"
FACTS = "dockgrader.facts"
BREAKAGE = (Exception, SystemExit)
"""What somebody's code may raise, without it being our end."""


@dataclass(frozen=True)
class Offer:
    """An entry point, and the package that has it, as `name version`."""

    package: str
    entry: EntryPoint


class PluginError(DockgraderError):
    """What a package adds cannot be used; the message names the package and says why."""


@cache
def offers(group: str) -> Mapping[str, tuple[Offer, ...]]:
    """The entry points of a group by name, those of all installed packages."""
    found: dict[str, list[Offer]] = {}
    seen: set[str] = set()
    for distribution in distributions(path=_folders()):
        try:
            name, version = distribution.metadata["Name"], distribution.version
            entries = distribution.entry_points.select(group=group)
        except Exception:  # noqa: BLE001, S112 - a package that was removed by half is not ours to judge
            continue
        key = str(name).lower().replace("_", "-").replace(".", "-")
        if key not in seen:
            seen.add(key)
            for entry in entries:
                found.setdefault(entry.name, []).append(Offer(f"{name} {version}", entry))
    return {name: tuple(offered) for name, offered in sorted(found.items())}


def _folders() -> list[str]:
    here = Path.cwd()
    return [folder for folder in sys.path if folder and Path(folder).absolute() != here]


def packages(group: str, name: str) -> str:
    """The packages that add this name, "" for none."""
    return ", ".join(offer.package for offer in offers(group).get(name, ()))


@cache
def loaded(group: str, name: str) -> object:
    """What a package adds under this name. Raises PluginError."""
    offered = offers(group).get(name, ())
    if len(offered) != 1:
        who = packages(group, name)
        raise PluginError(f"{name} is added by several packages: {who}; remove all but one" if who else "")
    (offer,) = offered
    try:
        return offer.entry.load()
    except BREAKAGE as bug:
        raise PluginError(f"{name} of {offer.package} cannot be imported: {said(bug)}") from None


def said(bug: BaseException) -> str:
    """An exception in one line."""
    try:
        text = str(bug)
    except Exception:  # noqa: BLE001 - somebody's exception may be broken as well
        text = ""
    return f"{type(bug).__name__}: {text[:200]}" if text else type(bug).__name__
