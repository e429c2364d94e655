"""Every way that a script can take: where an unknown command decides, it may have succeeded or failed.

So a script is followed again for each choice, and what holds on all paths holds whatever the unknown commands do:
`nc -z localhost 6379 && redis-cli ping` never passes while `redis-cli ping` fails.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from dockgrader.healthcheck.paper_shell import Shell
from dockgrader.healthcheck.world import FAILURE, IO, Hangs, Log, nothing

Program = Callable[[Shell, IO], int | None]
"""What is run in a world; returns its status."""

Path = tuple[Log, int | None]


def follow(
    program: Program,
    expected: Sequence[str],
    comments: Sequence[str],
    *,
    up: bool,
    read: Callable[[str], str | None] = lambda path: None,
) -> Path:
    """Run a program on paper in the world where the service is up, or down: what happened, and its status.

    `read` is asked for the scripts among the container's files.
    The status is None where paths end differently, or one is not known.
    """
    paths: list[Path] = []
    plan: tuple[bool, ...] | None = ()
    while plan is not None:
        steps = paths[-1][0].steps if paths else 0  # all paths together are bounded
        log = Log(up, tuple(expected), list(comments), read=read, plan=plan, steps=steps)
        paths.append((log, _followed(program, log)))
        plan = _next(log.taken)
    return _merged(paths)


def _followed(program: Program, log: Log) -> int | None:
    io = nothing()

    def ending(sh: Shell) -> int:
        sh.status = program(sh, io)
        return sh.decided()

    try:
        status = Shell(log).contained(ending, io)
    except Hangs:
        status = FAILURE
    log.passed = log.ran and status == 0 and not log.touched
    return status


def _next(taken: Sequence[bool]) -> tuple[bool, ...] | None:
    """The choices of the next path: the last success becomes a failure."""
    if True not in taken:
        return None
    last = max(n for n, succeeded in enumerate(taken) if succeeded)
    return (*taken[:last], False)


def _merged(paths: Sequence[Path]) -> Path:
    logs = [log for log, _ in paths]
    statuses = {status for _, status in paths}
    status = FAILURE if not statuses & {0, None} else None
    merged = replace(
        logs[0],
        ran=any(log.ran for log in logs),
        passed=any(log.passed for log in logs),
        echoed=next(filter(None, (log.echoed for log in logs)), ""),
        other=next(filter(None, (log.other for log in logs)), ""),
        unknown=next(filter(None, (log.unknown for log in logs)), ""),
        masked=next(filter(None, (log.masked for log in logs)), None),
        comments=[comment for log in logs for comment in log.comments],
        commands=[command for log in logs for command in log.commands],
    )
    return merged, (statuses.pop() if len(statuses) == 1 else status)
