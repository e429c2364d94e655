"""`dockgrader new`."""

from __future__ import annotations

from pathlib import Path

import click

_ASSIGNMENT = """\
# yaml-language-server: $schema=schema/assignment.json
# An assignment is a list of tasks, each a list of checks. `dockgrader observe` drafts them from a working solution,
# `dockgrader validate checks/{name}.yaml` says what is wrong, `dockgrader show {name}` prints it.
id: {name}
title:
  en: "{name}"
  ru: "{name}"

tasks:
  - id: server
    title:
      en: "A container called server"
      ru: "Контейнер с именем server"
    checks:
      - id: running
        kind: container
        title: {{en: "server is running", ru: "server работает"}}
        points: 1
        container: server
        state: running

      - id: memory
        kind: container
        title: {{en: "It may use 64 MiB of memory", ru: "Ему доступно 64 МиБ памяти"}}
        points: 2
        needs: [running]
        container: server
        memory: 64MiB
"""

_CASES = """\
# yaml-language-server: $schema=../schema/cases.json
# What students do, and the verdicts it must get; write these before you grade it. A recording is made on the host:
#   dockgrader check {name} --evidence checks/{name}/recordings/right.json.gz
# `dockgrader selftest {name}` grades all cases, then changes a correct one field by field.
cases: []
# - name: right
#   title: As it should be
#   recording: recordings/right.json.gz
# - name: unlimited
#   title: No limit was given
#   recording: recordings/unlimited.json.gz
#   expect: {{server/memory: memory.unlimited}}     # all checks that are not named must pass

# Changes that may get full marks, because they do not matter:
accepted: []
# - fields: [HostConfig.RestartPolicy.*]
#   reason: The task leaves the restart policy to the student.
"""


@click.command("new")
@click.argument("name")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("checks"),
    show_default=True,
    help="Where assignments lie.",
)
def command(name: str, folder: Path) -> None:
    """Begin an assignment: a small one that is valid as it is, a file for its cases, and schemas for your editor.

    Nothing that is there already is overwritten.

    \b
    Example:
      dockgrader new my-homework
    """
    from dockgrader.errors import UsageError
    from dockgrader.files import write_whole
    from dockgrader.kinds.base import identifier

    try:
        identifier(name)
    except ValueError as error:
        raise UsageError(f"NAME: {error}") from None
    if name.startswith("."):
        raise UsageError("NAME: a file that begins with a dot would be hidden")
    texts = {folder / f"{name}.yaml": _ASSIGNMENT, folder / name / "cases.yaml": _CASES}
    for file in texts:
        if file.exists():
            raise UsageError(f"{file} is there already; choose another name, or go on with it")
    for made in (folder / name / "recordings", folder / "schema"):
        made.mkdir(parents=True, exist_ok=True)
    for file, text in texts.items():
        write_whole(file, text.format(name=name).encode())
        click.echo(f"wrote {file}")
    for file, schema in _schemas(folder / "schema").items():
        if not file.exists():
            write_whole(file, schema)
            click.echo(f"wrote {file}")


def _schemas(folder: Path) -> dict[Path, bytes]:
    import json

    from dockgrader.assignment.schema import schema as of_assignments
    from dockgrader.selftest.schema import schema as of_cases

    made = {"assignment": of_assignments(), "cases": of_cases()}
    return {
        folder / f"{name}.json": f"{json.dumps(schema, indent=2, ensure_ascii=True)}\n".encode()
        for name, schema in made.items()
    }
