"""The roster: which students there are, and where each one's machine is.

A CSV file with a heading, or YAML (a list of mappings, or `students:` with that list). Everything that is wrong is
told at once, each with file and line, before any machine is asked.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml

from dockgrader.errors import UsageError
from dockgrader.frozen import dataclass
from dockgrader.hosts.endpoint import SCHEMES, resolve
from dockgrader.hosts.ssh.address import parse as parse_ssh
from dockgrader.report.plain import clean
from dockgrader.safe_yaml import YamlTooBig, compose_bounded
from dockgrader.texts import LANGUAGES

COLUMNS = ("student", "host", "name", "email", "port", "user", "key", "jump", "lang")
_SSH_ONLY = ("port", "user", "key", "jump")
_BYTES = 16 << 20
_MOST = 200_000
_LENGTH = 1000
_NODES = _MOST * 20
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class RosterError(UsageError):
    """A roster has wrong rows; the message names each with file and line."""


@dataclass(frozen=True)
class Student:
    """One row. `host` is as it stands there, `extra` are the roster's further columns in their order."""

    id: str
    host: str
    name: str = ""
    email: str = ""
    port: int | None = None
    user: str = ""
    key: str = ""
    """Path of a private key; empty means those of ~/.ssh."""
    jump: str = ""
    """As ProxyJump has it."""
    lang: str = ""
    extra: tuple[tuple[str, str], ...] = ()

    @property
    def url(self) -> str:
        """What `--host` would take: a bare host means SSH."""
        if is_url(self.host):
            return self.host
        host = f"[{self.host}]" if self.host.count(":") > 1 and not self.host.startswith("[") else self.host
        user = f"{quote(self.user, safe='')}@" if self.user else ""
        return f"ssh://{user}{host}" + (f":{self.port}" if self.port else "")

    def to_json(self) -> dict[str, Any]:
        """As it stands in run.json."""
        fields = asdict(self)
        return {"student": fields.pop("id"), **fields, "extra": dict(self.extra)}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Student:
        """What `to_json` gave. Raises LookupError, TypeError, ValueError."""
        texts = {name: str(raw[name]) for name in ("host", "name", "email", "user", "key", "jump", "lang")}
        port = None if raw["port"] is None else int(raw["port"])
        extra = tuple((str(key), str(value)) for key, value in dict(raw["extra"]).items())
        return cls(id=str(raw["student"]), port=port, extra=extra, **texts)


@dataclass(frozen=True)
class _Row:
    """Fields by column, as text, and the line on which they begin."""

    line: int
    fields: Mapping[str, str]
    wrong: str = ""


def load(path: Path, *, keys_here: bool = True) -> list[Student]:
    """The students of a roster file. Raises RosterError with all that is wrong in it.

    `keys_here` wants the keys that are named on this machine; else the workers have them.
    """
    text = _text(path)
    rows = _yaml_rows(text, path) if path.suffix.lower() in (".yaml", ".yml") else _csv_rows(text, path)
    students, wrong, first = [], [], dict[str, int]()
    for row in rows:
        found, problems = _student(row)
        if found.key and keys_here and not Path(found.key).expanduser().is_file():
            problems.append(f"key {found.key!r}: no such file")
        same = unicodedata.normalize("NFC", found.id)
        if found.id and same in first:
            problems.append(f"student {found.id!r} stands in line {first[same]} already")
        first.setdefault(same, row.line)
        wrong += [f"{path}:{row.line}: {clean(problem)}" for problem in problems]
        students.append(found)
    if wrong:
        raise RosterError("\n".join(wrong))
    if not students:
        raise RosterError(f"{path}: there is no student in it")
    return students


def sharing(students: list[Student]) -> list[tuple[str, list[str]]]:
    """Addresses that several students have, with those students: a slip, or one machine for a group."""
    by_url: dict[str, list[str]] = {}
    for student in students:
        by_url.setdefault(student.url, []).append(student.id)
    return [(url, ids) for url, ids in by_url.items() if len(ids) > 1]


def is_url(host: str) -> bool:
    """Whether a host is an address with a scheme, as `--host` takes it, rather than a name to log in to."""
    scheme, colon, rest = host.partition(":")
    return bool(colon) and scheme in SCHEMES and (rest.startswith("//") or scheme == "recorded")


def _text(path: Path) -> str:
    try:
        if path.exists() and not path.is_file():
            raise RosterError(f"{path}: not a file")
        with path.open("rb") as file:
            data = file.read(_BYTES + 1)
    except OSError as error:
        raise RosterError(f"{path}: cannot be read: {error.strerror}") from None
    if len(data) > _BYTES:
        raise RosterError(f"{path}: larger than 16 MiB; a roster has a line a student")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise RosterError(
            f"{path}:{line}: not UTF-8; save it as UTF-8 (in Excel: 'CSV UTF-8 (comma delimited)')"
        ) from None


