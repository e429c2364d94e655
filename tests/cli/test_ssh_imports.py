"""The SSH library is imported by those who need it."""

from __future__ import annotations

import subprocess
import sys

import pytest


def imported(*arguments: str) -> set[str]:
    command = [sys.executable, "-X", "importtime", "-m", "dockgrader", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode in (0, 3), done.stderr[-2000:]
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}


@pytest.mark.parametrize("command", ["check homework-1", "doctor"])
def test_a_local_engine_needs_no_ssh_library(command: str) -> None:
    assert not imported(*command.split(), "--host", "unix:///no/such.sock") & {"asyncssh", "cryptography"}


def test_a_host_over_ssh_does() -> None:
    """Shows that the test above can see it."""
    assert "asyncssh" in imported("doctor", "--host", "ssh://127.0.0.1:1")
