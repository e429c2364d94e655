"""`dockgrader observe`."""

from __future__ import annotations

from dataclasses import replace

import click

from dockgrader.cli import options


@click.command("observe")
@click.argument("what", nargs=-1, metavar="[container NAME]")
@options.host_option()
@options.new_keys_option()
@options.timeout_option()
@click.option("--id", "ident", default="observed", show_default=True, help="The id of the assignment.")
def command(what: tuple[str, ...], host: str | None, accept_new: bool, timeout: float, ident: str) -> None:
    """Write a draft of an assignment from what runs on a host: what matters, and everything in it passes there.

    With `container NAME` only the part about that container. The draft goes to standard output; nothing is changed
    on the host, only pages that are published there are asked for.

    \b
    Examples:
      dockgrader observe --id my-homework > checks/my-homework.yaml
      dockgrader observe container redis_2 --host ssh://student@vm
    """
    from dockgrader.errors import UsageError

    if what and (len(what) != 2 or what[0] != "container"):
        raise UsageError("expected `dockgrader observe`, or `dockgrader observe container NAME`")
    from dockgrader.errors import Unobserved
    from dockgrader.grading.evidence import Evidence, RecordedSee
    from dockgrader.grading.reach import Bounds, reach
    from dockgrader.hosts.endpoint import resolve
    from dockgrader.kinds.base import identifier
    from dockgrader.observe import writing
    from dockgrader.observe.draft import draft

    try:
        identifier(ident)
    except ValueError as error:
        raise UsageError(f"--id: {error}") from None
    endpoint = replace(resolve(host), accept_new_host_keys=accept_new)
    reached = reach(endpoint, Bounds(timeout, wait=0))
    name = what[1] if what else None
    if isinstance(reached, Evidence):
        if reached.error is not None:
            raise Unobserved(*reached.error)
        tasks = draft(RecordedSee(reached), name)
    else:
        try:
            tasks = draft(reached.see, name)
        finally:
            reached.close()
    click.echo(writing.part(tasks) if name else writing.assignment(tasks, ident), nl=False)
