"""What merged Compose files amount to for each service: dependencies, healthcheck, limits.

Pure functions of what `compose_file.relevant` keeps of each file. What depends on the environment or on files
that are not at hand is called uncertain, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from functools import partial, reduce
from typing import Any, Final, Literal

from dockgrader.facts.compose_merge import FORM, HIDDEN, Plain, is_mapping, merge, prepare, settle, within
from dockgrader.frozen import dataclass

_Dollars = Callable[[str], str]
_TRUE = {"true", "yes", "on", "y"}
_BYTES = re.compile(r"([0-9]{1,18})(\.[0-9]{1,18})? ?([kmgtp]?)i?b?", re.IGNORECASE)
_NUMBER = re.compile(r"([0-9]{1,18}\.?[0-9]{0,18}|\.[0-9]{1,18})(e[+-]?[0-9]{1,2})?", re.IGNORECASE)


class _Unclear(Exception):
    """The value is there, or may be, but these files do not tell it."""


@dataclass(frozen=True)
class ServiceSpec:
    """What the files give to one service.

    `depends_on` maps services to conditions (`service_started` for the list form); `depends_on_form` is the
    form in the last file that has it. `healthcheck` is the test as inspect shows it (`["CMD", …]`,
    `["CMD-SHELL", …]`, `["NONE"]`), `memory` the limit in bytes (0: none), `cpus` the number of CPUs; each
    None when absent. `uncertain` names the fields that the files alone cannot tell: an uncertain `depends_on`
    holds the entries that are sure, there may be others; any other uncertain field is None.
    """

    depends_on: Mapping[str, str] = field(default_factory=dict)
    depends_on_form: Literal["none", "list", "mapping"] = "none"
    healthcheck: Sequence[str] | None = None
    memory: int | None = None
    cpus: float | None = None
    uncertain: frozenset[str] = frozenset()


# A service of which nothing can be told, such as one that only an included file may define.
UNTOLD: Final = ServiceSpec(uncertain=frozenset({"depends_on", "healthcheck", "memory", "cpus"}))


def effective(files: Sequence[Mapping[str, Plain]]) -> dict[str, ServiceSpec]:
    """Merge what `relevant` kept of each file, in the order of `docker compose -f a -f b`, by service name.

    A service that is not in the result does not exist, unless the files are `incomplete`. Data of another
    shape, as evidence edited by hand may hold, raises nothing: what cannot be read is left out or uncertain.
    """
    layers = (
        {"services": within(file.get("services"), partial(prepare, first=number == 0))}
        for number, file in enumerate(files)
        if isinstance(file.get("services"), dict)
    )
    services = settle(reduce(merge, layers, {})).get("services")
    if not is_mapping(services):
        return {}
    below = HIDDEN if incomplete(files) else {}
    return {name: _spec(settle(merge(below, service)), _expanded) for name, service in services.items()}


def incomplete(files: Sequence[Mapping[str, Plain]]) -> bool:
    """Whether a file includes others, which may define further services and whatever is absent here."""
    return any(file.get("include") for file in files)


def from_config_json(data: Mapping[str, Plain]) -> dict[str, ServiceSpec]:
    """Read the parsed output of `docker compose config`, JSON or YAML, or what `relevant` kept of it.

    There everything is resolved already, and each `$` is written `$$`.
    """
    services = within(data.get("services"), partial(prepare, first=True))
    if not is_mapping(services):
        return {}
    return {name: _spec(service, _unescaped) for name, service in services.items()}


def _spec(service: Plain, dollars: _Dollars) -> ServiceSpec:
    if not is_mapping(service):
        return UNTOLD
    values: dict[str, Any] = {}
    uncertain: set[str] = set()
    for name, read in (("healthcheck", _healthcheck), ("memory", _memory), ("cpus", _cpus)):
        try:
            values[name] = read(service, dollars)
        except _Unclear:
            uncertain.add(name)
    depends_on, all_told = _depends_on(service, dollars)
    if not all_told:
        uncertain.add("depends_on")
    form: Plain = service.get(FORM, "none") if "depends_on" in service else "none"
    return ServiceSpec(depends_on, form, **values, uncertain=frozenset(uncertain))


def _depends_on(service: Plain, dollars: _Dollars) -> tuple[dict[str, str], bool]:
    """The entries that are sure, and whether that is all of them."""
    given = service.get("depends_on", {})
    if not is_mapping(given):
        return {}, False
    conditions: dict[str, str] = {}
    for name, entry in given.items():
        try:
            condition = _at(entry, "condition")
            conditions[name] = "service_started" if condition is None else _text(condition, dollars)
        except _Unclear:
            continue
    return conditions, len(conditions) == len(given)


def _healthcheck(service: Plain, dollars: _Dollars) -> list[str] | None:
    disable = _at(service, "healthcheck", "disable")
    if disable is not None:
        if _text(disable, dollars).lower() in _TRUE:
            return ["NONE"]
        raise _Unclear  # Compose 1 disables it whatever the value is
    test = _at(service, "healthcheck", "test")
    if isinstance(test, list):
        return [_text(word, dollars) for word in test] or None
    return None if test is None else ["CMD-SHELL", _text(test, dollars)]


def _memory(service: Plain, dollars: _Dollars) -> int | None:
    """In bytes; Compose's units are binary: `500m` and `500mb` are 524288000."""
    text = _limit(service, "mem_limit", "memory", dollars)
    if text is None:
        return None
    match = _BYTES.fullmatch(text)
    if not match:
        raise _Unclear
    whole, fraction, prefix = match.groups()
    unit: int = 1024 ** " kmgtp".index(prefix.lower() or " ")
    return int(whole) * unit + (int(float(fraction) * unit) if fraction else 0)


def _cpus(service: Plain, dollars: _Dollars) -> float | None:
    text = _limit(service, "cpus", "cpus", dollars)
    if text is None:
        return None
    if not _NUMBER.fullmatch(text):
        raise _Unclear
    return float(text)


def _limit(service: Plain, own_key: str, deploy_key: str, dollars: _Dollars) -> str | None:
    """The limit from either place that tells it: Compose accepts both only when they agree."""
    hidden = False
    for path in ((own_key,), ("deploy", "resources", "limits", deploy_key)):
        try:
            given = _at(service, *path)
            if given is not None:
                return _text(given, dollars).strip()
        except _Unclear:
            hidden = True
    if hidden:
        raise _Unclear
    return None


def _at(value: Plain, *path: str) -> Plain:
    for key in path:
        if not is_mapping(value):
            raise _Unclear
        value = value.get(key)
        if value is None:
            return None
    return value


def _text(value: Plain, dollars: _Dollars) -> str:
    if not isinstance(value, str | int | float):
        raise _Unclear
    return dollars(str(value))


def _expanded(text: str) -> str:
    if "$" in text.replace("$$", ""):  # a variable, or a file that Compose refuses
        raise _Unclear
    return text.replace("$$", "$")


def _unescaped(text: str) -> str:
    return text.replace("$$", "$")
