"""`dockgrader doctor`."""

from __future__ import annotations

import click

from dockgrader.cli import options


@click.command("doctor")
@options.host_option()
@click.option(
    "--timeout", type=click.FloatRange(min=1, max=600), default=20.0, show_default=True, metavar="SECONDS"
)
def command(host: str | None, timeout: float) -> int:
    """Say which engine would be graded and why, and whether everything can be read there.

    \b
    Examples:
      dockgrader doctor
      dockgrader doctor --host tcp://10.0.0.5:2376
    """
    from dockgrader.grading.doctor import examine
    from dockgrader.hosts.endpoint import resolve
    from dockgrader.report.plain import clean

    findings = list(examine(resolve(host), timeout))
    for finding in findings:
        click.echo(f"{'ok' if finding.ok else '!!'}  {finding.what}: {clean(finding.found, 600)}")
        if finding.advice:
            click.echo(f"      {clean(finding.advice, 600)}")
    return 0 if all(finding.ok for finding in findings if finding.needed) else 3
