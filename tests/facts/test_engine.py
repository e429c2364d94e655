"""What the engine says of itself and remembers of its containers."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from dockgrader.facts.engine import EngineInfo, Event, Events, Info
from tests.givens import an_engine, an_event
from tests.made_up_host import MadeUpHost, raw_answer, read


def test_what_is_private_in_docker_info_is_not_kept() -> None:
    host = MadeUpHost(answers={"/info": an_engine(HttpProxy="http://user:secret@proxy", Labels=["room=12"])})
    assert "secret" not in json.dumps(raw_answer(Info(), host))
    assert read(Info(), host) == EngineInfo("1", "cgroupfs", True, True)


@pytest.mark.parametrize(
    ("says", "info"),
    [
        ({"CgroupVersion": "2", "CgroupDriver": "systemd"}, EngineInfo("2", "systemd", True, True)),
        ({"CgroupVersion": None, "CgroupDriver": None}, EngineInfo("1", "", True, True)),
        ({"MemoryLimit": False}, EngineInfo("1", "cgroupfs", False, True)),
        ({"CpuCfsQuota": False, "MemoryLimit": None}, EngineInfo("1", "cgroupfs", True, False)),
    ],
)
def test_only_a_plain_no_says_that_the_kernel_cannot_limit(says: dict[str, Any], info: EngineInfo) -> None:
    assert read(Info(), MadeUpHost(answers={"/info": an_engine(**says)})) == info


def test_events_of_both_shapes_and_of_this_container_only() -> None:
    old = {**an_event("start", 1, image="test_resource"), "status": "start"}
    new = an_event("die", 9, image="test_resource", exitCode="137")
    other = an_event("die", 5, name="test_limit_2")
    host = MadeUpHost(answers={"/events": [old, other, new]})
    assert read(Events("test_limit"), host) == [
        Event("start", 1, "test_resource", ""),
        Event("die", 9, "test_resource", "137"),
    ]


def test_only_the_last_hundred_events_are_kept() -> None:
    host = MadeUpHost(answers={"/events": [an_event("start", at) for at in range(300)]})
    assert [event.at for event in read(Events("test_limit"), host)] == list(range(200, 300))


@pytest.mark.parametrize("clock", ["2026-03-01T10:05:00.5Z", "2026-03-01T13:05:00.5+03:00"])
def test_events_are_asked_for_up_to_the_engines_own_time(clock: str) -> None:
    host = MadeUpHost(answers={"/info": an_engine(SystemTime=clock)})
    read(Events("test_limit"), host)
    assert host.params["/events"]["until"] == "1772359500.500000"
    assert json.loads(host.params["/events"]["filters"])["container"] == ["test_limit"]


def test_an_engine_without_a_clock_is_asked_up_to_now() -> None:
    host = MadeUpHost(answers={"/info": an_engine(SystemTime=None)})
    read(Events("test_limit"), host)
    assert abs(float(host.params["/events"]["until"]) - time.time()) < 60


@pytest.mark.parametrize("raw", [None, {}, [None, 1, {}, {"Actor": None}, {"Actor": {"Attributes": []}}]])
def test_garbage_has_no_events(raw: Any) -> None:
    assert Events("test_limit").parse(raw) == []


def test_what_a_person_types_to_see_the_same() -> None:
    assert Info().shown_by() == "docker info"
    assert Events("test_limit").shown_by().endswith("--filter container=test_limit")
