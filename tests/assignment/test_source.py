"""Assignments as authors write them, and files that nobody should have written."""

from __future__ import annotations

import math
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dockgrader.assignment import nodes, source
from dockgrader.assignment.source import Position, parse_source, read_source
from dockgrader.errors import AssignmentError

COMPOSERS = nodes._composers()


@pytest.fixture(params=COMPOSERS, ids=lambda composer: composer.__name__.strip("_"), autouse=True)
def composer(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every test runs with libyaml (where it is there) and with the parser in Python."""
    with mock.patch.object(nodes, "_COMPOSERS", (request.param,)):
        yield


def value(text: str) -> object:
    return parse_source(f"value: {text}", "a.yaml").data["value"]


def error(text: str) -> str:
    with pytest.raises(AssignmentError) as caught:
        parse_source(text, "a.yaml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "data"),
    [
        *[(word, word) for word in ("yes", "no", "on", "off", "Yes", "NO", "y", "n")],
        *[(word, True) for word in ("true", "True", "TRUE")],
        *[(word, False) for word in ("false", "False", "FALSE")],
        *[(word, None) for word in ("null", "Null", "NULL", "~", "")],
        ("tRUE", "tRUE"),
        ("12", 12),
        ("-12", -12),
        ("+5", 5),
        ("0", 0),
        ("0x1F", 31),
        ("0755", "0755"),
        ("089", "089"),
        ("0o17", "0o17"),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("22:22", "22:22"),
        ("2026-01-02", "2026-01-02"),
        ("2026-01-02 03:04:05", "2026-01-02 03:04:05"),
        ("0.5", 0.5),
        (".5", 0.5),
        ("-.5", -0.5),
        ("1.", 1.0),
        ("1.5e3", 1500.0),
        ("1.e-2", 0.01),
        ("1e5", "1e5"),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        (".", "."),
        ("-", "-"),
        ("200MiB", "200MiB"),
        ("=", "="),
        ("9" * 5000, "9" * 5000),
        ("0x" + "f" * 5000, "0x" + "f" * 5000),
        ("'12'", "12"),
        ('"true"', "true"),
        ("'<<'", "<<"),
        ('"\\e[31m"', "\x1b[31m"),
        ("[a, 1, [], {}]", ["a", 1, [], {}]),
        ("{80: on, true: x}", {80: "on", True: "x"}),
        ("!!str 12", "12"),
        ("!!int '12'", 12),
        ("!!float 3", 3.0),
        ("!!bool 'true'", True),
        ("!!null ''", None),
        ("!!seq [1]", [1]),
        ("!!map {a: 1}", {"a": 1}),
        ("! 12", 12),
    ],
)
def test_plain_values(text: str, data: object) -> None:
    found = value("'-'" if text == "-" else text)
    assert found == data
    assert type(found) is type(data)


def test_not_a_number() -> None:
    found = value(".NaN")
    assert isinstance(found, float)
    assert math.isnan(found)


def test_merge_keys_and_aliases() -> None:
    text = """
base: &base {points: 1, memory: 200MiB, limits: [1]}
other: &other {memory: 1, cpus: 2}
one: {<<: *base, points: 5}
many: {points: 3, <<: [*other, *base]}
same: *base
"""
    data = parse_source(text, "a.yaml").data
    assert data["one"] == {"points": 5, "memory": "200MiB", "limits": [1]}
    assert data["many"] == {"points": 3, "memory": 1, "cpus": 2, "limits": [1]}
    assert data["same"] == data["base"]
    assert data["same"] is not data["base"]


TASKS = """\
# a comment
id: homework-1
tasks:
  - id: limits
    checks:
      - {id: memory, points: 5}
      - id: cpus
        inspect:
          HostConfig.NanoCpus: 500000000
  - &again
    id: volume
  - *again
merged:
  <<: *again
"""


@pytest.mark.parametrize(
    ("path", "key", "at"),
    [
        ((), (2, 1), (2, 1)),
        (("id",), (2, 1), (2, 5)),
        (("tasks",), (3, 1), (4, 3)),
        (("tasks", 0), (4, 5), (4, 5)),
        (("tasks", 0, "checks", 0, "points"), (6, 22), (6, 30)),
        (("tasks", 0, "checks", 1, "inspect", "HostConfig.NanoCpus"), (9, 11), (9, 32)),
        (("tasks", 2, "id"), (11, 5), (11, 9)),  # an alias stands where its anchor does
        (("merged", "id"), (11, 5), (11, 9)),
        (("tasks", 0, "nothing", "here"), (4, 5), (4, 5)),  # the nearest parent
        (("tasks", 99), (3, 1), (4, 3)),
        (("id", "inside"), (2, 1), (2, 5)),
    ],
)
def test_positions(path: source.Path, key: tuple[int, int], at: tuple[int, int]) -> None:
    tasks = parse_source(TASKS, "a.yaml")
    assert tasks.key_position(path) == Position(*key)
    assert tasks.value_position(path) == Position(*at)


def test_columns_count_characters_not_bytes() -> None:
    russian = parse_source("\ufeff{название: имя, id: x}", "a.yaml")
    assert russian.value_position(("id",)) == Position(1, 21)


def test_excerpt(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(("\ufeffid: 1\r\nname: a\u202eb  \nlong: " + "x" * 500).encode() + b"\n\xff")
    assert source.excerpt(file, 1) == "id: 1"
    assert source.excerpt(file, 2) == "name: a\\u202eb"
    assert source.excerpt(file, 3) == "long: " + "x" * 114 + "…"
    assert [source.excerpt(file, line) for line in (-1, 0, 5)] == ["", "", ""]
    assert source.excerpt(tmp_path / "no.yaml", 1) == source.excerpt(tmp_path, 1) == ""


def test_duplicate_fields_name_both_lines() -> None:
    text = "id: a\ntasks:\n  - id: x\n    points: 1\n    id: y\n"
    assert error(text) == "a.yaml:5:5: duplicate field 'id': it stands in line 3 and again in line 5"
    assert "duplicate field '<<'" in error("a: &a {}\nb: {<<: *a, <<: *a}")


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("", "1:1", "expected a mapping with id, title, tasks; found an empty file"),
        ("# only a comment\n", "1:1", "found an empty file"),
        ("---\n", "2:1", "found nothing"),
        ("- id: a\n", "1:1", "expected a mapping with id, title, tasks; found a list"),
        ("just text", "1:1", "found 'just text'"),
        ("a: 1\n---\nb: 2\n", "2:1", "a second document starts here"),
        ("a: 1\nb: c: d\n", "2:5", "put text that holds ': ' in quotes"),
        ("a: 1\n\tb: 2\n", "2:1", "indent with spaces"),
        ("a:\n  - 1\n b: 2\n", "3:2", "check the indentation"),
        ("a: @b", "1:4", "put text that starts so in quotes"),
        ("a: *nope", "1:4", "undefined alias"),
        ("a: !!python/object/apply:os.system ['id']", "1:4", "tag !!python/object/apply:os.system cannot"),
        ("a: !foo b", "1:4", "tags run nothing"),
        ("a: !foo [b]", "1:4", "tags run nothing"),
        ("a: !foo {b: c}", "1:4", "tags run nothing"),
        ("!foo a: b", "1:1", "tags run nothing"),
        ("!foo\na: b", "1:1", "tags run nothing"),
        ("a: !x!foo b", "1:4", "tags run nothing"),
        ("a: !!int ten", "1:4", "the tag !!int cannot be used here"),
        ("a: !!set {b}", "1:4", "the tag !!set cannot be used here"),
        ("%TAG ! tag:x,2000:\n---\na: !foo b", "3:4", "tags run nothing"),
        ("%TAG !a! tag:x\n" * 21, "1:1", "too many %TAG lines"),
        ("? [a]\n: b", "1:3", "expected a field's name, found a list"),
        ("{a: b}: c", "1:1", "expected a field's name, found a mapping"),
        ("<<: 3", "1:5", "'<<' takes a mapping or a list of mappings, found '3'"),
        ("<<: [{}, []]", "1:10", "'<<' takes a mapping or a list of mappings, found a list"),
        ("a: b\nc: \x1b[31m", "2:4", "the character U+001B cannot stand in YAML"),
        ("a: b\r\nc\x00: d", "2:2", "the character U+0000 cannot stand in YAML"),
        ("a: \ud800", "1:4", "the character U+D800 cannot stand in YAML"),
        ("a: b\n\ufeffc: d", "2:1", "the character U+FEFF cannot stand in YAML"),
    ],
)
def test_what_is_wrong_and_where(text: str, place: str, said: str) -> None:
    message = error(text)
    assert message.startswith(f"a.yaml:{place}: ")
    assert said in message


@pytest.mark.parametrize("escape", ["\\ud800", "\\UFFFFFFFF", "\\U00110000", "\\q"])
def test_escapes_that_name_no_character(escape: str) -> None:
    assert error(f'a: "{escape}"').startswith("a.yaml:1:")


def nested_aliases(first: str, item: str) -> str:
    lines = [f"a{i}: &a{i} {item.replace('?', f'*a{i - 1}')}" for i in range(1, 40)]
    return "\n".join([f"a0: &a0 {first}", *lines])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (nested_aliases("[x]", "[?, ?, ?, ?, ?, ?, ?, ?, ?]"), "more than 100000 values"),
        (nested_aliases("{x: 1}", "{a: ?, b: ?, c: ?, d: ?}"), "more than 100000 values"),
        (nested_aliases("{}", "{<<: [?, ?, ?, ?, ?, ?]}"), "more than 100000 values"),
        ("a: [" + "1," * 100_001 + "]", "more than 100000 values"),
        ("a: [1]\nb: &b [*b]", "an alias stands inside of what it names"),
        ("&a a: {b: *a}\nc: &c {<<: *c}", "an alias stands inside of what it names"),
        ("a: " + "[" * 100 + "]" * 100, "nested deeper than 60 levels"),
        ("a: " + "{" * 900, "nested deeper than 60 levels"),
        ("- " * 5000 + "x", "nested deeper than 60 levels"),
        ("? " * 5000 + "x", "nested deeper than 60 levels"),
        ("\n".join(" " * i + "a:" for i in range(300)), "nested deeper than 60 levels"),
        ("\n".join(["a0: &a0 []", *(f"a{i}: &a{i} [*a{i - 1}]" for i in range(1, 3000))]), "nested deeper"),
        ("\n".join(["a0: &a0 {}", *(f"a{i}: &a{i} {{<<: *a{i - 1}}}" for i in range(1, 3000))]), "nested"),
    ],
    ids=range(13),
)
def test_bombs_are_refused(text: str, said: str) -> None:
    assert said in error(text)


def test_the_deepest_and_largest_that_are_allowed() -> None:
    deep: object = parse_source("a: " + "[" * 59 + "]" * 59, "a.yaml").data["a"]
    for _ in range(58):
        assert isinstance(deep, list)
        (deep,) = deep
    assert deep == []
    assert value("[" + "1," * 99_000 + "]") == [1] * 99_000


def test_messages_escape_what_the_file_says() -> None:
    message = error('"\\e[31m\\n\\u202e": 1\n"\\e[31m\\n\\u202e": 2')
    assert "'\\x1b[31m\\n\\u202e'" in message
    assert message.isprintable()
    with pytest.raises(AssignmentError, match=r"^a\\x1b\.yaml:1:1: "):
        parse_source("", "a\x1b.yaml")


YAMLISH = st.text(st.sampled_from(list("ab01.:-?[]{},&*!|>'\"%@`#~<\\ \t\n\r\x85\u2028\ufeffя")), max_size=60)


@given(st.text() | YAMLISH | st.binary().map(lambda raw: raw.decode("latin-1")))
@example('a: "\\UFFFFFFFF"')
@example("%YAML 9" + "9" * 5000 + "\n---\na: 1")
@example("a: !<%ff> x")
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse_source(text, "a.yaml")
    except AssignmentError as refused:
        assert re.match(r"a\.yaml:[1-9]\d*:[1-9]\d*: .", str(refused))
        assert str(refused).isprintable()
    assert all(source.line_of(text, line).isprintable() for line in range(5))


# Left out is what PyYAML itself writes wrongly: texts such as 1.5e3 without quotes, and line ends of Unicode.
CHARACTERS = st.characters(codec="utf-8", exclude_characters="\x85\u2028\u2029")
TEXTS = st.text(CHARACTERS).filter(lambda text: not re.fullmatch(r"[-+.0-9eE]+", text))
SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | TEXTS
DATA = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=20)


@settings(max_examples=40)
@given(st.dictionaries(TEXTS, DATA), st.booleans(), st.sampled_from([None, False, True]))
def test_what_pyyaml_writes_is_read_back(data: object, unicode: bool, flow: bool | None) -> None:
    text = yaml.safe_dump(data, allow_unicode=unicode, default_flow_style=flow)
    assert parse_source(text, "a.yaml").data == data


def refusal(path: Path) -> str:
    with pytest.raises(AssignmentError) as caught:
        read_source(path)
    return str(caught.value)


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes("\ufeffid: имя\r\n".encode())
    read = read_source(path)
    assert read.data == {"id": "имя"}
    assert read.file == str(path)
    assert read.text == "id: имя\r\n"


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    assert refusal(tmp_path / "gone.yaml") == f"{tmp_path / 'gone.yaml'}: no such file"
    assert refusal(tmp_path).startswith(f"{tmp_path}: not a file")
    assert "cannot be read" in refusal(tmp_path / ("x" * 5000))
    assert "\\x00" in refusal(tmp_path / "nul\x00.yaml")


def test_a_fifo_is_not_waited_for(tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("no FIFOs on this system")
    os.mkfifo(tmp_path / "fifo")
    assert "not a file" in refusal(tmp_path / "fifo")


def test_a_file_must_be_utf8(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes("id: a\ntitle: я ".encode() + b"\xff\n")
    assert refusal(path) == f"{path}:2:10: not UTF-8 text; save the file as UTF-8"
    path.write_bytes("id: a".encode("utf-16"))
    assert refusal(path).startswith(f"{path}:1:1: not UTF-8 text")


def test_a_file_has_at_most_one_mebibyte(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"a: 1 #".ljust(1 << 20, b"x"))
    assert read_source(path).data == {"a": 1}
    path.write_bytes(b"a: 1 #".ljust((1 << 20) + 1, b"x"))
    assert "larger than 1 MiB" in refusal(path)


def test_reading_imports_no_pydantic() -> None:
    code = "import sys, dockgrader.assignment.source; sys.exit('pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
