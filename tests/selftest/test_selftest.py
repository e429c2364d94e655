"""`dockgrader selftest` on small assignments: what makes it fail, what it says, what it cannot use."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from dockgrader.assignment.loading import load
from dockgrader.cli import main
from dockgrader.grading.evidence import write_evidence
from dockgrader.selftest.loading import load_cases
from dockgrader.selftest.outcome import Outcome
from dockgrader.selftest.run import selftest
from tests.givens import MIB, Raw, a_container, a_volume
from tests.selftest.files import cases, changed
from tests.solution import Solved, graded

ASSIGNMENT = """\
id: small
title: A server
tasks:
  - id: server
    title: A server
    checks:
      - {id: running, kind: container, container: server, state: running}
      - {id: memory, kind: container, needs: [running], container: server, memory: 64MiB}
"""
CASES = """\
cases:
  - {name: right, recording: recordings/right.json}
  - name: unlimited
    title: No limit was given
    recording: recordings/unlimited.json
    expect: {server/memory: memory.unlimited}
  - name: exited
    recording: recordings/exited.json
    expect: {server/running: container.exited, server/memory: skipped}
accepted:
  - {mutants: [image.other], reason: Any image will do}
  - {fields: ["*"], reason: Nothing else is asked for}
"""


def server(**more: object) -> Raw:
    return a_container("server", **{"memory": 64 * MIB, **more})  # type: ignore[arg-type]


HOSTS: dict[str, Raw] = {
    "right": server(),
    "unlimited": server(memory=0),
    "exited": server(status="exited"),
    "with-volume": server(mounts=[a_volume("data")]),
}


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A folder with a small assignment, its cases and their recordings; its file is returned."""
    file = tmp_path / "small.yaml"
    file.write_text(ASSIGNMENT)
    recordings = tmp_path / "small" / "recordings"
    recordings.mkdir(parents=True)
    (tmp_path / "small" / "cases.yaml").write_text(CASES)
    for name, raw in HOSTS.items():
        only = {"test_limit": None, "redis_1": None, "redis_2": None, "server": raw}
        write_evidence(graded(Solved(only), load(file))[1], recordings / f"{name}.json")
    return file


def outcome(small: Path) -> Outcome:
    loaded = load(small)
    return selftest(loaded, load_cases(loaded))


def command(small: Path, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["selftest", str(small), *options])
    captured = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return ended.value.code, captured.out, captured.err


