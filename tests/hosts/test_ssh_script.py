"""Scripts between marks."""

from __future__ import annotations

import os
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dockgrader.hosts.ssh.script import Marks, quoted, usable, whole

pytestmark = pytest.mark.skipif(os.name != "posix", reason="there is no sh here")


def test_the_answer_stands_between_the_marks_with_its_status_behind() -> None:
    marks = Marks()
    script = whole("echo answer; (exit 3)", marks)
    assert marks.begin not in script and marks.end not in script  # no echo of it can be taken for an answer
    said = subprocess.run(["sh"], input=script, capture_output=True, check=True).stdout
    assert said == marks.begin + b"\nanswer\n\n" + marks.end + b"\n3\n"


def test_a_script_that_did_not_arrive_whole_does_nothing() -> None:
    script = whole("echo answer", Marks())
    for end in range(1, len(script) - 1, 7):
        done = subprocess.run(["sh"], input=script[:end], capture_output=True, check=False)
        assert done.stdout == b""


def test_several_scripts_in_one_shell() -> None:
    first, second = Marks(), Marks()
    script = whole("cd /; false", first) + whole("pwd", second)
    said = subprocess.run(["sh"], input=script, capture_output=True, check=True).stdout
    assert said.split(second.begin)[1].startswith(b"\n/\n")


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(max_size=20), min_size=1, max_size=5))
def test_any_words_arrive_as_they_are(words: list[str]) -> None:
    words = [word for word in words if usable(word)]
    script = whole("printf '%s\\0' " + " ".join(quoted(word) for word in ["x", *words]), marks := Marks())
    said = subprocess.run(["sh"], input=script, capture_output=True, check=True).stdout
    answer = said.partition(marks.begin + b"\n")[2].partition(b"\n" + marks.end)[0]
    assert answer.decode().split("\0")[1:-1] == words


def test_words_that_no_script_can_hold() -> None:
    assert [usable(word) for word in ("a", "", "\0", "\ud800", "\udcff")] == [True, True, False, False, True]
