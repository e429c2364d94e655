"""The files of an assignment in the tests of selftest, and changes of them."""

from __future__ import annotations

from pathlib import Path


def changed(file: Path, old: str, new: str) -> Path:
    """The file, in which something that is there is now something else."""
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    return file


def cases(assignment: Path) -> Path:
    """The file of its cases."""
    return assignment.with_suffix("") / "cases.yaml"
