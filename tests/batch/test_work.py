"""One job: plain data in and out, tried again where that can help, within its time, and never an exception."""

from __future__ import annotations

import gzip
import json
import pickle
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from dockgrader.batch import work
from dockgrader.batch.roster import Student
from dockgrader.batch.work import PASSING, Job, grade_student
from dockgrader.grading.evidence import Evidence, read_evidence
from dockgrader.grading.reach import Bounds
from dockgrader.report.model import HostReport
from dockgrader.report.reading import report_from
from tests.batch.givens import HOMEWORK, MISTAKEN, NOW, RECORDINGS, asked, jobs, students

Tries = Callable[..., list[float]]


def job(host: str = "10.0.0.5", **more: float) -> Job:
    return jobs(students("ivanov", host=host), **more)[0]


def test_an_outcome_is_the_report_and_the_evidence_as_they_will_be_written(tmp_path: Path) -> None:
    outcome = pickle.loads(pickle.dumps(grade_student(pickle.loads(pickle.dumps(job(MISTAKEN))))))

    report = report_from(json.loads(outcome.report))
    assert (outcome.score, outcome.max_score, outcome.code) == (17, 30, "")
    assert (report.score, report.lang) == (17, "en")
    assert outcome.evidence[:2] == b"\x1f\x8b"
    file = tmp_path / "evidence.json.gz"
    file.write_bytes(outcome.evidence)
    assert read_evidence(file) == read_evidence(RECORDINGS / "recorded-mistakes.json.gz")
    assert len(gzip.decompress(outcome.evidence)) > work.LARGE


def test_a_students_own_language_comes_before_the_runs() -> None:
    ours = asked([])
    the_same = work.Work(ours.source.text, str(HOMEWORK), None)
    from dockgrader.batch.jobs import job_of

    spoken = [
        job_of(Student("a", MISTAKEN, lang=lang), the_same, "en", accept_new=False).lang
        for lang in ("ru", "")
    ]

    assert spoken == ["ru", "en"]


def test_a_recording_that_is_none_is_this_students_trouble_only() -> None:
    outcome = grade_student(job("recorded:/nowhere.json"))

    assert (outcome.code, outcome.score, outcome.evidence) == ("host.address", None, None)
    assert all(
        check["status"] == "error" for task in json.loads(outcome.report)["tasks"] for check in task["checks"]
    )


@pytest.fixture
def reached(monkeypatch: pytest.MonkeyPatch) -> Tries:
    """Makes hosts fail with these codes, one a try; the seconds that each try was given."""

    def fail(*codes: str, pause: float = 0.0) -> list[float]:
        given: list[float] = []

        def reach(endpoint: object, bounds: Bounds, *rest: object) -> Evidence:
            given.append(bounds.timeout)
            code = codes[min(len(given), len(codes)) - 1]
            return Evidence(HostReport("vm"), NOW, (code, "a reason") if code else None, ())

        monkeypatch.setattr(work, "reach", reach)
        monkeypatch.setattr(work, "_pause", lambda retries: pause)
        return given

    return fail


@pytest.mark.parametrize("code", sorted(PASSING))
def test_what_can_pass_is_tried_again(reached: Tries, code: str) -> None:
    tries = reached(code, code, "engine.down")

    outcome = grade_student(job())

    assert (outcome.code, outcome.retries, len(tries)) == ("engine.down", 2, 3)


@pytest.mark.parametrize(
    "code",
    [
        "ssh.auth",
        "ssh.no-key",
        "ssh.host-key-unknown",
        "ssh.host-key-changed",
        "ssh.penalised",
        "ssh.garbage",
    ],
)
def test_what_a_server_penalises_or_cannot_pass_is_not(reached: Tries, code: str) -> None:
    tries = reached(code)

    assert grade_student(job()).code == code
    assert len(tries) == 1


def test_retries_end_within_the_hosts_time(reached: Tries) -> None:
    tries = reached("ssh.refused", pause=0.4)

    outcome = grade_student(job(timeout=4.0))

    assert outcome.code == "ssh.refused"
    assert 1 < len(tries) <= 4
    assert tries == sorted(tries, reverse=True)


def test_no_try_is_begun_for_which_no_time_is_left(reached: Tries) -> None:
    tries = reached("ssh.refused", pause=5)

    assert grade_student(job(timeout=6)).retries == 0
    assert len(tries) == 1


def test_pauses_grow_and_are_drawn() -> None:
    pauses = [[work._pause(retries) for _ in range(50)] for retries in range(4)]

    assert all(0.5 * 2**n <= pause <= 1.5 * 2**n for n, drawn in enumerate(pauses) for pause in drawn)
    assert all(len(set(drawn)) > 40 for drawn in pauses)


def test_a_grading_that_does_not_end_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    monkeypatch.setattr(work, "_GRACE", 0.1)
    monkeypatch.setattr(work, "reach", lambda *anything: release.wait(30))
    begun = time.monotonic()

    outcome = grade_student(job(timeout=0.1))

    release.set()
    assert outcome.code == "host.timeout"
    assert time.monotonic() - begun < 20


def test_a_bug_is_told_and_no_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "reach", lambda *anything: 1 / 0)

    outcome = grade_student(job())

    assert (outcome.code, outcome.score) == ("grader.broken", None)
    assert "ZeroDivisionError" in outcome.reason


def test_a_probe_asks_nothing_but_whether_the_machine_is_there(reached: Tries) -> None:
    reached("ssh.timeout")

    outcome = grade_student(replace(job(timeout=1), probe=True))

    assert (outcome.code, outcome.max_score) == ("ssh.timeout", 0)


def test_a_real_port_where_nobody_listens_is_refused_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "_pause", lambda retries: 0.0)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        outcome = grade_student(job(f"ssh://student@127.0.0.1:{unused.getsockname()[1]}"))

    assert (outcome.code, outcome.retries) == ("ssh.refused", 3)
