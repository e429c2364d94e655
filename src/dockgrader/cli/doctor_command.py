"""`dockgrader doctor`."""

from __future__ import annotations

from dataclasses import replace

import click

from dockgrader.cli import options


@click.command("doctor")
@options.host_option()
@options.new_keys_option()
@click.option(
    "--timeout", type=options.Number(min=1, max=600), default=20.0, show_default=True, metavar="SECONDS"
)
def command(host: str | None, accept_new: bool, timeout: float) -> int:
    """Say which engine would be graded and why, and whether everything can be read there.

    \b
    Examples:
      dockgrader doctor
      dockgrader doctor --host ssh://student@vm
      dockgrader doctor --host tcp://10.0.0.5:2376
    """
    from dockgrader.grading.doctor import examine
    from dockgrader.hosts.endpoint import resolve
    from dockgrader.report.plain import clean

    endpoint = replace(resolve(host), accept_new_host_keys=accept_new)
    findings = list(examine(endpoint, timeout))
    for finding in findings:
        click.echo(f"{'ok' if finding.ok else '!!'}  {finding.what}: {clean(finding.found, 600)}")
        if finding.advice:
            click.echo(f"      {clean(finding.advice, 600)}")
    return 0 if all(finding.ok for finding in findings if finding.needed) else 3
