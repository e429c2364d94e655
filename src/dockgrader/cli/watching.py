"""`dockgrader check --watch`: the report again and again, in place on a terminal."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from dockgrader.assignment.loading import Loaded
from dockgrader.assignment.model import Task
from dockgrader.cli import output
from dockgrader.errors import UsageError
from dockgrader.grading.reach import Bounds
from dockgrader.grading.run import Run
from dockgrader.grading.watch import Shown, Watch
from dockgrader.hosts.endpoint import Endpoint
from dockgrader.report.plain import clean

_CLEAR = "\x1b[H\x1b[2J"
_TEXTS = {
    "en": ("Watching the host; Ctrl-C stops.", "The host does not answer: {reason}. Waiting for it."),
    "ru": ("Слежу за хостом; Ctrl-C прерывает.", "Хост не отвечает: {reason}. Жду его."),
}


def watch(
    loaded: Loaded,
    tasks: Sequence[Task],
    endpoint: Endpoint,
    lang: str,
    bounds: Bounds,
    asked: Sequence[output.Output],
    evidence: Path | None,
    pass_mark: float,
) -> int:
    """Grade until full marks or Ctrl-C; the exit status is that of the last report. Raises UsageError."""
    if endpoint.scheme == "recorded":
        raise UsageError("--watch needs a live host; a recording does not change")
    gc.enable()  # unlike all others this command may run for hours
    following, lost = _TEXTS[lang]

    def show(run: Run) -> None:
        if sys.stdout.isatty():
            click.echo(_CLEAR, nl=False)
        output.write_run(run, asked, evidence)
        if run.report.percent != 100:
            _say(following)

    watching = Watch(loaded, tasks, endpoint, lang, bounds, facts=output.with_facts(asked))
    try:
        watching.until_full_marks(
            Shown(show, lambda reason: _say(lost.format(reason=clean(reason.rstrip("."), 500))))
        )
    except KeyboardInterrupt:
        if watching.last is None:
            raise
        _say("")
    assert watching.last is not None  # noqa: S101 - it returns after a run only
    return output.exit_status([watching.last.report], pass_mark)


def _say(text: str) -> None:
    """A line on standard error, where that is a terminal."""
    if sys.stderr is not None and sys.stderr.isatty():
        click.echo(text, err=True)
