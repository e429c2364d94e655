"""The host behind a recording, as something that can be changed: one truth, all the answers that show it.

A container stands in several answers: its inspection by name and by id, the list of containers, the series of its
health; what stops it also empties its cgroup, its published ports and its commands. A mutant changes a truth
everywhere, so that it is a host that could exist.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import field
from functools import cached_property
from typing import Any

from dockgrader.errors import Unobserved
from dockgrader.facts.base import Answer, Fact, dig, dig_dict, dig_list, dig_str
from dockgrader.facts.compose import CONFIG_FILES, DEPENDS_ON, PROJECT, SERVICE, WORKING_DIR, label_conditions
from dockgrader.facts.containers import Container, Containers, Image, Inspected
from dockgrader.facts.engine import Events
from dockgrader.facts.waiting import HealthWithin, SteadyWithin
from dockgrader.frozen import dataclass
from dockgrader.grading.evidence import Evidence

Answers = Mapping[str, Any]
"""Raw answers by the question's key."""

NUMBER = "com.docker.compose.container-number"
MISSING = "evidence.missing"
_OWNED = ("cgroup", "cgroup-process", "exec", "http-series", "namespaces", "restarted")
"""Facts of one container that a stopped one no longer gives."""


@dataclass(frozen=True)
class World:
    """A host: raw answers by question, errors by question, and the containers by id."""

    answers: Answers
    errors: Mapping[str, tuple[str, str]]
    questions: Mapping[str, Mapping[str, Any]]
    containers: Mapping[str, dict[str, Any]]
    cache: dict[Any, Any] = field(default_factory=dict, compare=False)
    """Typed answers of the unchanged host, since most questions of a mutant have those."""

    @cached_property
    def complete(self) -> bool:
        """Whether the recording lists all containers of the host."""
        return Containers().key() in self.answers

    def lacks(self, ref: str) -> bool:
        """Whether there surely is no container of this id or name."""
        listed = Containers().parse(self.answers.get(Containers().key()))
        return self.complete and not any(ref == item.id or ref in item.names for item in listed)

    def role(self, ref: str) -> str:
        """What a person calls the container of this id or name: its Compose service, else its name."""
        raw = self.containers.get(self._id_of(ref))
        return role_of(raw) if raw is not None else ref

    def of(self, question: Mapping[str, Any]) -> str:
        """Whose fact it is: a container's role, or the fact's own name."""
        ref = question.get("container") or question.get("ref")
        return self.role(ref) if isinstance(ref, str) else str(question.get("service") or question["fact"])

    def facts(self, name: str) -> Iterator[tuple[str, Mapping[str, Any], Any]]:
        """Key, question and answer of each fact of a kind that was answered."""
        for key, question in self.questions.items():
            if question["fact"] == name and key in self.answers:
                yield key, question, self.answers[key]

    def with_container(self, ident: str, raw: dict[str, Any] | None) -> dict[str, Any]:
        """The answers that differ when the container of this id is as `raw` says, or is gone (None)."""
        return {**self._inspections(ident, raw), **self._listed(ident, raw), **self._stopped(ident, raw)}

    def _id_of(self, ref: str) -> str:
        if ref in self.containers:
            return ref
        return next(
            (ident for ident, raw in self.containers.items() if dig_str(raw, "Name") == f"/{ref}"), ""
        )

    def _inspections(self, ident: str, raw: dict[str, Any] | None) -> dict[str, Any]:
        name = dig_str(self.containers[ident], "Name").lstrip("/")
        refs: tuple[Fact[Any], ...] = (Container(ident), Container(name))
        changed: dict[str, Any] = {fact.key(): raw for fact in refs}
        health, steady = _looks(raw)
        changed[HealthWithin(ident).key()] = health
        changed[SteadyWithin(ident).key()] = steady
        return changed

    def _listed(self, ident: str, raw: dict[str, Any] | None) -> dict[str, Any]:
        key = Containers().key()
        before = self.answers.get(key)
        after = [item if item["Id"] != ident else _line(item, raw) for item in before or []]
        after = [item for item in after if item is not None]
        return {} if before is None or after == before else {key: after}

    def _stopped(self, ident: str, raw: dict[str, Any] | None) -> dict[str, Any]:
        status = Inspected(raw).status if raw is not None else "gone"
        if status == "running":
            return {}
        changed: dict[str, Any] = {}
        name = dig_str(self.containers[ident], "Name").lstrip("/")
        for key, question in self.questions.items():
            if question["fact"] in _OWNED and question.get("container") in (ident, name):
                changed[key] = _of_stopped(str(question["fact"]), status, self.answers.get(key))
        return changed


def world_of(evidence: Evidence) -> World:
    """The host of a recording, with the answers that follow from others added to it."""
    questions, answers, errors = {}, {}, {}
    for reading in evidence.readings:
        key = json.dumps(reading.question, sort_keys=True, default=list)
        questions[key] = reading.question
        if reading.error is not None:
            errors[key] = reading.error
        else:
            answers[key] = reading.answer
    containers = {
        dig_str(answer, "Id"): answer
        for key, answer in answers.items()
        if questions[key]["fact"] == Container.name and dig_str(answer, "Id")
    }
    bare = World(answers, errors, questions, containers)
    return World({**_following(bare), **answers}, errors, questions, containers)


