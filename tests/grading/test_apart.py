"""A host is read by a process of its own, and a report tells nothing of that.

The command runs as a process here, on a made-up engine: in the tests' own process there are threads, so it does not
fork there. What a real engine answers so is in tests/live, where the command forks wherever it is run.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from dockgrader.grading import apart
from dockgrader.hosts.endpoint import Endpoint
from fakes.engine import FakeEngine, with_page
from fakes.server import Call, silence

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2, reason="nothing is read apart here"
)

VOLATILE = ("started_at", "duration_s", "read_at", "seconds", "at")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[FakeEngine]:
    """A host on which homework-1 is done right."""
    with with_page(tmp_path / "docker.sock") as engine:
        yield engine


def checking(tmp_path: Path, *more: str, processors: int = 2, **popen: Any) -> subprocess.Popen[str]:
    """`dockgrader check homework-1` on the made-up engine, on so many processors.

    It minds Ctrl-C even where the tests run in the background.
    """
    own = sorted(os.sched_getaffinity(0))[:processors]
    command = f"import os; os.sched_setaffinity(0, {own}); from dockgrader.cli import main; main()"
    words = ["check", "homework-1", "--host", f"unix://{tmp_path}/docker.sock", "--format", "json", *more]
    return subprocess.Popen(
        [sys.executable, "-c", command, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.default_int_handler),
        **popen,
    )


def graded(tmp_path: Path, *more: str, processors: int = 2) -> tuple[int, Any]:
    """The exit status and the report."""
    with checking(tmp_path, *more, processors=processors) as command:
        out, err = command.communicate(timeout=60)
    assert err == ""
    return command.returncode, json.loads(out)


def settled(report: Any) -> Any:
    """A report without times, and without how often the page was asked before."""
    if isinstance(report, dict):
        return {name: settled(value) for name, value in report.items() if name not in VOLATILE}
    if isinstance(report, list):
        return [settled(item) for item in report]
    return "(a visit)" if isinstance(report, str) and "been seen" in report else report


def reader_of(command: subprocess.Popen[str]) -> int:
    """The process that reads, of a command that is being answered."""
    (reader,) = Path(f"/proc/{command.pid}/task/{command.pid}/children").read_text().split()
    return int(reader)


def ended(process: int, seconds: float = 10) -> bool:
    """Whether a process that is not our child ends in time."""
    try:
        handle = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], seconds)[0])
    finally:
        os.close(handle)


def test_the_report_is_the_same_on_one_processor(engine: FakeEngine, tmp_path: Path) -> None:
    status, report = graded(tmp_path)
    alone = graded(tmp_path, processors=1)
    assert (status, settled(report)) == (alone[0], settled(alone[1]))
    assert (status, report["score"]) == (0, 30)


def test_the_evidence_is_the_same_on_one_processor(engine: FakeEngine, tmp_path: Path) -> None:
    """Facts that were read for others are in it too."""
    kept = []
    for processors in (1, 2):
        graded(tmp_path, "--evidence", str(tmp_path / "evidence.json"), processors=processors)
        evidence = json.loads((tmp_path / "evidence.json").read_text())
        kept.append(sorted(json.dumps(reading["question"]) for reading in evidence["readings"]))
    assert kept[0] == kept[1]


def test_nobody_answers(tmp_path: Path) -> None:
    status, report = graded(tmp_path)
    assert (status, report["status"], report["score"]) == (3, "error", None)
    assert "no-socket" in {
        check["code"].partition(".")[2] for task in report["tasks"] for check in task["checks"]
    }


def test_a_broken_assignment_is_told_though_the_engine_hangs(engine: FakeEngine, tmp_path: Path) -> None:
    engine.hangs = True
    (tmp_path / "broken.yaml").write_text("id: broken\ntitle: Broken\ntasks: 5\n")
    socket = f"unix://{tmp_path}/docker.sock"
    run = subprocess.run(
        [sys.executable, "-m", "dockgrader", "check", str(tmp_path / "broken.yaml"), "--host", socket],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert run.returncode == 2
    assert "broken.yaml:3" in run.stderr


def test_an_engine_that_hangs_is_the_hosts_failure_in_time(engine: FakeEngine, tmp_path: Path) -> None:
    engine.hangs = True
    status, report = graded(tmp_path, "--timeout", "1")
    assert (status, report["score"]) == (3, None)
    assert "engine.timeout" in {check["code"] for task in report["tasks"] for check in task["checks"]}


def asked(engine: FakeEngine, path: str, tmp_path: Path, *more: str) -> subprocess.Popen[str]:
    """A command whose question at this path is on its way, and is never answered."""
    arrived = threading.Event()

    def never(call: Call) -> None:
        arrived.set()
        silence(call)

    engine.answers[path] = never
    command = checking(tmp_path, *more)
    assert arrived.wait(30)
    return command


@pytest.mark.parametrize("path", ["/_ping", "/containers/redis_2/exec"])
def test_the_reading_process_is_killed(engine: FakeEngine, tmp_path: Path, path: str) -> None:
    """No zero comes of it, and nobody waits for what will not come."""
    with asked(engine, path, tmp_path) as command:
        os.kill(reader_of(command), signal.SIGKILL)
        out, _ = command.communicate(timeout=30)
    report = json.loads(out)
    assert (command.returncode, report["score"]) == (3, None)
    assert "has ended" in str(report)


@pytest.mark.parametrize("path", ["/_ping", "/containers/redis_2/exec"])
@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nobody_is_left_behind(engine: FakeEngine, tmp_path: Path, path: str, by: signal.Signals) -> None:
    with asked(engine, path, tmp_path) as command:
        reader = reader_of(command)
        command.send_signal(by)
        command.communicate(timeout=30)
        assert command.returncode in (130, -by)
        assert ended(reader)


def test_a_recording_is_read_at_once() -> None:
    assert not apart.worth_it(Endpoint("recorded:evidence.json", why="--host"))


def test_it_is_not_for_a_process_with_other_threads() -> None:
    """As a fork would copy the locks that they have."""
    end = threading.Event()
    other = threading.Thread(target=end.wait)
    other.start()
    try:
        assert not apart.worth_it(Endpoint("unix:///var/run/docker.sock", why="--host"))
    finally:
        end.set()
        other.join()
