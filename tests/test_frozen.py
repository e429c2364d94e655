"""Classes made by `dockgrader.frozen` are to those who use them what frozen dataclasses are."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from typing import Any

import pytest

from dockgrader.frozen import dataclass


@dataclass(frozen=True)
class Limit:
    """What a container may use."""

    memory: int
    cpus: float = 1.0
    note: str = dataclasses.field(default="", compare=False, repr=False)


@dataclass(frozen=True)
class Named(Limit):
    """One with a name of its own."""

    name: str = "limit"

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Nothing:
    """No fields."""


def test_they_are_equal_by_their_fields_and_their_class() -> None:
    assert Limit(1) == Limit(1, note="other")
    assert Limit(1) != Limit(2)
    assert Limit(1) != Named(1)
    assert Nothing() == Nothing()
    assert Limit(1) != Nothing()  # type: ignore[comparison-overlap]


def test_they_are_keys_of_a_dict() -> None:
    assert {Limit(1): "one", Limit(1, note="the same"): "again"} == {Limit(1): "again"}
    assert hash(Nothing()) == hash(Nothing())


def test_they_are_shown_with_their_fields() -> None:
    assert repr(Limit(5, 0.5, "hidden")) == "Limit(memory=5, cpus=0.5)"
    assert repr(Named(5)) == "limit"
    assert repr(Nothing()) == "Nothing()"


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_they_can_be_copied_and_sent(again: Any) -> None:
    assert again(Limit(1, note="kept")) == Limit(1)
    assert again(Limit(1, note="kept")).note == "kept"


def test_the_standard_functions_know_them() -> None:
    assert dataclasses.replace(Limit(1), cpus=0.5) == Limit(1, 0.5)
    assert dataclasses.asdict(Limit(1)) == {"memory": 1, "cpus": 1.0, "note": ""}
    assert [field.name for field in dataclasses.fields(Named)] == ["memory", "cpus", "note", "name"]
    match Limit(3, 0.25):
        case Limit(memory, cpus):
            assert (memory, cpus) == (3, 0.25)


def test_one_that_can_change_is_refused() -> None:
    with pytest.raises(TypeError, match=r"dataclasses\.dataclass"):
        dataclass(frozen=False)
