"""Evidence is written, read back, and graded again with the same result."""

from __future__ import annotations

import dataclasses
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dockgrader.assignment.loading import load
from dockgrader.errors import EvidenceError, Unobserved
from dockgrader.facts.commands import Exec
from dockgrader.facts.containers import Container
from dockgrader.grading.evidence import Evidence, RecordedSee, read_evidence, write_evidence
from dockgrader.grading.run import grade_evidence
from dockgrader.grading.seeing import Reading
from dockgrader.report.model import HostReport, Report, to_json
from tests.givens import a_container, a_service, an_answer
from tests.solution import HOMEWORK, Solved, checks_of, graded

TEXT = st.text(max_size=20)
OPTIONAL = st.none() | TEXT
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
ERROR = st.none() | st.tuples(TEXT, TEXT)
READINGS = st.builds(
    Reading, st.dictionaries(TEXT, JSON, max_size=3), TEXT, TEXT, st.floats(0, 1e6), answer=JSON, error=ERROR
)
EVIDENCE = st.builds(
    Evidence,
    st.builds(HostReport, TEXT, OPTIONAL, OPTIONAL, OPTIONAL, OPTIONAL),
    TEXT,
    ERROR,
    st.lists(READINGS, max_size=3).map(tuple),
)


@settings(max_examples=30)
@given(EVIDENCE, st.sampled_from(["evidence.json", "evidence.json.gz"]))
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, evidence: Evidence, name: str
) -> None:
    file = tmp_path_factory.getbasetemp() / name
    write_evidence(evidence, file)
    assert read_evidence(file) == evidence


def some_evidence(*readings: Reading, error: tuple[str, str] | None = None) -> Evidence:
    return Evidence(HostReport("here"), "now", error, readings)


def reading(fact: Any, answer: Any = None, error: tuple[str, str] | None = None) -> Reading:
    return Reading(fact.question(), fact.shown_by(), "now", 0.1, answer, error)


def test_evidence_is_for_its_owner_only_and_can_be_packed(tmp_path: Path) -> None:
    for name in ("evidence.json", "evidence.json.gz"):
        file = tmp_path / name
        write_evidence(some_evidence(), file)
        assert file.stat().st_mode & 0o777 == 0o600
        packed = file.read_bytes()[:2] == b"\x1f\x8b"
        assert packed is name.endswith(".gz")


def test_an_answer_is_looked_up_by_its_question_also_after_a_journey_through_json(tmp_path: Path) -> None:
    ask = Exec("redis_2", ("redis-cli", "get", "mykey"))
    write_evidence(some_evidence(reading(ask, an_answer("foobar\n"))), tmp_path / "e.json")
    see = RecordedSee(read_evidence(tmp_path / "e.json"))
    assert see(ask).stdout == "foobar\n"
    assert len(see.readings()) == 1


@pytest.mark.parametrize(
    ("evidence", "code"),
    [
        (some_evidence(), "evidence.missing"),
        (some_evidence(error=("engine.down", "gone")), "engine.down"),
        (some_evidence(reading(Container("x"), error=("host.timeout", "slow"))), "host.timeout"),
    ],
)
def test_what_is_not_in_the_evidence_is_an_error_with_its_reason(evidence: Evidence, code: str) -> None:
    with pytest.raises(Unobserved) as caught:
        RecordedSee(evidence)(Container("x"))
    assert caught.value.code == code


GOOD: dict[str, Any] = some_evidence(reading(Container("x"))).to_json()


