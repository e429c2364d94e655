"""How Compose lays service definitions over each other: several files in order, and `extends` within a file.

Works on the plain data that `compose_file.relevant` keeps of each file. What a YAML tag says stands in it as
a marker, a mapping of one key: RESET (drop what is below), `{OVERRIDE: value}` (take this, forget what is
below) and UNKNOWN (there is a value, but not one that can be told). Rules: "Merge" and "Extends" in the
Compose specification; Compose 1.29 does the same, without the tags (both seen to agree with this module).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

# JSON-able data of a shape that only its reader knows.
Plain = Any

OVERRIDE: Final = "!override"
RESET: Final[Plain] = {"!reset": None}
UNKNOWN: Final[Plain] = {"!unknown": None}

# The key that `prepare` adds to a service: the form of its depends_on.
FORM: Final = "depends_on_form"
# What a definition that we cannot see may have said. No service is called `*`: it stands for dependencies of
# any name, and OVERRIDE forgets those of earlier files, which they may replace.
_HIDDEN_DEPENDENCIES: Plain = {OVERRIDE: {"*": UNKNOWN}}
HIDDEN: Final[Plain] = {
    "depends_on": _HIDDEN_DEPENDENCIES,
    "healthcheck": {"test": UNKNOWN},
    "mem_limit": UNKNOWN,
    "cpus": UNKNOWN,
    "deploy": {"resources": {"limits": {"memory": UNKNOWN, "cpus": UNKNOWN}}},
}


def merge(base: Plain, over: Plain) -> Plain:
    """Lay `over` on `base`. Markers stay in the result, so that merging is associative."""
    if not is_mapping(over):
        return over
    if base == UNKNOWN:
        return UNKNOWN
    if base == RESET:
        return {OVERRIDE: over}
    if not isinstance(base, dict):
        return over
    if OVERRIDE in base:
        return {OVERRIDE: merge(base[OVERRIDE], over)}
    return base | {key: merge(base[key], value) if key in base else value for key, value in over.items()}


def settle(value: Plain) -> Plain:
    """Carry out RESET and OVERRIDE within a mapping once nothing more will be merged; UNKNOWN stays."""
    if not isinstance(value, dict):
        return value
    if OVERRIDE in value:
        return settle(value[OVERRIDE])
    return {key: settle(entry) for key, entry in value.items() if entry != RESET}


def within(value: Plain, change: Callable[[dict[str, Plain]], Plain]) -> Plain:
    """Apply `change` to a mapping, also to one that is marked OVERRIDE; anything else stays as it is."""
    if isinstance(value, dict) and OVERRIDE in value:
        return {OVERRIDE: within(value[OVERRIDE], change)}
    return change(value) if is_mapping(value) else value


def prepare(services: dict[str, Plain], *, first: bool) -> dict[str, Plain]:
    """Make one file's services ready for `merge`: `depends_on` a mapping, `extends` resolved.

    A base is looked for in the same file by Compose 2, in the first one by Compose 1.
    """
    services = {name: within(service, _with_depends_on_mapping) for name, service in services.items()}
    bases = services if first else {}
    return {
        name: within(service, partial(_extended, bases=bases, chain=(name,)))
        for name, service in services.items()
    }


def is_mapping(value: Plain) -> bool:
    """Whether the value is a mapping of the file's own, and no marker."""
    return isinstance(value, dict) and OVERRIDE not in value and value not in (RESET, UNKNOWN)


def _with_depends_on_mapping(service: dict[str, Plain]) -> dict[str, Plain]:
    """The list form is the mapping form with `service_started`; which of them it was is noted beside it."""
    given = service.get("depends_on")
    if isinstance(given, dict) and OVERRIDE in given:
        inner = _with_depends_on_mapping(service | {"depends_on": given[OVERRIDE]})
        return inner | {"depends_on": {OVERRIDE: inner["depends_on"]}}
    if isinstance(given, list):
        return service | {"depends_on": _all_started(given), FORM: "list"}
    return service | {FORM: "mapping"} if is_mapping(given) else service


def _all_started(names: list[Plain]) -> Plain:
    if not all(isinstance(name, str) and "$" not in name for name in names):
        return UNKNOWN
    return {name: {"condition": "service_started"} for name in names}


def _extended(
    service: dict[str, Plain], *, bases: Mapping[str, Plain], chain: tuple[str, ...]
) -> dict[str, Plain]:
    extends = settle(service).get("extends")
    own = {key: value for key, value in service.items() if key != "extends"}
    if extends is None:
        return own
    name: Plain = extends.get("service") if isinstance(extends, dict) and "file" not in extends else extends
    base: Plain = settle(bases.get(name)) if isinstance(name, str) and name not in chain else None
    if is_mapping(base):
        base = _extended(base, bases=bases, chain=(*chain, name))
        if "depends_on" in base:
            # Some versions of Compose inherit it, others drop it, and Compose 1 refuses the file.
            base = base | {"depends_on": _HIDDEN_DEPENDENCIES, FORM: "none"}
    else:  # in another file, or nowhere that can be told
        base = HIDDEN
    extended: dict[str, Plain] = merge(base, own)
    return extended
