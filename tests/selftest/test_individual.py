"""`dockgrader selftest` on an assignment with parameters: both ends, and a solution that passes for another's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from dockgrader.assignment.loading import load_outline, read, validated
from dockgrader.assignment.references import given
from dockgrader.assignment.source import Value, Values
from dockgrader.cli import main
from dockgrader.errors import AssignmentError
from dockgrader.grading.evidence import write_evidence
from dockgrader.selftest.individual import OTHER
from dockgrader.selftest.loading import load_cases
from dockgrader.selftest.outcome import Outcome
from dockgrader.selftest.run import selftest
from tests.givens import MIB, Raw, a_container, a_volume
from tests.selftest.files import cases, changed
from tests.solution import Solved, graded

ASSIGNMENT = """\
id: own
title: A server with ${memory}
parameters:
  memory: {from: 64MiB, to: 192MiB, step: 64MiB}
  volume: {one_of: [data, state, store]}
  key: {from: 10, to: 20}
tasks:
  - id: server
    title: A server
    checks:
      - {id: running, kind: container, container: server, state: running}
      - {id: memory, kind: container, needs: [running], container: server, memory: "${memory}"}
      - {id: volume, kind: volume, needs: [running], container: server, path: /data, named: "${volume}"}
      - {id: key, kind: exec, needs: [running], container: server, command: [get, "key${key}"], stdout: here}
"""
CASES = """\
cases:
  - name: least
    parameters: {memory: 64MiB, volume: data, key: 10}
    recording: least.json
    mutate: true
  - name: greatest
    parameters: {memory: 196608KiB, volume: store, key: 20}
    recording: greatest.json
    mutate: true
  - name: nothing
    parameters: {memory: 64MiB, volume: data, key: 10}
    recording: nothing.json
    expect: {server/memory: memory.unlimited, server/volume: volume.none, server/key: exec.output}
  - name: exited
    parameters: {memory: 64MiB, volume: data, key: 10}
    recording: exited.json
    expect:
      {server/running: container.exited, server/memory: skipped, server/volume: skipped, server/key: skipped}
accepted:
  - {mutants: [image.other], reason: Any image will do}
  - {fields: ["*"], reason: Nothing else is asked for}
"""
LEAST: Values = {"memory": "64MiB", "volume": "data", "key": 10}
GREATEST: Values = {"memory": "192MiB", "volume": "store", "key": 20}


def server(memory: int, *volumes: str, status: str = "running") -> Raw:
    mounts, host = [a_volume(each) for each in volumes], {"PidsLimit": memory}
    return a_container("server", memory=memory * MIB, mounts=mounts, status=status, host=host)


HOSTS: Mapping[str, tuple[Values, Raw, dict[str, str]]] = {
    "least": (LEAST, server(64, "data"), {"get key10": "here\n"}),
    "greatest": (GREATEST, server(192, "store"), {"get key20": "here\n"}),
    "nothing": (LEAST, server(0), {"get key10": "\n"}),
    "exited": (LEAST, server(64, "data", status="exited"), {}),
}


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder with the assignment, its cases and their recordings; its file is returned."""
    file = tmp_path / "own.yaml"
    file.write_text(ASSIGNMENT)
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "cases.yaml").write_text(CASES)
    others = dict.fromkeys(("test_limit", "redis_1", "redis_2"))
    for name, (values, raw, execs) in HOSTS.items():
        loaded = validated(given(read(file), values), file)
        evidence = graded(Solved({**others, "server": raw}, execs=execs), loaded)[1]
        write_evidence(evidence, tmp_path / "own" / f"{name}.json")
    return file


def outcome(own: Path) -> Outcome:
    loaded = load_outline(own)
    return selftest(loaded, load_cases(loaded))


def passed_on(found: Outcome) -> set[tuple[str, Value, Value]]:
    """The parameter, and whose solution passes for whose."""
    return {
        (spot.mutant.of, spot.mutant.before, spot.mutant.after)
        for spot in found.open_blind_spots
        if spot.mutant.name == OTHER
    }


def test_a_sound_one_is_recorded_at_both_ends_and_no_solution_passes_for_anothers(own: Path) -> None:
    found = outcome(own)
    assert found.sound, found
    assert not found.unseen and not passed_on(found)
    assert {result.case.name: result.wrong for result in found.cases} == {name: {} for name in HOSTS}


