"""`--student`, `--parameter-key` and `--parameter`: from a student's id to that student's own assignment."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import click

from dockgrader.assignment.drawing import HOW, Key, drawn, read_key
from dockgrader.assignment.parameters import declared, in_words
from dockgrader.assignment.plain_yaml import plain
from dockgrader.assignment.references import given
from dockgrader.assignment.source import Source, Value, Values
from dockgrader.assignment.wording import shown, unknown
from dockgrader.errors import UsageError
from dockgrader.report.plain import clean


def individual(source: Source, student: str | None, key_file: Path | None, chosen: Sequence[str]) -> Source:
    """The assignment with a student's values, or with those that are `chosen` as NAME=VALUE.

    A student's are told on standard error, since an id with a slip in it has values as well, only other ones. Raises
    UsageError, AssignmentError.
    """
    if chosen:
        if student is not None:
            raise UsageError(
                "--parameter and --student: one of them says what the values are; leave the other away"
            )
        return given(source, _chosen(source, chosen))
    if student is None or not student.strip():
        raise UsageError(
            f"{source.file} has parameters, which differ from student to student; say whose: --student ID"
        )
    student = student.strip()  # as in a roster
    values = drawn(source, student, needed_key(source.file, key_file))
    click.echo(clean(f"{student}: {in_words(values)}", 2000), err=True)
    return given(source, values)


def _chosen(source: Source, chosen: Sequence[str]) -> Values:
    known, values = declared(source), dict[str, Value]()
    for pair in chosen:
        name, equals, text = pair.partition("=")
        if not equals:
            raise UsageError(f"--parameter {pair}: expected NAME=VALUE")
        if name not in known:
            raise UsageError(f"--parameter: {unknown(f'parameter {shown(name)}', name, known)}")
        places = (known[name].place(value) for value in (text, plain(text)) if value is not None)
        place = next((place for place in places if place is not None), None)
        if place is None:
            raise UsageError(f"--parameter {pair}: this is no value that {name} can have")
        values[name] = known[name].value(place)
    if missing := [name for name in known if name not in values]:
        raise UsageError(
            f"--parameter: the values of all parameters are needed; missing: {', '.join(missing)}"
        )
    return {name: values[name] for name in known}


def needed_key(assignment: str, key_file: Path | None) -> Key:
    """The key. Raises UsageError where there is none."""
    key = read_key(key_file, os.environ)
    if key is None:
        raise UsageError(f"{assignment} has parameters, which need their key: give it by {HOW}")
    return key
