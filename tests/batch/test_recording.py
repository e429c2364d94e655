"""Outcomes on their way into the folder: what the disk refuses stays, in its order, and nothing is told as written."""

from __future__ import annotations

import threading
from pathlib import Path

from dockgrader.batch.attempt import Attempt
from dockgrader.batch.folder import RunFolder
from dockgrader.batch.recording import Recorder
from dockgrader.batch.work import Outcome
from dockgrader.errors import UsageError
from tests.batch.givens import a_folder, students

NAMES = [f"s{number:02}" for number in range(40)]


def outcome(student: str) -> Outcome:
    return Outcome(student, "2026-11-28T02:00:00+00:00", "", "", b"{}", None, 10, 10)


def test_several_are_written_at_the_same_time(tmp_path: Path) -> None:
    """Each of these waits for another one."""
    both = threading.Barrier(2, timeout=60)

    class Folder(RunFolder):
        def add(self, *outcome: object) -> Attempt:
            both.wait()
            return super().add(*outcome)  # type: ignore[arg-type]

    a_folder(tmp_path / "run", students(*NAMES[:4]))
    told: list[Outcome] = []
    recorder = Recorder(Folder(tmp_path / "run"), told.append)
    recorder.take(map(outcome, NAMES[:4]))
    assert recorder.write_some() == ""
    assert ([each.student for each in told], recorder.left) == (NAMES[:4], 0)
    assert len(list(tmp_path.glob("run/students/*/0001.attempt.json"))) == 4


def test_what_the_disk_refuses_stays_in_its_order(tmp_path: Path) -> None:
    refused = {"s03", "s07", "s20"}

    class Folder(RunFolder):
        def add(self, student: str, *more: object) -> Attempt:
            if student in refused:
                raise UsageError("No space left on device")
            return super().add(student, *more)  # type: ignore[arg-type]

    a_folder(tmp_path / "run", students(*NAMES))
    told: list[Outcome] = []
    recorder = Recorder(Folder(tmp_path / "run"), told.append)
    recorder.take(map(outcome, NAMES))
    for _ in range(3):
        assert recorder.write_some() == "No space left on device"
    assert (recorder.left, {each.student for each in told}) == (3, set(NAMES) - refused)
    refused.clear()
    del told[:]
    assert recorder.write_some() == ""
    assert [each.student for each in told] == ["s03", "s07", "s20"]
