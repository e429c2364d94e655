"""From a word of a script to the fields that a command is given: splitting, and patterns of file names."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from dockgrader.healthcheck import syntax
from dockgrader.healthcheck.world import MAX_TEXT, Field


def literal(word: syntax.Word) -> str | None:
    """The text of a word that is one piece of plain text, else None."""
    if len(word.parts) == 1 and isinstance(word.parts[0], syntax.Literal):
        return word.parts[0].text
    return None


def fields_of(
    word: syntax.Word,
    value: Callable[[syntax.Variable | syntax.Substitution | syntax.IfSet], Field],
    *,
    split: bool,
) -> list[Field]:
    """The fields that a word becomes; `value` tells what stands in a variable or what a command prints."""
    if literal(word) in ("[", "[[", "{", "}"):
        return [literal(word)]
    done: list[Field] = []
    current: list[Field] = []  # the pieces of the field that is being put together
    for part in word.parts:
        if isinstance(part, syntax.Literal):
            plain = part.quoted or not _is_pattern(part.text, first=part is word.parts[0])
            current.append(part.text if plain else None)
            continue
        text = value(part)
        if isinstance(part, syntax.IfSet) or part.quoted or not split or text is None:
            current.append(text)
            continue
        for piece in re.findall(r"[ \t\n]+|[^ \t\n]+", text):
            if piece[0] not in " \t\n":
                current.append(None if _is_pattern(piece, first=False) else piece)
            elif current:
                done.append(_joined(current))
                current = []
    return [*done, _joined(current)] if current else done


def _joined(pieces: Sequence[Field]) -> Field:
    texts = [text for text in pieces if text is not None]
    joined = "".join(texts)
    return joined if len(texts) == len(pieces) and len(joined) <= MAX_TEXT else None


def _is_pattern(text: str, *, first: bool) -> bool:
    """Would a shell look for files, a home or alternatives here? Then nobody knows what becomes of it."""
    alternatives = "{" in text and ("," in text or ".." in text)
    return bool(re.search(r"[*?\[]", text)) or alternatives or (first and text.startswith("~"))
