"""A mutant, and changing a value deep inside JSON without touching the original."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from dockgrader.frozen import dataclass

Path = tuple[str | int, ...]
PAGE = 4096
GONE: Any = object()
"""In place of a value: the key or the item is taken away."""


@dataclass(frozen=True)
class Mutant:
    """One change: its name, whose it is (a container's role or a fact), the field, what it was and is."""

    name: str
    of: str
    field: str
    before: Any
    after: Any
    changed: Mapping[str, Any] = dataclasses.field(repr=False)
    """Raw answers by question that differ from the correct solution's."""


def replaced(data: Any, path: Path, value: Any) -> Any:
    """The data with another value at a path, GONE to take it away; what does not change is shared."""
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        items = list(data)
        if value is GONE and not rest:
            del items[step]
        else:
            items[step] = replaced(items[step], rest, value)
        return items
    entries = dict(data or {})
    if value is GONE and not rest:
        entries.pop(step, None)
    else:
        entries[step] = replaced(entries.get(step), rest, value)
    return entries


def field_name(path: Path) -> str:
    """`HostConfig.Binds[0]`, `Config.Labels[com.example.owner]`: as authors write paths."""
    text = ""
    for step in path:
        if isinstance(step, int) or "." in step:
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text


def other_text(text: str) -> dict[str, str]:
    """Texts that a person may take for the same one, and one that is none at all."""
    others = {
        "text-before": f"x{text}",
        "text-after": f"{text.removesuffix(chr(10))}x",
        "in-quotes": f'"{text.strip()}"',
        "other-case": text.swapcase(),
        "empty": "",
    }
    return {name: other for name, other in others.items() if other != text}
