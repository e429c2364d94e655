"""How many machines at once: what is asked for, within what this process may open."""

from __future__ import annotations

import math
import os
import sys

from dockgrader.frozen import dataclass

A_CORE = 25
"""Machines at once a core, when nobody says otherwise (measured: docs/explanation/scale.md)."""
DESCRIPTORS = 6
"""Open files a machine takes at the most: its connection, those of jump hosts and the agent, a file that is read."""
_OWN = 40
"""What a worker and its libraries have open beside them."""
_LEAST_A_WORKER = 5
_MOST_WORKERS = 16


@dataclass(frozen=True)
class Size:
    """Machines at once, and worker processes; `asked` is what was wanted."""

    jobs: int
    workers: int
    asked: int
    descriptors: int


def size(asked: int | None, students: int) -> Size:
    """Jobs and workers for a class, on all cores of this machine.

    The limit on open files is a process's own: the soft one is raised to the hard one first.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    wanted = max(1, min(asked or A_CORE * cores, students or 1))
    workers = max(1, min(cores, _MOST_WORKERS, math.ceil(wanted / _LEAST_A_WORKER)))
    limit = descriptors()
    possible = max(1, (limit - _OWN) // DESCRIPTORS) * workers
    return Size(min(wanted, possible), workers, wanted, limit)


def descriptors() -> int:
    """How many files a process may have open, after raising that as far as it may."""
    if sys.platform == "win32":
        return 512
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = 65536 if hard == resource.RLIM_INFINITY else hard
    if soft != resource.RLIM_INFINITY and soft < most:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        except (ValueError, OSError):
            return soft
        return most
    return most if soft == resource.RLIM_INFINITY else soft
