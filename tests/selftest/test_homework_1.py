"""homework-1 is tested by its own cases wherever it is installed, and a weaker one would not pass."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cache

import pytest

from dockgrader.assignment import loading
from dockgrader.assignment.loading import Loaded
from dockgrader.report.model import Status
from dockgrader.selftest.loading import LoadedCases, load_cases
from dockgrader.selftest.mutants import mutants_of
from dockgrader.selftest.outcome import Outcome
from dockgrader.selftest.run import selftest, verdicts
from dockgrader.selftest.world import WorldSee, world_of
from lab import cases as lab

PROTECTED = {
    *("memory", "cpu", "cgroup-memory", "cgroup-cpu", "volume", "command"),
    *("health", "dependency", "http", "compose", "label"),
}
CORE = [
    *("HostConfig.Memory", "HostConfig.NanoCpus", "HostConfig.CpuQuota", "HostConfig.CpuPeriod"),
    *(
        "Mounts[0].Name",
        "HostConfig.Binds[0]",
        "HostConfig.Tmpfs",
        "Config.Healthcheck.Test[0]",
        "State.Status",
    ),
]


@cache
def homework() -> tuple[Loaded, LoadedCases]:
    loaded = loading.load(loading.shipped() / "homework-1.yaml")
    return loaded, load_cases(loaded)


@cache
def outcome() -> Outcome:
    return selftest(*homework())


def test_it_is_sound() -> None:
    found = outcome()
    assert not found.strangers and not found.broken and not found.stale
    assert {result.case.name: result.wrong for result in found.cases if result.wrong} == {}
    assert found.never_failed == []
    assert found.open_blind_spots == []
    assert found.sound
    assert found.mutated == ("solution-v1", "solution-v2")


def test_no_blind_spot_is_accepted_where_the_notes_ask_for_something() -> None:
    names = {spot.mutant.name for spot in outcome().blind_spots}
    assert {name.partition(".")[0] for name in names} == {"state", "image", "port", "field"}
    accepted = homework()[1].model.accepted
    assert not PROTECTED & {pattern.partition(".")[0] for item in accepted for pattern in item.mutants}
    assert not [
        path for item in accepted for pattern in item.fields for path in CORE if fnmatchcase(path, pattern)
    ]
    of_state = {spot.mutant.of for spot in outcome().blind_spots if spot.mutant.name.startswith("state.")}
    assert of_state == {"redis_1"}


@pytest.mark.parametrize(
    ("check", "mutant", "of"),
    [
        ("limits/memory", "memory.page-less", "test_limit"),
        ("limits/cpus", "cpu.little-more", "test_limit"),
        ("limits/image", "image.other", "test_limit"),
        ("limits/cgroup-memory", "cgroup-memory.page-more", "test_limit"),
        ("limits/cgroup-quota", "cgroup-cpu.other-period", "test_limit"),
        ("volume/volume", "volume.renamed", "redis_2"),
        ("volume/key", "command.text-after", "redis_2"),
        ("compose/healthcheck", "health.command-or-true", "redis"),
        ("compose/healthy", "health.unhealthy", "redis"),
        ("compose/depends-on", "dependency.service-started", "web"),
        ("compose/memory", "memory.removed", "redis"),
        ("compose/cgroup", "cgroup-cpu.little-less", "redis"),
        ("compose/counter", "http.stands-still", "web"),
    ],
)
def test_with_a_check_taken_away_a_mutant_gets_full_marks(check: str, mutant: str, of: str) -> None:
    loaded, cases = homework()
    task = check.partition("/")[0]
    world = world_of(cases.recorded[1].evidence)
    spoilt = next(item for item in mutants_of(world, {}) if (item.name, item.of) == (mutant, of))
    see = WorldSee(world, spoilt.changed)
    assert statuses(loaded, task, see)[check] is Status.FAILED
    assert set(statuses(without(loaded, *check.split("/")), task, see).values()) == {Status.PASSED}


def statuses(loaded: Loaded, task: str, see: WorldSee) -> dict[str, Status]:
    (chosen,) = loading.tasks_of(loaded, task)
    return {name: verdict.status for name, verdict in verdicts(chosen, see).items()}


def test_with_a_check_taken_away_it_is_not_sound() -> None:
    loaded, cases = homework()
    found = selftest(
        without(loaded, "limits", "memory"), LoadedCases(cases.file, cases.model, cases.recorded[:2], ())
    )
    assert not found.sound
    named = load_cases(without(loaded, "limits", "memory")).strangers
    assert "unknown check 'memory'" in named[0].message and named[0].field.endswith("expect.memory")


def without(loaded: Loaded, task_id: str, check_id: str) -> Loaded:
    """The assignment without a check, nor the needs of it."""
    tasks = []
    for task in loaded.assignment.tasks:
        checks = [check for check in task.checks if (task.id, check.id) != (task_id, check_id)]
        kept = [
            check.model_copy(update={"needs": [need for need in check.needs if need != check_id]})
            if task.id == task_id
            else check
            for check in checks
        ]
        tasks.append(task.model_copy(update={"checks": kept}))
    return Loaded(loaded.assignment.model_copy(update={"tasks": tasks}), loaded.file, loaded.digest)


def test_the_cases_that_ship_say_what_the_played_ones_say() -> None:
    """Both are written by hand, before grading; the played ones are those of the live tests."""
    played = {case.id: case for case in lab.load_cases()}
    for item in homework()[1].model.cases:
        if item.name.startswith("solution-"):
            assert item.correct and item.task is None
            continue
        case = played[item.name]
        assert item.task == case.task
        assert item.expect == {check: word for check, word in case.expect.items() if word != "passed"}


def test_every_recording_that_ships_has_its_case_and_every_code_is_there() -> None:
    shipped = {
        path.relative_to(lab.SHIPPED).as_posix().removesuffix(".json.gz")
        for path in lab.SHIPPED.glob("**/*.json.gz")
    }
    cases = homework()[1].model.cases
    assert shipped == {case.name for case in cases}
    assert all(case.recording == f"recordings/{case.name}.json.gz" for case in cases)
    codes = {(case.task, check, word) for case in cases for check, word in case.expect.items()}
    known = {
        (case.task, check, word)
        for case in lab.load_cases()
        for check, word in case.expect.items()
        if word != "passed"
    }
    assert codes == known
