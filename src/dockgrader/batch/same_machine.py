"""What several students' machines share, and no two machines share by chance: a hint to look, never a score.

A container's id and an anonymous volume's name are drawn at random while the work is done, and a volume's time of
creation belongs to it: who shares them shares a machine, a copy of one that already had the work on it, or an evidence
file. An engine's id, a machine's id and its SSH host keys come into being once, and a cloned image hands them on: a
course that clones its VMs makes all of them alike. A student can make any of them up.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dockgrader.batch.folder import RunFolder
from dockgrader.batch.results import StudentResult
from dockgrader.batch.roster import Student
from dockgrader.errors import EvidenceError
from dockgrader.facts.base import dig_list, dig_str
from dockgrader.grading.evidence import read_evidence
from dockgrader.report.class_report import Hint, Strength

_RANDOM_NAME = re.compile(r"[0-9a-f]{64}", re.ASCII)
_STRENGTHS = {
    "container": Strength.STRONG,
    "volume": Strength.STRONG,
    "engine": Strength.WEAK,
    "machine-id": Strength.WEAK,
    "host-key": Strength.WEAK,
}
_MACHINE_KEYS = {
    "container": "containers",
    "volume": "volumes",
    "engine": "engine",
    "machine-id": "machine_id",
    "host-key": "host_keys",
}
_CLASS = 4
"""What more than half of so many machines share comes from the course's own image."""

Prints = Mapping[str, frozenset[str]]
"""What is shared by none, by kind: `container`, `volume`, `engine`, `machine-id`, `host-key`."""


def hints(folder: RunFolder, results: Sequence[StudentResult]) -> tuple[Hint, ...]:
    """What the machines of a class share, the strongest first. Evidence that cannot be read says nothing."""
    students = [result.student for result in results]
    prints = {result.student.id: _prints_of(folder, result) for result in results}
    return (*_one_address(students), *shared(students, prints))


def shared(students: Sequence[Student], prints: Mapping[str, Prints]) -> list[Hint]:
    """Hints from fingerprints by student; values that the same students share are one hint."""
    machine = {student.id: address(student) for student in students}
    known = sum(any(values for values in prints.get(student.id, {}).values()) for student in students)
    found = []
    for what, strength in _STRENGTHS.items():
        groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for value, who in _owners(what, students, prints).items():
            groups[who].append(value)
        for who, values in groups.items():
            why = ""
            if len({machine[student] for student in who}) == 1:
                why = "roster"
            elif known >= _CLASS and len(who) * 2 > known:
                why = "class"
            how = Strength.EXPLAINED if why else strength
            found.append(Hint(how, what, tuple(sorted(values)), who, why))
    order = list(Strength)
    return sorted(found, key=lambda hint: (order.index(hint.strength), -len(hint.values)))


def address(student: Student) -> str:
    """The machine that a roster's row means, whoever logs in there."""
    try:
        parts = urlsplit(student.url)
        if parts.scheme == "ssh" and parts.hostname:
            return f"{parts.hostname.lower()}:{parts.port or 22}"
    except ValueError:
        pass
    return student.url


def prints_in(machine: Mapping[str, Any], evidence: Iterable[tuple[str, Any]]) -> Prints:
    """Fingerprints in an attempt's `machine` and in evidence (name of the fact, answer)."""
    found: dict[str, set[str]] = {what: set(_texts(machine.get(key))) for what, key in _MACHINE_KEYS.items()}
    for fact, answer in evidence:
        if fact == "info":
            found["engine"].add(dig_str(answer, "ID"))
        elif fact == "containers":
            found["container"].update(dig_str(item, "Id") for item in dig_list({"all": answer}, "all"))
        elif fact == "container":
            found["container"].add(dig_str(answer, "Id"))
            names = (dig_str(mount, "Name") for mount in dig_list(answer, "Mounts"))
            found["volume"].update(name for name in names if _RANDOM_NAME.fullmatch(name))
    return {what: frozenset(values - {""}) for what, values in found.items()}


def _one_address(students: Sequence[Student]) -> list[Hint]:
    rows: dict[str, list[str]] = defaultdict(list)
    for student in students:
        rows[address(student)].append(student.id)
    return [
        Hint(Strength.EXPLAINED, "address", (where,), tuple(who), "roster")
        for where, who in rows.items()
        if len(who) > 1
    ]


def _owners(
    what: str, students: Sequence[Student], prints: Mapping[str, Prints]
) -> dict[str, tuple[str, ...]]:
    """Each value that several students have, with those students in the roster's order."""
    owners: dict[str, list[str]] = defaultdict(list)
    for student in students:
        for value in prints.get(student.id, {}).get(what, ()):
            owners[value].append(student.id)
    return {value: tuple(who) for value, who in owners.items() if len(who) > 1}


def _prints_of(folder: RunFolder, result: StudentResult) -> Prints:
    """Of the attempts that count."""
    attempts = {task.attempt.number: task.attempt for task in result.tasks if task.attempt}
    found: dict[str, frozenset[str]] = {}
    for attempt in attempts.values():
        known = "containers" in attempt.machine  # what a batch noted; else the evidence has it
        path = None if known else folder.evidence_file(result.student.id, attempt)
        for what, values in prints_in(attempt.machine, _readings(path)).items():
            found[what] = found.get(what, frozenset()) | values
    return found


def _readings(path: Path | None) -> list[tuple[str, Any]]:
    if path is None:
        return []
    try:
        evidence = read_evidence(path)
    except EvidenceError:
        return []
    return [(str(reading.question.get("fact")), reading.answer) for reading in evidence.readings]


def _texts(raw: Any) -> list[str]:
    values = raw if isinstance(raw, list) else [raw]
    return [value for value in values if isinstance(value, str)]
