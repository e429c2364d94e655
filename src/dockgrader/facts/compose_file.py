"""What a set of Compose files says about a project's services; here, the safe reading of one file.

A container's labels name the files, so what is in them is hostile and may be anything, even somebody's
secrets: `relevant` keeps a handful of keys of each service and nothing else. What they amount to is told by
`effective` (compose_spec), after merging (compose_merge).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

import yaml

from dockgrader.facts.compose_merge import OVERRIDE, RESET, UNKNOWN, Plain
from dockgrader.facts.compose_spec import UNTOLD, ServiceSpec, effective, from_config_json, incomplete
from dockgrader.safe_yaml import YamlTooBig, compose_bounded

__all__ = [
    "MAX_BYTES",
    "UNTOLD",
    "NotCompose",
    "NotYaml",
    "ServiceSpec",
    "effective",
    "from_config_json",
    "incomplete",
    "relevant",
]

MAX_BYTES: Final = 1 << 20
_MAX_SERVICES = 200
_MAX_ITEMS = 200
_MAX_CHARACTERS = 10_000

_Keep = Callable[[yaml.Node], Plain]
# The last three are plain scalars that YAML 1.1 takes for a date, `=` or `<<`: only their text counts here.
_STANDARD_TAGS = {
    f"tag:yaml.org,2002:{name}"
    for name in ("null", "bool", "int", "float", "str", "seq", "map", "timestamp", "value", "merge")
}
_SERVICE_NAME = re.compile(r"[A-Za-z0-9._-]{1,255}")
_FORMAT_1_MARKS = {"image", "build"}
_OTHER_TOP_LEVEL = {"version", "name", "networks", "volumes", "configs", "secrets", "models", "include"}


class NotCompose(ValueError):
    """These bytes are no Compose file that can be read safely. The message never quotes the file."""


class NotYaml(NotCompose):
    """No Compose can read them either."""


def relevant(text: bytes) -> dict[str, Plain]:
    """Read one Compose file and keep, as JSON-able data, what `effective` needs and nothing else.

    `{"services": {name: {key: value}}}`, and `"include": true` where the file includes others. Scalars are
    kept as they are written, as strings, their `$` unexpanded. The output of `docker compose config`, YAML or
    JSON, can be read in the same way. Raises NotCompose.
    """
    top = entries_of(root_of(text))
    if "services" in top:
        services = _kept(top["services"], _services)
    elif top and all(key in _OTHER_TOP_LEVEL or key.startswith("x-") for key in top):
        services = {}
    else:  # format 1: the services stand at the top
        of_services = {key: node for key, node in top.items() if _FORMAT_1_MARKS & entries_of(node).keys()}
        if not of_services:
            raise NotCompose("no `services` in it")
        services = _named_services(of_services)
    if services == UNKNOWN:
        raise NotCompose("`services` has an unknown tag")
    return {"services": services or {}} | ({"include": True} if "include" in top else {})


def root_of(text: bytes) -> yaml.Node:
    if len(text) > MAX_BYTES:
        raise NotCompose(f"larger than {MAX_BYTES} bytes")
    try:
        root = compose_bounded(text.decode())
    except UnicodeDecodeError:
        raise NotCompose("not UTF-8 text") from None
    except YamlTooBig as error:
        raise NotCompose(str(error)) from None
    except yaml.YAMLError:
        raise NotYaml("not a YAML document") from None
    if not isinstance(root, yaml.MappingNode):
        raise NotCompose("not a YAML mapping")
    return root


def entries_of(node: yaml.Node) -> dict[str, yaml.Node]:
    """A mapping's entries, `<<` resolved: own keys win, then the first one merged; of duplicates the last."""
    if not isinstance(node, yaml.MappingNode):
        return {}
    own: dict[str, yaml.Node] = {}
    merged: dict[str, yaml.Node] = {}
    for key, value in node.value:
        if key.tag == "tag:yaml.org,2002:merge":
            sources = value.value if isinstance(value, yaml.SequenceNode) else [value]
            for source in sources:
                for name, node_there in entries_of(source).items():
                    merged.setdefault(name, node_there)
        elif isinstance(key, yaml.ScalarNode):
            own[key.value] = value
    return merged | own


def _kept(node: yaml.Node, keep: _Keep) -> Plain:
    """What `keep` makes of the node, its tag heeded; None for a null, which says nothing in Compose."""
    if node.tag == "!reset":
        return RESET
    if node.tag == "!override":
        return {OVERRIDE: keep(node)}
    if node.tag not in _STANDARD_TAGS:
        return UNKNOWN
    return None if node.tag == "tag:yaml.org,2002:null" else keep(node)


def _scalar(node: yaml.Node) -> Plain:
    fits = isinstance(node, yaml.ScalarNode) and len(node.value) <= _MAX_CHARACTERS
    return node.value if fits else UNKNOWN


def _scalars(node: yaml.Node) -> Plain:
    """A scalar, or a list of scalars."""
    if not isinstance(node, yaml.SequenceNode):
        return _scalar(node)
    items = [_kept(item, _scalar) for item in node.value[: _MAX_ITEMS + 1]]
    fits = len(items) <= _MAX_ITEMS and all(isinstance(item, str) for item in items)
    return items if fits else UNKNOWN


def _mapping(shape: Mapping[str, _Keep]) -> _Keep:
    """A mapping of which only the keys of `shape` are kept."""

    def keep(node: yaml.Node) -> Plain:
        if not isinstance(node, yaml.MappingNode):
            return UNKNOWN
        entries = entries_of(node)
        kept = {key: _kept(entries[key], keep) for key, keep in shape.items() if key in entries}
        return {key: value for key, value in kept.items() if value is not None}

    return keep


_LIMITS = _mapping({"memory": _scalar, "cpus": _scalar})
_DEPENDENCY = _mapping({"condition": _scalar})


def _depends_on(node: yaml.Node) -> Plain:
    if isinstance(node, yaml.ScalarNode):
        return _scalars(yaml.SequenceNode(node.tag, [node]))
    if isinstance(node, yaml.SequenceNode):
        return _scalars(node)
    entries = entries_of(node)
    if len(entries) > _MAX_ITEMS:
        return UNKNOWN
    return {
        name: _kept(entry, _DEPENDENCY) or {}
        for name, entry in entries.items()
        if _SERVICE_NAME.fullmatch(name)
    }


def _extends(node: yaml.Node) -> Plain:
    return _scalar(node) if isinstance(node, yaml.ScalarNode) else _EXTENDS(node)


_EXTENDS = _mapping({"service": _scalar, "file": _scalar})
_SERVICE = _mapping(
    {
        "depends_on": _depends_on,
        "healthcheck": _mapping({"test": _scalars, "disable": _scalar}),
        "mem_limit": _scalar,
        "cpus": _scalar,
        "deploy": _mapping({"resources": _mapping({"limits": _LIMITS})}),
        "extends": _extends,
    }
)


def _services(node: yaml.Node) -> Plain:
    if not isinstance(node, yaml.MappingNode):
        raise NotCompose("`services` is not a mapping")
    return _named_services(entries_of(node))


def _named_services(entries: Mapping[str, yaml.Node]) -> dict[str, Plain]:
    if len(entries) > _MAX_SERVICES:
        raise NotCompose(f"more than {_MAX_SERVICES} services")
    return {
        name: _kept(node, _SERVICE) or {} for name, node in entries.items() if _SERVICE_NAME.fullmatch(name)
    }