def _following(world: World) -> dict[str, Any]:
    """What a live host would have answered to questions that a mutant brings up."""
    found: dict[str, Any] = {}
    for ident, raw in world.containers.items():
        found |= world._inspections(ident, raw)
        found[Events(dig_str(raw, "Name").lstrip("/")).key()] = []
        if image := dig_str(raw, "Config", "Image"):
            found[Image(image).key()] = {"Id": dig_str(raw, "Image")}
    for raw in world.containers.values():
        labels = Inspected(raw).labels
        if labels.get(CONFIG_FILES):
            found[files_key(labels)] = {"files": [{"services": _services(world, labels.get(PROJECT, ""))}]}
    return found


def files_key(labels: Mapping[str, str]) -> str:
    """The key of the question for the compose files that a container's labels name."""
    from dockgrader.facts.compose import ComposeFiles

    return ComposeFiles(labels.get(WORKING_DIR, ""), labels.get(CONFIG_FILES, "")).key()


def _services(world: World, project: str) -> dict[str, Any]:
    """A compose file that says what the labels say, for recordings in which nobody had to read it."""
    services: dict[str, Any] = {}
    for raw in world.containers.values():
        labels = Inspected(raw).labels
        if labels.get(PROJECT) == project and SERVICE in labels:
            conditions = label_conditions(labels.get(DEPENDS_ON, ""))
            depends = {name: {"condition": condition} for name, condition in conditions.items()}
            services[labels[SERVICE]] = {"depends_on": depends} if depends else {}
    return services


def _line(item: dict[str, Any], raw: dict[str, Any] | None) -> dict[str, Any] | None:
    """The container's line in the list, as its inspection is now."""
    if raw is None:
        return None
    now = Inspected(raw)
    return {
        **item,
        "Names": [f"/{now.name}"],
        "Image": item.get("Image") if now.image == "" else now.image,
        "State": now.status,
        "Labels": dig_dict(raw, "Config", "Labels"),
    }


def _looks(raw: dict[str, Any] | None) -> tuple[list[Any], list[Any]]:
    """The series of a container's health, and of a container that was restarted."""
    if raw is None:
        gone = {"at": 0.0, "status": "", "health": "", "started": ""}
        return [gone], [gone]
    now = Inspected(raw)
    look = {
        "at": 0.0,
        "status": now.status,
        "health": now.health,
        "started": dig_str(raw, "State", "StartedAt"),
    }
    fell = {**look, "at": 1.0, "status": "restarting"}
    return [look], [look, fell] if dig(raw, "RestartCount") else [look]


def _of_stopped(fact: str, status: str, before: Any) -> Any:
    if fact == "exec":
        problem = "missing" if status == "gone" else "stopped"
        return {**(before or {}), "exit": None, "stdout": "", "stderr": "", "problem": problem}
    if fact == "restarted":
        return {**(before or {}), "restarted": False}
    return [] if fact == "http-series" else None


def role_of(raw: Mapping[str, Any]) -> str:
    """A container's Compose service, with its number where it is not the first; else its name."""
    labels = dig_dict(raw, "Config", "Labels")
    name = dig_str(raw, "Name").lstrip("/")
    if SERVICE not in labels:
        return name
    number = str(labels.get(NUMBER, "1"))
    return str(labels[SERVICE]) if number == "1" else f"{labels[SERVICE]}#{number}"


class WorldSee:
    """Facts of a world, some of whose answers are changed; remembers what was asked."""

    def __init__(self, world: World, changed: Answers | None = None) -> None:
        self._world = world
        self._changed = changed or {}
        self.asked: set[str] = set()

    def start(self, facts: object) -> None:
        """Nothing to begin."""

    def reading(self, fact: Fact[Any]) -> None:
        """Nothing was read; nobody is shown what a changed world says."""

    def has(self, fact: Fact[Any]) -> bool:
        """Whether it was recorded."""
        return fact.key() in self._world.questions

    def __call__(self, fact: Fact[Answer]) -> Answer:
        """The answer of this world. Raises Unobserved for a question whose answer cannot be told."""
        key = fact.key()
        self.asked.add(key)
        if key in self._changed:
            return fact.parse(self._changed[key])
        if key in self._world.errors:
            raise Unobserved(*self._world.errors[key])
        if key not in self._world.answers:
            return fact.parse(self._absent(fact))
        if key not in self._world.cache:
            self._world.cache[key] = fact.parse(self._world.answers[key])
        found: Answer = self._world.cache[key]
        return found

    def _absent(self, fact: Fact[Any]) -> Any:
        """What is not in the list of containers is not there, and neither is an image that nobody asked for."""
        if isinstance(fact, Image) or (isinstance(fact, Container) and self._world.lacks(fact.ref)):
            return None
        if isinstance(fact, Events):
            return []
        raise Unobserved(MISSING, f"Not in the evidence: {fact.shown_by()}")


def labels_of(raw: Mapping[str, Any]) -> dict[str, str]:
    """A container's labels."""
    return {str(key): str(value) for key, value in dig_dict(raw, "Config", "Labels").items()}


def ports_of(raw: Mapping[str, Any]) -> list[str]:
    """The container's ports that are published, as `80/tcp`."""
    ports = dig_dict(raw, "NetworkSettings", "Ports")
    return [port for port in ports if dig_list(ports, port)]
