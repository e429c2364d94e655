"""Engines without root on Debian 13, each with the solution and two mistakes, graded over SSH."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from lab.vm import VirtualMachine
from lab.vm_stage import Instructor, guest_stage, play_solution
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

pytestmark = pytest.mark.vm


@contextmanager
def service(machine: VirtualMachine, name: str) -> Iterator[str]:
    """A service of the user's own, started for a while; the folder of its sockets."""
    # A dockerd waits fifteen seconds for its containerd, which on a busy machine is not enough.
    start = f"for try in $(seq 10); do if systemctl --user start {name}; then exit; fi; done; exit 1"
    machine.run(start, user=USER, timeout=600)
    try:
        number = machine.run(["id", "--user", USER]).stdout.strip()
        yield f"/run/user/{number}"
    finally:
        machine.run(["systemctl", "--user", "stop", name], user=USER, timeout=300)


def test_an_engine_without_root_is_found(debian_13: VirtualMachine, instructor: Instructor) -> None:
    """Beside that of root, whose socket this user may not open."""
    with service(debian_13, "docker") as folder:
        socket = f"{folder}/docker.sock"
        play_solution(debian_13, USER, settings=f"export DOCKER_HOST=unix://{socket}")
        with guest_stage(debian_13, socket) as stage:
            try:
                status, report = instructor.check("homework-1", user=USER)
            finally:
                stage.clear()
            assert [task["score"] for task in report["tasks"]] == [10, 10, 10], report
            assert status == 0
            with stage.playing_together(MISTAKES, ()):
                status, report = instructor.check("homework-1", user=USER)
    assert found(report, MISTAKES) == expected(MISTAKES)
    assert status == 1


def test_podman(debian_13: VirtualMachine, instructor: Instructor) -> None:
    """By its socket in the URL, and found by itself."""
    with service(debian_13, "podman.socket") as folder:
        socket = f"{folder}/podman/podman.sock"
        play_solution(debian_13, USER, compose="podman compose", settings=AS_DOCKER)
        with guest_stage(debian_13, socket) as stage:
            try:
                status, report = instructor.check("homework-1", user=USER, path=socket)
            finally:
                stage.clear()
            assert [task["score"] for task in report["tasks"]] == [10, 10, 10], report
            assert status == 0
            with stage.playing_together(MISTAKES, ()):
                status, report = instructor.check("homework-1", user=USER)
    assert found(report, MISTAKES) == expected(MISTAKES)
    assert status == 1
