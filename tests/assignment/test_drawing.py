"""Drawing: the same for ever and everywhere, fair, and the key says nothing of itself."""

from __future__ import annotations

import hashlib
import os
import unicodedata
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockgrader.assignment.drawing import (
    FILE_VARIABLE,
    KEY_VARIABLE,
    LEAST_BYTES,
    Key,
    below,
    drawn,
    read_key,
)
from dockgrader.assignment.source import parse_source
from dockgrader.errors import UsageError

SECRET = b"everybody knows this key"
KEY = Key(SECRET)
OWN = parse_source(
    """\
id: own
parameters:
  memory: {from: 64MiB, to: 512MiB, step: 64MiB}
  port: {from: 6000, to: 6999}
  volume: {one_of: [data, state, store]}
""",
    "own.yaml",
)


def by_hand(secret: bytes, *lines: str) -> int:
    """HMAC-SHA-256 as RFC 2104 writes it down, with nothing of ours."""
    block = (hashlib.sha256(secret).digest() if len(secret) > 64 else secret).ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block) + "\n".join(lines).encode()).digest()
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block) + inner)
    return int(outer.hexdigest(), 16)


@pytest.mark.parametrize(
    ("student", "parameter", "hexadecimal"),
    [  # printf '%s\n%s\n%s\n%s\n%s' dockgrader-parameter-1 own PARAMETER 0 STUDENT | openssl dgst -sha256 -hmac KEY
        ("ivanov", "memory", "bc7d4032730117dbe0aa49a4b6b16a033b0031d9ca4209bc5dda3d63d3c2a598"),
        ("ivanov", "port", "735f525b0fad2d2f68a7598a47e227204bee43fd4535f8f8c633a4f703bd4ce2"),
        ("ivanov", "volume", "55d4abed1bde654a0ab5396b24a6507e4f9ff0d1b7072862daa10fe1996e3a55"),
        ("petrov", "memory", "4450af2ae1656e99c6c4ccf7e12d7a9bb5bf1a79240f5fe25bcfe2e78e597b92"),
        ("petrov", "port", "1a13aa1b04fdc31ccbf2c3b37121a0c1557f0460201407149421115ce77eae47"),
        ("petrov", "volume", "3279e4ac2951bb718e4e1180d659a89e510c4bf07bb17e627edd1e9d8e3d157e"),
        ("Ёлкин Ω", "memory", "13c054d733dde8a11afa71cb7c8fe8a5823e4c26467ccc40255cd3d4a8d77044"),
        ("Ёлкин Ω", "port", "796c750ba0b1146fc9ac65b465695c323d3f0ab5fa6c985767fc93daa5ea0314"),
        ("Ёлкин Ω", "volume", "e9717f8ed11d81e8005f7e55bef552fed8099407e169d5e9fc20941feb225e64"),
    ],
)
def test_a_value_is_as_openssl_says(student: str, parameter: str, hexadecimal: str) -> None:
    values = {"memory": [f"{n * 64}MiB" for n in range(1, 9)], "port": [*range(6000, 7000)]}
    choices = {**values, "volume": ["data", "state", "store"]}[parameter]
    assert drawn(OWN, student, KEY)[parameter] == choices[int(hexadecimal, 16) % len(choices)]


def test_values_are_those_of_the_first_release() -> None:
    assert drawn(OWN, "ivanov", KEY) == {"memory": "64MiB", "port": 6914, "volume": "store"}
    assert drawn(OWN, "petrov", KEY) == {"memory": "192MiB", "port": 6623, "volume": "store"}


@given(st.binary(min_size=LEAST_BYTES, max_size=100), st.text(st.characters(exclude_categories=["Cs"])))
def test_any_key_and_student_are_hashed_as_written_down(secret: bytes, student: str) -> None:
    if len(secret.strip()) >= LEAST_BYTES:
        student = unicodedata.normalize("NFC", student)
        number = by_hand(secret.strip(), "dockgrader-parameter-1", "own", "port", "0", student)
        assert drawn(OWN, student, Key(secret))["port"] == 6000 + number % 1000


