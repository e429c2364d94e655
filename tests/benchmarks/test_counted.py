"""The benchmarks' accountant: whoever waits for a process, its CPU time is counted, and nothing is left behind."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.live  # no engine, but processes and seconds

COUNTED = Path(__file__).resolve().parents[2] / "benchmarks" / "counted.py"
BUSY = "import time\nwhile time.process_time() < 0.5: pass"


def counted(*argv: str, seconds: float = 60, watch: bool = False) -> dict[str, float]:
    options = ["--watch"] if watch else []
    call = [sys.executable, str(COUNTED), *options, str(seconds), *argv]
    done = subprocess.run(call, capture_output=True, text=True, timeout=120, check=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def test_what_a_process_leaves_behind_is_counted_and_ended() -> None:
    """The parent of the busy process is gone before it has done anything."""
    orphan = f"setsid {sys.executable} -c '{BUSY}\ntime.sleep(600)' & sleep 1"
    figures = counted("sh", "-c", orphan)
    assert (figures["status"], figures["left"]) == (0, 1)
    assert figures["cpu"] > 0.1


def test_the_commands_status_and_its_time_are_its_own() -> None:
    figures = counted("sh", "-c", "exit 7")
    assert figures["status"] == 7
    assert figures["left"] == 0


def test_what_takes_too_long_is_ended() -> None:
    assert counted("sleep", "600", seconds=0.5)["status"] == 124


def test_memory_and_files_of_all_together() -> None:
    figures = counted(
        sys.executable, "-c", "import time; held = bytearray(64 << 20); time.sleep(3)", watch=True
    )
    assert figures["memory"] > 64 << 10
    assert figures["files"] >= 3
