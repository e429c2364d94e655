"""From the text of an assignment to YAML nodes, or to what is wrong with it in an author's words.

PyYAML composes the nodes, in C where libyaml is there, and calls `_Limits` for each of them: that bounds them
before aliases are followed, which `plain_yaml` then does within the same bounds. (`safe_yaml` composes by
itself, and so can count the aliases too and take an anchor that is given twice; that takes a third longer.)
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml
from yaml.nodes import Node, ScalarNode, SequenceNode

if TYPE_CHECKING:
    from yaml.error import Mark

MAX_NODES = 100_000  # after aliases are followed: a bomb of aliases is stopped, no assignment comes near
MAX_DEPTH = 60  # PyYAML composes recursively, and so do we
MAX_TAG_LINES = 20  # libyaml compares each of them with all before
SHOWN = 60  # characters of a value in a message

# What has no tag in the file has PLAIN (a scalar without quotes), TEXT (one in quotes), LIST or MAPPING.
TAGS = "tag:yaml.org,2002:"
PLAIN, TEXT, LIST, MAPPING = "?", TAGS + "str", TAGS + "seq", TAGS + "map"
# A byte order mark belongs to the start only: inside, the C and the Python parser disagree about it.
_NOT_YAML = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
# Compiled when they are needed, which is for a wrong file only.
LINE_END = "\r\n|[\n\r\x85\u2028\u2029]"  # what YAML counts as a line
_SURROGATE = "[\ud800-\udfff]"
_ADVICE = {
    "a tab character": "indent with spaces",
    "cannot start any token": "indent with spaces, not tabs, and put text that starts so in quotes",
    "mapping values are not allowed": "check the indentation, and put text that holds ': ' in quotes",
    "could not find expected ':'": "a 'field: value' was expected",
    "did not find expected key": "check the indentation of this line and the quotes before it",
    "expected <block end>": "check the indentation of this line and the quotes before it",
    "tag handle": "tags run nothing here",
}


class Wrong(Exception):
    """What is wrong, and where: a node, a mark, or the top of the file."""

    def __init__(self, message: str, at: Node | Mark | None) -> None:
        super().__init__(message)
        mark = at.start_mark if isinstance(at, Node) else at
        self.line, self.column = (mark.line + 1, mark.column + 1) if mark else (1, 1)


class _Limits:
    """The hooks that PyYAML calls for each node while composing, in C and in Python alike.

    They stop what is too deep or too large before the composer's own recursion hurts, and leave it to
    `plain_yaml` to tell what a plain scalar means.
    """

    nodes = 0
    depth = 0

    def descend_resolver(self, parent: Node | None, index: Node | int | None) -> None:
        self.nodes += 1
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise too_deep(parent)
        if self.nodes > MAX_NODES:
            raise too_many(parent)

    def ascend_resolver(self) -> None:
        self.depth -= 1

    def resolve(self, kind: type[Node], value: object, implicit: tuple[bool, bool] | bool) -> str:
        if kind is ScalarNode:
            return PLAIN if isinstance(implicit, tuple) and implicit[0] else TEXT
        return LIST if kind is SequenceNode else MAPPING


class _PythonComposer(
    _Limits, yaml.reader.Reader, yaml.scanner.Scanner, yaml.parser.Parser, yaml.composer.Composer
):
    def __init__(self, text: str) -> None:
        yaml.reader.Reader.__init__(self, text)
        yaml.scanner.Scanner.__init__(self)
        yaml.parser.Parser.__init__(self)
        yaml.composer.Composer.__init__(self)

    def compose_scalar_node(self, anchor: dict[Any, Node]) -> ScalarNode:
        node = super().compose_scalar_node(anchor)
        if re.search(_SURROGATE, node.value):  # libyaml refuses these by itself
            raise Wrong("an escape names half a character (U+D800 to U+DFFF)", node)
        return node


def _composers() -> tuple[type, ...]:
    if not yaml.__with_libyaml__:
        return (_PythonComposer,)
    from yaml._yaml import CParser

    return (type("_CComposer", (_Limits, CParser), {}), _PythonComposer)


_COMPOSERS = _composers()  # the fastest first


def compose(text: str) -> Node | None:
    """The node of the single document in `text`, None without one; raises Wrong.

    Scalars have the tag PLAIN or TEXT (quoted), or one that stands in the file. Nodes and depth are bounded as
    they stand in the file: an alias counts for nothing here, and a node may even hold itself.
    """
    _refuse_control_characters(text)
    if text.count("%TAG") > MAX_TAG_LINES:
        raise Wrong("too many %TAG lines; tags run nothing here, remove them", None)
    composer = _COMPOSERS[0](text)
    try:
        node: Node | None = composer.get_single_node()
    except yaml.MarkedYAMLError as error:
        raise Wrong(_syntax(error), error.problem_mark or error.context_mark) from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # an escape such as "\UFFFFFFFF"
        raise Wrong(f"not YAML: {escaped(str(error), 200)}", None) from None
    finally:
        composer.dispose()
    return node


def _refuse_control_characters(text: str) -> None:
    found = _NOT_YAML.search(text)
    if found is None:
        return
    before = re.split(LINE_END, text[: found.start()])
    mark = yaml.Mark("", 0, len(before) - 1, len(before[-1]), None, 0)
    raise Wrong(f"the character U+{ord(found[0]):04X} cannot stand in YAML; remove it", mark)


def _syntax(error: yaml.MarkedYAMLError) -> str:
    problem, context = error.problem or "not YAML", error.context or ""
    if "single document" in context:
        return "a second document starts here ('---'); an assignment is one document"
    said = f"not YAML: {escaped(problem, 200)}"
    if context and error.context_mark:
        said += f" ({escaped(context, 200)} that starts in line {error.context_mark.line + 1})"
    advice = next((advice for sign, advice in _ADVICE.items() if sign in problem or sign in context), None)
    return f"{said}; {advice}" if advice else said


def too_many(node: Node | None) -> Wrong:
    """More than MAX_NODES."""
    return Wrong(f"more than {MAX_NODES} values, aliases followed; an assignment is a short text", node)


def too_deep(node: Node | None) -> Wrong:
    """Deeper than MAX_DEPTH."""
    return Wrong(f"nested deeper than {MAX_DEPTH} levels", node)


def kind_of(node: Node | None) -> str:
    """What stands there, for an author."""
    if node is None:
        return "an empty file"
    if isinstance(node, ScalarNode):
        return "nothing" if node.value == "" else f"'{escaped(node.value)}'"
    return "a list" if isinstance(node, SequenceNode) else "a mapping"


def escaped(text: str, limit: int = SHOWN) -> str:
    """`text` safe to print: what is not printable is escaped, the rest after `limit` characters is "…"."""
    text = text if len(text) <= limit else text[:limit] + "…"
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
