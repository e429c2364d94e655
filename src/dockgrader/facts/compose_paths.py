"""Where the compose files are that a container's labels name.

Compose v2 writes absolute paths. Compose 1.29 writes them as they were typed, relative to the folder in which it was
run, and beside them the project's folder: that of the first file, unless `--project-directory` named another (read in
its `cli/command.py`, seen). So `docker-compose -f app/compose.yml up` gives `app/compose.yml` and `/srv/app`.
"""

from __future__ import annotations

import ntpath
import posixpath

_FILES = 20
_UNKNOWN = "\0"
"""A folder above the project's whose name no label tells."""
_DEEP = f"/{_UNKNOWN}" * 100


def possible_paths(working_dir: str, names: str) -> list[list[str]]:
    """The absolute paths for each folder in which Compose may have been run, the likeliest first; never empty."""
    given = [name for name in names.split(",")[:_FILES] if name and name != "-"]
    in_project = [path for path in (_joined(working_dir, name) for name in given) if _absolute(path)]
    folder = posixpath.dirname(posixpath.normpath(given[0])) if given else ""
    if not folder or _absolute(folder) or not _ends_with(working_dir, folder):
        return [in_project]
    beside = [_joined(working_dir, _from(folder, name)) for name in given]
    told = not any(_UNKNOWN in path for path in beside)
    return [beside, in_project] if told else [in_project]


def file_paths(working_dir: str, names: str) -> list[str]:
    """The likeliest absolute paths."""
    return possible_paths(working_dir, names)[0]


def _absolute(path: str) -> bool:
    return path.startswith("/") or (ntpath.isabs(path) and ":" in path)


def _joined(folder: str, name: str) -> str:
    if ntpath.isabs(name) and ":" in name:
        return name
    return posixpath.normpath(posixpath.join(folder, name))


def _ends_with(working_dir: str, folder: str) -> bool:
    """Whether the first file's folder can be the project's: `app` of /srv/app, `..` of any."""
    named = [part for part in folder.split("/") if part != ".."]
    return not named or working_dir.split("/")[-len(named) :] == named


def _from(folder: str, name: str) -> str:
    """A name as seen from a folder, both relative to one that need not be known."""
    if _absolute(name):
        return name
    return posixpath.relpath(posixpath.join(_DEEP, name), posixpath.join(_DEEP, folder))