def changed(**parts: Any) -> bytes:
    return json.dumps({**GOOD, **parts}).encode()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "it is no evidence file"),
        (b"\xff\xfe", "it is no evidence file"),
        (b"[]", "it is no evidence file"),
        (b"{}", "it is no evidence file"),
        (b"[" * 100_000, "it is no evidence file"),
        (gzip.compress(b"{}", mtime=0)[:-9], "it is no evidence file"),
        (changed(schema="dockgrader.evidence/9"), "its schema is 'dockgrader.evidence/9'"),
        (changed(schema={"a": "\x1b[31m"}), "its schema is"),
        (changed(host=None), "cut short or was changed by hand"),
        (changed(readings=[{}]), "cut short or was changed by hand"),
        (changed(readings=[{**GOOD["readings"][0], "seconds": "long"}]), "cut short or was changed by hand"),
        (changed(error=5), "cut short or was changed by hand"),
    ],
)
def test_a_file_that_is_no_evidence_is_a_usage_error(tmp_path: Path, content: bytes, problem: str) -> None:
    file = tmp_path / "evidence.json"
    file.write_bytes(content)
    with pytest.raises(EvidenceError) as caught:
        read_evidence(file)
    assert problem in str(caught.value)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        changed(error=["host.timeout"]),
        changed(readings=[{**GOOD["readings"][0], "error": "x"}]),
        changed(readings=[{**GOOD["readings"][0], "seconds": 10**400}]),
        gzip.compress(b"{}", mtime=0)[:10] + b"\xff" * 20,
    ],
    ids=["short error", "error of a letter", "endless seconds", "broken gzip"],
)
def test_a_damaged_file_is_a_usage_error_too(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "evidence.json"
    file.write_bytes(content)
    with pytest.raises(EvidenceError):
        read_evidence(file)


@pytest.mark.parametrize("name", ["nope.json", "."])
def test_a_file_that_cannot_be_opened_is_a_usage_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(EvidenceError, match=r"No such file|Is a directory"):
        read_evidence(tmp_path / name)


def plain(report: Report) -> dict[str, Any]:
    return {**to_json(report), "duration_s": 0}


DOWN = Unobserved("engine.down", "gone")
HOSTS = {
    "the solution": Solved,
    "no limits": lambda: Solved({"test_limit": a_container("test_limit", state={"Pid": 100})}),
    "a container is gone": lambda: Solved({"redis_2": None, "test_limit": None}),
    "two projects": lambda: Solved({"old-redis-1": a_service("redis", "old")}),
    "no files": lambda: Solved(files={"/proc/100/cgroup": DOWN, "/srv/compose/docker-compose.yml": DOWN}),
    "no containers can be listed": lambda: Solved(answers={"/containers/json": DOWN}),
    "the wrong key": lambda: Solved(execs={"redis-cli get mykey": "\x1b]0;title\x07\n"}),
}


@pytest.mark.parametrize("host", HOSTS.values(), ids=HOSTS)
def test_regrading_gives_the_same_report_as_the_live_run(tmp_path: Path, host: Any) -> None:
    report, evidence = graded(host())
    write_evidence(evidence, tmp_path / "evidence.json.gz")
    loaded = load(HOMEWORK)
    again = grade_evidence(
        loaded, loaded.assignment.tasks, read_evidence(tmp_path / "evidence.json.gz"), "en"
    )
    assert plain(again) == plain(report)
    assert [task.note for task in again.tasks] == [task.note for task in report.tasks]
    assert [check.shown_by for check in checks_of(again).values()] == [
        check.shown_by for check in checks_of(report).values()
    ]


def test_a_fact_that_the_evidence_lacks_is_an_error_of_the_checks_that_need_it_only() -> None:
    _, evidence = graded(Solved())
    kept = tuple(item for item in evidence.readings if item.question["fact"] != "exec")
    loaded = load(HOMEWORK)
    report = grade_evidence(
        loaded, loaded.assignment.tasks, dataclasses.replace(evidence, readings=kept), "en"
    )
    assert {task.id: task.score for task in report.tasks} == {"limits": 10, "volume": None, "compose": 10}
    key = checks_of(report)["volume/key"]
    assert (key.status, key.code, key.score) == ("error", "evidence.missing", None)
    assert "docker exec redis_2 redis-cli get mykey" in key.message


def test_a_run_that_reached_no_host_can_be_regraded_too() -> None:
    loaded = load(HOMEWORK)
    report = grade_evidence(
        loaded, loaded.assignment.tasks, some_evidence(error=("engine.down", "gone")), "en"
    )
    assert {check.status for check in checks_of(report).values()} == {"error"}
    assert (report.score, report.max_score, report.error) == (None, 30, "gone")


def test_secrets_are_not_in_the_evidence() -> None:
    _, evidence = graded(Solved())
    assert "hunter2" not in json.dumps(evidence.to_json())
