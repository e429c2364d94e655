"""An assignment with parameters as a whole: validated at their extremes, outlined for nobody in particular."""

from __future__ import annotations

from pathlib import Path

import pytest

from dockgrader.assignment import loading
from dockgrader.assignment.individual import extremes
from dockgrader.assignment.parameters import declared
from dockgrader.assignment.references import given
from dockgrader.assignment.source import parse_source
from dockgrader.errors import AssignmentError, UsageError

TEXT = """\
id: own
title: {en: "With ${memory}"}
parameters:
  memory: {from: 64MiB, to: 192MiB, step: 64MiB}
  volume: {one_of: [data, state, store]}
  status: {from: 200, to: 204}
tasks:
- id: server
  title: A server on ${status}
  checks:
  - {id: memory, kind: container, container: server, memory: "${memory}"}
  - {id: volume, kind: volume, container: server, path: /data, named: "${volume}", title: "$${x}"}
  - {id: page, kind: http, container: server, status: "${status}", points: 3}
"""
FILE = Path("own.yaml")


def problems(text: str) -> list[str]:
    with pytest.raises(AssignmentError) as told:
        loading.outline(parse_source(text, "own.yaml"), FILE)
    return str(told.value).splitlines()


def test_the_ends_of_ranges_and_each_entry_of_lists_are_tried() -> None:
    assert extremes(declared(parse_source(TEXT, "own.yaml"))) == [
        {"memory": "64MiB", "volume": "data", "status": 200},
        {"memory": "64MiB", "volume": "state", "status": 200},
        {"memory": "192MiB", "volume": "store", "status": 204},
    ]


def test_an_outline_is_the_same_for_all() -> None:
    loaded = loading.outline(parse_source(TEXT, "own.yaml"), FILE)
    (task,) = loaded.assignment.tasks
    assert (loaded.assignment.title, task.title) == ({"en": "With ${memory}"}, "A server on ${status}")
    assert [check.title for check in task.checks] == ["", "${x}", ""]
    assert sum(check.points for check in task.checks) == 5
    assert loaded.digest == parse_source(TEXT, "own.yaml").digest


def test_it_is_loaded_for_a_student_only() -> None:
    source = parse_source(TEXT, "own.yaml")
    with pytest.raises(UsageError, match=r"own.yaml has parameters, .* say whose: --student ID"):
        loading.validated(source, FILE)
    loaded = loading.validated(given(source, {"memory": "64MiB", "volume": "data", "status": 201}), FILE)
    assert loaded.values == {"memory": "64MiB", "volume": "data", "status": 201}
    assert loaded.assignment.tasks[0].checks[2].status == 201  # type: ignore[union-attr]


def test_what_is_wrong_at_one_end_only_is_told_with_the_values() -> None:
    assert problems(TEXT.replace("to: 204", "to: 600")) == [
        "own.yaml:13:55: tasks[0].checks[2].status: expected 599 or less, found '600' "
        "(with memory = 192MiB, volume = store, status = 600)"
    ]


def test_a_wrong_entry_in_the_middle_of_a_list_is_found() -> None:
    text = TEXT.replace("data, state, store", "1MiB, stat, 2MiB").replace('"${memory}"', '"${volume}"')
    (told,) = [
        line for line in problems(text.replace("on ${status}", "on ${status} ${memory}")) if "stat'" in line
    ]
    assert told.startswith("own.yaml:11:62: tasks[0].checks[0].memory: expected a size")


def test_what_is_wrong_whatever_the_values_is_told_once() -> None:
    assert problems(TEXT.replace("kind: volume", "kind: volum")) == [
        "own.yaml:12:24: tasks[0].checks[1].kind: unknown kind 'volum'; did you mean 'volume'? "
        "allowed: cgroup, compose, container, exec, health, http, image, volume, cleanup, file, namespace, restart, "
        "unshare"
    ]


def test_a_misspelled_heading_is_told_as_ever() -> None:
    (told,) = problems(TEXT.replace("parameters:", "parametres:"))[:1]
    assert "parametres: unknown field; did you mean 'parameters'?" in told
