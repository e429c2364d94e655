"""practice-1 is tested by its own cases, which are those that the live tests play."""

from __future__ import annotations

from functools import cache

from dockgrader.assignment import loading
from dockgrader.assignment.loading import Loaded
from dockgrader.selftest.loading import LoadedCases, load_cases
from dockgrader.selftest.outcome import Outcome
from dockgrader.selftest.run import selftest
from lab import cases as lab

RECORDINGS = loading.shipped() / "practice-1" / "recordings"


@cache
def practice() -> tuple[Loaded, LoadedCases]:
    loaded = loading.load(loading.shipped() / "practice-1.yaml")
    return loaded, load_cases(loaded)


@cache
def outcome() -> Outcome:
    return selftest(*practice())


def test_it_is_sound() -> None:
    found = outcome()
    assert {result.case.name: result.wrong for result in found.cases if result.wrong} == {}
    assert found.never_failed == [] and found.open_blind_spots == []
    assert found.sound
    assert found.mutated == ("solution-v1", "solution-v2")


def test_what_the_notes_show_of_the_kernel_is_never_accepted() -> None:
    shown = ("namespace", "process", "cgroup-memory", "cgroup-cpu", "leftover", "command", "memory", "cpu")
    accepted = [pattern for item in practice()[1].model.accepted for pattern in item.mutants]
    assert not [pattern for pattern in accepted if pattern.partition(".")[0] in shown]
    caught = {name for name, count in outcome().caught_by.items() if count}
    assert {"namespaces/pid", "unshare/proc", "resources/process", "compose/clean"} <= caught


def test_the_cases_that_ship_say_what_the_played_ones_say() -> None:
    """Both are written by hand, before grading."""
    played = {case.id: case for case in lab.load_cases(lab.PRACTICE / "cases")}
    cases = practice()[1].model.cases
    assert {case.name for case in cases} == {*played, "solution-v1", "solution-v2"}
    for item in cases:
        if not item.name.startswith("solution-"):
            case = played[item.name]
            assert item.task == case.task
            assert item.expect == {check: word for check, word in case.expect.items() if word != "passed"}


def test_scores_are_the_points_of_what_passed() -> None:
    points = {
        (task.id, check.id): check.points for task in practice()[0].assignment.tasks for check in task.checks
    }
    for case in lab.load_cases(lab.PRACTICE / "cases"):
        passed = [check for check, word in case.expect.items() if word == "passed"]
        assert case.score == sum(points[case.task, check] for check in passed), case.id


def test_every_recording_has_its_case_and_is_small() -> None:
    files = {path.relative_to(RECORDINGS).as_posix(): path for path in RECORDINGS.glob("**/*.json.gz")}
    assert files.keys() == {f"{case.name}.json.gz" for case in practice()[1].model.cases}
    assert max(path.stat().st_size for path in files.values()) < 20_000
