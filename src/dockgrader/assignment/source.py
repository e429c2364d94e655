"""Reads an assignment's YAML into plain data, and remembers where in the file each value stands.

Some files are hostile: tags run nothing, and aliases are followed only as far as a bound on nodes and depth
allows. What the data is, is told in `plain_yaml`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import field
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

from yaml.nodes import MappingNode, Node

from dockgrader.assignment.nodes import LINE_END, PLAIN, Wrong, compose, escaped, kind_of
from dockgrader.assignment.plain_yaml import child, plain_data
from dockgrader.errors import AssignmentError
from dockgrader.frozen import dataclass

if TYPE_CHECKING:
    from yaml.error import Mark

Path = tuple[str | int, ...]
"""Where a value stands in the data: `("tasks", 0, "id")`."""

Value = str | int | float | bool
"""What a parameter of an assignment is for one student."""

Values = Mapping[str, Value]
"""A student's values by the parameters' names."""

MAX_BYTES = 1 << 20


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
    values: Values | None = None
    """What `data` has in the place of its parameters, once they are put there (`assignment.references`)."""

    @property
    def digest(self) -> str:
        """The SHA-256 of the file, as `sha256:HEX`."""
        return f"sha256:{hashlib.sha256(self.text.encode()).hexdigest()}"

    def value_position(self, path: Path) -> Position:
        """Where the value at `path` starts; where there is none, its nearest parent that exists."""
        *_, (_, node) = self._steps(path)
        return _position(node.start_mark)

    def key_position(self, path: Path) -> Position:
        """Where the key of `path` starts; a list's item has none, so its value's start."""
        *_, (key, node) = self._steps(path)
        return _position((key or node).start_mark)

    def is_plain(self, path: Path) -> bool:
        """Whether the text at `path`, which is there, stands without quotes."""
        *_, (_, node) = self._steps(path)
        return bool(node.tag == PLAIN)

    def _steps(self, path: Path) -> Iterator[tuple[Node | None, Node]]:
        """(key, value) nodes from the top down along `path`, as far as the file goes."""
        value: Node = self.root
        yield None, value
        for part in path:
            step = child(value, part)
            if step is None:
                return
            yield step
            value = step[1]


def read_source(path: FilePath, fields: str = "id, title, tasks") -> Source:
    """Reads the UTF-8 file at `path`, of at most 1 MiB; `fields` is what a message says that should be in it.

    Raises AssignmentError, with file and, where there is one, line and column.
    """
    try:
        if path.exists() and not path.is_file():  # opening a FIFO would wait for ever
            raise _unreadable(path, "not a file; give the YAML file of an assignment")
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise _unreadable(path, "no such file") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or str(error)
        raise _unreadable(path, f"cannot be read: {reason}") from None
    if len(content) > MAX_BYTES:
        raise _unreadable(path, "larger than 1 MiB; an assignment is a short text")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = len(content[content.rfind(b"\n", 0, error.start) + 1 : error.start].decode()) + 1
        raise _refused(str(path), line, column, "not UTF-8 text; save the file as UTF-8") from None
    return parse_source(text, str(path), fields)


def parse_source(text: str, file: str, fields: str = "id, title, tasks") -> Source:
    """Parses `text`; `file` is the name that messages give.

    Raises AssignmentError "file:line:column: …" for what is no YAML, no mapping, or beyond the limits of `nodes`.
    """
    text = text.removeprefix("\ufeff")
    try:
        root = compose(text)
        if not isinstance(root, MappingNode):
            raise Wrong(f"expected a mapping with {fields}; found {kind_of(root)}", root)
        return Source(file, text, plain_data(root), root)
    except Wrong as error:
        raise _refused(file, error.line, error.column, str(error)) from None


def _refused(file: str, line: int, column: int, message: str) -> AssignmentError:
    from dockgrader.assignment.problem import Problem, refusal  # for wrong files only

    return refusal([Problem(file, line, column, "", message)])


def _unreadable(path: FilePath, message: str) -> AssignmentError:
    """No place in the file can be named."""
    from dockgrader.assignment.problem import Problem

    problem = Problem(str(path), 1, 1, "", message)
    return AssignmentError(f"{escaped(str(path), 1000)}: {message}", (problem,))


def excerpt(path: FilePath, line: int) -> str:
    """A line (from 1) of a file, safe to print and at most 120 characters; "" where there is none."""
    try:
        with path.open("rb") as stream:
            text = stream.read(MAX_BYTES).decode(errors="replace").removeprefix("\ufeff")
    except (OSError, ValueError):
        return ""
    return line_of(text, line)


def line_of(text: str, line: int) -> str:
    """A line (from 1) as YAML counts them, safe to print and at most 120 characters; "" where there is none."""
    lines = re.split(LINE_END, text)
    return escaped(lines[line - 1].rstrip(), 120) if 0 < line <= len(lines) else ""


def _position(mark: Mark) -> Position:
    return Position(mark.line + 1, mark.column + 1)