def test_a_sound_assignment_shows_which_check_catches_which_case(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = command(small, capsys)
    assert (status, err) == (0, "")
    assert "  ✓  ✗   unlimited  memory.unlimited" in out
    assert "  ✗  -   exited  container.exited" in out
    assert out.rstrip().endswith("no blind spot is left open.")


def test_for_programs(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed(cases(small), "memory.unlimited", "memory.different")
    status, out, _ = command(small, capsys, "--format", "json")
    said = json.loads(out)
    assert status == 1 and said["sound"] is False
    assert said["cases"][1] == {
        "name": "unlimited",
        "verdicts": {"server/running": "passed", "server/memory": "memory.unlimited"},
        "wrong": {"server/memory": {"expected": "memory.different", "given": "memory.unlimited"}},
    }
    (image,) = [spot for spot in said["blind_spots"] if spot["mutant"] == "image.other"]
    assert image["accepted"] == "Any image will do"


def test_a_case_that_gets_another_verdict(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed(cases(small), "memory.unlimited", "memory.different")
    status, out, _ = command(small, capsys)
    assert status == 1
    assert "unlimited: server/memory: expected memory.different, got memory.unlimited" in out


def test_a_mistake_that_nothing_catches(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed(cases(small), "recordings/unlimited.json", "recordings/right.json")
    status, out, _ = command(small, capsys)
    assert status == 1
    assert "Mistakes that nothing catches:\n  unlimited" in out


def test_a_check_that_never_failed_proves_nothing(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed(
        small,
        "memory: 64MiB}",
        "memory: 64MiB}\n      - {id: again, kind: container, container: server, memory: 64MiB}",
    )
    changed(
        cases(small),
        "expect: {server/memory: memory.unlimited}",
        "expect: {server/memory: memory.unlimited, server/again: memory.unlimited}",
    )
    assert outcome(small).sound
    changed(
        small,
        "{id: again, kind: container, container: server, memory: 64MiB}",
        "{id: again, kind: container, container: server, inspect: {Name: /server}}",
    )
    changed(cases(small), ", server/again: memory.unlimited", "")
    status, out, _ = command(small, capsys)
    assert status == 1
    assert "never failed in any case (they prove nothing):\n  server/again" in out


def test_what_is_not_checked_is_a_blind_spot_until_it_is_accepted(small: Path) -> None:
    changed(cases(small), "recordings/right.json", "recordings/with-volume.json")
    found = outcome(small)
    assert {spot.mutant.name for spot in found.open_blind_spots} == {
        *("volume.removed", "volume.moved", "volume.renamed", "volume.anonymous"),
        *("volume.bind-mount", "volume.tmpfs"),
    }
    assert not found.sound
    changed(cases(small), "mutants: [image.other]", "mutants: [image.other, volume.*]")
    assert outcome(small).sound


def test_fields_do_not_accept_what_has_a_name(small: Path) -> None:
    changed(cases(small), "  - {mutants: [image.other], reason: Any image will do}\n", "")
    assert [spot.mutant.name for spot in outcome(small).open_blind_spots] == ["image.other"]


def test_what_differs_between_correct_solutions_does_not_matter(small: Path) -> None:
    changed(cases(small), '  - {fields: ["*"], reason: Nothing else is asked for}\n', "")
    before = {spot.mutant.field for spot in outcome(small).open_blind_spots}
    other = server(host={"PidsLimit": 7}, command=["sleep", "1"])
    only = {"test_limit": None, "redis_1": None, "redis_2": None, "server": other}
    write_evidence(graded(Solved(only), load(small))[1], small.with_suffix("") / "recordings" / "other.json")
    changed(
        cases(small),
        "cases:\n",
        "cases:\n  - {name: other, recording: recordings/other.json, mutate: true}\n",
    )
    after = {spot.mutant.field for spot in outcome(small).open_blind_spots}
    assert any(field.startswith("Config.Cmd") for field in before)
    assert not any(field.startswith(("Config.Cmd", "HostConfig.PidsLimit")) for field in after)


def test_an_acceptance_of_nothing_is_to_be_removed(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed(cases(small), "[image.other]", "[image.other, memory.removed]")
    assert outcome(small).sound  # one of its names still stands
    changed(cases(small), "accepted:\n", "accepted:\n  - {mutants: [memory.*], reason: No longer so}\n")
    status, out, _ = command(small, capsys)
    assert status == 1
    assert "no blind spot any more; remove:\n  of *: memory.* (No longer so)" in out


def test_a_judge_that_a_mutant_breaks_is_told(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dockgrader.kinds import limits

    def broken(target: object, expected: int, see: object) -> None:
        if getattr(target, "memory", 0) > 64 * MIB:
            raise RuntimeError("cannot count so far")

    monkeypatch.setattr(limits, "memory", broken)
    found = outcome(small)
    assert {mutant.name for mutant, _ in found.broken} == {"memory.page-more", "memory.doubled"}
    assert "cannot count so far" in found.broken[0][1]
    assert not found.sound


def test_a_case_that_names_a_check_which_is_not_there(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed(cases(small), "server/memory: memory.unlimited", "server/memoy: memory.unlimited")
    status, out, _ = command(small, capsys)
    assert status == 1
    assert "cases.yaml:6:28: cases[1].expect['server/memoy']: unknown check 'server/memoy'" in out
    assert "did you mean 'server/memory'?" in out


def test_a_thinned_out_assignment_fails(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed(
        small,
        "      - {id: memory, kind: container, needs: [running], container: server, memory: 64MiB}\n",
        "",
    )
    status, out, _ = command(small, capsys)
    assert status == 1
    assert "Named in a case, but not in the assignment:" in out
    assert "memory.page-less of server HostConfig.Memory: 67108864 → 67104768" in out


def test_accepted_blind_spots_are_listed_when_asked(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "Accepted: Any image will do" not in command(small, capsys)[1]
    assert "Accepted: Any image will do\n  image.other of server" in command(small, capsys, "--all")[1]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "recording: recordings/unlimited.json",
            "task: server",
            "cases[1].recording: required field is missing",
        ),
        ("recordings/unlimited.json", "recordings/nothing.json", "cases.yaml:5:16: cases[1].recording: "),
        ("recordings/unlimited.json", "cases.yaml", "it is no evidence file"),
        ("recordings/unlimited.json", "newer.json", "its schema is 'dockgrader.evidence/9'"),
        ("recordings/unlimited.json", "short.json.gz", "it is no evidence file"),
        ("name: unlimited", "name: right", "two cases have the same name 'right'"),
        ("expect: {server/memory", "expects: {server/memory", "did you mean 'expect'?"),
        ("Any image will do", "why", "10 or more characters"),
        ("[image.other]", '["*"]', "expected a mutant's name such as port.moved"),
        (
            "expect: {server/memory: memory.unlimited}",
            "expect: {server/memory: x}\n    mutate: true",
            "mutate: only",
        ),
    ],
)
def test_cases_that_cannot_be_used(
    small: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, said: str
) -> None:
    folder = small.with_suffix("")
    (folder / "newer.json").write_text(json.dumps({"schema": "dockgrader.evidence/9"}))
    whole = gzip.compress((folder / "recordings" / "right.json").read_bytes())
    (folder / "short.json.gz").write_bytes(whole[: len(whole) // 2])
    status, out, err = command(changed(cases(small), old, new).parent.with_suffix(".yaml"), capsys)
    assert (status, out) == (2, "")
    assert said in err


def test_no_cases_or_a_task_alone_is_wrong_usage(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = command(Path(f"{small}/server"), capsys)
    assert status == 2 and "whole assignment" in err
    cases(small).unlink()
    status, _, err = command(small, capsys)
    assert status == 2 and "no such file" in err


def test_a_recording_of_a_dead_host_is_no_correct_solution(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = small.with_suffix("") / "recordings" / "right.json"
    evidence = json.loads(file.read_text())
    file.write_text(json.dumps({**evidence, "error": ["engine.gone", "No engine"], "readings": []}))
    status, _, err = command(small, capsys)
    assert status == 2 and "nothing was read in it: No engine" in err


def test_a_recording_of_a_shape_that_no_engine_gives(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = small.with_suffix("") / "recordings" / "right.json"
    evidence = json.loads(file.read_text())
    for reading in evidence["readings"]:
        if reading["question"]["fact"] == "container":
            reading["answer"]["Mounts"] = ["text"]
            reading["answer"]["NetworkSettings"] = {"Ports": {"80/tcp": ["text"]}}
    file.write_text(json.dumps(evidence))
    status, _, err = command(small, capsys)
    assert status == 2 and "the recording of right was changed by hand" in err
