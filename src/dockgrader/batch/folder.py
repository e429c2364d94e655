"""The run folder: plain files, each written whole, from which a batch goes on after whatever ended it.

    run.json                            what is graded, the roster, which attempt counts
    assignment.yaml                     the assignment as it was graded
    students/STEM/NNNN.report.json      a report (dockgrader.report/1)
    students/STEM/NNNN.evidence.json    what was read, .gz when it is large
    students/STEM/NNNN.attempt.json     written last: an attempt without it does not exist
    lock                                held while a batch writes

Only one process writes. A file that was cut short or changed is named in `damaged` and counts as missing.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from dockgrader.batch.attempt import Attempt, attempt_from
from dockgrader.batch.roster import Student
from dockgrader.batch.stems import file_stem
from dockgrader.errors import UsageError
from dockgrader.files import write_whole
from dockgrader.frozen import dataclass
from dockgrader.report.reading import report_from

SCHEMA = "dockgrader.run/1"
KEEP = ("best", "latest")
_ATTEMPT = re.compile(r"(\d{4,9})\.attempt\.json", re.ASCII)
_NUMBERED = re.compile(r"(\d{4,9})\.", re.ASCII)
_DRAFT = re.compile(r"\.(assignment\.yaml|[\w.]+\.json)")
_MODE = 0o600
_CAP = 64 << 20
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class TaskInfo:
    """A task of the assignment."""

    id: str
    title: str
    max_score: float


@dataclass(frozen=True)
class AssignmentInfo:
    """What the run is about: the assignment, or the one task of it that the run asks for."""

    id: str
    title: str
    digest: str
    task: str | None
    max_score: float
    tasks: tuple[TaskInfo, ...]


@dataclass(frozen=True)
class RunInfo:
    """run.json. `keep` is `best` (per task) or `latest`.

    `parameter_key` is the fingerprint of the key by which the students' parameters are drawn; "" without any.
    """

    assignment: AssignmentInfo
    roster: tuple[Student, ...]
    keep: str
    started_at: str
    dockgrader: str
    parameter_key: str = ""

    def to_json(self) -> dict[str, Any]:
        """As it is written."""
        assignment = self.assignment
        tasks = [
            {"id": task.id, "title": task.title, "max_score": task.max_score} for task in assignment.tasks
        ]
        return {
            "schema": SCHEMA,
            "assignment": {
                "id": assignment.id,
                "title": assignment.title,
                "digest": assignment.digest,
                "task": assignment.task,
                "max_score": assignment.max_score,
                "tasks": tasks,
            },
            "roster": [{**row.to_json(), "file_stem": file_stem(row.id)} for row in self.roster],
            "keep": self.keep,
            "started_at": self.started_at,
            "dockgrader": self.dockgrader,
            "parameter_key": self.parameter_key,
        }


class RunFolder:
    """A folder with its run.json. Raises UsageError where it is none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damaged: list[str] = []
        """Files that could not be read back, with the reason."""
        self.run = _run_of(path)

    @property
    def assignment_file(self) -> Path:
        """The assignment as it was graded."""
        return self.path / "assignment.yaml"

    @property
    def roster(self) -> tuple[Student, ...]:
        """The students, in the roster's order."""
        return self.run.roster

    def rewrite(self, run: RunInfo, assignment: bytes | None = None) -> None:
        """Write run.json anew, and the assignment before it. Raises UsageError."""
        if assignment is not None:
            write_whole(self.assignment_file, assignment, _MODE)
        write_whole(self.path / "run.json", _json(run.to_json()), _MODE)
        self.run = run

    def student_folder(self, student: str) -> Path:
        """Where a student's attempts are; it may not be there yet."""
        return self.path / "students" / file_stem(student)

    def add(self, student: str, attempt: Attempt, report: bytes, evidence: bytes | None = None) -> Attempt:
        """Write an attempt as the student's next one; its number and file names are given here.

        `report` and `evidence` are the files' contents; evidence may be gzip. The attempt is written last. Raises
        UsageError (disk full, read-only): then there is no such attempt.
        """
        folder = self.student_folder(student)
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            number = 1 + max((int(found[1]) for found in _names(folder, _NUMBERED)), default=0)
        except OSError as error:
            raise UsageError(f"{folder} cannot be written: {error.strerror}") from error
        files = {f"{number:04}.report.json": report}
        name = None
        if evidence is not None:
            name = f"{number:04}.evidence.json{'.gz' if evidence[:2] == _GZIP else ''}"
            files[name] = evidence
        written = replace(attempt, number=number, evidence=name or attempt.evidence)
        files[f"{number:04}.attempt.json"] = _json(written.to_json())
        try:
            for file, data in files.items():
                write_whole(folder / file, data, _MODE)
        except UsageError:
            for file in files:  # the last one was not written: there is no such attempt
                with suppress(OSError):
                    (folder / file).unlink(missing_ok=True)
            raise
        return written

    def attempts(self, student: str) -> list[Attempt]:
        """A student's whole attempts, the oldest first."""
        folder = self.student_folder(student)
        found = []
        for match in sorted(_names(folder, _ATTEMPT), key=lambda match: int(match[1])):
            try:
                found.append(_attempt(folder, match[0], match[1]))
            except _Damaged as damage:
                if str(damage) not in self.damaged:
                    self.damaged.append(str(damage))
        return found

    def evidence_file(self, student: str, attempt: Attempt) -> Path | None:
        """Where the evidence of an attempt is, if it has any."""
        return self.student_folder(student) / attempt.evidence if attempt.evidence else None

    def tidy(self) -> None:
        """Remove drafts that a killed run left. For whoever holds the lock."""
        for pattern in (".*", "students/*/.*"):
            for draft in self.path.glob(pattern):
                with suppress(OSError):
                    if _DRAFT.match(draft.name):
                        draft.unlink()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder. Raises UsageError when another run does."""
        with locked(self.path):
            yield


def create(path: Path, run: RunInfo, assignment: bytes) -> RunFolder:
    """Write the first files of a run into an empty folder that is there and locked. Raises UsageError."""
    write_whole(path / "assignment.yaml", assignment, _MODE)
    write_whole(path / "run.json", _json(run.to_json()), _MODE)
    return RunFolder(path)


def make_folder(path: Path) -> bool:
    """Make the folder where there is none; whether it has anything in it. Raises UsageError."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return any(not (entry.name == "lock" or _DRAFT.match(entry.name)) for entry in path.iterdir())
    except OSError as error:
        raise UsageError(f"{path} cannot be a run folder: {error.strerror}") from error


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a folder until the end, or the death, of this process. Raises UsageError when somebody else does."""
    import fcntl  # not on Windows, where no batch runs

    try:
        number = os.open(path / "lock", os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, _MODE)
    except OSError as error:
        raise UsageError(f"{path / 'lock'} cannot be written: {error.strerror}") from error
    try:
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(f"{path}: another run is writing into this folder; wait until it ends") from None
        except OSError as error:
            raise UsageError(f"{path / 'lock'} cannot be locked: {error.strerror}") from error
        yield
    finally:
        os.close(number)


class _Damaged(Exception):
    """A file that was cut short or changed."""


def _run_of(path: Path) -> RunInfo:
    file = path / "run.json"
    try:
        raw = _read_json(file)
        if raw["schema"] != SCHEMA:
            raise UsageError(
                f"{file}: its schema is {str(raw['schema'])[:60]!r}; this version reads {SCHEMA}"
            )
        return _run(raw)
    except FileNotFoundError:
        raise UsageError(f"{path} is no run folder: there is no run.json in it") from None
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from None
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError):
        raise UsageError(f"{file}: it is cut short or was changed by hand") from None


def _run(raw: Any) -> RunInfo:
    about = raw["assignment"]
    tasks = tuple(TaskInfo(str(task["id"]), str(task["title"]), _points(task)) for task in about["tasks"])
    if raw["keep"] not in KEEP:
        raise ValueError
    return RunInfo(
        AssignmentInfo(
            id=str(about["id"]),
            title=str(about["title"]),
            digest=str(about["digest"]),
            task=None if about["task"] is None else str(about["task"]),
            max_score=_points(about),
            tasks=tasks,
        ),
        tuple(Student.from_json(row) for row in raw["roster"]),
        str(raw["keep"]),
        str(raw["started_at"]),
        str(raw["dockgrader"]),
        str(raw.get("parameter_key", "")),
    )


def _points(raw: Any) -> float:
    number = raw["max_score"]
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise TypeError
    return number


def _attempt(folder: Path, name: str, number: str) -> Attempt:
    file = folder / name
    try:
        attempt = attempt_from(_read_json(file), None)
        if attempt.number != int(number):
            raise ValueError(f"it says that it is number {attempt.number}")
        file = folder / f"{number}.report.json"
        return replace(attempt, report=report_from(_read_json(file)))
    except FileNotFoundError:
        raise _Damaged(f"{file}: it is missing") from None
    except OSError as error:
        raise _Damaged(f"{file}: {error.strerror}") from None
    except json.JSONDecodeError:
        raise _Damaged(f"{file}: it is cut short or was changed by hand") from None
    except (ValueError, RecursionError) as error:
        raise _Damaged(f"{file}: {str(error)[:200] or 'it cannot be read'}") from None


def _read_json(file: Path) -> Any:
    with file.open("rb") as stream:
        data = stream.read(_CAP + 1)
    if len(data) > _CAP:
        raise ValueError("it is larger than 64 MiB")
    return json.loads(data)


def _names(folder: Path, pattern: re.Pattern[str]) -> Iterable[re.Match[str]]:
    try:
        return [match for entry in folder.iterdir() if (match := pattern.match(entry.name))]
    except FileNotFoundError:
        return []


def _json(data: Any) -> bytes:
    return (json.dumps(data, indent=1, ensure_ascii=True) + "\n").encode()