def test_a_student_is_who_the_roster_takes_for_one() -> None:
    one, other = "\u0401лкин", "\u0415\u0308лкин"  # one letter, or a letter and its dots
    assert one != other and drawn(OWN, one, KEY) == drawn(OWN, other, KEY)
    assert drawn(OWN, "ivanov", KEY) != drawn(OWN, "Ivanov", KEY)


def test_another_key_assignment_or_parameter_is_another_draw() -> None:
    renamed = parse_source(OWN.text.replace("id: own", "id: other").replace("port:", "post:"), "other.yaml")
    students = [f"st{number}" for number in range(50)]
    ports = [drawn(OWN, student, KEY)["port"] for student in students]
    assert ports != [drawn(OWN, student, Key(SECRET + b"!"))["port"] for student in students]
    assert ports != [drawn(renamed, student, KEY)["post"] for student in students]


def test_each_value_is_drawn_as_often_as_any_other() -> None:
    found = Counter(drawn(OWN, f"st{number}", KEY)["volume"] for number in range(3000))
    assert set(found) == {"data", "state", "store"} and all(900 < count < 1100 for count in found.values())


def test_what_lies_beyond_the_last_whole_multiple_is_drawn_again() -> None:
    greatest = (1 << 256) - 1  # 2**256 is no multiple of 3: without this one there are as many of each
    assert below(3, lambda turn: [greatest, greatest, 4][turn]) == 1
    assert below(3, lambda turn: [greatest - 1, 0][turn]) == (greatest - 1) % 3
    assert below(2, lambda turn: [greatest][turn]) == 1


@pytest.mark.parametrize("written", [SECRET, SECRET + b"\n", b"  " + SECRET + b"\r\n"])
def test_the_key_is_read_from_the_first_place_that_has_it(tmp_path: Path, written: bytes) -> None:
    file, other = tmp_path / "key", tmp_path / "other"
    file.write_bytes(written)
    other.write_bytes(b"x" * 20)
    wanted = KEY.fingerprint("own")
    env = {KEY_VARIABLE: "y" * 20, FILE_VARIABLE: str(other)}
    for place in (
        read_key(file, dict(env)),
        read_key(None, {**env, FILE_VARIABLE: str(file)}),
        read_key(None, {KEY_VARIABLE: os.fsdecode(written)}),
    ):
        assert place is not None and place.fingerprint("own") == wanted
    assert read_key(None, {}) is None


def test_the_programs_that_are_started_do_not_inherit_the_key(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(SECRET)
    for file in (None, tmp_path / "key"):
        env = {KEY_VARIABLE: "y" * 20, "HOME": "/"}
        read_key(file, env)
        assert env == {"HOME": "/"}


@pytest.mark.parametrize("content", [b"", b"0123456789abcde", b" " * 100, b"x" * 70_000])
def test_a_key_that_is_none_is_refused_and_not_repeated(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(UsageError) as told:
        read_key(tmp_path / "key", {})
    assert "shorter than 16 bytes" in str(told.value) or "larger than 64 KiB" in str(told.value)
    assert "0123" not in str(told.value)


def test_a_key_in_the_place_of_a_files_name_is_not_repeated(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for name in (
        SECRET.decode(),
        SECRET.decode() * 100,
        "a\0" + SECRET.decode(),
        tmp_path / "fifo",
        tmp_path,
    ):
        with pytest.raises(UsageError) as told:
            read_key(Path(name), {})
        assert SECRET.decode() not in str(told.value) and "--parameter-key" in str(told.value)


def test_a_key_does_not_show_itself() -> None:
    assert SECRET.decode() not in f"{KEY!r} {KEY}"
    number = by_hand(SECRET, "dockgrader-parameter-key-1", "own")
    assert KEY.fingerprint("own") == f"{number:064x}"[:32] == "6d307d413a963ec023df4d3be7df593a"
