"""A class of machines of all kinds, interrupted and resumed: two virtual ones, this one, and two that are off."""

from __future__ import annotations

import csv
import io
import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from lab.cases import Stage
from lab.engine import PrivateEngine
from lab.images import ensure_base_images
from lab.instructor import GRADE_SECONDS
from lab.sshd import Sshd
from lab.vm import VirtualMachine
from tests.vm.conftest import machine_with
from tests.vm.rounds import chosen
from tests.vm.test_vm_a_debian_13 import SOLUTION
from tests.vm.test_vm_b_debian_12 import MISTAKEN

MISTAKE = chosen("volume/key-set-again")[0]

pytestmark = pytest.mark.vm


@dataclass(frozen=True)
class ThisMachine:
    """Its server, and what goes before a command that has to reach it: its network is one of its own."""

    server: Sshd
    prefix: Sequence[str]


@pytest.fixture
def here() -> Iterator[ThisMachine]:
    """This machine's engine, with a mistake in the second task, nothing of the others, and a server before it."""
    with PrivateEngine() as engine:
        ensure_base_images(engine)
        with (
            Stage(engine).playing(MISTAKE),
            Sshd(docker_socket=engine.socket, prefix=engine.prefix) as server,
        ):
            yield ThisMachine(server, engine.prefix)


@pytest.fixture
def gone() -> Iterator[socket.socket]:
    """A machine that takes a connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(GRADE_SECONDS)
        yield listening


def test_all_are_graded_once_and_no_machine_that_is_off_is_a_zero(
    here: ThisMachine, gone: socket.socket, tmp_path: Path
) -> None:
    with machine_with(SOLUTION) as good, machine_with(MISTAKEN[0]) as old:
        _write_home(tmp_path, here, (good, old))
        address, port = gone.getsockname()
        rows = [
            f"here,this-machine,22,{here.server.key}",
            f"good,{good.host},{good.port},{good.key}",
            f"gone,{address},{port},",
            f"old,{old.host},{old.port},{old.key}",
            f"off,127.0.0.2,{port},",
        ]
        (tmp_path / "students.csv").write_text("\n".join(["student,host,port,key", *rows]) + "\n")

        with _batch(tmp_path, "--jobs", "1") as process:
            asked, _ = gone.accept()
            process.send_signal(signal.SIGINT)
            assert process.stderr is not None
            assert "Stopping" in process.stderr.readline()
            asked.close()
            process.communicate(timeout=GRADE_SECONDS)
        assert process.returncode == 130
        assert _gradebook(tmp_path) == [
            ("here", "3", "", "1"),
            ("good", "30", "", "1"),
            ("gone", "", "ssh.penalised", "1"),
            ("old", "", "missing", ""),
            ("off", "", "missing", ""),
        ]

        gone.close()
        with _batch(tmp_path, "--resume") as process:
            process.communicate(timeout=GRADE_SECONDS)
    assert process.returncode == 3
    assert _gradebook(tmp_path) == [
        ("here", "3", "", "1"),
        ("good", "30", "", "1"),
        ("gone", "", "ssh.refused", "2"),
        ("old", "17", "", "1"),
        ("off", "", "ssh.refused", "1"),
    ]


def _write_home(home: Path, here: ThisMachine, machines: Sequence[VirtualMachine]) -> None:
    """What an instructor has: the machines' host keys, and the way to this one."""
    ssh = home / ".ssh"
    ssh.mkdir(mode=0o700)
    known = [f"this-machine {here.server.host_key}\n"]
    known += [machine.known_hosts.read_text() for machine in machines]
    (ssh / "known_hosts").write_text("".join(known))
    relay = f"exec 3<>/dev/tcp/{here.server.address}/{here.server.port}; cat <&3 & exec cat >&3"
    way = shlex.join([*here.prefix, "bash", "-c", relay])
    (ssh / "config").write_text(f"Host this-machine\n  ProxyCommand {way}\nHost *\n  User student\n")


def _batch(home: Path, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "dockgrader", "batch", "homework-1", "--roster", "students.csv"]
    patience = ["--timeout", str(GRADE_SECONDS), "--wait", str(GRADE_SECONDS // 2)]
    ambient = ("DOCKER_", "SSH_", "COMPOSE_", "LC_", "LANG")
    env = {name: text for name, text in os.environ.items() if not name.startswith(ambient)}
    return subprocess.Popen(
        [*command, "--out", "run", *patience, *words],
        cwd=home,
        env={**env, "HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.default_int_handler),
    )


def _gradebook(home: Path) -> list[tuple[str, str, str, str]]:
    """Each student's id, score, code and number of attempts."""
    command = [sys.executable, "-m", "dockgrader", "report", "run", "--format", "csv"]
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, check=True, timeout=60)
    rows = csv.DictReader(io.StringIO(done.stdout))
    return [(row["student"], row["score"], row["code"], row["attempts"]) for row in rows]
