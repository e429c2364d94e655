"""`dockgrader check`."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dockgrader.cli import options, output, progress

if TYPE_CHECKING:
    from dockgrader.assignment.model import Task
    from dockgrader.grading.apart import Apart
    from dockgrader.grading.evidence import Evidence


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
@options.whose_options
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
    student: str | None,
    key_file: Path | None,
    chosen: tuple[str, ...],
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
      dockgrader check my-homework --student ivanov --parameter-key ~/keys/my-homework
    """
    asked = output.outputs(formats)
    if evidence is not None:
        output.refuse_unwritable(evidence, "--evidence")
    from dockgrader.grading import apart
    from dockgrader.grading.reach import Bounds, reach
    from dockgrader.hosts.endpoint import resolve

    endpoint, bounds = replace(resolve(host), accept_new_host_keys=accept_new), Bounds(timeout, wait)
    with contextlib.ExitStack() as at_the_end:
        # Before all else is imported: the host is reached and read meanwhile. What is stopped there is started by
        # whoever stopped it, and that is this process.
        can_be_apart = not (watch or active) and apart.worth_it(endpoint)
        if reading := apart.Apart(endpoint, bounds) if can_be_apart else None:
            at_the_end.callback(reading.close)
        from dockgrader.assignment import loading
        from dockgrader.facts.commands import commands_of
        from dockgrader.texts import language

        wanted = loading.find(assignment)
        source = loading.read(wanted.file)
        if loading.has_parameters(source):
            from dockgrader.cli.individual import individual

            source = individual(source, student, key_file, chosen)
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

            return watching.watch(*built(), endpoint, spoken, bounds, asked, evidence, pass_mark)
        early = commands_of(source.data, wanted.task)
        if reading:
            reading.see.start(early)
        with acting.allowed(built()[1], spoken) if active else progress.waiting(spoken) as allowed:
            # The commands run in their containers while pydantic builds the models, which takes as long. Over SSH
            # the login takes longer; a broken assignment is told then, and no dead host is waited for.
            reached = _reached(reading, built) if reading else reach(endpoint, bounds, early, meanwhile=built)
            loaded, tasks = built()
            from dockgrader.grading.run import grade_reached

            run = grade_reached(
                loaded,
                tasks,
                reached,
                spoken,
                meanwhile=lambda: output.warm(asked),
                facts=output.with_facts(asked),
                active=allowed.put_back if allowed else None,
            )
    output.write_run(run, asked, evidence)
    return 3 if allowed and allowed.unseen else output.exit_status([run.report], pass_mark)


def _reached(reading: Apart, built: Callable[[], object]) -> Apart | Evidence:
    built()
    return reading.reached()
