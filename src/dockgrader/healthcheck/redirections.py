"""Redirections on paper. No file is written, and only /dev/null can be read."""

from __future__ import annotations

from collections.abc import Sequence

from dockgrader.healthcheck import syntax
from dockgrader.healthcheck.expanding import Expanding
from dockgrader.healthcheck.world import IO, Input, Sink


def redirected(redirects: Sequence[syntax.Redirect], io: IO, shell: Expanding) -> IO:
    """The descriptors of a command that has such redirections; raises Unclear."""
    io = IO(io.stdin, io.out, io.err)
    for redirect in redirects:
        target = shell.text(redirect.target, io)
        if redirect.op == "<" and redirect.fd == 0 and target == "/dev/null":
            io.stdin = Input("")
            continue
        places = {"1": io.out, "2": io.err} if redirect.op == ">&" else io.device_files()
        if redirect.op.startswith("<") or redirect.fd not in (1, 2) or target is None:
            raise shell.log.unclear("a redirection that is not followed here")
        if shell.log.program in target:
            shell.log.touched = True
        if (redirect.op == ">&" and target not in places) or shell.log.program in target:
            raise shell.log.unclear("a redirection that is not followed here")
        sink = places.get(target, Sink())
        if redirect.fd == 1:
            io.out = sink
        if redirect.fd == 2 or redirect.op == "&>":
            io.err = sink
    return io
