"""Watching an engine, on a fake one that can be changed, silenced and restarted at will."""

from __future__ import annotations

import json
import queue
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from dockgrader.assignment import loading
from dockgrader.facts.shells import Shells
from dockgrader.grading import changes, watch
from dockgrader.grading.reach import Bounds
from dockgrader.grading.run import Run
from dockgrader.grading.watch import Shown, Watch
from dockgrader.hosts.endpoint import Endpoint
from fakes.engine import IDS, FakeEngine
from fakes.server import Call, head

ASSIGNMENT = """\
id: one
title: One container
tasks:
  - id: only
    title: Only this
    checks:
      - {id: running, kind: container, container: redis_2, state: running}
"""
SECONDS = 30.0


class WatchedEngine(FakeEngine):
    """One that tells what happens, as it is told."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._happened: queue.Queue[str] = queue.Queue()
        self._moment = 0
        self.answers["/events"] = self._tell

    def happen(self, action: str, moment: int | None = None) -> None:
        self._moment = moment or self._moment + 1
        actor = {"ID": IDS["redis_2"], "Attributes": {"name": "redis_2", "execID": "e"}}
        event = {"Type": "container", "Action": action, "Actor": actor, "timeNano": self._moment}
        self._happened.put(json.dumps(event) + "\n")

    def pause(self, paused: bool) -> None:
        self.containers["redis_2"]["State"] = {
            "Status": "paused" if paused else "running",
            "Running": True,
            "Paused": paused,
            "Pid": 1,
        }

    def _tell(self, call: Call) -> None:
        call.send(head("Content-Type: application/json"))
        while not call.stopped.is_set():
            try:
                call.send(self._happened.get(timeout=0.1).encode())
            except queue.Empty:
                continue


class Watching:
    """A watch in a thread, and what it shows."""

    def __init__(self, path: Path, folder: Path, assignment: str = ASSIGNMENT) -> None:
        file = folder / "one.yaml"
        file.write_text(assignment)
        loaded = loading.load(file)
        self._watch = Watch(
            loaded, loaded.assignment.tasks, Endpoint(f"unix://{path}", "test"), "en", Bounds(5, 0)
        )
        self._shown: queue.Queue[Run | str] = queue.Queue()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        self._watch.until_full_marks(Shown(self._shown.put, self._shown.put))

    def next(self) -> str:
        """The code of the check in the next report, or why the host does not answer."""
        shown = self._shown.get(timeout=SECONDS)
        return shown if isinstance(shown, str) else shown.report.tasks[0].checks[0].code

    def minds(self, container: str, command: str) -> bool:
        """Whether it would grade again once this command has ended."""
        actor = {"ID": IDS[container], "Attributes": {"execID": command}}
        actions = [f"exec_create: {command}", f"exec_start: {command}", "exec_die"]
        events = [{"Type": "container", "Action": action, "Actor": actor} for action in actions]
        return [self._watch._matters(event, Shown(print, print)) for event in events][-1]

    def nothing_more(self) -> bool:
        return self._shown.empty()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[WatchedEngine]:
    with WatchedEngine(tmp_path / "docker.sock") as engine:
        engine.pause(True)
        yield engine


def gradings(engine: FakeEngine) -> int:
    return sum(call.path == "/containers/redis_2/json" for call in engine.calls)


def test_graded_again_after_an_event_until_full_marks(engine: WatchedEngine, tmp_path: Path) -> None:
    watching = Watching(tmp_path / "docker.sock", tmp_path)
    assert watching.next() == "container.paused"
    engine.happen("exec_create: redis-cli ping")
    engine.pause(False)
    engine.happen("unpause")
    assert watching.next() == "ok"
    watching.thread.join(SECONDS)
    assert not watching.thread.is_alive()


def test_what_changes_no_verdict_shows_nothing(engine: WatchedEngine, tmp_path: Path) -> None:
    watching = Watching(tmp_path / "docker.sock", tmp_path)
    assert watching.next() == "container.paused"
    before = gradings(engine)
    engine.happen("update")
    while gradings(engine) == before:
        watching.thread.join(0.02)
    engine.pause(False)
    engine.happen("unpause")
    assert watching.next() == "ok"


def test_a_health_check_of_a_container_that_nobody_looks_at(engine: WatchedEngine, tmp_path: Path) -> None:
    """Nothing is graded for it; the student's page would count each time."""
    engine.containers["redis"]["Config"]["Healthcheck"] = {"Test": ["CMD", "/hc.sh"]}
    watching = Watching(tmp_path / "docker.sock", tmp_path)
    assert watching.next() == "container.paused"
    assert not watching.minds("redis", "/hc.sh ")
    assert watching.minds("redis", "redis-cli set mykey foobar")


