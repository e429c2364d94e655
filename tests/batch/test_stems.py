"""Ids as folders: none of two students meet, on any file system."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockgrader.batch.stems import file_stem

IDS = st.text(min_size=1, max_size=80) | st.from_regex(r"[a-zA-Z0-9._@ ~+-]{1,20}", fullmatch=True)


@pytest.mark.parametrize("student", ["ivanov", "i.ivanov@course.example", "s-007_b", "2024+x"])
def test_a_plain_id_stays(student: str) -> None:
    assert file_stem(student) == student


@pytest.mark.parametrize(
    "student", ["Ivanov", "..", "a/b", "con", "nul.txt", "ends.", "Иванов", "x" * 200, "a~b"]
)
def test_others_get_what_no_plain_id_has(student: str) -> None:
    stem = file_stem(student)

    assert "~" in stem
    assert len(stem) < 80


@given(st.lists(IDS, unique=True, min_size=2, max_size=10))
def test_two_ids_never_meet(students: list[str]) -> None:
    """Not where the case of letters is lost, nor how they are composed, nor dots and blanks at the end."""
    seen = {unicodedata.normalize("NFD", file_stem(student)).casefold().rstrip(". ") for student in students}

    assert len(seen) == len(students)


@given(IDS)
def test_every_stem_is_one_safe_name(student: str) -> None:
    stem = file_stem(student)

    assert stem.isascii()
    assert set(stem) <= set("abcdefghijklmnopqrstuvwxyz0123456789_.@+-~")
    assert stem[0] not in ".-"
