"""YAML from people we do not trust, as a node tree that is safe to walk with plain recursion.

PyYAML composes aliases into a graph: a few hundred bytes of nested aliases are billions of nodes to whoever
walks it, and a deep or self-containing one ends in RecursionError. Here depth and size are counted as if
every alias were written out, and parsing stops at the bound. No Python object is ever built from a tag.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NoReturn

import yaml
from yaml.composer import ComposerError
from yaml.resolver import Resolver

# libyaml reads a hostile mebibyte in well under a second, the pure parser needs more than ten.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MAX_TAG_DIRECTIVES = 20
_CHARACTERS_PER_NODE = 64


class YamlTooBig(ValueError):
    """The text nests too deeply or, with its aliases written out, has too many nodes."""


@dataclass
class _Composed:
    """A node with its extent when every alias in it is written out: nodes, and levels of nesting."""

    node: yaml.Node
    size: int
    height: int


@dataclass
class _Open:
    """A collection whose end has not been read yet; `before` is the size of all that precedes it."""

    node: yaml.CollectionNode
    anchor: str | None
    before: int
    children: list[yaml.Node] = field(default_factory=list)
    height: int = 1


def compose_bounded(text: str, *, max_depth: int = 60, max_nodes: int = 100_000) -> yaml.Node | None:
    """Compose the single document in `text`; None when there is none.

    The tree may share nodes, but written out it has at most `max_nodes` nodes (each 64 characters of a
    scalar count as one more) and `max_depth` levels, and no node contains itself. Marks (zero-based `line`,
    `column`) are those of `yaml.compose`; an alias has its anchor's. Raises YamlTooBig, or yaml.YAMLError
    for what is no YAML, several documents, or an alias without an anchor before it.
    """
    if text.count("%TAG") > _MAX_TAG_DIRECTIVES:  # libyaml compares each of them with all others
        raise YamlTooBig("too many %TAG directives")
    composer = _Composer(max_depth, max_nodes)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            composer.take(event)
    except YamlTooBig:
        raise
    except (ValueError, OverflowError):  # of the parsers: surrogates, escapes and versions beyond all bounds
        raise yaml.YAMLError("the text contains characters or numbers that YAML does not have") from None
    return composer.root


class _Composer:
    """Builds the tree from parser events with a stack of its own, so that nesting costs no Python frames."""

    def __init__(self, max_depth: int, max_nodes: int) -> None:
        self.root: yaml.Node | None = None
        self._max_depth = max_depth
        self._max_nodes = max_nodes
        self._size = 0
        self._open: list[_Open] = []
        self._anchors: dict[str, _Composed] = {}
        self._resolver: Any = Resolver()

    def take(self, event: yaml.Event) -> None:
        match event:
            case yaml.ScalarEvent():
                self._scalar(event)
            case yaml.AliasEvent():
                self._alias(event)
            case yaml.SequenceStartEvent():
                self._start(yaml.SequenceNode, Resolver.DEFAULT_SEQUENCE_TAG, event)
            case yaml.MappingStartEvent():
                self._start(yaml.MappingNode, Resolver.DEFAULT_MAPPING_TAG, event)
            case yaml.CollectionEndEvent():
                self._end(event)
            case yaml.DocumentStartEvent() if self.root is not None:
                self._refuse("expected a single document", event)

    # The events are `Any` below: the stubs tell the marks of libyaml from the others, which nodes do not.

    def _scalar(self, event: Any) -> None:
        tag = event.tag
        if tag is None or tag == "!":
            tag = self._resolver.resolve(yaml.ScalarNode, event.value, event.implicit)
        node = yaml.ScalarNode(tag, event.value, event.start_mark, event.end_mark, event.style)
        composed = _Composed(node, 1 + len(event.value) // _CHARACTERS_PER_NODE, 1)
        self._grow(composed.size, composed.height)
        self._finish(composed, event.anchor)

    def _alias(self, event: Any) -> None:
        # An anchor counts only from its node's end on, so that no node can contain itself.
        composed = self._anchors.get(event.anchor)
        if composed is None:
            self._refuse("found an alias without an anchor before it", event)
        self._grow(composed.size, composed.height)
        self._finish(composed, None)

    def _start(self, kind: type[yaml.CollectionNode], default_tag: str, event: Any) -> None:
        before = self._size
        self._grow(1, 1)
        tag = default_tag if event.tag is None or event.tag == "!" else event.tag
        node = kind(tag, [], event.start_mark, None, event.flow_style)
        self._open.append(_Open(node, event.anchor, before))

    def _end(self, event: Any) -> None:
        closed = self._open.pop()
        children = closed.children
        is_mapping = isinstance(closed.node, yaml.MappingNode)
        closed.node.value = list(zip(children[::2], children[1::2], strict=True)) if is_mapping else children
        closed.node.end_mark = event.end_mark
        self._finish(_Composed(closed.node, self._size - closed.before, closed.height), closed.anchor)

    def _refuse(self, problem: str, event: Any) -> NoReturn:
        raise ComposerError(None, None, problem, event.start_mark)

    def _grow(self, size: int, height: int) -> None:
        self._size += size
        if self._size > self._max_nodes:
            raise YamlTooBig(f"more than {self._max_nodes} nodes, aliases written out")
        if len(self._open) + height > self._max_depth:
            raise YamlTooBig(f"nested more than {self._max_depth} levels deep")

    def _finish(self, composed: _Composed, anchor: str | None) -> None:
        if anchor is not None:
            self._anchors[anchor] = composed
        if not self._open:
            self.root = composed.node
            return
        parent = self._open[-1]
        parent.children.append(composed.node)
        parent.height = max(parent.height, composed.height + 1)
