"""The line that says that a host takes its time."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.server import Server, silence


@pytest.fixture
def silent_engine(tmp_path: Path) -> Iterator[str]:
    """An engine that takes every call and never answers; no real one does that on demand."""
    with Server(tmp_path / "docker.sock", silence):
        yield f"unix://{tmp_path}/docker.sock"


def run_on_a_terminal(argv: list[str], seconds: float) -> tuple[bytes, bytes]:
    """Standard output, and what a terminal behind standard error has got."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=theirs, stdin=subprocess.DEVNULL) as process:
        os.close(theirs)
        seen = b""
        while select.select([ours], [], [], seconds)[0]:
            try:
                seen += os.read(ours, 4096)
            except OSError:  # EIO: the other end is closed
                break
        assert process.stdout is not None
        out = process.stdout.read()
    os.close(ours)
    return out, seen


def test_a_terminal_is_told_that_the_host_takes_its_time(silent_engine: str) -> None:
    check = [sys.executable, "-m", "dockgrader", "check", "homework-1", "--timeout", "4", "--lang", "en"]
    out, seen = run_on_a_terminal([*check, "--host", silent_engine, "--format", "json"], 20)
    assert b"Asking the host, 1 s" in seen and b"Asking the host, 3 s" in seen
    assert seen.endswith(b"\r\x1b[K")
    assert b"Asking" not in out and out.startswith(b"{")


def test_nobody_is_told_where_there_is_no_terminal(silent_engine: str) -> None:
    check = [sys.executable, "-m", "dockgrader", "check", "homework-1", "--timeout", "3"]
    done = subprocess.run([*check, "--host", silent_engine], capture_output=True, timeout=20, check=False)
    assert (done.returncode, done.stderr) == (3, b"")