SHELL = {"pid": 7, "name": "bash", "own": ["net"], "own_for_children": False, "number": 7}
SHELLS = [{**SHELL, "proc": "", "devices": [], "hostname": None}]


def test_a_shell_of_the_host_is_seen_though_no_event_tells_of_it(
    engine: WatchedEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "UNTOLD", 0.05)
    shells: list[object] = []
    found = {"hostname": "vm", "proc": "", "all_seen": True, "shells": shells}
    monkeypatch.setattr(Shells, "read", lambda fact, setting: {**found, "shells": list(shells)})
    check = "{id: running, kind: unshare, own: [net]}"
    assignment = re.sub(r"\{id: running.*", check, ASSIGNMENT)
    watching = Watching(tmp_path / "docker.sock", tmp_path, assignment)
    assert watching.next() == "unshare.none"
    shells += SHELLS
    assert watching.next() == "ok"


def test_an_engine_that_restarts(engine: WatchedEngine, tmp_path: Path) -> None:
    watching = Watching(tmp_path / "docker.sock", tmp_path)
    assert watching.next() == "container.paused"
    engine.die()
    assert "docker.sock" in watching.next()
    with WatchedEngine(tmp_path / "docker.sock") as again:
        assert watching.next() == "ok"
        assert again.calls


def test_a_host_that_cannot_be_reached_is_not_waited_for(tmp_path: Path) -> None:
    watching = Watching(tmp_path / "nowhere.sock", tmp_path)
    assert watching.next() == "engine.no-socket"
    watching.thread.join(SECONDS)
    assert not watching.thread.is_alive() and watching.nothing_more()


@pytest.mark.parametrize("garbage", ["no json\n", "[1]\n", "[" * 100_000 + "\n", "x" * (2 << 20)])
def test_garbage_for_events(engine: WatchedEngine, tmp_path: Path, garbage: str) -> None:
    """It is told, and asked for again."""
    watching = Watching(tmp_path / "docker.sock", tmp_path)
    assert watching.next() == "container.paused"
    engine._happened.put(garbage)
    assert "no events" in watching.next()


def test_a_silent_minute_is_no_loss(
    engine: WatchedEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stream is asked for anew, with the time of a new connection, and nothing is said or graded for it."""
    monkeypatch.setattr(changes, "QUIET", 0.3)
    found = changes.Changes(Endpoint(f"unix://{tmp_path}/docker.sock", "test"), seconds=0.5)
    with found as listening:
        assert listening.next(1.5) is None
    assert sum(call.path == "/events" for call in engine.calls) > 2


def test_a_clock_that_is_set_back(engine: WatchedEngine, tmp_path: Path) -> None:
    """What comes then is older than what came last, and is told all the same; what came is not told twice."""
    with changes.Changes(Endpoint(f"unix://{tmp_path}/docker.sock", "test"), seconds=5) as listening:
        for moment in (10**18, 5, 5, 6):
            engine.happen("update", moment)
        told = [listening.next(SECONDS) for _ in range(3)]
        assert [event["timeNano"] for event in told if isinstance(event, dict)] == [10**18, 5, 6]
