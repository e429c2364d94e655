"""`dockgrader check`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from dockgrader.cli import options, output, progress


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
@click.option(
    "--wait",
    type=options.Number(min=0, max=3600),
    default=45.0,
    show_default=True,
    metavar="SECONDS",
    help="Bound of waiting until a container is healthy.",
)
@options.pass_mark_option()
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
) -> int:
    """Grade an assignment, or one of its tasks, on a Docker host and show the report.

    ASSIGNMENT is a name that `dockgrader list` shows, or a path to a YAML file.

    \b
    Examples:
      dockgrader check homework-1
      dockgrader check homework-1/volume --lang ru
      dockgrader check homework-1 --format table --format json:report.json
      dockgrader check homework-1 --host ssh://student@vm
      dockgrader check homework-1 --host recorded:evidence.json
    """
    asked = output.outputs(formats)
    if evidence is not None:
        output.refuse_unwritable(evidence, "--evidence")
    from dockgrader.assignment import loading
    from dockgrader.hosts.endpoint import resolve

    endpoint = replace(resolve(host), accept_new_host_keys=accept_new)
    wanted = loading.find(assignment)
    loaded = loading.load(wanted.file)
    tasks = loading.tasks_of(loaded, wanted.task)
    from dockgrader.grading.run import Bounds, grade_endpoint
    from dockgrader.texts import language

    spoken = language(lang)
    with progress.waiting(spoken):
        run = grade_endpoint(
            loaded,
            tasks,
            endpoint,
            spoken,
            Bounds(timeout, wait),
            meanwhile=lambda: output.warm(asked),
        )
    try:
        if evidence is not None:
            from dockgrader.grading.evidence import write_evidence

            write_evidence(run.evidence, evidence)
    finally:  # the report is not lost with the evidence
        output.write(run.report, asked)
    return output.exit_status([run.report], pass_mark)
