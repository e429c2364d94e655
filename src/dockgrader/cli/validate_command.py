"""`dockgrader validate`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from dockgrader.assignment.loading import Loaded
    from dockgrader.assignment.problem import Problem
    from dockgrader.assignment.source import Source

    Found = list[tuple[str, list[Problem]]]


@click.command("validate")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    show_default=True,
    help="text for people, json for programs, github for annotations in a workflow.",
)
def command(files: tuple[str, ...], form: str) -> int:
    """Say everything that is wrong in assignments, or in their cases, with file, line and column.

    FILE is a path to an assignment or to its cases.yaml, or a name that `dockgrader list` shows. An assignment with
    parameters is validated at both ends of their ranges and for each entry of their lists.

    \b
    Examples:
      dockgrader validate checks/my-homework.yaml
      dockgrader validate checks/*.yaml checks/*/cases.yaml --format github

    \b
    Exit status: 0 all are fine, 2 something is wrong.
    """
    found = [(file, _problems(file)) for file in files]
    render = {"text": _text, "json": _json, "github": _github}[form]
    for line in render(found):
        click.echo(line)
    return 2 if any(problems for _, problems in found) else 0


def _problems(name: str) -> list[Problem]:
    """What is wrong in one file; of cases also which of them name what is not there."""
    from dockgrader.assignment import loading
    from dockgrader.assignment.problem import Problem
    from dockgrader.errors import AssignmentError
    from dockgrader.selftest.loading import FILE, load_cases

    path = Path(name) if Path(name).exists() or Path(name).suffix else loading.find(name).file
    of_cases = path.name == FILE
    try:
        file = path.parent.with_suffix(".yaml") if of_cases else path
        source = loading.read(file)
        loaded = loading.outline(source, file)
        return list(load_cases(loaded).strangers) if of_cases else _unusable(source, loaded)
    except AssignmentError as error:
        return [item for item in error.problems if isinstance(item, Problem)]


def _unusable(source: Source, loaded: Loaded) -> list[Problem]:
    """The kinds whose package is broken: grading makes errors of their checks, an author should know before."""
    from dockgrader.assignment.extended import unusable
    from dockgrader.assignment.problems import problem_at

    return [problem_at(source, place, reason) for place, reason in unusable(loaded)]


def _text(found: Found) -> Iterator[str]:
    """A line a problem, and the line in the file with a mark under the place."""
    from dockgrader.assignment.nodes import escaped

    for file, problems in found:
        if not problems:
            yield f"{escaped(file, 1000)}: fine"
        for problem in problems:
            yield str(problem)
            yield from _excerpt(problem)
    total = sum(len(problems) for _, problems in found)
    if total > 1:
        yield f"{total} problems"


def _excerpt(problem: Problem) -> Iterator[str]:
    from dockgrader.assignment.source import excerpt

    shown = excerpt(Path(problem.file), problem.line)
    if shown.strip():
        number = f"{problem.line:>5}"
        yield f"{number} | {shown}"
        if problem.column <= len(shown):
            yield f"{'':>5} | {'':{problem.column - 1}}^"


def _json(found: Found) -> Iterator[str]:
    import json
    from dataclasses import asdict

    files: list[dict[str, Any]] = [
        {"file": file, "valid": not problems, "problems": [asdict(problem) for problem in problems]}
        for file, problems in found
    ]
    yield json.dumps({"schema": "dockgrader.validation/1", "files": files}, indent=2, ensure_ascii=False)


def _github(found: Found) -> Iterator[str]:
    """Workflow commands: what has a meaning in them is escaped."""
    for _, problems in found:
        for problem in problems:
            place = f"file={_property(problem.file)},line={problem.line},col={problem.column}"
            text = f"{problem.field}: {problem.message}" if problem.field else problem.message
            yield f"::error {place},title=dockgrader validate::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
