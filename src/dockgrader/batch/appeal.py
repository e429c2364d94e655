"""One student's result as a report again, with the evidence behind each verdict.

The verdicts that count are those in the folder. The saved evidence is graded again under the assignment as it was, and
must say the same; where it does not, the verdict that counts stays and the task says what is different.
"""

from __future__ import annotations

import difflib
from dataclasses import replace

from dockgrader.assignment.loading import Loaded, has_parameters, outline, read, validated
from dockgrader.assignment.source import Source
from dockgrader.batch.attempt import Attempt
from dockgrader.batch.folder import RunFolder
from dockgrader.batch.results import ChosenTask, StudentResult, result
from dockgrader.batch.roster import Student
from dockgrader.errors import DockgraderError, UsageError
from dockgrader.frozen import dataclass
from dockgrader.grading.evidence import Evidence, read_evidence
from dockgrader.grading.run import grade_evidence
from dockgrader.report.model import (
    AssignmentReport,
    CheckReport,
    HostReport,
    Report,
    TaskReport,
    total,
)
from dockgrader.texts import filled

_NOTES = {
    "en": {
        "attempt": "Attempt {number} of {count}, {at}",
        "provided": "graded from evidence that the student handed in",
        "regraded": "regraded from the evidence of attempt {of}",
        "parameters": "the task was drawn with {values}",
        "kept": "the verdicts of {checks} are those of an earlier grading, since the evidence has not what they ask",
        "differs": "Graded again, the saved evidence says {again} instead of {stored} for {check}: the latter counts",
        "no-evidence": "The evidence cannot be shown: {why}",
        "none": "No attempt has a result for this task",
        "untried": "Not tried yet: the run has not come to this student",
        "not-kept": "none was saved",
    },
    "ru": {
        "attempt": "Попытка {number} из {count}, {at}",
        "provided": "оценено по данным, которые прислал студент",
        "regraded": "пересчитано по данным попытки {of}",
        "parameters": "параметры задания: {values}",
        "kept": "вердикты {checks} взяты из прежней проверки: в сохранённых данных нет того, что для них нужно",
        "differs": "Повторная оценка сохранённых данных даёт {again} вместо {stored} для {check}: засчитано второе",
        "no-evidence": "Данные показать нельзя: {why}",
        "none": "Ни у одной попытки нет результата для этого задания",
        "untried": "Ещё не проверялось: до этого студента очередь не дошла",
        "not-kept": "они не сохранены",
    },
}


@dataclass(frozen=True)
class Appeal:
    """A student's report, and where the evidence graded again says something else than the folder."""

    report: Report
    disagreements: tuple[str, ...]


def appeal(folder: RunFolder, student_id: str, lang: str) -> Appeal:
    """What one takes into an appeal. Raises UsageError for an unknown student, with near names."""
    student = _student(folder, student_id)
    found = result(folder.run, student, folder.attempts(student.id))
    source = _snapshot(folder)
    tasks, hosts, disagreements = [], [], []
    for chosen in found.tasks:
        again = _again(folder, source, student, chosen, lang)
        if isinstance(again, Report):
            hosts.append(again)
        task, differs = _task(found, chosen, again, lang)
        tasks.append(task)
        disagreements += differs
    return Appeal(_report(folder, found, tuple(tasks), hosts, source, lang), tuple(disagreements))


def _student(folder: RunFolder, wanted: str) -> Student:
    by_id = {student.id: student for student in folder.roster}
    if wanted in by_id:
        return by_id[wanted]
    near = difflib.get_close_matches(wanted, by_id, n=1)
    advice = f"; did you mean '{near[0]}'?" if near else ""
    raise UsageError(f"there is no student {wanted!r} in {folder.path}{advice}")


def _snapshot(folder: RunFolder) -> Source | None:
    try:
        source = read(folder.assignment_file)
        outline(source, folder.assignment_file)
    except (DockgraderError, OSError):
        return None
    return source


def _as_graded(folder: RunFolder, source: Source, attempt: Attempt) -> Loaded:
    """The assignment with the values that the student had. Raises AssignmentError where some are not known."""
    if has_parameters(source):
        from dockgrader.assignment.references import given

        source = given(source, attempt.parameters)
    return validated(source, folder.assignment_file)


