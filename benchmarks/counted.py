"""Run a command and count all that it starts, whoever waits for it; print one line of JSON.

    python counted.py [--watch] SECONDS COMMAND…

`{"status", "wall", "cpu", "rss", "memory", "files", "left"}`: seconds of wall time until the command ends, seconds of
CPU of every process below it (this one is their "subreaper": what they leave behind comes here, is ended and counted as
well), the largest single process in KiB, and how many were left behind. With --watch, twice a second: the most memory
of all together in KiB (PSS: what is shared is divided), and the most files that all together have open. A command that
takes longer than SECONDS is ended, its status is 124.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

_SET_CHILD_SUBREAPER = 36
_LOOK_SECONDS = 0.5
_END_SECONDS = 5.0
TIMED_OUT = 124


def descendants(pid: int) -> Iterator[int]:
    """Every process below a process."""
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return
    for thread in threads:
        with suppress(OSError):
            for child in (thread / "children").read_text().split():
                yield int(child)
                yield from descendants(int(child))


class Watch(threading.Thread):
    """Looks at the processes from time to time: the most memory, and the most open files (sockets and pipes too)."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.over = threading.Event()
        self.memory = 0
        self.files = 0

    def run(self) -> None:
        """Until `over`."""
        while not self.over.wait(_LOOK_SECONDS):
            memory, files = 0, 0
            for pid in list(descendants(os.getpid())):
                with suppress(OSError, StopIteration):
                    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
                    memory += int(next(line for line in lines if line.startswith("Pss:")).split()[1])
                    files += sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
            self.memory, self.files = max(self.memory, memory), max(self.files, files)


def counted(argv: list[str], seconds: float, *, watch: bool) -> dict[str, Any]:
    """Run it; the figures."""
    ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    looking = Watch()
    if watch:
        looking.start()
    start = time.perf_counter()
    process = subprocess.Popen(argv)
    late = threading.Event()

    def give_up() -> None:
        late.set()
        _end(signal.SIGKILL)

    timer = threading.Timer(seconds, give_up)
    timer.daemon = True
    timer.start()
    cpu, rss, status, wall, left = 0.0, 0, 0, 0.0, 0
    ended = 0.0
    while True:
        try:
            pid, code, usage = os.wait4(-1, 0 if not wall else os.WNOHANG)
        except ChildProcessError:
            break
        if not pid:  # somebody is still there, though the command has ended
            _end(signal.SIGKILL if time.perf_counter() - ended > _END_SECONDS else signal.SIGTERM)
            time.sleep(0.02)
            continue
        cpu += usage.ru_utime + usage.ru_stime
        rss = max(rss, usage.ru_maxrss)
        if pid == process.pid:
            ended = time.perf_counter()
            wall = ended - start
            status = process.returncode = os.waitstatus_to_exitcode(code)
            timer.cancel()
            looking.over.set()
            time.sleep(0.1)  # what ends by itself
            left = len(list(descendants(os.getpid())))
    figures = {"status": TIMED_OUT if late.is_set() else status, "wall": wall, "cpu": cpu, "rss": rss}
    return {**figures, "left": left, "memory": looking.memory, "files": looking.files}


def _end(number: int) -> None:
    for pid in list(descendants(os.getpid())):
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def main() -> None:
    """The command's own output goes to standard error, so that only the figures are on standard output."""
    arguments = sys.argv[1:]
    watch = arguments[0] == "--watch"
    seconds, *argv = arguments[watch:]
    answer = os.dup(1)
    os.dup2(2, 1)
    os.write(answer, (json.dumps(counted(argv, float(seconds), watch=watch)) + "\n").encode())


if __name__ == "__main__":
    main()
