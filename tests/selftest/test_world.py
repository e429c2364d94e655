"""A mutant is a host that could exist: what is changed is changed in every answer that shows it."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from dockgrader.assignment import loading
from dockgrader.facts.cgroup import Cgroup
from dockgrader.facts.commands import Exec
from dockgrader.facts.compose import SERVICE
from dockgrader.facts.containers import Container, Containers, Image
from dockgrader.facts.http import HttpSeries
from dockgrader.facts.waiting import HealthWithin, SteadyWithin
from dockgrader.selftest.loading import load_cases
from dockgrader.selftest.mutants import Mutant, mutants_of
from dockgrader.selftest.mutants.base import GONE, field_name, replaced
from dockgrader.selftest.world import World, WorldSee, role_of, world_of


@cache
def world(number: int = 1) -> World:
    homework = loading.load(loading.shipped() / "homework-1.yaml")
    return world_of(load_cases(homework).recorded[number].evidence)


@cache
def mutants(number: int = 1) -> tuple[Mutant, ...]:
    return tuple(mutants_of(world(number), {}))


def seen(name: str, of: str) -> WorldSee:
    mutant = next(item for item in mutants() if (item.name, item.of) == (name, of))
    return WorldSee(world(), mutant.changed)


def ident(role: str) -> str:
    return next(key for key, raw in world().containers.items() if role_of(raw) == role)


def line(see: WorldSee, role: str) -> Any:
    return next((item for item in see(Containers()) if item.id == ident(role)), None)


def test_a_paused_container_answers_nothing_any_more() -> None:
    see = seen("state.paused", "redis_2")
    by_name, by_id = see(Container("redis_2")), see(Container(ident("redis_2")))
    assert by_name is not None and by_id is not None
    assert by_name.status == by_id.status == line(see, "redis_2").state == "paused"
    (question,) = [item for item in world().questions.values() if item["fact"] == "exec"]
    asked = Exec("redis_2", tuple(question["argv"]), question["retry_while"])
    assert see(asked).problem == "stopped"


def test_a_container_that_is_gone_is_gone_everywhere() -> None:
    see = seen("state.gone", "web")
    assert see(Container(ident("web"))) is None
    assert line(see, "web") is None
    assert see(HttpSeries(ident("web"))) == []
    see = seen("state.gone", "test_limit")
    assert see(Container("test_limit")) is None
    assert see(Cgroup("test_limit")) is None


def test_health_labels_and_ports_follow() -> None:
    assert seen("health.unhealthy", "redis")(HealthWithin(ident("redis"))).status == "unhealthy"
    assert not seen("state.crash-looping", "redis")(SteadyWithin(ident("redis")))
    assert line(seen("compose.service-renamed", "redis"), "redis").labels[SERVICE] == "redis-2"
    assert {series.port for series in seen("port.moved", "web")(HttpSeries(ident("web")))} == {81}
    assert seen("port.unpublished", "web")(HttpSeries(ident("web"))) == []


def test_what_is_not_there_is_known_not_to_be_there() -> None:
    see = WorldSee(world())
    assert see(Container("nobody")) is None
    assert see(Image("nothing")) is None
    image = see(Image("redis_1"))
    redis_2 = world().containers[ident("redis_2")]
    assert image is not None and image["Id"] == redis_2["Image"]


@pytest.mark.parametrize("number", [0, 1])
def test_every_mutant_changes_something_and_leaves_the_original_alone(number: int) -> None:
    before = {key: repr(answer) for key, answer in world(number).answers.items()}
    for mutant in mutants(number):
        changed = {key for key, answer in mutant.changed.items() if repr(answer) != before.get(key)}
        assert changed, mutant
    assert {key: repr(answer) for key, answer in world(number).answers.items()} == before
    names = [(mutant.name, mutant.of, mutant.field) for mutant in mutants(number)]
    assert len(set(names)) > 400


def test_a_value_deep_inside_is_replaced_and_the_rest_is_shared() -> None:
    data = {"a": [{"b": 1}, {"b": 2}], "c": {}}
    assert replaced(data, ("a", 1, "b"), 3) == {"a": [{"b": 1}, {"b": 3}], "c": {}}
    assert replaced(data, ("a", 0), GONE) == {"a": [{"b": 2}], "c": {}}
    assert replaced(data, ("c",), GONE) == {"a": [{"b": 1}, {"b": 2}]}
    assert replaced(data, ("a", 1, "b"), 3)["a"][0] is data["a"][0]  # type: ignore[index]
    assert data == {"a": [{"b": 1}, {"b": 2}], "c": {}}
    assert field_name(("Config", "Labels", "com.example", 0)) == "Config.Labels[com.example][0]"
