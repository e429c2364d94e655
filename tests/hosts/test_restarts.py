"""A container that is stopped runs again, whatever becomes of the run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dockgrader.errors import Unobserved
from dockgrader.hosts.base import Missing
from dockgrader.hosts.deadline import Deadline
from dockgrader.hosts.endpoint import Endpoint
from dockgrader.hosts.engine import DockerEngine
from fakes.engine import IDS, FakeEngine
from fakes.server import Call, page, value

ID = IDS["redis_1"]
RESTART, START = f"/containers/{ID}/restart", f"/containers/{ID}/start"
DONE = page("", "204 No Content")


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeEngine]:
    with FakeEngine(tmp_path / "d.sock") as fake:
        fake.answers |= {RESTART: DONE, START: DONE}
        yield fake


def engine(fake: FakeEngine, tmp_path: Path, seconds: float = 20) -> DockerEngine:
    return DockerEngine(Endpoint(f"unix://{tmp_path}/d.sock", ""), Deadline(seconds))


def asked(fake: FakeEngine) -> list[str]:
    return [call.path for call in fake.calls if call.path != "/version"]


def down(fake: FakeEngine) -> None:
    fake.containers["redis_1"]["State"] = {"Status": "exited", "Running": False, "Pid": 0}


def test_one_call_stops_and_starts_and_what_runs_is_left_alone(fake: FakeEngine, tmp_path: Path) -> None:
    docker = engine(fake, tmp_path)
    docker.restart(ID)
    docker.put_back()
    docker.close()
    assert asked(fake) == [RESTART, f"/containers/{ID}/json"]


def test_what_does_not_run_afterwards_is_started(fake: FakeEngine, tmp_path: Path) -> None:
    docker = engine(fake, tmp_path)
    docker.restart(ID)
    down(fake)
    docker.put_back()
    docker.put_back()  # there is nothing left to do
    docker.close()
    assert asked(fake)[-1] == START and asked(fake).count(START) == 1


def test_nothing_is_started_that_was_not_stopped(fake: FakeEngine, tmp_path: Path) -> None:
    down(fake)
    docker = engine(fake, tmp_path)
    docker.put_back()
    docker.close()
    assert asked(fake) == []


def test_a_run_that_is_over_waits_for_the_restart_and_then_looks(fake: FakeEngine, tmp_path: Path) -> None:
    """The time of the run does not bound what it has begun."""

    def late(call: Call) -> None:
        call.stopped.wait(0.5)
        DONE(call)

    fake.answers[RESTART] = late
    docker = engine(fake, tmp_path, seconds=0.3)
    with pytest.raises(Unobserved, match="in time"):
        docker.restart(ID)
    down(fake)
    docker.put_back()
    docker.close()
    assert asked(fake) == [RESTART, f"/containers/{ID}/json", START]


def test_a_container_that_is_gone_cannot_be_put_back(fake: FakeEngine, tmp_path: Path) -> None:
    fake.answers[RESTART] = value({"message": "none"}, "404 Not Found")
    docker = engine(fake, tmp_path)
    with pytest.raises(Missing):
        docker.restart(ID)
    del fake.containers["redis_1"]
    docker.put_back()
    docker.close()


def test_an_engine_that_refuses_is_the_hosts_failure(fake: FakeEngine, tmp_path: Path) -> None:
    fake.answers[RESTART] = value({"message": "port is already allocated"}, "500 Internal Server Error")
    docker = engine(fake, tmp_path)
    with pytest.raises(Unobserved, match="port is already allocated") as refused:
        docker.restart(ID)
    docker.put_back()
    docker.close()
    assert refused.value.code == "engine.refused"
