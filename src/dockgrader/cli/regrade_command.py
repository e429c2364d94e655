"""`dockgrader regrade`."""

from __future__ import annotations

from pathlib import Path

import click

from dockgrader.cli import options, output
from dockgrader.errors import UsageError


@click.command("regrade")
@options.assignment_argument()
@click.argument(
    "evidence", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="EVIDENCE...|FOLDER"
)
@click.option("--check", metavar="TASK/CHECK", help="Of a folder: only this check; the others stay.")
@click.option("--yes", is_flag=True, help="Of a folder: write without asking.")
@options.whose_options
@options.format_option()
@options.lang_option()
@options.pass_mark_option()
def command(
    assignment: str,
    evidence: tuple[Path, ...],
    check: str | None,
    yes: bool,
    student: str | None,
    key_file: Path | None,
    chosen: tuple[str, ...],
    formats: tuple[str, ...],
    lang: str | None,
    pass_mark: float,
) -> int:
    """Grade saved evidence again, with the assignment as it is now and without the host.

    Of the folder of a batch all evidence is graded; whose score changes and why is shown before it is written. There
    each student keeps the values of parameters with which the evidence was read; the key is only for new parameters.

    \b
    Examples:
      dockgrader check homework-1 --evidence evidence.json
      dockgrader regrade homework-1 evidence.json
      dockgrader regrade homework-1 autumn-hw1
      dockgrader regrade homework-1 autumn-hw1 --check limits/memory --yes
    """
    if any(path.is_dir() for path in evidence):
        from dockgrader.cli.regrade_folder import regrade_folder

        if len(evidence) > 1 or formats or student or chosen:
            raise UsageError(
                "a folder is regraded alone, without --format, --student or --parameter; `dockgrader report` renders "
                "it"
            )
        return regrade_folder(assignment, evidence[0], check, lang, key_file, yes=yes)
    if check or yes:
        raise UsageError("--check and --yes are for the folder of a batch")
    asked = output.outputs(formats)
    if len(evidence) > 1 and any(item.file for item in asked):
        raise UsageError(
            "several evidence files cannot be written to one report file; regrade them one by one"
        )
    from dockgrader.assignment import loading
    from dockgrader.grading.evidence import read_evidence
    from dockgrader.grading.run import grade_evidence
    from dockgrader.texts import language

    wanted = loading.find(assignment)
    source = loading.read(wanted.file)
    if loading.has_parameters(source):
        from dockgrader.cli.individual import individual

        source = individual(source, student, key_file, chosen)
    loaded = loading.validated(source, wanted.file)
    tasks = loading.tasks_of(loaded, wanted.task)
    output.refuse_points(asked, (check.points for task in tasks for check in task.checks))
    recorded = [read_evidence(path) for path in evidence]
    facts, spoken = output.with_facts(asked), language(lang)
    reports = [grade_evidence(loaded, tasks, item, spoken, facts) for item in recorded]
    for report in reports:
        output.write(report, asked)
    return output.exit_status(reports, pass_mark)
