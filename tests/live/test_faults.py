"""What a real engine can be made to do: stop, die in the middle, run what hangs, floods and prints garbage.

What it cannot be made to do on demand is in tests/grading/test_faults.py, on a fake one.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lab.engine import PrivateEngine
from lab.images import ensure_base_images

pytestmark = pytest.mark.live

ASSIGNMENT = """\
id: victim
title: A container that answers
tasks:
  - id: only
    title: Only this
    checks:
      - {id: running, kind: container, container: victim, state: running}
      - {id: answers, kind: exec, container: victim, command: [redis-cli, get, mykey], stdout: foobar}
      - {id: memory, kind: container, container: victim, memory: 64MiB}
"""


@dataclass(frozen=True)
class Ran:
    """What the command left: exit status, standard output, standard error, seconds."""

    status: int
    out: str
    err: str
    seconds: float

    def check(self, name: str) -> dict[str, Any]:
        """A check of the JSON report."""
        (task,) = json.loads(self.out)["tasks"]
        found: dict[str, Any] = {item["id"]: item for item in task["checks"]}[name]
        return found

    @property
    def score(self) -> float | None:
        """The whole score."""
        score: float | None = json.loads(self.out)["score"]
        return score


def begin(engine: PrivateEngine, folder: Path, *more: str) -> subprocess.Popen[str]:
    """`dockgrader check` on the victim, as a process."""
    (folder / "victim.yaml").write_text(ASSIGNMENT)
    command = [sys.executable, "-m", "dockgrader", "check", str(folder / "victim.yaml"), *more]
    return subprocess.Popen(
        [*engine.prefix, *command], env=engine.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def end(process: subprocess.Popen[str], start: float) -> Ran:
    with process:
        out, err = process.communicate(timeout=60)
    return Ran(process.returncode, out, err, time.monotonic() - start)


def check(engine: PrivateEngine, folder: Path, *more: str) -> Ran:
    start = time.monotonic()
    return end(begin(engine, folder, *(more or ("--format", "json", "--timeout", "8"))), start)


def start_victim(engine: PrivateEngine, script: str, *options: str) -> None:
    """A container whose redis-cli is this script."""
    text = shlex.quote(f"#!/bin/sh\n{script}")
    inside = f"printf %s {text} >/bin/redis-cli; chmod +x /bin/redis-cli; touch /ready; exec sleep 3600"
    engine.run(
        [
            "docker",
            "run",
            "--detach",
            "--name",
            "victim",
            "--memory",
            "64m",
            *options,
            "alpine",
            "sh",
            "-c",
            inside,
        ]
    )
    engine.run("until docker exec victim test -e /ready; do sleep 0.05; done")


@pytest.fixture
def host(engine: PrivateEngine) -> Iterator[PrivateEngine]:
    """The session's engine, without the victim of the test before."""
    yield engine
    engine.run(["docker", "rm", "--force", "--volumes", "victim"], check=False)


def test_a_right_answer(host: PrivateEngine, tmp_path: Path) -> None:
    """Each test below is one difference from this."""
    start_victim(host, "echo foobar")
    ran = check(host, tmp_path)
    assert (ran.status, ran.score) == (0, 3)


def test_a_paused_container(host: PrivateEngine, tmp_path: Path) -> None:
    start_victim(host, "echo foobar")
    host.run("docker pause victim")
    ran = check(host, tmp_path)
    host.run("docker unpause victim")
    assert (ran.status, ran.score) == (1, 1)
    assert ran.check("running")["code"] == "container.paused"
    assert ran.check("answers")["code"] == "exec.stopped"


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("sleep 1000", "exec.timeout"),
        ("while :; do echo .; sleep 0.2; done", "exec.timeout"),
        ("exec >&- 2>&-; sleep 1000", "exec.timeout"),
        ("exec yes", "exec.flood"),
        ("exec yes >&2", "exec.flood"),
        ("cat /dev/urandom", "exec.flood"),
        (r"printf '\377\376\033[2J'", "exec.output"),
        ("kill -9 $$", "exec.output"),
        ("exit 7", "exec.output"),
        ("echo foobar; exit 7", "exec.status"),
        ("exec /nonexistent", "exec.no-command"),
    ],
)
def test_a_command_that(host: PrivateEngine, tmp_path: Path, script: str, code: str) -> None:
    """Whatever it does, it is the student's, told in time."""
    start_victim(host, script)
    ran = check(host, tmp_path)
    assert (ran.check("answers")["status"], ran.check("answers")["code"]) == ("failed", code)
    assert (ran.status, ran.score) == (1, 2)
    assert ran.seconds < 8 + 15


def test_a_command_that_is_not_there(host: PrivateEngine, tmp_path: Path) -> None:
    start_victim(host, "")
    host.run("docker exec victim rm /bin/redis-cli")
    ran = check(host, tmp_path)
    assert (ran.status, ran.check("answers")["code"]) == (1, "exec.no-command")


