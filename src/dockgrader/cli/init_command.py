"""`dockgrader init --github`."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import click

from dockgrader.errors import UsageError

_FOLDER = Path(".github", "workflows")
_FILES = {
    "template": {"template.yml": "dockgrader.yml"},
    "course": {"grade.yml": "dockgrader-grade.yml", "settle.yml": "dockgrader-settle.yml"},
}
_MARK = "PLACEHOLDER"


@click.command("init")
@click.option("--github", is_flag=True, help="Workflows for GitHub Actions, under .github/workflows.")
@click.option(
    "--for",
    "repository",
    type=click.Choice(list(_FILES)),
    default="template",
    show_default=True,
    help="template: the repository that students fork. course: the instructor's own, with a reusable "
    "workflow and the one that settles the marks.",
)
def command(github: bool, repository: str) -> int:
    """Write what a repository needs to be graded, into the current folder. Nothing is overwritten.

    \b
    Examples:
      dockgrader init --github
      dockgrader init --github --for course
    """
    if not github:
        raise UsageError(
            "what should be written? `dockgrader init --github` writes workflows for GitHub Actions"
        )
    texts = {_FOLDER / name: _text(source) for source, name in _FILES[repository].items()}
    there = [str(file) for file in texts if file.exists() or file.is_symlink()]
    if there:
        raise UsageError(f"{', '.join(there)} is there already, and nothing is overwritten")
    _FOLDER.mkdir(parents=True, exist_ok=True)
    for file, text in texts.items():
        with file.open("x", encoding="utf-8", newline="\n") as new:
            new.write(text)
        click.echo(f"wrote {file}")
    click.echo("Replace each placeholder:")
    for file, text in texts.items():
        for number, line in enumerate(text.splitlines(), 1):
            if f"# {_MARK}:" in line:
                click.echo(f"  {file}:{number}: {line.partition(f'{_MARK}: ')[2]}")
    return 0


def _text(name: str) -> str:
    return resources.files("dockgrader").joinpath("workflows", name).read_text(encoding="utf-8")
