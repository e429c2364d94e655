"""Which cases are played together in a student's machine; playing them is what the tests there do."""

from __future__ import annotations

from collections import Counter

import pytest
from tests.vm.rounds import GIVEN_FILES, NOT_HERE, SOME, TAKEN_THERE, codes, rounds

from lab.cases import Case, load_cases

CASES = load_cases()


def played(generation: str, *, everything: bool) -> list[Case]:
    return [case for group in rounds(CASES, generation, everything=everything) for case in group]


def suitable(generation: str) -> list[Case]:
    return [case for case in CASES if case.generation in (None, generation) and case.name not in NOT_HERE]


@pytest.mark.parametrize("generation", ["v1", "v2"])
def test_every_case_that_suits_the_machine_is_played_once(generation: str) -> None:
    ids = Counter(case.id for case in played(generation, everything=True))
    assert ids == Counter(case.id for case in suitable(generation))


def test_one_case_a_code_is_played_where_time_is_short() -> None:
    """Also the codes of cases that cannot be played there are found, but one, which is told by seconds."""
    some = played("v2", everything=False)
    assert len({case.id for case in some}) == len(some) < len(suitable("v2")) / 2
    everywhere = codes(case for case in CASES if case.generation != "v1")
    assert codes(some) == everywhere - {"health.still-starting"}


def test_files_that_a_container_is_given_are_taken_there_before_it_starts() -> None:
    cases = {case.name: case for case in played("v2", everything=True)}
    assert {cases[name].script.count(TAKEN_THERE) for name in GIVEN_FILES} == {1}
    assert f"\n{TAKEN_THERE}\nup\n" in cases["web-other-text"].script


def test_no_round_is_played_for_what_another_has_found() -> None:
    """There are as many rounds as cases of task compose."""
    some = played("v2", everything=False)
    of_compose = [case for case in some if case.task == "compose" and case.name not in SOME["compose"]]
    for case in of_compose:
        assert codes([case]) - codes(other for other in some if other.id != case.id)
    assert len(rounds(CASES, "v2", everything=False)) == len(of_compose) + len(SOME["compose"])


def test_a_round_has_one_case_of_a_task() -> None:
    for group in rounds(CASES, "v2", everything=True):
        assert len({case.task for case in group}) == len(group)


def test_what_would_change_the_others_is_played_alone() -> None:
    alone = {group[0].id for group in rounds(CASES, "v2", everything=True) if len(group) == 1}
    assert {"limits-v2/by-compose", "volume/nothing", "compose-v2/old-project-stopped"} <= alone
    assert {case.id for case in CASES if case.arguments and case in suitable("v2")} <= alone
