"""Many files of the host in one answer of a POSIX shell, with nothing but busybox's tools."""

from __future__ import annotations

import os
from collections.abc import Sequence

from dockgrader.hosts.base import FILE_CAP, ReadFile
from dockgrader.hosts.ssh.script import encoded, quoted, usable

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

# One process for all: each one more takes two milliseconds of the machine. It heads each file with a line of its path,
# in which no file of the kernel's can look like another: their lines begin with numbers and words.
_TOGETHER = """together() {
    for path do if [ ! -f "$path" ]; then return 1; fi; done
    head -c "$size" "$@" 2>/dev/null
}"""


class FilesScript:
    """A script that shows files, and how to read its output."""

    def __init__(self, paths: Sequence[str], *, regular: bool) -> None:
        self._paths = list(paths)
        self._asked = [path for path in paths if path.startswith("/") and usable(path)]
        self._regular = regular
        self._mark = os.urandom(16).hex()
        self._together = not regular and len(set(self._asked)) == len(self._asked) > 1
        self.cap = len(self._asked) * (FILE_CAP + 100) * (2 if self._together else 1)

    @property
    def text(self) -> str:
        """The script; it prints each file, and then how that went between two marks.

        First all of them after each other, where they may be; what else there is to say of them follows if that fails.
        """
        size = FILE_CAP + 1 if self._regular else FILE_CAP
        half = len(self._mark) // 2
        end = f"end() {{ printf '%s%s %s\\n' {self._mark[:half]} {self._mark[half:]} \"$1\"; }}"
        paths = [quoted(path) for path in self._asked]
        apart = "\n".join([_FUNCTION, *(f"look {path}" for path in paths)])
        if self._together:
            apart = (
                f"{_TOGETHER}\nif together {' '.join(paths)}; then end together; else end apart\n{apart}\nfi"
            )
        return "\n".join([f"size={size}", end, apart])

    def parse(self, output: bytes) -> list[ReadFile] | None:
        """The files in the order of the paths; None when this is not the script's output."""
        found = self._found(output)
        if found is None:
            return None
        asked = iter(found)
        usable_paths = set(self._asked)
        return [next(asked) if path in usable_paths else ReadFile(None, "missing") for path in self._paths]

    def _found(self, output: bytes) -> list[ReadFile] | None:
        if self._together:
            shown, output = self._next(output)
            if shown is None or shown[1] not in ("together", "apart"):
                return None
            if shown[1] == "together":
                return self._parted(shown[0])
        found: list[ReadFile] = []
        for _ in self._asked:
            shown, output = self._next(output)
            if shown is None:
                return None
            found.append(self._file(*shown))
        return found

    def _next(self, output: bytes) -> tuple[tuple[bytes, str] | None, bytes]:
        """What stands before the next mark, the word behind it, and all that follows."""
        data, there, rest = output.partition(f"{self._mark} ".encode())
        word, ended, rest = rest.partition(b"\n")
        return ((data, word.decode("ascii", "replace")) if there and ended else None), rest

    def _parted(self, data: bytes) -> list[ReadFile] | None:
        """Files that stand behind lines that head them, each of which has to be there once."""
        contents, rest = [], b"\n" + data
        for path in self._asked:
            head = b"\n==> " + encoded(path) + b" <==\n"
            before, there, rest = rest.partition(head)
            if not there or head in rest:
                return None
            contents.append(before)
        nothing, *others = [*contents, rest]
        return None if nothing else [ReadFile(content) for content in others]

    def _file(self, data: bytes, word: str) -> ReadFile:
        if word in _PROBLEMS:
            return ReadFile(None, word)
        if self._regular and len(data) > FILE_CAP:
            return ReadFile(None, "too large")
        return ReadFile(data[:FILE_CAP])
