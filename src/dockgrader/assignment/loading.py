"""Finding assignments on the search path and loading them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dockgrader.errors import UsageError
from dockgrader.frozen import dataclass

if TYPE_CHECKING:
    from dockgrader.assignment.model import Assignment, Task
    from dockgrader.assignment.source import Source, Values

SUFFIXES = (".yaml", ".yml")
PATH_VARIABLE = "DOCKGRADER_PATH"


@dataclass(frozen=True)
class Loaded:
    """An assignment, the file it is from, and the SHA-256 of that file; `values` are those of its parameters."""

    assignment: Assignment
    file: Path
    digest: str
    values: Values = field(default_factory=dict)


@dataclass(frozen=True)
class Wanted:
    """What `ASSIGNMENT[/TASK]` means: a file and perhaps one task in it."""

    file: Path
    task: str | None


def search_path(env: Mapping[str, str] | None = None) -> list[Path]:
    """The folders that are searched: ./checks, those of DOCKGRADER_PATH, those that ship."""
    env = os.environ if env is None else env
    named = [Path(part) for part in env.get(PATH_VARIABLE, "").split(os.pathsep) if part]
    return [Path("checks"), *named, shipped()]


def shipped() -> Path:
    """The folder of the assignments that ship: in the wheel, or beside `src` in a checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "checks"
    return inside if inside.is_dir() else package.parent.parent / "checks"


def found(env: Mapping[str, str] | None = None) -> Iterator[tuple[str, Path]]:
    """Name and file of each assignment; the first folder on the path wins."""
    seen: set[str] = set()
    for folder in search_path(env):
        for file in sorted(_files_in(folder)):
            if file.stem not in seen:
                seen.add(file.stem)
                yield file.stem, file


def find(name: str, env: Mapping[str, str] | None = None) -> Wanted:
    """The file (and task) that a name on the command line means. Raises UsageError with near names."""
    whole = _file_of(name, env)
    if whole is not None:
        return Wanted(whole, None)
    front, slash, task = name.rpartition("/")
    file = _file_of(front, env) if slash and task else None
    if file is not None:
        return Wanted(file, task)
    known = [stem for stem, _ in found(env)]
    near = _nearest(front or name, known)
    advice = f"; did you mean '{near}'?" if near else "; `dockgrader list` shows what there is"
    raise UsageError(f"there is no assignment {name!r}{advice}")


def load(file: Path) -> Loaded:
    """Load one assignment. Raises AssignmentError that names file, line and field of everything wrong in it.

    Raises UsageError for one with parameters, which is another one for each student.
    """
    return validated(read(file), file)


def load_outline(file: Path) -> Loaded:
    """Load one assignment for nobody in particular, see `outline`. Raises AssignmentError."""
    return outline(read(file), file)


def outline(source: Source, file: Path) -> Loaded:
    """The assignment for nobody in particular: its titles name the parameters. Raises AssignmentError."""
    if not has_parameters(source):
        return validated(source, file)
    from dockgrader.assignment import individual

    return individual.outline(source, file)


def has_parameters(source: Source) -> bool:
    """Whether it is another assignment for each student."""
    return "parameters" in source.data


def read(file: Path) -> Source:
    """The file as plain data, which may still be anything. Raises AssignmentError."""
    from dockgrader.assignment.source import read_source

    return read_source(file)


def validated(source: Source, file: Path) -> Loaded:
    """The assignment in what was read. Raises AssignmentError.

    Raises UsageError for one with parameters that have no values yet (`assignment.references.given`).
    """
    if has_parameters(source) and source.values is None:
        raise UsageError(
            f"{file} has parameters, which differ from student to student; say whose: --student ID"
        )
    from pydantic import ValidationError

    model = _model_for(source.data)
    try:
        assignment = model.model_validate(source.data)
    except ValidationError as error:
        from dockgrader.assignment.problem import refusal
        from dockgrader.assignment.problems import problems_in_assignment

        raise refusal(problems_in_assignment(source, error, model)) from None
    return Loaded(assignment, file, source.digest, source.values or {})


def _model_for(data: Any) -> type[Assignment]:
    """The model of this assignment; only for a kind that is not ours are installed packages looked at."""
    from dockgrader.assignment.model import Assignment
    from dockgrader.facts.base import dig, dig_list
    from dockgrader.kinds.base import CORE

    kinds = {
        dig(check, "kind") if isinstance(dig(check, "kind"), str) else ""
        for task in dig_list(data, "tasks")
        for check in dig_list(task, "checks")
    }
    if kinds <= CORE:
        return Assignment
    from dockgrader.assignment.extended import model_with

    return model_with(frozenset(kinds - CORE))


def tasks_of(loaded: Loaded, task: str | None) -> list[Task]:
    """All tasks, or the one that is asked for. Raises UsageError with near names."""
    tasks = loaded.assignment.tasks
    if task is None:
        return list(tasks)
    chosen = [item for item in tasks if item.id == task]
    if not chosen:
        known = [item.id for item in tasks]
        near = _nearest(task, known)
        advice = f"did you mean '{near}'?" if near else f"it has {', '.join(known)}"
        raise UsageError(f"{loaded.assignment.id} has no task '{task}'; {advice}")
    return chosen


def _nearest(name: str, known: list[str]) -> str | None:
    import difflib

    return next(iter(difflib.get_close_matches(name, known, n=1)), None)


def _file_of(name: str, env: Mapping[str, str] | None) -> Path | None:
    """The file of an assignment by path or by stem on the search path."""
    path = Path(name)
    if path.suffix in SUFFIXES:
        return path if path.exists() else None
    if "/" in name or os.sep in name:
        return None
    for folder in search_path(env):
        for suffix in SUFFIXES:
            file = folder / (name + suffix)
            if _is_file(file):
                return file
    return None


def _files_in(folder: Path) -> list[Path]:
    try:
        return [file for file in folder.iterdir() if file.suffix in SUFFIXES and _is_file(file)]
    except OSError:
        return []


def _is_file(path: Path) -> bool:
    """False as well where a neighbour may not even be looked at."""
    try:
        return path.is_file()
    except OSError:
        return False
