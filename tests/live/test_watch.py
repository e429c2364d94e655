"""`check --watch` on a real engine: a student works, and sees it turn right."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from lab.engine import PrivateEngine

pytestmark = pytest.mark.live

ASSIGNMENT = """\
id: watched
title: A container that answers
tasks:
  - id: only
    title: Only this
    checks:
      - {id: running, kind: container, container: watched, state: running}
      - {id: answers, kind: exec, container: watched, command: [cat, /answer], stdout: foobar}
"""
SECONDS = 60


@pytest.fixture
def host(engine: PrivateEngine) -> Iterator[PrivateEngine]:
    yield engine
    engine.run(["docker", "rm", "--force", "--volumes", "watched"], check=False)


class Terminal:
    """What a terminal shows of a command."""

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self.text = ""

    def wait_for(self, words: str) -> str:
        """All up to these words; what comes after them is for the next call."""
        end = time.monotonic() + SECONDS
        while words not in self.text:
            assert select.select([self._handle], [], [], max(0.0, end - time.monotonic()))[0], self.text
            self.text += os.read(self._handle, 4096).decode()
        before, _, self.text = self.text.partition(words)
        return before


@contextmanager
def watching(engine: PrivateEngine, folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], Terminal]]:
    (folder / "watched.yaml").write_text(ASSIGNMENT)
    check = [
        sys.executable,
        "-m",
        "dockgrader",
        "check",
        str(folder / "watched.yaml"),
        "--watch",
        "--lang",
        "en",
    ]
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*engine.prefix, *check],
        env=engine.env,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.default_int_handler),
    )
    os.close(theirs)
    try:
        yield process, Terminal(ours)
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def test_checks_turn_right_while_a_student_works(host: PrivateEngine, tmp_path: Path) -> None:
    with watching(host, tmp_path) as (process, terminal):
        terminal.wait_for("Score: 0 / 2 points")
        terminal.wait_for("Watching the host")
        host.run("docker run --detach --name watched alpine sleep 3600")
        assert "\x1b[H\x1b[2J" in terminal.wait_for("Score: 1 / 2 points")
        host.run("docker exec watched sh -c 'echo foobar >/answer'")
        terminal.wait_for("Score: 2 / 2 points")
        assert process.wait(SECONDS) == 0


def test_ctrl_c_ends_with_the_status_of_the_last_report(host: PrivateEngine, tmp_path: Path) -> None:
    host.run("docker run --detach --name watched alpine sleep 3600")
    with watching(host, tmp_path) as (process, terminal):
        terminal.wait_for("Score: 1 / 2 points")
        terminal.wait_for("Watching the host")
        process.send_signal(signal.SIGINT)
        assert process.wait(SECONDS) == 1
