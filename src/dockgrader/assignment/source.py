"""Reads an assignment's YAML into plain data, and remembers where in the file each value stands.

Authors fall into the same few traps of YAML 1.1, and some files are hostile. So this reader is smaller than
YAML: `true`/`false` in the usual three spellings are the only booleans (`on`, `off`, `yes`, `no` are text);
whole numbers are decimal or `0x…`; `0755`, `1_000`, `22:22` and dates stay the text that the author wrote,
because guessing a number there is wrong half of the time; a float needs its point (`1e5` may be a commit).
What looks like a number and has more than 100 characters is text.
Tags run nothing, and aliases are followed only as far as a bound on nodes and depth allows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from dockgrader.errors import AssignmentError

if TYPE_CHECKING:
    from yaml.error import Mark

Path = tuple[str | int, ...]
"""Where a value stands in the data: `("tasks", 0, "id")`."""

MAX_BYTES = 1 << 20
MAX_NODES = 100_000  # after aliases are followed: a bomb of aliases is stopped, no assignment comes near
MAX_DEPTH = 60  # PyYAML composes recursively, and so do we
MAX_DIGITS = 100  # Python itself refuses to read and print whole numbers of some thousand digits
MAX_TAG_LINES = 20  # libyaml compares each of them with all before
SHOWN = 60  # characters of a value in a message

_YAML = "tag:yaml.org,2002:"
_PLAIN, _TEXT, _LIST, _MAPPING = "?", _YAML + "str", _YAML + "seq", _YAML + "map"
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_LINE_END = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # what YAML counts as a line
# A byte order mark belongs to the start only: inside, the C and the Python parser disagree about it.
_NOT_YAML = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_ADVICE = {
    "a tab character": "indent with spaces",
    "cannot start any token": "indent with spaces, not tabs, and put text that starts so in quotes",
    "mapping values are not allowed": "check the indentation, and put text that holds ': ' in quotes",
    "could not find expected ':'": "a 'field: value' was expected",
    "did not find expected key": "check the indentation of this line and the quotes before it",
    "expected <block end>": "check the indentation of this line and the quotes before it",
    "tag handle": "tags run nothing here",
}


@dataclass(frozen=True)
class Position:
    """A place in a file; line and column count from 1."""

    line: int
    column: int


@dataclass(frozen=True)
class Source:
    """An assignment file that is well-formed YAML with a mapping at the top.

    `file` is the name as the user typed or found it, `data` is plain (dict, list, str, int, float, bool,
    None). Keys are scalars of the same kinds, mostly str.
    Positions are looked up in the tree of YAML nodes only when asked for, since most files have no error.
    """

    file: str
    text: str
    data: dict[Any, Any]
    root: MappingNode = field(repr=False, compare=False)

    def value_position(self, path: Path) -> Position:
        """Where the value at `path` starts; where there is none, its nearest parent that exists."""
        *_, (_, node) = self._steps(path)
        return _position(node.start_mark)

    def key_position(self, path: Path) -> Position:
        """Where the key of `path` starts; a list's item has none, so its value's start."""
        *_, (key, node) = self._steps(path)
        return _position((key or node).start_mark)

    def excerpt(self, line: int) -> str:
        """The text of a line (from 1), safe to print and at most 120 characters; "" outside of the file."""
        lines = _LINE_END.split(self.text)
        return escaped(lines[line - 1].rstrip(), 120) if 0 < line <= len(lines) else ""

    def _steps(self, path: Path) -> Iterator[tuple[Node | None, Node]]:
        """(key, value) nodes from the top down along `path`, as far as the file goes."""
        value: Node = self.root
        yield None, value
        for part in path:
            step = _child(value, part)
            if step is None:
                return
            yield step
            value = step[1]


def read_source(path: FilePath) -> Source:
    """Reads the UTF-8 file at `path`, of at most 1 MiB.

    Raises AssignmentError, with file and, where there is one, line and column.
    """
    name = escaped(str(path), 1000)
    try:
        if path.exists() and not path.is_file():  # opening a FIFO would wait for ever
            raise AssignmentError(f"{name}: not a file; give the YAML file of an assignment")
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise AssignmentError(f"{name}: no such file") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or str(error)
        raise AssignmentError(f"{name}: cannot be read: {reason}") from None
    if len(content) > MAX_BYTES:
        raise AssignmentError(f"{name}: larger than 1 MiB; an assignment is a short text")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = len(content[content.rfind(b"\n", 0, error.start) + 1 : error.start].decode()) + 1
        raise AssignmentError(f"{name}:{line}:{column}: not UTF-8 text; save the file as UTF-8") from None
    return parse_source(text, str(path))


def parse_source(text: str, file: str) -> Source:
    """Parses `text`; `file` is the name that messages give.

    Raises AssignmentError "file:line:column: …" for what is no YAML, no mapping, or beyond the limits above.
    """
    text = text.removeprefix("\ufeff")
    try:
        _refuse_control_characters(text)
        if text.count("%TAG") > MAX_TAG_LINES:
            raise _Wrong("too many %TAG lines; tags run nothing here, remove them", None)
        root = _compose(text)
        if not isinstance(root, MappingNode):
            raise _Wrong(f"expected a mapping with id, title, tasks; found {_kind(root)}", root)
        return Source(file, text, _Converter().value(root, 1), root)
    except _Wrong as error:
        raise AssignmentError(f"{escaped(file, 1000)}:{error.line}:{error.column}: {error}") from None


def escaped(text: str, limit: int = SHOWN) -> str:
    """`text` safe to print: what is not printable is escaped, the rest after `limit` characters is "…"."""
    text = text if len(text) <= limit else text[:limit] + "…"
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


class _Wrong(Exception):
    """What is wrong, and where: a node, a mark, or the top of the file."""

    def __init__(self, message: str, at: Node | Mark | None) -> None:
        super().__init__(message)
        mark = at.start_mark if isinstance(at, Node) else at
        self.line, self.column = (mark.line + 1, mark.column + 1) if mark else (1, 1)


class _Limits:
    """The hooks that PyYAML calls for each node while composing, in C and in Python alike.

    They stop what is too deep or too large before the composer's own recursion hurts, and leave it to
    `_Converter` to tell what a plain scalar means.
    """

    nodes = 0
    depth = 0

    def descend_resolver(self, parent: Node | None, index: Node | int | None) -> None:
        self.nodes += 1
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise _too_deep(parent)
        if self.nodes > MAX_NODES:
            raise _too_many(parent)

    def ascend_resolver(self) -> None:
        self.depth -= 1

    def resolve(self, kind: type[Node], value: object, implicit: tuple[bool, bool] | bool) -> str:
        if kind is ScalarNode:
            return _PLAIN if isinstance(implicit, tuple) and implicit[0] else _TEXT
        return _LIST if kind is SequenceNode else _MAPPING


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
        if _SURROGATE.search(node.value):  # libyaml refuses these by itself
            raise _Wrong("an escape names half a character (U+D800 to U+DFFF)", node)
        return node


def _composers() -> tuple[type, ...]:
    if not yaml.__with_libyaml__:
        return (_PythonComposer,)
    from yaml._yaml import CParser

    return (type("_CComposer", (_Limits, CParser), {}), _PythonComposer)


_COMPOSERS = _composers()  # the fastest first


def _compose(text: str) -> Node | None:
    composer = _COMPOSERS[0](text)
    try:
        node: Node | None = composer.get_single_node()
    except yaml.MarkedYAMLError as error:
        raise _Wrong(_syntax(error), error.problem_mark or error.context_mark) from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # an escape such as "\UFFFFFFFF"
        raise _Wrong(f"not YAML: {escaped(str(error), 200)}", None) from None
    finally:
        composer.dispose()
    return node


def _syntax(error: yaml.MarkedYAMLError) -> str:
    problem, context = error.problem or "not YAML", error.context or ""
    if "single document" in context:
        return "a second document starts here ('---'); an assignment is one document"
    said = f"not YAML: {escaped(problem, 200)}"
    if context and error.context_mark:
        said += f" ({escaped(context, 200)} that starts in line {error.context_mark.line + 1})"
    advice = next((advice for sign, advice in _ADVICE.items() if sign in problem or sign in context), None)
    return f"{said}; {advice}" if advice else said


def _refuse_control_characters(text: str) -> None:
    found = _NOT_YAML.search(text)
    if found is None:
        return
    before = _LINE_END.split(text[: found.start()])
    mark = yaml.Mark("", 0, len(before) - 1, len(before[-1]), None, 0)
    raise _Wrong(f"the character U+{ord(found[0]):04X} cannot stand in YAML; remove it", mark)


class _Converter:
    """From nodes to plain data. Aliases are copied, so that what they expand to is counted."""

    def __init__(self) -> None:
        self.nodes = 0
        self.open: set[Node] = set()

    def value(self, node: Node, depth: int) -> Any:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise _too_many(node)
        if isinstance(node, ScalarNode):
            return _scalar(node)
        if depth > MAX_DEPTH:
            raise _too_deep(node)
        if node in self.open:
            raise _Wrong("an alias stands inside of what it names, which has no end", node)
        self.open.add(node)
        data = self.mapping(node, depth) if isinstance(node, MappingNode) else self.sequence(node, depth)
        self.open.remove(node)
        return data

    def sequence(self, node: Node, depth: int) -> list[Any]:
        if node.tag != _LIST:
            raise _wrong_tag(node)
        return [self.value(item, depth + 1) for item in node.value]

    def mapping(self, node: MappingNode, depth: int) -> dict[Any, Any]:
        if node.tag != _MAPPING:
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
    if node.tag == _PLAIN:
        return _plain(text)
    if node.tag == _TEXT:
        return text
    value = _plain(text)
    kind = {bool: "bool", int: "int", float: "float", type(None): "null"}.get(type(value))
    if node.tag == _YAML + "float" and kind == "int":
        return float(text)
    if kind is None or node.tag != _YAML + kind:
        raise _wrong_tag(node)
    return value


def _plain(text: str) -> str | int | float | bool | None:
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
        raise _Wrong(f"expected a field's name, found {_kind(node)}; put it in quotes if it is text", node)
    return _scalar(node)


def _is_merge(node: Node) -> bool:
    return node.value == "<<" and node.tag == _PLAIN


def _merged(node: Node) -> list[MappingNode]:
    """The mappings that `<<` brings in, the strongest first."""
    nodes = node.value if isinstance(node, SequenceNode) else [node]
    for each in nodes:
        if not isinstance(each, MappingNode):
            raise _Wrong(f"'<<' takes a mapping or a list of mappings, found {_kind(each)}", each)
    return list(nodes)


def _child(node: Node, part: str | int) -> tuple[Node | None, Node] | None:
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
    found = (_child(other, part) for others in merged for other in others)
    return next((step for step in found if step), None)


def _duplicate(name: str, first: Node, second: Node) -> _Wrong:
    lines = (
        f"in line {_position(first.start_mark).line} and again in line {_position(second.start_mark).line}"
    )
    return _Wrong(f"duplicate field '{escaped(name)}': it stands {lines}", second)


def _wrong_tag(node: Node) -> _Wrong:
    tag = node.tag.replace(_YAML, "!!")
    return _Wrong(f"the tag {escaped(tag)} cannot be used here: tags run nothing; remove it", node)


def _too_many(node: Node | None) -> _Wrong:
    return _Wrong(f"more than {MAX_NODES} values, aliases followed; an assignment is a short text", node)


def _too_deep(node: Node | None) -> _Wrong:
    return _Wrong(f"nested deeper than {MAX_DEPTH} levels", node)


def _kind(node: Node | None) -> str:
    if node is None:
        return "an empty file"
    if isinstance(node, ScalarNode):
        return "nothing" if node.value == "" else f"'{escaped(node.value)}'"
    return "a list" if isinstance(node, SequenceNode) else "a mapping"


def _position(mark: Mark) -> Position:
    return Position(mark.line + 1, mark.column + 1)