def _again(
    folder: RunFolder, source: Source | None, student: Student, chosen: ChosenTask, lang: str
) -> Report | str:
    """The task graded again from the evidence of the attempt that counts, or why that cannot be."""
    words = _NOTES[lang]
    if chosen.attempt is None:
        return words["none"]
    if source is None:
        return filled(words["no-evidence"], {"why": str(folder.assignment_file)})
    path = folder.evidence_file(student.id, chosen.attempt)
    if path is None:
        return filled(words["no-evidence"], {"why": words["not-kept"]})
    try:
        evidence: Evidence = read_evidence(path)
        loaded = _as_graded(folder, source, chosen.attempt)
    except UsageError as error:
        return filled(words["no-evidence"], {"why": str(error)})
    models = [task for task in loaded.assignment.tasks if task.id == chosen.info.id]
    return grade_evidence(loaded, models, evidence, lang)


def _task(
    found: StudentResult, chosen: ChosenTask, again: Report | str, lang: str
) -> tuple[TaskReport, list[str]]:
    """The task as it counts, with the evidence of the second grading, and where the two differ."""
    words, notes, differs = _NOTES[lang], _attempt_notes(found, chosen, lang), list[str]()
    graded = again.tasks[0] if isinstance(again, Report) and again.tasks else None
    if isinstance(again, str):
        notes.append(again)
    stored = chosen.report or TaskReport(chosen.info.id, chosen.info.title, None, chosen.info.max_score, ())
    second = {check.id: check for check in graded.checks} if graded else {}
    checks = []
    for check in stored.checks:
        fresh = second.get(check.id)
        if fresh is not None and _same(check, fresh):
            checks.append(fresh)
            continue
        checks.append(replace(check, facts=fresh.facts) if fresh is not None else check)
        if fresh is not None and f"{stored.id}/{check.id}" not in (
            chosen.attempt.kept if chosen.attempt else ()
        ):
            named = {"again": _said(fresh), "stored": _said(check), "check": f"{stored.id}/{check.id}"}
            differs.append(filled(words["differs"], named))
    if graded and graded.note:
        notes.append(graded.note)
    note = ". ".join([*notes, *differs])
    title = graded.title if graded else stored.title
    return replace(stored, title=title, checks=tuple(checks), note=note), differs


def _attempt_notes(found: StudentResult, chosen: ChosenTask, lang: str) -> list[str]:
    words, attempt = _NOTES[lang], chosen.attempt
    if attempt is None:
        return []
    params = {"number": attempt.number, "count": len(found.attempts), "at": attempt.at, "of": attempt.of}
    parts = [filled(words["attempt"], params)]
    if attempt.parameters:
        from dockgrader.assignment.parameters import in_words

        parts.append(filled(words["parameters"], {"values": in_words(attempt.parameters)}))
    if attempt.of is not None:
        parts.append(filled(words["regraded"], params))
    if attempt.provided:
        parts.append(words["provided"])
    if kept := [check for check in attempt.kept if check.startswith(f"{chosen.info.id}/")]:
        parts.append(filled(words["kept"], {"checks": ", ".join(kept)}))
    return ["; ".join(parts)]


def _same(stored: CheckReport, fresh: CheckReport) -> bool:
    """Language aside."""
    return (stored.status, stored.code, stored.score) == (fresh.status, fresh.code, fresh.score)


def _said(check: CheckReport) -> str:
    return f"{check.status} ({check.code})"


def _named(student: Student) -> str:
    return f"{student.name} ({student.id})" if student.name else student.id


def _report(
    folder: RunFolder,
    found: StudentResult,
    tasks: tuple[TaskReport, ...],
    hosts: list[Report],
    source: Source | None,
    lang: str,
) -> Report:
    about, attempts = folder.run.assignment, found.attempts
    newest = attempts[-1].report if attempts else None
    host = hosts[-1].host if hosts else newest.host if newest else HostReport(found.student.url)
    title = hosts[-1].assignment.title if hosts else about.title
    counting = [chosen.attempt for chosen in found.tasks if chosen.attempt]
    unread = found.score is None
    error = (found.reason or ("" if attempts else _NOTES[lang]["untried"])) if unread else None
    return Report(
        status="error" if unread else "graded",
        error=error,
        lang=lang,
        assignment=AssignmentReport(
            about.id, f"{_named(found.student)}: {title}", source.digest if source else about.digest
        ),
        host=host,
        started_at=max((attempt.at for attempt in counting), default=folder.run.started_at),
        duration_s=round(sum(attempt.duration_s for attempt in counting), 3),
        score=found.score,
        max_score=total(task.max_score for task in tasks) or 0,
        tasks=tasks,
    )
