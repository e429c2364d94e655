"""A container that is stopped runs again, whatever becomes of the run."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dockgrader.errors import Unobserved
from dockgrader.hosts import restarts
from dockgrader.hosts.base import Missing, NotBack, ToRestart
from dockgrader.hosts.deadline import Deadline
from dockgrader.hosts.endpoint import Endpoint
from dockgrader.hosts.engine import DockerEngine
from fakes.engine import IDS, FakeEngine
from fakes.server import Answer, Call, page, value

ID = IDS["redis_1"]
STARTED = "2024-01-01T00:00:00Z"
REDIS = ToRestart(ID, "redis_1", STARTED, 10)
OTHER = ToRestart(IDS["redis_2"], "redis_2", STARTED, 10)
RESTART, START, INSPECT = (f"/containers/{ID}/{what}" for what in ("restart", "start", "json"))
DONE = page("", "204 No Content")


def refusal(message: str) -> Answer:
    return value({"message": message}, "500 Internal Server Error")


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeEngine]:
    with FakeEngine(tmp_path / "d.sock") as fake:
        fake.answers |= {RESTART: DONE, START: DONE}
        yield fake


def engine(fake: FakeEngine, tmp_path: Path, seconds: float = 20) -> DockerEngine:
    return DockerEngine(Endpoint(f"unix://{tmp_path}/d.sock", ""), Deadline(seconds))


def asked(fake: FakeEngine) -> list[str]:
    return [call.path for call in fake.calls if call.path != "/_ping"]


def down(fake: FakeEngine, name: str = "redis_1") -> None:
    fake.containers[name]["State"] = {"Status": "exited", "Running": False, "Pid": 0}


def test_one_call_stops_and_starts_and_what_runs_is_left_alone(fake: FakeEngine, tmp_path: Path) -> None:
    docker = engine(fake, tmp_path)
    docker.restart(REDIS)
    assert docker.put_back() == []
    docker.close()
    assert asked(fake) == [RESTART, INSPECT]


def test_the_container_has_its_own_time_to_end(fake: FakeEngine, tmp_path: Path) -> None:
    """Where nothing is said of the time, the engine takes --stop-timeout and stop_grace_period."""
    docker = engine(fake, tmp_path)
    docker.restart(ToRestart(ID, "redis_1", STARTED, math.inf))
    docker.close()
    assert [call.query for call in fake.calls if call.path == RESTART] == [""]


def test_what_does_not_run_afterwards_is_started(fake: FakeEngine, tmp_path: Path) -> None:
    docker = engine(fake, tmp_path)
    docker.restart(REDIS)
    down(fake)
    assert docker.put_back() == []
    docker.put_back()  # there is nothing left to do
    docker.close()
    assert asked(fake)[-1] == START and asked(fake).count(START) == 1


def test_nothing_is_started_that_was_not_stopped(fake: FakeEngine, tmp_path: Path) -> None:
    down(fake)
    docker = engine(fake, tmp_path)
    docker.put_back()
    docker.close()
    assert asked(fake) == []


def test_nothing_is_stopped_once_all_was_put_back(fake: FakeEngine, tmp_path: Path) -> None:
    """A thread may come to it while the process ends."""
    docker = engine(fake, tmp_path)
    docker.put_back()
    with pytest.raises(Unobserved, match="over"):
        docker.restart(REDIS)
    docker.close()
    assert asked(fake) == []


def late(call: Call) -> None:
    call.stopped.wait(0.5)
    DONE(call)


def test_a_run_that_is_over_waits_for_the_restart_and_then_looks(fake: FakeEngine, tmp_path: Path) -> None:
    """The time of the run does not bound what it has begun."""
    fake.answers[RESTART] = late
    docker = engine(fake, tmp_path, seconds=0.3)
    with pytest.raises(Unobserved, match="in time"):
        docker.restart(REDIS)
    down(fake)
    assert docker.put_back() == []
    docker.close()
    assert asked(fake) == [RESTART, INSPECT, START]


def states(fake: FakeEngine, *states: dict[str, Any]) -> None:
    """What the container's state is, from look to look."""
    left = list(states)

    def answer(call: Call) -> None:
        now = left.pop(0) if len(left) > 1 else left[0]
        value({**fake.containers["redis_1"], "State": now})(call)

    fake.answers[INSPECT] = answer


