"""Engines without root on Debian 13, each with the solution and two mistakes, graded over SSH."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lab.instructor import Instructor
from lab.vm_image import DEBIAN_13
from lab.vm_scene import Scene
from tests.vm.conftest import machine_with
from tests.vm.rounds import chosen, expected, found

USER = "rootless"
MISTAKES = chosen("limits/decimal-megabytes", "volume/key-set-again")
# Whoever is used to docker says `docker` to Podman, too; the builder of Compose is the old one, as Podman has no
# BuildKit. Its networks have iptables, as there is no nft on the machine.
AS_DOCKER = """
mkdir -p .config/containers
printf '[network]\\nfirewall_driver = "iptables"\\n' >.config/containers/containers.conf
mkdir -p bin
ln -sf /usr/bin/podman bin/docker
export PATH=~/bin:$PATH DOCKER_BUILDKIT=0 PODMAN_COMPOSE_WARNING_LOGS=false
"""
ROOTLESS = Scene(
    DEBIAN_13,
    "rootless-solution",
    compose="docker compose",
    user=USER,
    service="docker",
    socket="docker.sock",
    settings="export DOCKER_HOST=unix:///run/user/$(id --user)/docker.sock",
)
PODMAN = Scene(
    DEBIAN_13,
    "podman-solution",
    compose="podman compose",
    user=USER,
    service="podman.socket",
    socket="podman/podman.sock",
    settings=AS_DOCKER,
)

pytestmark = pytest.mark.vm


def test_an_engine_without_root_is_found(tmp_path: Path) -> None:
    """Beside that of root, whose socket this user may not open."""
    with machine_with(ROOTLESS) as machine:
        status, report = Instructor(machine, tmp_path).check("homework-1", user=USER)
    assert [task["score"] for task in report["tasks"]] == [10, 10, 10], report
    assert status == 0


def test_podman_by_its_socket_in_the_url(tmp_path: Path) -> None:
    with machine_with(PODMAN) as machine:
        number = machine.run(["id", "--user"], user=USER).stdout.strip()
        path = f"/run/user/{number}/{PODMAN.socket}"
        status, report = Instructor(machine, tmp_path).check("homework-1", user=USER, path=path)
    assert [task["score"] for task in report["tasks"]] == [10, 10, 10], report
    assert status == 0


@pytest.mark.parametrize("solution", [ROOTLESS, PODMAN], ids=["rootless", "podman"])
def test_mistakes_get_their_verdicts(solution: Scene, tmp_path: Path, evidence: Path) -> None:
    """Podman is found by itself, too."""
    name = solution.name.replace("solution", "mistakes")
    scene = replace(solution, name=name, cases=MISTAKES, compose="", settings="", after=solution)
    with machine_with(scene) as machine:
        instructor = Instructor(machine, tmp_path)
        status, report = instructor.check("homework-1", "--evidence", str(evidence), user=USER)
    assert found(report, MISTAKES) == expected(MISTAKES)
    assert status == 1
