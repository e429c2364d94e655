"""Run folders of made-up classes whose students handed in the recorded solution and mistakes."""

from __future__ import annotations

import functools
import json
import random
from collections.abc import Sequence
from pathlib import Path

from dockgrader import __version__
from dockgrader.assignment.loading import Loaded, load, tasks_of
from dockgrader.batch.attempt import Attempt, Kind
from dockgrader.batch.folder import AssignmentInfo, RunFolder, RunInfo, TaskInfo, create
from dockgrader.batch.roster import Student
from dockgrader.grading.evidence import Evidence, read_evidence
from dockgrader.grading.run import grade_evidence
from dockgrader.report import json as report_json
from dockgrader.report.model import HostReport, Report
from dockgrader.texts import picked
from lab.cases import RECORDINGS, SHIPPED, recording

ROOT = Path(__file__).resolve().parents[2]
HOMEWORK = ROOT / "checks" / "homework-1.yaml"
SOLUTION = recording("solution-v2")
SLIP = recording("limits/notes-slip")
GONE = [
    ("ssh.auth", "The server refuses every key that was offered"),
    ("ssh.timeout", "10.0.0.9 did not answer within 10 s"),
    ("ssh.refused", "Connection refused: is sshd running there?"),
]
AT = "2026-03-01T18:{:02}:{:02}+00:00"


@functools.cache
def homework() -> Loaded:
    return load(HOMEWORK)


def a_folder(path: Path, students: Sequence[Student], keep: str = "best", lang: str = "en") -> RunFolder:
    """An empty run of homework-1."""
    assignment = homework().assignment
    tasks = tuple(
        TaskInfo(task.id, picked(task.title, lang), sum(check.points for check in task.checks))
        for task in assignment.tasks
    )
    about = AssignmentInfo(
        id=assignment.id,
        title=picked(assignment.title, lang),
        digest=homework().digest,
        task=None,
        max_score=sum(task.max_score for task in tasks),
        tasks=tasks,
    )
    path.mkdir(parents=True)
    run = RunInfo(about, tuple(students), keep, AT.format(0, 0), __version__)
    return create(path, run, HOMEWORK.read_bytes())


def graded(
    folder: RunFolder,
    student: str,
    recording: Path,
    task: str | None = None,
    lang: str = "en",
    at: str = AT.format(5, 0),
    kind: Kind = Kind.GRADED,
    machine: dict[str, object] | None = None,
) -> Report:
    """Grade a recording as a student's next attempt."""
    report = _report(recording, task, lang)
    attempt = Attempt(
        0, at, kind, machine=machine or {}, provided=kind is Kind.STUDENT_PROVIDED, duration_s=1.5
    )
    folder.add(student, attempt, report_json.render(report).encode(), recording.read_bytes())
    return report


def unobserved(
    folder: RunFolder, student: str, code: str = "ssh.refused", reason: str = "Connection refused"
) -> None:
    """An attempt that did not reach the host."""
    evidence = Evidence(HostReport("ssh://10.0.0.9"), AT.format(6, 0), (code, reason), ())
    report = grade_evidence(homework(), homework().assignment.tasks, evidence, "en")
    attempt = Attempt(0, AT.format(6, 0), Kind.UNOBSERVED, reason, code, retries=2)
    data = json.dumps(evidence.to_json()).encode()
    folder.add(student, attempt, report_json.render(report).encode(), data)


@functools.cache
def _report(recording: Path, task: str | None, lang: str) -> Report:
    evidence = read_evidence(recording)
    return grade_evidence(homework(), tasks_of(homework(), task), evidence, lang)


def mistakes(task: str) -> list[Path]:
    """The recorded mistakes of a task, by either Compose."""
    folders = [where / name for where in (SHIPPED, RECORDINGS) for name in (f"{task}-v2", task)]
    return sorted(file for folder in folders for file in folder.glob("*.json.gz"))


def a_whole_class(path: Path, size: int, lang: str = "en", seed: int = 1) -> RunFolder:
    """A class as they are: most things right, the same few mistakes, some machines gone."""
    draw = random.Random(seed)
    names = ["Анна Ковалёва", "Борис Ким", "Chen Wei", "Дарья Petrova", "Émile Durand", "Фёдор Иванов"]
    students = [
        Student(
            f"st{number:03}",
            f"10.0.{number // 200}.{number % 200 + 10}",
            name=f"{draw.choice(names)} {number}",
            email=f"st{number:03}@example.org",
            extra=(("group", f"ИУ5-{number % 4 + 51}"),),
        )
        for number in range(1, size + 1)
    ]
    folder = a_folder(path, students, lang=lang)
    for student in students:
        fate = draw.random()
        if fate < 0.02:
            continue
        if fate < 0.07:
            unobserved(folder, student.id, *draw.choice(GONE))
            continue
        for task in ("limits", "volume", "compose"):
            wrong = mistakes(task)
            recording = (
                SOLUTION if draw.random() < 0.6 else wrong[min(int(draw.expovariate(0.12)), len(wrong) - 1)]
            )
            kind = Kind.STUDENT_PROVIDED if fate > 0.98 else Kind.GRADED
            graded(folder, student.id, recording, task, lang, AT.format(10 + int(fate * 40), 7), kind)
    return folder