def _csv_rows(text: str, path: Path) -> Iterator[_Row]:
    """The rows of a CSV file; the separator is what the heading has: a comma, a semicolon or a tab."""
    heading = text.split("\n", 1)[0]
    separator = max(",;\t", key=heading.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        columns = _columns(next(reader, []), path)
        begun = reader.line_num + 1
        for cells in reader:
            line, begun = begun, reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            fields = dict(zip(columns, (cell.strip() for cell in cells), strict=False))
            too_many = any(cell.strip() for cell in cells[len(columns) :])
            wrong = f"{len(cells)} fields, but the heading has {len(columns)}" if too_many else ""
            yield _Row(line, fields, wrong)
    except csv.Error as error:
        raise RosterError(f"{path}:{max(reader.line_num, 1)}: not CSV: {error}") from None


def _columns(heading: list[str], path: Path) -> list[str]:
    names = [name.strip() for name in heading]
    while names and not names[-1]:
        names.pop()
    columns = [name.lower() if name.lower() in COLUMNS else name for name in names]
    for column in ("student", "host"):
        if column not in columns:
            raise RosterError(
                f"{path}:1: there is no column '{column}'; the first line names the columns: student,host,"
                "and perhaps name,email,port,user,key,jump,lang and your own"
            )
    if doubles := sorted({name for name in columns if columns.count(name) > 1}):
        raise RosterError(f"{path}:1: the column {clean(doubles[0])!r} stands there twice")
    if "" in columns:
        raise RosterError(f"{path}:1: column {columns.index('') + 1} has no name")
    return columns


def _yaml_rows(text: str, path: Path) -> Iterator[_Row]:
    try:
        root = compose_bounded(text, max_nodes=_NODES)
    except YamlTooBig as error:
        raise RosterError(f"{path}: {error}") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise RosterError(f"{path}:{mark.line + 1 if mark else 1}: not YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise RosterError(f"{path}: not YAML: {clean(str(error))}") from None
    if isinstance(root, yaml.MappingNode):
        root = next((value for key, value in root.value if key.value == "students"), None)
    if not isinstance(root, yaml.SequenceNode):
        raise RosterError(f"{path}:1: expected a list of students, or 'students:' with that list")
    for node in root.value:
        line = node.start_mark.line + 1
        if isinstance(node, yaml.MappingNode):
            yield _yaml_row(node, line)
        else:
            yield _Row(line, {}, "expected a mapping such as {student: ivanov, host: 10.0.0.5}")


def _yaml_row(node: yaml.MappingNode, line: int) -> _Row:
    """A scalar is taken as it was typed: `student: 007` is no number here."""
    fields: dict[str, str] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode) or not isinstance(value, yaml.ScalarNode):
            return _Row(value.start_mark.line + 1, fields, "a field is one value, not a list or a mapping")
        name = key.value.lower() if key.value.lower() in COLUMNS else key.value
        if name in fields:
            return _Row(key.start_mark.line + 1, fields, f"the field {name!r} stands there twice")
        nothing = value.tag == "tag:yaml.org,2002:null"
        fields[name] = "" if nothing else value.value.strip()
    return _Row(line, fields)


def _student(row: _Row) -> tuple[Student, list[str]]:
    """The student of a row, and what is wrong with it."""
    fields = row.fields
    problems = [row.wrong] if row.wrong else []
    for name, value in fields.items():
        if _CONTROL.search(value) and (name in COLUMNS or "\0" in value):
            problems.append(f"{name} has a character that cannot be printed: {value[:60]!r}")
        if len(value) > _LENGTH:
            problems.append(f"{name} is longer than {_LENGTH} characters")
    if not row.wrong:
        problems += [f"{name} is missing" for name in ("student", "host") if not fields.get(name)]
    port = None
    if number := fields.get("port", ""):
        if number.isascii() and number.isdigit() and 0 < int(number[:6]) < 65536:
            port = int(number[:6])
        else:
            problems.append(f"port {number!r} is no number from 1 to 65535")
    lang = fields.get("lang", "").lower()
    if lang and lang not in LANGUAGES:
        problems.append(f"lang {lang!r} is none of {', '.join(LANGUAGES)}")
    known = {name: fields.get(name, "") for name in ("host", "name", "email", "user", "key", "jump")}
    extra = tuple((name, value) for name, value in fields.items() if name not in COLUMNS)
    student = Student(fields.get("student", ""), port=port, lang=lang, extra=extra, **known)
    if student.host and not problems:
        problems += _wrong_address(student)
    return student, problems


def _wrong_address(student: Student) -> Iterator[str]:
    if is_url(student.host):
        if named := [name for name in _SSH_ONLY if getattr(student, name)]:
            yield f"{named[0]} belongs to a bare host; give it in the URL {student.host!r} instead"
            return
    elif any(mark in student.host for mark in "/ ?#"):
        yield f"host {student.host!r} is neither a name or an address nor a URL such as ssh://user@host:port"
        return
    try:
        if resolve(student.url, {}).scheme == "ssh":
            parse_ssh(student.url)
        for jump in student.jump.split(","):
            if student.jump:
                parse_ssh(jump if "://" in jump else f"ssh://{jump.strip()}")
    except UsageError as error:
        yield str(error)
