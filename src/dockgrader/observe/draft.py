"""What runs on a host, said as an assignment: what matters of it, and none of what changes from run to run.

A draft states what somebody has chosen: that it runs, its image, limits, volumes, health, dependencies, pages. Ids,
process numbers, times and addresses are no part of it. Whatever does not pass on this very host is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import field, replace
from itertools import count
from typing import Any

from pydantic import ValidationError

from dockgrader.assignment.model import Task
from dockgrader.errors import UsageError
from dockgrader.facts.base import See
from dockgrader.facts.compose import Project, projects
from dockgrader.facts.containers import Container, Containers, Inspected
from dockgrader.frozen import dataclass
from dockgrader.grading.grade import Source, grade_task
from dockgrader.observe.checks import checks_of
from dockgrader.report.model import Status

_IDENTIFIER = re.compile(r"[^\w.-]+")


@dataclass(frozen=True)
class DraftTask:
    """A task as plain data, and what an author should know about it."""

    data: dict[str, Any]
    notes: tuple[str, ...] = field(default=())


def draft(see: Source, name: str | None = None) -> list[DraftTask]:
    """A task for each container that runs and each Compose project; or for one container by `name`.

    Raises UsageError when there is nothing, or no such container; Unobserved when the host does not say.
    """
    found = list(_of_one(name, see) if name is not None else _of_all(see))
    if not found:
        raise UsageError("no container runs there, so there is nothing to observe; start your solution first")
    ids: set[str] = set()
    tasks = [_holding(_unlike(task, ids), see) for task in found]
    if not any(task.data["checks"] for task in tasks):
        raise UsageError(f"nothing there can be stated: {'; '.join(tasks[0].notes)[:500]}")
    return [task for task in tasks if task.data["checks"]]


def _of_one(name: str, see: See) -> Iterator[DraftTask]:
    inspected = see(Container(name))
    if inspected is None:
        raise UsageError(f"there is no container '{name}' on this host; `docker ps -a` shows what there is")
    yield _task(inspected.name, [("container", inspected.name, [inspected])], see)


def _of_all(see: See) -> Iterator[DraftTask]:
    listed = see(Containers())
    composed = projects(listed)
    in_projects = {ref for project in composed for refs in project.services.values() for ref in refs}
    plain = [see(Container(item.id)) for item in reversed(listed) if item.id not in in_projects]
    for inspected in plain:
        if inspected is not None and inspected.status == "running":
            yield _task(inspected.name, [("container", inspected.name, [inspected])], see)
    for project in composed:
        if project.running:
            yield _task(project.name, list(_services(project, see)), see)


def _services(project: Project, see: See) -> Iterator[tuple[str, str, list[Inspected]]]:
    for service, refs in sorted(project.services.items()):
        replicas = [inspected for ref in refs if (inspected := see(Container(ref))) is not None]
        if any(inspected.status == "running" for inspected in replicas):
            yield "service", service, replicas


def _task(name: str, targets: Sequence[tuple[str, str, list[Inspected]]], see: See) -> DraftTask:
    names: set[str] = set()
    checks: list[dict[str, Any]] = []
    notes: list[str] = []
    for form, target, replicas in targets:
        name_of = _free(_plain(target), names)
        names.add(name_of)
        prefix = f"{name_of}-" if form == "service" else ""
        made, said = checks_of(form, target, replicas, prefix, see)
        checks += made
        notes += said
    valid = [check for check in checks if _valid(check, notes)]
    known = {check["id"] for check in valid}
    kept = [check for check in valid if known.issuperset(check.get("needs", ()))]
    return DraftTask({"id": _plain(name), "title": name or "?", "checks": kept}, tuple(notes))


def _valid(check: dict[str, Any], notes: list[str]) -> bool:
    """Whether an assignment may say this; hostile labels may hold what it may not."""
    alone = {name: value for name, value in check.items() if name != "needs"}
    try:
        Task.model_validate({"id": "alone", "title": "alone", "checks": [alone]})
    except ValidationError as error:
        notes.append(f"{check['id']} is left out: {error.errors()[0]['msg']}")
        return False
    return True


def _plain(name: str) -> str:
    return _IDENTIFIER.sub("-", name)[:60] or "task"


def _unlike(task: DraftTask, ids: set[str]) -> DraftTask:
    """With an id that no other task has."""
    ident = _free(task.data["id"], ids)
    ids.add(ident)
    return replace(task, data={**task.data, "id": ident})


def _free(base: str, taken: set[str]) -> str:
    """The name, with a number where it is taken."""
    numbered = (f"{base}-{number}" for number in count(2))
    return base if base not in taken else next(name for name in numbered if name not in taken)


def _holding(task: DraftTask, see: Source) -> DraftTask:
    """The task with those checks only that pass here; what is left out is noted."""
    data, notes = task.data, list(task.notes)
    while data["checks"]:
        verdicts = grade_task(Task.model_validate(data), see).verdicts
        wrong = {name: verdict for name, verdict in verdicts.items() if verdict.status is not Status.PASSED}
        if not wrong:
            return DraftTask(data, tuple(notes))
        notes += [
            f"{name} is left out: it does not pass here ({verdict.code})" for name, verdict in wrong.items()
        ]
        data = {**data, "checks": [check for check in data["checks"] if check["id"] not in wrong]}
    return DraftTask(data, tuple(notes))
