"""What is found on a host, which ways to the engine follow, and what is said when none leads there."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockgrader.hosts.ssh.engine import Socket, Survey, parse_survey, reason, routes, survey_script

USUAL = "/var/run/docker.sock"


def survey(*sockets: Socket, programs: str = "docker sudo dockerd") -> Survey:
    return Survey(frozenset(programs.split()), ("student", "users"), sockets)


def open_at(path: str = USUAL, *, listening: bool = True) -> Socket:
    return Socket(path, "open", listening)


def denied_at(path: str = USUAL) -> Socket:
    return Socket(path, "denied", True)


def commands(found: Survey, tried: str = USUAL) -> list[str]:
    return [route.command or f"forward {route.socket}" for route in routes(found, tried)]


@pytest.mark.skipif(os.name != "posix", reason="there is no sh here")
@pytest.mark.parametrize("shell", [["sh"], ["bash"]])
def test_the_script_looks_at_a_socket(shell: list[str], tmp_path: Path) -> None:
    path = tmp_path / "it's a.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))

        def found() -> Socket:
            script = survey_script(str(path)).encode()
            done = subprocess.run(shell, input=script, capture_output=True, check=True, timeout=20)
            (only,) = parse_survey(done.stdout).sockets
            return only

        assert found() == Socket(str(path), "open", False)
        listening.listen()
        assert found() == Socket(str(path), "open", Path("/proc/net/unix").exists())
    path.unlink()
    assert found() == Socket(str(path), "missing", False)


@pytest.mark.skipif(os.name != "posix", reason="there is no sh here")
def test_the_script_looks_at_all_the_usual_places(tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "DOCKER_HOST": "unix:///srv/mine.sock"}
    script = survey_script(None).encode()
    done = subprocess.run(["sh"], input=script, capture_output=True, check=True, timeout=20, env=env)
    assert done.stderr == b""
    paths = [found.path for found in parse_survey(done.stdout).sockets]
    assert paths[:2] == [USUAL, "/srv/mine.sock"]
    assert f"{tmp_path}/.docker/run/docker.sock" in paths
    assert "/run/podman/podman.sock" in paths


def test_what_the_script_says_is_read_and_all_else_is_not() -> None:
    said = b"welcome\nhas docker\nhas sudo\ngroups a b\n"
    said += b"open listening /x y\ndenied silent /z\nopen listening /z\n\xff\n"
    assert parse_survey(said) == Survey(
        frozenset({"docker", "sudo"}),
        ("a", "b"),
        (Socket("/x y", "open", True), Socket("/z", "denied", False)),
    )


@given(st.binary(max_size=200))
def test_any_output_is_some_survey(said: bytes) -> None:
    found = parse_survey(said)
    assert reason("ssh://vm", found, said).reason.isprintable()


def test_another_socket_comes_before_programs() -> None:
    found = survey(Socket(USUAL, "missing", False), open_at("/run/user/1/docker.sock"))
    assert commands(found) == [
        "forward /run/user/1/docker.sock",
        "docker -H unix:///run/user/1/docker.sock system dial-stdio",
    ]


def test_the_client_there_goes_around_forwarding_that_is_off() -> None:
    assert commands(survey(open_at())) == ["docker -H unix:///var/run/docker.sock system dial-stdio"]
    assert commands(survey(open_at(), programs="sudo")) == []
    assert commands(survey(open_at("/run/podman/podman.sock"), programs="docker podman"), "") == [
        "forward /run/podman/podman.sock",
        "podman --url unix:///run/podman/podman.sock system dial-stdio",
    ]


def test_sudo_is_the_last_way() -> None:
    sudo = "sudo -n docker -H unix:///var/run/docker.sock system dial-stdio"
    assert commands(survey(denied_at())) == [sudo]
    assert commands(survey(denied_at(), programs="docker")) == []
    assert commands(survey(denied_at(), open_at("/run/user/1/docker.sock")))[-1] == sudo


def test_a_socket_is_quoted() -> None:
    assert commands(survey(open_at("/a b;reboot")), "/a b;reboot") == [
        "docker -H 'unix:///a b;reboot' system dial-stdio"
    ]


DOWN = b"Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?"


@pytest.mark.parametrize(
    ("found", "said", "code", "words"),
    [
        (survey(), b"", "engine.no-socket", "installed but not running"),
        (survey(programs=""), b"", "engine.no-socket", "not installed"),
        (survey(Socket("/srv/x", "missing", False)), b"", "engine.no-socket", "/srv/x"),
        (survey(denied_at()), b"", "engine.permission", "may not sudo without a password"),
        (survey(denied_at()), b"sudo: a password is required", "engine.permission", "without a password"),
        (survey(denied_at()), b"no such command", "engine.permission", "engine either: no such command"),
        (survey(denied_at(), programs="docker"), b"", "engine.permission", "there is no sudo"),
        (survey(open_at(listening=False)), b"", "engine.down", "systemctl start docker"),
        (survey(open_at()), DOWN, "engine.down", "systemctl start docker"),
        (survey(open_at(), programs=""), b"", "ssh.forwarding-refused", "no docker client"),
        (survey(open_at()), b"unknown command", "ssh.forwarding-refused", "says: unknown command"),
    ],
)
def test_the_reason(found: Survey, said: bytes, code: str, words: str) -> None:
    failure = reason("ssh://vm", found, said)
    assert failure.code == code
    assert words in failure.reason and failure.reason.startswith("ssh://vm: ")
