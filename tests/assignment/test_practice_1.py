"""What practice-1 takes for right beside the notes' own line, and what looks like it and is not."""

from __future__ import annotations

from functools import cache

import pytest

from dockgrader.assignment.loading import load, shipped
from dockgrader.assignment.model import Task
from dockgrader.facts.containers import Image
from dockgrader.grading.grade import grade_task
from tests.givens import Given, a_container, an_image

ADDRESS = ["8.8.8.8"]


@cache
def task(name: str) -> Task:
    tasks = load(shipped() / "practice-1.yaml").assignment.tasks
    return next(item for item in tasks if item.id == name)


def codes(entrypoint: list[str], process: list[str]) -> dict[str, str]:
    """Of an image with this ENTRYPOINT and the notes' CMD, and a container of it with this process."""
    made = {**a_container("test", image="test"), "Path": process[0], "Args": process[1:]}
    image = {**an_image("test", entrypoint=entrypoint, cmd=ADDRESS), "Id": made["Image"]}
    found = grade_task(task("image"), Given(made, facts={Image("test"): image}))
    return {name: verdict.code for name, verdict in found.verdicts.items()}


@pytest.mark.parametrize(
    "entrypoint",
    [
        ["ping"],
        ["/bin/ping"],
        ["/usr/bin/ping"],  # Debian and Ubuntu, where /bin is a link to it
        ["/usr/local/bin/ping"],
        ["busybox", "ping"],
        ["/bin/busybox", "ping"],
    ],
)
def test_ping_may_be_named_by_any_path(entrypoint: list[str]) -> None:
    assert set(codes(entrypoint, [*entrypoint, *ADDRESS]).values()) == {"ok"}
    for init in ("/run/podman-init", "/dev/init"):  # what Podman's inspect names first with --init
        assert set(codes(entrypoint, [init, "--", *entrypoint, *ADDRESS]).values()) == {"ok"}


@pytest.mark.parametrize(
    "entrypoint", [["ping6"], ["bin/ping"], ["/bin/ping", "-c1"], ["busybox"], ["/bin/bash", "-c", "ping"]]
)
def test_what_only_looks_like_ping_is_none(entrypoint: list[str]) -> None:
    assert codes(entrypoint, ["ping", *ADDRESS])["entrypoint"] == "image.inspect"


@pytest.mark.parametrize(
    "process",
    [
        ["ping", "8.8.4.4"],
        ["ping"],
        ["/bin/sleep", *ADDRESS],
        ["ping", "-c", "1", *ADDRESS],
        ["ping", "18.8.8.8"],
    ],
)
def test_another_process_does_not_ping_the_address(process: list[str]) -> None:
    assert codes(["ping"], process)["pings"] == "container.inspect"
