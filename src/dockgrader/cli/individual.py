"""`--student` and `--parameter-key`: from a student's id to that student's own assignment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dockgrader.assignment.drawing import HOW, Key, drawn, read_key
from dockgrader.assignment.parameters import in_words
from dockgrader.assignment.references import given
from dockgrader.errors import UsageError
from dockgrader.report.plain import clean

if TYPE_CHECKING:
    from dockgrader.assignment.source import Source


def theirs(source: Source, student: str | None, key_file: Path | None) -> Source:
    """The assignment with a student's values, which are told on standard error. Raises UsageError, AssignmentError.

    Told, since an id with a slip in it has values as well, only other ones.
    """
    if student is None or not student.strip():
        raise UsageError(
            f"{source.file} has parameters, which differ from student to student; say whose: --student ID"
        )
    student = student.strip()  # as in a roster
    values = drawn(source, student, needed_key(source.file, key_file))
    click.echo(clean(f"{student}: {in_words(values)}", 2000), err=True)
    return given(source, values)


def needed_key(assignment: str, key_file: Path | None) -> Key:
    """The key. Raises UsageError where there is none."""
    key = read_key(key_file, os.environ)
    if key is None:
        raise UsageError(f"{assignment} has parameters, which need their key: give it by {HOW}")
    return key
