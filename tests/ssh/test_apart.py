"""A machine is read over SSH by a process of its own, where there is more than one processor.

As commands, since tests have threads, beside which nothing is forked.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from fakes.tcp import Listener, silent
from lab.sshd import Sshd
from tests.grading.test_apart import ended, reader_of, settled
from tests.ssh.conftest import Known

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2, reason="nothing is read apart here"
)


@pytest.fixture
def temporary(home: Path) -> Path:
    """A folder for the command's temporary files."""
    folder = home / "temporary"
    folder.mkdir()
    return folder


def checking(url: str, temporary: Path, processors: int = 2) -> subprocess.Popen[str]:
    """`dockgrader check homework-1 --host URL`, with this folder for temporary files."""
    own = sorted(os.sched_getaffinity(0))[:processors]
    command = f"import os; os.sched_setaffinity(0, {own}); from dockgrader.cli import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", command, "check", "homework-1", "--host", url, "--format", "json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(temporary)},
    )


def test_the_report_is_the_same_on_one_processor(machine: Sshd, known: Known, temporary: Path) -> None:
    known(machine)
    reports: list[Any] = []
    for processors in (1, 2):
        with checking(machine.url(), temporary, processors) as command:
            out, err = command.communicate(timeout=100)
        assert (command.returncode, err) == (0, "")
        reports.append(settled(json.loads(out)))
        assert list(temporary.iterdir()) == []
    assert reports[0] == reports[1]


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGKILL])
def test_nobody_is_left_behind_before_a_machine_that_freezes(by: signal.Signals, temporary: Path) -> None:
    arrived = threading.Event()

    def freezes(connection: socket.socket, stopped: threading.Event) -> None:
        arrived.set()
        silent(connection, stopped)

    with (
        Listener(freezes) as frozen,
        checking(f"ssh://student@127.0.0.1:{frozen.port}", temporary) as command,
    ):
        assert arrived.wait(30)
        reader = reader_of(command)
        command.send_signal(by)
        command.communicate(timeout=30)
        assert ended(reader)
    assert list(temporary.iterdir()) == []
