"""A student's id as the name of a folder: safe on every file system, and never the same for two ids."""

from __future__ import annotations

import hashlib
import re

_PLAIN = re.compile(r"[a-z0-9](?:[a-z0-9_.@+-]{0,60}[a-z0-9_])?", re.ASCII)
_OTHERS = re.compile(r"[^a-z0-9]+", re.ASCII)
_READABLE = 30
_DIGEST = 32
_RESERVED = {
    "con",
    "prn",
    "aux",
    "nul",
    "clock$",
    *(f"{name}{n}" for name in ("com", "lpt") for n in "0123456789"),
}


def file_stem(student: str) -> str:
    """The id itself where it is plain; else what can be read of it, `~`, and 128 bits of its SHA-256.

    File systems may not tell `A` from `a`, composed from decomposed letters, or keep a dot at the end, and Windows
    has names of its own; so only small ASCII letters are plain, and no plain id has a `~`.
    """
    if _PLAIN.fullmatch(student) and student.partition(".")[0] not in _RESERVED:
        return student
    digest = hashlib.sha256(student.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST]
    readable = _OTHERS.sub("-", student.lower()).strip("-")[:_READABLE].strip("-")
    return f"{readable}~{digest}"
