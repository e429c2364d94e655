"""Which cases are played together in a student's machine; playing them is what the tests there do."""

from __future__ import annotations

from collections import Counter

import pytest
from tests.vm.rounds import SOME, rounds

from lab.cases import load_cases

CASES = load_cases()


@pytest.mark.parametrize("generation", ["v1", "v2"])
def test_every_case_that_suits_the_machine_is_played_once(generation: str) -> None:
    suitable = Counter(case.id for case in CASES if case.generation in (None, generation))
    played = Counter(case.id for group in rounds(CASES, generation, everything=True) for case in group)
    assert played == suitable


def test_some_are_played_where_time_is_short() -> None:
    played = {(case.task, case.name) for group in rounds(CASES, "v2", everything=False) for case in group}
    assert played == {(task, name) for task, names in SOME.items() for name in names}


def test_a_round_has_one_case_of_a_task() -> None:
    for group in rounds(CASES, "v2", everything=True):
        assert len({case.task for case in group}) == len(group)


def test_what_would_change_the_others_is_played_alone() -> None:
    alone = {group[0].id for group in rounds(CASES, "v2", everything=True) if len(group) == 1}
    assert {"limits-v2/by-compose", "volume/nothing", "compose-v2/old-project-stopped"} <= alone
    assert {case.id for case in CASES if case.arguments and case.generation in (None, "v2")} <= alone
