"""`dockgrader check`."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dockgrader.cli import options, output, progress

if TYPE_CHECKING:
    from dockgrader.assignment.model import Task


@click.command("check")
@options.assignment_argument()
@options.host_option()
@options.new_keys_option()
@options.format_option()
@click.option(
    "--evidence",
    type=click.Path(path_type=Path, dir_okay=False, readable=False),
    metavar="FILE",
    help="Save what was read.",
)
@options.lang_option()
@options.timeout_option()
@options.wait_option()
@options.pass_mark_option()
@click.option(
    "--active",
    is_flag=True,
    help="Also run the checks that stop a container and start it again; it says first which.",
)
@click.option(
    "--watch",
    is_flag=True,
    help="Grade again whenever something changes on the host, until full marks or Ctrl-C.",
)
def command(
    assignment: str,
    host: str | None,
    accept_new: bool,
    formats: tuple[str, ...],
    evidence: Path | None,
    lang: str | None,
    timeout: float,
    wait: float,
    pass_mark: float,
    active: bool,
    watch: bool,
) -> int:
    """Grade an assignment, or one of its tasks, on a Docker host and show the report.

    ASSIGNMENT is a name that `dockgrader list` shows, or a path to a YAML file.

    \b
    Examples:
      dockgrader check homework-1
      dockgrader check homework-1/volume --lang ru
      dockgrader check homework-1 --format table --format html:report.html --format json:report.json
      dockgrader check homework-1 --watch
      dockgrader check homework-1 --host ssh://student@vm
      dockgrader check homework-1 --host recorded:evidence.json
    """
    asked = output.outputs(formats)
    if evidence is not None:
        output.refuse_unwritable(evidence, "--evidence")
    from dockgrader.assignment import loading
    from dockgrader.facts.commands import commands_of
    from dockgrader.grading.reach import Bounds, reach
    from dockgrader.hosts.endpoint import resolve
    from dockgrader.texts import language

    endpoint = replace(resolve(host), accept_new_host_keys=accept_new)
    wanted = loading.find(assignment)
    source = loading.read(wanted.file)
    spoken = language(lang)

    @cache
    def built() -> tuple[loading.Loaded, list[Task]]:
        loaded = loading.validated(source, wanted.file)
        tasks = loading.tasks_of(loaded, wanted.task)
        output.refuse_points(asked, (check.points for task in tasks for check in task.checks))
        return loaded, tasks

    if active:
        from dockgrader.cli import acting

        acting.refuse_contradictions(endpoint, watch=watch)
    if watch:
        from dockgrader.cli import watching

        return watching.watch(*built(), endpoint, spoken, Bounds(timeout, wait), asked, evidence, pass_mark)
    early = commands_of(source.data, wanted.task)
    with acting.allowed(built()[1], spoken) if active else progress.waiting(spoken):
        # The commands run in their containers while pydantic builds the models, which takes as long. Over SSH the
        # login takes longer; a broken assignment is told then, and no dead host is waited for.
        reached = reach(endpoint, Bounds(timeout, wait), early, meanwhile=built)
        loaded, tasks = built()
        from dockgrader.grading.run import grade_reached

        run = grade_reached(
            loaded,
            tasks,
            reached,
            spoken,
            meanwhile=lambda: output.warm(asked),
            facts=output.with_facts(asked),
            active=active,
        )
    output.write_run(run, asked, evidence)
    return output.exit_status([run.report], pass_mark)
