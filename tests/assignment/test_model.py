"""Assignments, tasks and their prerequisites."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from dockgrader.assignment.model import Assignment, Task
from dockgrader.kinds.container import ContainerCheck


def check(name: str, *needs: str, **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "kind": "container",
        "container": "x",
        "state": "running",
        "needs": list(needs),
        **more,
    }


def task(*checks: dict[str, Any], name: str = "t") -> dict[str, Any]:
    return {"id": name, "title": "A task", "checks": list(checks)}


def ordered(*checks: dict[str, Any]) -> list[str]:
    return [item.id for item in Task.model_validate(task(*checks)).ordered()]


def refusal(model: type[Task] | type[Assignment], data: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(data)
    return str(caught.value)


def test_the_kind_chooses_the_model() -> None:
    loaded = Task.model_validate(task(check("a", points=2)))
    assert isinstance(loaded.checks[0], ContainerCheck)
    assert (loaded.checks[0].points, loaded.checks[0].title) == (2, "")


def test_what_a_check_needs_comes_before_it() -> None:
    assert ordered(check("c", "b"), check("a"), check("b", "a")) == ["a", "b", "c"]
    assert ordered(check("a"), check("b"), check("c")) == ["a", "b", "c"]


@settings(max_examples=30)
@given(st.permutations(range(8)), st.data())
def test_any_needs_without_a_circle_can_be_ordered(numbers: list[int], data: st.DataObject) -> None:
    """Each check needs some of those that come before it in a hidden order."""
    checks = []
    for place, number in enumerate(numbers):
        needs = data.draw(st.sets(st.sampled_from(numbers[:place]))) if place else set()
        checks.append(check(f"c{number}", *(f"c{need}" for need in needs)))
    written = sorted(checks, key=lambda item: str(item["id"]))
    done: set[str] = set()
    for item in Task.model_validate(task(*written)).ordered():
        assert done.issuperset(item.needs)
        done.add(item.id)
    assert len(done) == 8


@pytest.mark.parametrize(
    ("checks", "circle"),
    [
        ([check("a", "a")], "a needs a"),
        ([check("a", "b"), check("b", "a")], "a needs b needs a"),
        ([check("a", "b"), check("b", "c"), check("c", "d"), check("d", "b")], "b needs c needs d needs b"),
        ([check("a"), check("b", "a", "c"), check("c", "a", "b")], "b needs c needs b"),
    ],
)
def test_a_circle_is_refused_and_shown(checks: list[dict[str, Any]], circle: str) -> None:
    assert f"prerequisites go in a circle: {circle}" in refusal(Task, task(*checks))


def test_a_long_chain_of_needs_is_no_circle() -> None:
    names = [f"c{number}" for number in range(200)]
    chain = [check(name, *names[number + 1 : number + 2]) for number, name in enumerate(names)]
    assert ordered(*chain) == names[::-1]


@pytest.mark.parametrize(
    ("model", "data", "says"),
    [
        (Task, task(check("a"), check("a")), "two checks have the same id 'a'"),
        (Task, task(check("a", "b")), "the check 'a' needs 'b', which is no check of this task"),
        (Task, task(), "at least 1 item"),
        (Task, task(*(check(f"c{number}") for number in range(201))), "at most 200 items"),
        (Task, task(check("a", points=-1)), "greater than or equal to 0"),
        (Task, task(check("a", points=float("nan"))), "points"),
        (Task, task(check("a", points=1001)), "less than or equal to 1000"),
        (Task, task(check("a b")), "expected letters, digits"),
        (Task, task(check("x" * 81)), "expected letters, digits"),
        (Task, task(check("a", colour="red")), "Extra inputs are not permitted"),
        (Task, task(check("a", title={})), "expected at least one language"),
        (Task, task(check("a", kind="kontainer")), "kind"),
        (
            Assignment,
            {"id": "a", "title": "A", "tasks": [task(check("a"))] * 2},
            "two tasks have the same id 't'",
        ),
        (Assignment, {"id": "a", "title": "A", "tasks": []}, "at least 1 item"),
        (Assignment, {"id": "../a", "title": "A", "tasks": [task(check("a"))]}, "expected letters, digits"),
    ],
)
def test_what_makes_no_sense_is_refused(model: type[Task], data: dict[str, Any], says: str) -> None:
    assert says in refusal(model, data)


def test_the_same_check_id_in_two_tasks_is_fine() -> None:
    data = {"id": "a", "title": "A", "tasks": [task(check("x"), name="one"), task(check("x"), name="two")]}
    assert [item.id for item in Assignment.model_validate(data).tasks] == ["one", "two"]


def test_nothing_changes_once_it_is_loaded() -> None:
    loaded = Task.model_validate(task(check("a")))
    with pytest.raises(ValidationError):
        setattr(loaded, "title", "Another")  # noqa: B010 - mypy knows that it cannot be set
