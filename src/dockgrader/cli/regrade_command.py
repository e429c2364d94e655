"""`dockgrader regrade`."""

from __future__ import annotations

from pathlib import Path

import click

from dockgrader.cli import options, output


@click.command("regrade")
@options.assignment_argument()
@click.argument("evidence", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="EVIDENCE...")
@options.format_option()
@options.lang_option()
@options.pass_mark_option()
def command(
    assignment: str, evidence: tuple[Path, ...], formats: tuple[str, ...], lang: str | None, pass_mark: float
) -> int:
    """Grade saved evidence again, with the assignment as it is now and without the host.

    \b
    Examples:
      dockgrader check homework-1 --evidence evidence.json
      dockgrader regrade homework-1 evidence.json
    """
    asked = output.outputs(formats)
    if len(evidence) > 1 and any(item.file for item in asked):
        from dockgrader.errors import UsageError

        raise UsageError(
            "several evidence files cannot be written to one report file; regrade them one by one"
        )
    from dockgrader.assignment import loading
    from dockgrader.grading.evidence import read_evidence
    from dockgrader.grading.run import grade_evidence
    from dockgrader.texts import language

    wanted = loading.find(assignment)
    loaded = loading.load(wanted.file)
    tasks = loading.tasks_of(loaded, wanted.task)
    output.refuse_points(asked, (check.points for task in tasks for check in task.checks))
    recorded = [read_evidence(path) for path in evidence]
    facts, spoken = output.with_facts(asked), language(lang)
    reports = [grade_evidence(loaded, tasks, item, spoken, facts) for item in recorded]
    for report in reports:
        output.write(report, asked)
    return output.exit_status(reports, pass_mark)
