"""Programs that run another one."""

from __future__ import annotations

import re

from dockgrader.healthcheck.names import BUILTIN_ONLY, SENSITIVE, basename
from dockgrader.healthcheck.world import Field

_WRAPPERS: dict[str, tuple[str, tuple[str, ...], str]] = {
    "timeout": (
        r"--foreground|--preserve-status|--(signal|kill-after)=.*",
        ("-s", "-k", "--signal", "--kill-after"),
        r"[0-9]+(\.[0-9]+)?[smhd]?",
    ),
    "nice": (r"--adjustment=.*", ("-n",), ""),
    "env": (r"[A-Za-z_]\w*=.*", (), ""),
    "gosu": ("(?!)", (), r"[\w.:-]+"),
    "su-exec": ("(?!)", (), r"[\w.:-]+"),
    "docker-entrypoint.sh": ("(?!)", (), ""),
}
"""Their options, those that take a value, and the word that stands between these and the program, if any does.

The entrypoint is the one of the official image, which runs what it is given.
"""


def unwrap(fields: list[Field]) -> list[Field] | None:
    """What a program that runs another one (`timeout 3`, `env A=b`, `nice`, `gosu redis`) runs, else None."""
    name = basename(fields[0] or "") if fields else ""
    if name not in _WRAPPERS:
        return None
    alone, with_value, word = _WRAPPERS[name]
    at = 1
    while at < len(fields) and (fields[at] in with_value or re.fullmatch(alone, fields[at] or "", re.DOTALL)):
        if (fields[at] or "").partition("=")[0] in SENSITIVE:
            return None
        at += 2 if fields[at] in with_value else 1
    if fields[at : at + 1] == ["--"] and name in ("timeout", "nice"):
        at += 1
    if word:
        if (
            at >= len(fields)
            or (fields[at] or "-").startswith("-")
            or not re.fullmatch(word, fields[at] or "")
        ):
            return None
        at += 1
    program = fields[at] if at < len(fields) else None
    return None if program is None or program.startswith("-") or program in BUILTIN_ONLY else fields[at:]
