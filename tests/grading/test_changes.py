"""Which of an engine's events can change a verdict."""

from __future__ import annotations

from typing import Any

import pytest

from dockgrader.grading.changes import Relevance

REDIS = "a" * 64


def event(action: str, kind: str = "container", **attributes: str) -> dict[str, Any]:
    return {"Type": kind, "Action": action, "Actor": {"ID": REDIS, "Attributes": attributes}}


def nobody(exec_id: str) -> bool:
    return False


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        ("create", "container"),
        ("start", "container"),
        ("die", "container"),
        ("pause", "container"),
        ("update", "container"),
        ("rename", "container"),
        ("destroy", "container"),
        ("remove", "container"),
        ("died", "container"),
        ("remove", "volume"),
        ("health_status: healthy", "container"),
        ("create", "volume"),
        ("tag", "image"),
        ("connect", "network"),
    ],
)
def test_a_change(action: str, kind: str) -> None:
    assert Relevance().of(event(action, kind), nobody)


@pytest.mark.parametrize(
    ("action", "kind"),
    [("top", "container"), ("attach", "container"), ("mount", "volume"), ("reload", "daemon"), ("", "")],
)
def test_no_change(action: str, kind: str) -> None:
    assert not Relevance().of(event(action, kind), nobody)


def ended(relevance: Relevance, command: str, own: bool = False, end: str = "exec_die") -> bool:
    """Whether the end of a command in the container matters."""
    for action in (f"exec_create: {command}", f"exec_start: {command}"):
        assert not relevance.of(event(action, execID="1"), lambda _: own)
    return relevance.of(event(end, execID="1"), lambda _: own)


@pytest.mark.parametrize("end", ["exec_die", "exec_died"])
def test_a_students_command_matters_when_it_has_ended(end: str) -> None:
    """However the engine calls that: Docker, or Podman."""
    assert ended(Relevance(), "redis-cli set mykey foobar", end=end)


@pytest.mark.parametrize("end", ["exec_die", "exec_died"])
def test_the_graders_own_command_does_not(end: str) -> None:
    assert not ended(Relevance(), "redis-cli get mykey", own=True, end=end)


def test_health_matters_when_it_is_another() -> None:
    """Podman tells it after each check."""
    relevance = Relevance()
    told = ("healthy", "healthy", "unhealthy", "unhealthy", "healthy")
    assert [relevance.of(event(f"health_status: {health}"), nobody) for health in told] == [
        *(True, False, True, False, True)
    ]
    assert [relevance.of(event("health_status"), nobody) for _ in range(2)] == [True, True]


@pytest.mark.parametrize(
    ("test", "command"),
    [
        (["CMD", "redis-cli", "ping"], "redis-cli ping"),
        (["CMD", "/hc.sh"], "/hc.sh "),
        (["CMD-SHELL", "/hc.sh "], "/bin/sh -c /hc.sh "),
        (["CMD-SHELL", "redis-cli ping || exit 1"], "/bin/sh -c redis-cli ping || exit 1"),
    ],
)
def test_a_health_check_does_not(test: list[str], command: str) -> None:
    relevance = Relevance()
    relevance.knows({"Id": REDIS, "Config": {"Healthcheck": {"Test": test}}})
    assert not ended(relevance, command)
    assert ended(relevance, "redis-cli set mykey foobar")


@pytest.mark.parametrize(
    "hostile", [{}, {"Type": 1}, {"Action": [], "Actor": 3}, {"Actor": {"Attributes": 0}}]
)
def test_events_of_any_shape_are_borne(hostile: dict[str, Any]) -> None:
    assert not Relevance().of(hostile, nobody)
