"""Facts that installed packages add.

A recording is looked up by a fact's name and fields, so no two facts may have the same name: a package's fact counts
only where it is registered under its name, which no built-in one has.
"""

from __future__ import annotations

import json
from typing import Any

from dockgrader import plugins
from dockgrader.errors import Unobserved
from dockgrader.facts.base import Fact, built_in

BUILT_IN = frozenset(
    (
        *(
            "cgroup",
            "compose-config",
            "compose-files",
            "compose-hash",
            "container",
            "containers",
            "events",
            "exec",
        ),
        *("health-within", "http-series", "image", "info", "machine", "service-within", "steady-within"),
        *("cgroup-process", "file-in-volume", "namespaces", "restarted", "shells", "unused-volumes"),
        "volume-there",
    )
)


def refuse_unusable(fact: Fact[Any]) -> None:
    """Raise Unobserved for a question that could not be kept as evidence and looked up again."""
    if not isinstance(fact, Fact):
        raise TypeError(f"see() takes a fact, not {type(fact).__name__}")
    flaw = ("" if built_in(fact) else _not_registered(fact)) or _not_kept(fact)
    if flaw:
        raise Unobserved("plugin.broken", f"the fact {type(fact).__name__}: {flaw}")


def _not_registered(fact: Fact[Any]) -> str:
    name = getattr(fact, "name", None)
    if not isinstance(name, str) or name in BUILT_IN:
        return f"its name {name!r} is taken by a built-in fact or is no text"
    if not plugins.offers(plugins.FACTS).get(name):
        return f'no installed package registers it: [project.entry-points."{plugins.FACTS}"] {name} = …'
    try:
        if plugins.loaded(plugins.FACTS, name) is not type(fact):
            return f"{plugins.packages(plugins.FACTS, name)} registers another one as {name}"
    except plugins.PluginError as error:
        return str(error)
    return ""


def _not_kept(fact: Fact[Any]) -> str:
    try:
        hash(fact)
        json.dumps(fact.question(), allow_nan=False)
        if not isinstance(fact.shown_by(), str):
            return "shown_by() must return text"
    except plugins.BREAKAGE as bug:
        return plugins.said(bug)
    return ""
