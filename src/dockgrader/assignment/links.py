"""What the parts of an assignment say of each other: ids that stand twice, needs of what is not there, circles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from dockgrader.assignment.source import Path

Flaw = tuple[Path, str]
"""Where, and what is wrong there."""

Links = Sequence[tuple[str, Sequence[str]]]
"""The checks of a task: the id of each and what it needs."""


def flaws_in(data: Any) -> Iterator[Flaw]:
    """All such flaws in the plain data of an assignment, which may still be anything."""
    tasks = _list(data, "tasks")
    yield from _under(("tasks",), doubles([_id(task) for task in tasks], "tasks"))
    for number, task in enumerate(tasks):
        checks = [
            (_id(check), [str(need) for need in _list(check, "needs")]) for check in _list(task, "checks")
        ]
        yield from _under(("tasks", number, "checks"), flaws_of(checks))


def flaws_of(checks: Links) -> Iterator[Flaw]:
    """The flaws of a task's checks; paths begin at the list of checks."""
    ids = [name for name, _ in checks]
    yield from doubles(ids, "checks")
    for number, (name, needs) in enumerate(checks):
        for place, need in enumerate(needs):
            if need not in ids:
                message = f"the check '{name}' needs '{need}', which is no check of this task"
                yield (
                    (number, "needs", place),
                    message + _advice(need, [other for other in ids if other != name]),
                )
    if circle := _circle(dict(checks)):
        yield (ids.index(circle[0]), "needs"), f"prerequisites go in a circle: {' needs '.join(circle)}"


def _advice(need: str, ids: Sequence[str]) -> str:
    import difflib  # for wrong files only

    near = difflib.get_close_matches(need[:100], ids, 1)
    return f"; did you mean '{near[0]}'?" if near else ""


def doubles(ids: Sequence[str], what: str) -> Iterator[Flaw]:
    """The ids that stood before already."""
    for number, name in enumerate(ids):
        if name and ids.index(name) < number:
            yield (number, "id"), f"two {what} have the same id '{name}'"


def _under(path: Path, flaws: Iterator[Flaw]) -> Iterator[Flaw]:
    return (((*path, *below), message) for below, message in flaws)


def _list(data: Any, key: str) -> list[Any]:
    found = data.get(key) if isinstance(data, dict) else None
    return found if isinstance(found, list) else []


def _id(data: Any) -> str:
    found = data.get("id") if isinstance(data, dict) else None
    return found if isinstance(found, str) else ""


def _circle(needs: dict[str, Sequence[str]]) -> list[str]:
    """One circle of prerequisites, [] when there is none."""
    done: set[str] = set()
    for start in needs:
        path, stack = [start], [iter(needs[start])]
        while stack:
            following = next(stack[-1], None)
            if following is None:
                done.add(path.pop())
                stack.pop()
            elif following in path:
                return [*path[path.index(following) :], following]
            elif following not in done and following in needs:
                path.append(following)
                stack.append(iter(needs[following]))
    return []