def test_a_field_in_which_two_students_solutions_differ_still_matters(own: Path) -> None:
    changed(cases(own), '  - {fields: ["*"], reason: Nothing else is asked for}\n', "")
    assert "HostConfig.PidsLimit" in {spot.mutant.field for spot in outcome(own).open_blind_spots}


@pytest.mark.parametrize(
    ("check", "instead", "whose"),
    [
        (
            'memory: "${memory}"',
            "inspect: {HostConfig.Memory: {at_least: 1}}",
            {("memory", "64MiB", "192MiB")},
        ),
        ('named: "${volume}"', "same_as: server", {("volume", "data", "state")}),
    ],
)
def test_a_parameter_that_no_check_looks_at_can_be_passed_on(
    own: Path, check: str, instead: str, whose: set[tuple[str, Value, Value]]
) -> None:
    name = next(iter(whose))[0]
    changed(own, check, instead)
    changed(own, "title: A server\n", f"title: A server with ${{{name}}}\n")
    assert passed_on(outcome(own)) == whose


def test_a_check_that_takes_the_neighbours_for_right_is_seen(own: Path) -> None:
    changed(own, 'memory: "${memory}"', 'inspect: {HostConfig.Memory: {at_most: "${memory.bytes}"}}')
    assert passed_on(outcome(own)) == {("memory", "64MiB", "192MiB")}


def test_a_command_with_the_parameter_in_it_must_have_been_seen_to_fail(
    own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed(own, "stdout: here", "stdout: {matches: '^'}")  # which nothing fails
    (spot,) = [spot for spot in outcome(own).open_blind_spots if spot.mutant.name == OTHER]
    assert (spot.mutant.of, spot.mutant.before) == ("key", 10)
    assert spot.undecided == "Not in the evidence: docker exec server get key20"
    with pytest.raises(SystemExit):
        main(["selftest", str(own)])
    assert (
        "parameter.other of key: the solution for 10 passes for 20 as well  (cannot be told: Not in the"
        in (capsys.readouterr().out)
    )


def test_an_end_at_which_nothing_was_recorded_is_named(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed(
        cases(own),
        "    mutate: true\n  - name: nothing",
        "    expect: {server/key: exec.output}\n  - name: nothing",
    )
    found = outcome(own)
    assert found.unseen == (
        "memory: 192MiB, its greatest value",
        "volume: store, its last value",
        "key: 20, its greatest value",
    )
    assert not found.sound
    with pytest.raises(SystemExit) as ended:
        main(["selftest", str(own)])
    assert ended.value.code == 1
    assert "  key: 20, its greatest value\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("key: 10}", "key: 21}", "cases[0].parameters.key: '21' is no value that key can have"),
        (", key: 10}", "}", "cases[0].parameters: the values with which it was recorded are missing: key"),
        ("volume: data, key", "volme: data, key", "unknown parameter 'volme'; did you mean 'volume'?"),
    ],
)
def test_a_case_without_values_cannot_be_used(own: Path, old: str, new: str, said: str) -> None:
    changed(cases(own), old, new)
    with pytest.raises(AssignmentError, match=r"cases\.yaml:3:") as wrong:
        outcome(own)
    assert said in str(wrong.value)


def test_a_case_of_one_task_says_nothing_of_another_tasks_parameters(own: Path) -> None:
    text = own.read_text()
    own.write_text(f"{text}{text[text.index('  - id: server') :].replace('id: server', 'id: other', 1)}")
    first, second = own.read_text().split("  - id: other")
    first = first.replace('named: "${volume}"', "same_as: server")
    own.write_text(f"{first}  - id: other{second}")
    changed(cases(own), "    recording:", "    task: server\n    recording:")
    changed(cases(own), "server/", "")
    found = outcome(own)
    assert not {spot.mutant.of for spot in found.open_blind_spots if spot.mutant.name == OTHER}
    assert found.unseen == ("volume: data, its first value", "volume: store, its last value")


def test_that_it_does_not_matter_can_be_accepted(own: Path) -> None:
    changed(own, 'named: "${volume}"', "same_as: server")
    changed(own, "title: A server\n", "title: A server with ${volume}\n")
    assert passed_on(outcome(own))
    accepted = "  - {of: volume, mutants: [parameter.other], reason: It is only a greeting}\n"
    with cases(own).open("a") as file:
        file.write(accepted)
    found = outcome(own)
    assert not passed_on(found) and not found.stale