def test_a_connection_that_is_lost_in_between_leaves_nothing_stopped(
    fake: FakeEngine, tmp_path: Path
) -> None:
    """Some engines up to 24.0.6 go on to stop, but do not start then."""
    fake.answers[RESTART] = lambda call: None
    states(fake, {"Running": True, "StartedAt": STARTED}, {"Running": False, "StartedAt": STARTED})
    docker = engine(fake, tmp_path)
    with pytest.raises(Unobserved):
        docker.restart(REDIS)
    assert docker.put_back() == []
    docker.close()
    assert asked(fake) == [RESTART, INSPECT, INSPECT, START]


def test_what_the_engine_goes_on_with_by_itself_is_waited_for(fake: FakeEngine, tmp_path: Path) -> None:
    fake.answers[RESTART] = lambda call: None
    states(fake, *({"Running": True, "StartedAt": at} for at in (STARTED, "2024-01-01T00:00:09Z")))
    docker = engine(fake, tmp_path)
    with pytest.raises(Unobserved):
        docker.restart(REDIS)
    assert docker.put_back() == []
    docker.close()
    assert asked(fake) == [RESTART, INSPECT, INSPECT]


def test_a_container_that_is_stopped_without_end_is_not_seen_to_run(
    fake: FakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restarts, "_MARGIN", 0.2)
    fake.answers[RESTART] = lambda call: None
    docker = engine(fake, tmp_path)
    with pytest.raises(Unobserved):
        docker.restart(ToRestart(ID, "redis_1", STARTED, 0.1))
    (left,) = docker.put_back()
    docker.close()
    assert (left.name, left.problem) == ("redis_1", "unseen")


def test_what_cannot_be_seen_of_one_does_not_keep_the_next_from_being_started(
    fake: FakeEngine, tmp_path: Path
) -> None:
    other = f"/containers/{OTHER.id}"
    fake.answers |= {f"{other}/restart": DONE, f"{other}/start": DONE, INSPECT: refusal("broken")}
    docker = engine(fake, tmp_path)
    docker.restart(REDIS)
    docker.restart(OTHER)
    down(fake, "redis_2")
    (left,) = docker.put_back()
    docker.close()
    assert (left.name, left.problem) == ("redis_1", "unseen") and "broken" in left.reason
    assert asked(fake)[-1] == f"{other}/start"


def test_a_container_that_is_gone_cannot_be_put_back(fake: FakeEngine, tmp_path: Path) -> None:
    fake.answers[RESTART] = value({"message": "none"}, "404 Not Found")
    docker = engine(fake, tmp_path)
    with pytest.raises(Missing):
        docker.restart(REDIS)
    del fake.containers["redis_1"]
    assert docker.put_back() == [NotBack("redis_1", "gone")]
    docker.close()


@pytest.mark.parametrize("status", ["500 Internal Server Error", "409 Conflict"])
def test_an_engine_that_does_not_start_it_says_why(fake: FakeEngine, tmp_path: Path, status: str) -> None:
    fake.answers[RESTART] = refusal("port is already allocated")
    docker = engine(fake, tmp_path)
    with pytest.raises(Unobserved, match="port is already allocated") as refused:
        docker.restart(REDIS)
    assert refused.value.code == "engine.refused"
    down(fake)
    fake.answers[START] = value({"message": "port is already allocated"}, status)
    (left,) = docker.put_back()
    docker.close()
    assert (left.name, left.problem) == ("redis_1", "refused")
    assert status[:3] in left.reason


def test_nothing_is_told_of_what_was_refused_and_runs(fake: FakeEngine, tmp_path: Path) -> None:
    fake.answers[RESTART] = refusal("cannot stop it")
    docker = engine(fake, tmp_path)
    with pytest.raises(Unobserved):
        docker.restart(REDIS)
    assert docker.put_back() == []
    docker.close()
    assert asked(fake) == [RESTART, INSPECT]