def test_control_characters_in_labels_and_output(host: PrivateEngine, tmp_path: Path) -> None:
    """Escape sequences, C1 controls and bidirectional marks are told, never sent."""
    hostile = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202eend"
    labels = [
        f"--label=com.docker.compose.{name}={hostile}" for name in ("project", "service", "config-hash")
    ]
    start_victim(host, f"printf %s {shlex.quote(hostile)}", *labels, f"--hostname=x{os.getpid()}")
    ran = check(host, tmp_path, "--timeout", "10", "--format", "table", "--format", f"json:{tmp_path}/r.json")
    assert ran.status == 1
    assert "\\x1b[2J" in ran.out
    steering = [
        char for char in ran.out + ran.err if (char < " " and char != "\n") or "\x7f" <= char < "\xa0"
    ]
    assert not steering
    assert "\u202e" not in ran.out
    assert (tmp_path / "r.json").read_bytes().isascii()


# An engine of our own, which may be hurt.


@pytest.fixture
def victims_host(engine: PrivateEngine) -> Iterator[PrivateEngine]:
    """Beside the session's, which also says whether there can be one here. Its log names each call."""
    with PrivateEngine(arguments=["--debug"]) as own:
        ensure_base_images(own)
        yield own


def kill_victim(init: int) -> None:
    """Its containerd outlives a killed dockerd, and the lab would find its cgroup still in use."""
    os.kill(init, signal.SIGKILL)
    end = time.monotonic() + 10
    while Path(f"/proc/{init}").exists() and time.monotonic() < end:
        time.sleep(0.02)


def daemon(engine: PrivateEngine) -> int:
    """The process of dockerd."""
    return int((engine.folder / "dockerd.pid").read_text())


def begin_and_wait(engine: PrivateEngine, folder: Path) -> tuple[subprocess.Popen[str], float]:
    """Grade a command that hangs, and wait until it does and the container was inspected."""
    signals = folder / "signals"
    signals.mkdir()
    start_victim(engine, "touch /signals/began; sleep 1000", f"--volume={signals}:/signals")
    before = len(engine.log.read_bytes())
    process, start = begin(engine, folder, "--format", "json", "--timeout", "8"), time.monotonic()
    while not ((signals / "began").exists() and inspected(engine.log.read_bytes()[before:])):
        assert process.poll() is None and time.monotonic() < start + 8
        time.sleep(0.02)
    engine.run("docker inspect victim")  # asked later, so that the first is answered by now
    return process, start


def inspected(log: bytes) -> bool:
    """Whether the engine was asked for the container, by its log."""
    return bool(re.search(rb"Calling GET \S+/containers/victim/json", log))


def test_an_engine_that_hangs_and_dies(victims_host: PrivateEngine, tmp_path: Path) -> None:
    """Stopped before the run, stopped in the middle, killed in the middle, gone: 3, and never a zero."""
    engine = victims_host
    process, start = begin_and_wait(engine, tmp_path)
    os.kill(daemon(engine), signal.SIGSTOP)
    try:
        middle = end(process, start)
        before = check(engine, tmp_path, "--format", "json", "--timeout", "2")
    finally:
        os.kill(daemon(engine), signal.SIGCONT)
    assert (middle.status, middle.score) == (3, None)
    assert middle.check("answers")["status"] == "error"
    assert middle.check("memory")["status"] == "passed"  # seen before
    assert middle.seconds < 8 + 15
    assert (before.status, before.score) == (3, None)
    assert {before.check(name)["code"] for name in ("running", "answers", "memory")} == {"engine.timeout"}
    assert before.seconds < 2 + 15

    engine.run("docker rm --force victim")
    (tmp_path / "second").mkdir()
    process, start = begin_and_wait(engine, tmp_path / "second")
    init = int(engine.run("docker inspect -f '{{.State.Pid}}' victim").stdout)
    os.kill(daemon(engine), signal.SIGKILL)
    killed = end(process, start)
    kill_victim(init)
    assert (killed.status, killed.score) == (3, None)
    assert killed.check("answers")["status"] == "error"
    assert killed.check("answers")["code"].startswith("engine.")
    assert "Traceback" not in killed.err

    gone = check(engine, tmp_path)
    assert (gone.status, gone.score) == (3, None)
    assert gone.check("running")["code"] in ("engine.down", "engine.no-socket")
    assert gone.seconds < 20


@contextmanager
def slowed(process: int, run: float = 0.01, stop: float = 0.49) -> Iterator[None]:
    """A process that runs for a fiftieth of the time."""
    over = threading.Event()

    def cycle() -> None:
        while not over.is_set():
            os.kill(process, signal.SIGSTOP)
            over.wait(stop)
            os.kill(process, signal.SIGCONT)
            time.sleep(run)

    thread = threading.Thread(target=cycle, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_an_engine_slower_by_a_factor_of_50(victims_host: PrivateEngine, tmp_path: Path) -> None:
    """The right answer loses no point, whatever its command takes, and a command that hangs earns none."""
    engine = victims_host
    start_victim(engine, "echo foobar")
    with slowed(daemon(engine)):
        right = check(engine, tmp_path, "--format", "json", "--timeout", "40")
    statuses = {right.check(name)["status"] for name in ("running", "answers", "memory")}
    assert "failed" not in statuses, right.out
    assert (right.status, right.score) == ((0, 3) if statuses == {"passed"} else (3, None))
    assert right.seconds < 40 + 20
    engine.run("docker rm --force victim")
    start_victim(engine, "sleep 1000")
    with slowed(daemon(engine)):
        wrong = check(engine, tmp_path, "--format", "json", "--timeout", "40")
    found = wrong.check("answers")
    assert (found["status"], found["code"]) in (("failed", "exec.timeout"), ("error", "host.slow")), wrong.out
    assert wrong.seconds < 40 + 20
