"""Loading cases; playing them is what the live tests do."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.cases import CASES, load_cases, verdict

BOTH = """
title: Two generations of Compose say it differently.
run: up
expect:
  depends-on: {v1: compose.no-service, v2: passed}
  memory: passed
score: {v1: null, v2: 7}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "compose").mkdir()
    (tmp_path / "limits").mkdir()
    return tmp_path


def test_a_compose_case_is_played_with_both_generations(folder: Path) -> None:
    (folder / "compose/differs.yaml").write_text(BOTH)
    v1, v2 = load_cases(folder)
    assert (v1.id, v2.id) == ("compose-v1/differs", "compose-v2/differs")
    assert v1.expect == {"depends-on": "compose.no-service", "memory": "passed"}
    assert v2.expect == {"depends-on": "passed", "memory": "passed"}
    assert (v1.score, v2.score) == (None, 7)


def test_other_cases_know_no_compose_unless_they_say_so(folder: Path) -> None:
    text = "title: T\nrun: docker ps\nexpect: {running: passed}\nscore: 1\n"
    (folder / "limits/one.yaml").write_text(text)
    (folder / "limits/two.yaml").write_text(f"{text}compose: [v2]\n")
    assert [case.id for case in load_cases(folder)] == ["limits/one", "limits-v2/two"]


@pytest.mark.parametrize("text", ["title: T\n", "title: T\nrun: r\nexpect: {}\nscore: 1\nlater: l\n"])
def test_a_key_too_few_or_too_many_names_the_file(folder: Path, text: str) -> None:
    (folder / "limits/wrong.yaml").write_text(text)
    with pytest.raises(ValueError, match=r"wrong\.yaml"):
        load_cases(folder)


def test_all_right_ways_get_full_marks_and_all_mistakes_do_not() -> None:
    for case in load_cases(CASES):
        assert (case.score == 10) == (set(case.expect.values()) == {"passed"}), case.id


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        ("passed", "ok", "passed"),
        ("skipped", "skipped", "skipped"),
        ("failed", "a.b", "a.b"),
        ("error", "e", "error e"),
    ],
)
def test_a_verdict_as_cases_give_it(status: str, code: str, expected: str) -> None:
    assert verdict(status, code) == expected
