"""A draft as the YAML that an author goes on with."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from dockgrader.observe.draft import DraftTask
from dockgrader.report.plain import clean

MODELINE = "# yaml-language-server: $schema=schema/assignment.json"


def assignment(tasks: Sequence[DraftTask], ident: str) -> str:
    """A whole file."""
    lines = [
        MODELINE,
        "# A draft of what runs on a host; everything in it passes there. Read it as a student would: take away",
        "# what does not matter, give points, say what a command must answer (kind: exec).",
        f"id: {ident}",
        "title: {en: An observed solution}",
        "",
        "tasks:",
        *_tasks(tasks),
    ]
    return "\n".join(lines).rstrip() + "\n"


def part(tasks: Sequence[DraftTask]) -> str:
    """Tasks alone, to be put into an assignment."""
    return "\n".join(_tasks(tasks)).rstrip() + "\n"


def _tasks(tasks: Sequence[DraftTask]) -> Iterator[str]:
    for task in tasks:
        yield from (f"  # {clean(note)}" for note in task.notes)
        yield f"  - id: {inline(task.data['id'])}"
        yield f"    title: {inline(task.data['title'])}"
        yield "    checks:"
        for check in task.data["checks"]:
            yield from _check(check)


def _check(check: dict[str, Any]) -> Iterator[str]:
    for number, (name, value) in enumerate(check.items()):
        lead = "      - " if number == 0 else "        "
        if isinstance(value, dict):
            yield f"{lead}{name}:"
            yield from (f"          {inline(key)}: {inline(entry)}" for key, entry in value.items())
        else:
            yield f"{lead}{name}: {inline(value)}"
    yield ""


def inline(value: Any) -> str:
    """A value in one line of YAML; JSON, which is YAML as well, where it holds what cannot be printed."""
    import yaml

    texts = value if isinstance(value, list) else [value]
    if not all(text.isprintable() for text in texts if isinstance(text, str)):
        return json.dumps(value)
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=1 << 30)
    return text.removesuffix("\n").removesuffix("\n...")
