"""Many files of the host in one answer of a POSIX shell, with nothing but busybox's tools."""

from __future__ import annotations

import os
from collections.abc import Sequence

from dockgrader.hosts.base import FILE_CAP, ReadFile
from dockgrader.hosts.ssh.script import quoted, usable

_PROBLEMS = ("missing", "denied", "irregular", "unreadable")

# Never opens anything but a regular file, so that a FIFO or a device that a label names cannot hold us up. A file
# that `head` cannot read is one of a process that has just ended (/proc), or has an error of its own.
_FUNCTION = """\
look() {
    if [ -f "$1" ]; then
        if [ ! -r "$1" ]; then end denied; return; fi
        if head -c "$size" <"$1" 2>/dev/null; then end read; return; fi
        if [ -e "$1" ]; then end unreadable; else end missing; fi
    elif [ -e "$1" ]; then
        end irregular
    else
        case $(ls -d "$1" 2>&1 >/dev/null) in
            *": Permission denied") end denied ;;
            *) end missing ;;
        esac
    fi
}"""


class FilesScript:
    """A script that shows files, and how to read its output."""

    def __init__(self, paths: Sequence[str], *, regular: bool) -> None:
        self._paths = list(paths)
        self._asked = [path for path in paths if path.startswith("/") and usable(path)]
        self._regular = regular
        self._mark = os.urandom(16).hex()
        self.cap = len(self._asked) * (FILE_CAP + 100)

    @property
    def text(self) -> str:
        """The script; it prints each file, and then how that went between two marks."""
        size = FILE_CAP + 1 if self._regular else FILE_CAP
        half = len(self._mark) // 2
        end = f"end() {{ printf '%s%s %s\\n' {self._mark[:half]} {self._mark[half:]} \"$1\"; }}"
        looks = [f"look {quoted(path)}" for path in self._asked]
        return "\n".join([f"size={size}", end, _FUNCTION, *looks])

    def parse(self, output: bytes) -> list[ReadFile] | None:
        """The files in the order of the paths; None when this is not the script's output."""
        mark = f"{self._mark} ".encode()
        found: list[ReadFile] = []
        rest = output
        for _ in self._asked:
            data, there, rest = rest.partition(mark)
            word, ended, rest = rest.partition(b"\n")
            if not there or not ended:
                return None
            found.append(self._file(data, word.decode("ascii", "replace")))
        asked = iter(found)
        usable_paths = set(self._asked)
        return [next(asked) if path in usable_paths else ReadFile(None, "missing") for path in self._paths]

    def _file(self, data: bytes, word: str) -> ReadFile:
        if word in _PROBLEMS:
            return ReadFile(None, word)
        if self._regular and len(data) > FILE_CAP:
            return ReadFile(None, "too large")
        return ReadFile(data[:FILE_CAP])
