"""`dockgrader schema`."""

from __future__ import annotations

import importlib
import json

import click

_SCHEMAS = {
    "assignment": "dockgrader.assignment.schema",
    "cases": "dockgrader.selftest.schema",
    "report": "dockgrader.report.schema",
}
"""What has a schema, and the module whose `schema()` is it."""


@click.command("schema")
@click.argument("what", type=click.Choice(list(_SCHEMAS)), metavar="|".join(_SCHEMAS))
def command(what: str) -> None:
    """Print the JSON Schema of a format, for editors and for whoever reads reports.

    \b
    Examples:
      dockgrader schema assignment > checks/schema/assignment.json
      dockgrader schema report > report.schema.json
    """
    module = importlib.import_module(_SCHEMAS[what])
    click.echo(json.dumps(module.schema(), indent=2, ensure_ascii=True))
