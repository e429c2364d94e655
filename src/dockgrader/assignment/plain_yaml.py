"""From YAML nodes to plain data, by fewer rules than YAML has.

Authors fall into the same few traps of YAML 1.1. So `true`/`false` in the usual three spellings are the only
booleans (`on`, `off`, `yes`, `no` are text); whole numbers are decimal or `0x…`; `0755`, `1_000`, `22:22` and
dates stay the text that the author wrote, because guessing a number there is wrong half of the time; a float
needs its point (`1e5` may be a commit). What looks like a number and has more than 100 characters is text.
"""

from __future__ import annotations

import re
from typing import Any

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from dockgrader.assignment.nodes import (
    LIST,
    MAPPING,
    MAX_DEPTH,
    MAX_NODES,
    PLAIN,
    TAGS,
    TEXT,
    Wrong,
    escaped,
    kind_of,
    too_deep,
    too_many,
)

MAX_DIGITS = 100  # Python itself refuses to read and print whole numbers of some thousand digits

_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


def plain_data(root: MappingNode) -> dict[Any, Any]:
    """The data that `root` stands for; raises Wrong. Aliases and `<<` are followed within the bounds of `nodes`."""
    data: dict[Any, Any] = _Converter().value(root, 1)
    return data


def child(node: Node, part: str | int) -> tuple[Node | None, Node] | None:
    """The (key, value) nodes of `part` in a converted `node`: its own first, then what `<<` brings in."""
    if isinstance(node, SequenceNode):
        inside = isinstance(part, int) and 0 <= part < len(node.value)
        return (None, node.value[part]) if inside else None
    if not isinstance(node, MappingNode):
        return None
    for key, value in node.value:
        if not _is_merge(key) and _key(key) == part:
            return key, value
    merged = (_merged(value) for key, value in node.value if _is_merge(key))
    found = (child(other, part) for others in merged for other in others)
    return next((step for step in found if step), None)


class _Converter:
    """From nodes to plain data. Aliases are copied, so that what they expand to is counted."""

    def __init__(self) -> None:
        self.nodes = 0
        self.open: set[Node] = set()

    def value(self, node: Node, depth: int) -> Any:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise too_many(node)
        if isinstance(node, ScalarNode):
            return _scalar(node)
        if depth > MAX_DEPTH:
            raise too_deep(node)
        if node in self.open:
            raise Wrong("an alias stands inside of what it names, which has no end", node)
        self.open.add(node)
        data = self.mapping(node, depth) if isinstance(node, MappingNode) else self.sequence(node, depth)
        self.open.remove(node)
        return data

    def sequence(self, node: Node, depth: int) -> list[Any]:
        if node.tag != LIST:
            raise _wrong_tag(node)
        return [self.value(item, depth + 1) for item in node.value]

    def mapping(self, node: MappingNode, depth: int) -> dict[Any, Any]:
        if node.tag != MAPPING:
            raise _wrong_tag(node)
        data: dict[Any, Any] = {}
        merged: list[MappingNode] = []
        keys: dict[object, Node] = {}
        for key_node, value_node in node.value:
            key = _key(key_node)
            if key in keys:
                raise _duplicate(str(key), keys[key], key_node)
            keys[key] = key_node
            if _is_merge(key_node):
                merged = _merged(value_node)
            else:
                data[key] = self.value(value_node, depth + 1)
        for other in merged:
            for key, value in self.value(other, depth + 1).items():
                data.setdefault(key, value)
        return data


def _scalar(node: ScalarNode) -> str | int | float | bool | None:
    text: str = node.value
    if node.tag == PLAIN:
        return plain(text)
    if node.tag == TEXT:
        return text
    value = plain(text)
    kind = {bool: "bool", int: "int", float: "float", type(None): "null"}.get(type(value))
    if node.tag == TAGS + "float" and kind == "int":
        return float(text)
    if kind is None or node.tag != TAGS + kind:
        raise _wrong_tag(node)
    return value


def plain(text: str) -> str | int | float | bool | None:
    """What a scalar without quotes means."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789" or len(text) > MAX_DIGITS:
        return text
    if _INT.fullmatch(text):
        return int(text, 16 if text.startswith("0x") else 10)
    if _FLOAT.fullmatch(text):
        return float(text.replace(".i", "i").replace(".I", "I").replace(".n", "n").replace(".N", "N"))
    return text


def _key(node: Node) -> str | int | float | bool | None:
    if not isinstance(node, ScalarNode):
        raise Wrong(f"expected a field's name, found {kind_of(node)}; put it in quotes if it is text", node)
    return _scalar(node)


def _is_merge(node: Node) -> bool:
    return node.value == "<<" and node.tag == PLAIN


def _merged(node: Node) -> list[MappingNode]:
    """The mappings that `<<` brings in, the strongest first."""
    nodes = node.value if isinstance(node, SequenceNode) else [node]
    for each in nodes:
        if not isinstance(each, MappingNode):
            raise Wrong(f"'<<' takes a mapping or a list of mappings, found {kind_of(each)}", each)
    return list(nodes)


def _duplicate(name: str, first: Node, second: Node) -> Wrong:
    lines = f"in line {first.start_mark.line + 1} and again in line {second.start_mark.line + 1}"
    return Wrong(f"duplicate field '{escaped(name)}': it stands {lines}", second)


def _wrong_tag(node: Node) -> Wrong:
    tag = node.tag.replace(TAGS, "!!")
    return Wrong(f"the tag {escaped(tag)} cannot be used here: tags run nothing; remove it", node)
