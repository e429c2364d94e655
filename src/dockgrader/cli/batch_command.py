"""`dockgrader batch`."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dockgrader.cli import options
from dockgrader.frozen import dataclass

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from dockgrader.assignment.drawing import Key
    from dockgrader.batch.folder import RunFolder
    from dockgrader.batch.opening import Asked
    from dockgrader.batch.run import Ending, Stop
    from dockgrader.batch.work import Job, Work


@click.command("batch")
@options.assignment_argument()
@click.option(
    "--roster",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="CSV (student,host and perhaps name,email,port,user,key,jump,lang, your own columns) or YAML.",
)
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), metavar="FOLDER", help="Where the results go."
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 10_000),
    metavar="N",
    help="Machines at once; default: 25 a core of this machine.",
)
@click.option("--resume", is_flag=True, help="Go on: grade who is missing or could not be observed.")
@click.option("--again", is_flag=True, help="Grade everybody once more; what was graded before stays.")
@click.option(
    "--changed-assignment", is_flag=True, help="Go on although the assignment is not as it was before."
)
@click.option(
    "--keep",
    type=click.Choice(("best", "latest")),
    help="Which attempt counts, task by task; default: best.",
)
@click.option(
    "--accept",
    "accepted",
    multiple=True,
    metavar="STUDENT=FILE",
    help="Grade an evidence file that a student handed in; no machine is asked. Any number of times.",
)
@options.parameter_key_option()
@options.timeout_option("Bound of each machine, with all its retries.")
@options.wait_option()
@options.new_keys_option()
@click.option(
    "--engine",
    type=click.Choice(("local", "dask")),
    default="local",
    show_default=True,
    help="Where the work is done: on this machine, or by the workers of a Dask scheduler.",
)
@click.option("--scheduler", metavar="URL", help="The Dask scheduler: tcp://host:8786.")
@click.option(
    "--send-keys",
    is_flag=True,
    help="Send the roster's key files and your known_hosts to the Dask workers; else they use their own.",
)
@options.lang_option()
def command(
    assignment: str,
    roster: Path,
    out: Path,
    jobs: int | None,
    resume: bool,
    again: bool,
    changed_assignment: bool,
    keep: str | None,
    accepted: tuple[str, ...],
    key_file: Path | None,
    timeout: float,
    wait: float,
    accept_new: bool,
    engine: str,
    scheduler: str | None,
    send_keys: bool,
    lang: str | None,
) -> int:
    """Grade everybody on a roster into a folder of plain files, from which it can go on after anything.

    \b
    Examples:
      dockgrader batch homework-1 --roster students.csv --out autumn-hw1
      dockgrader batch homework-1 --roster students.csv --out autumn-hw1 --resume
      dockgrader batch homework-1/volume --roster students.csv --out autumn-hw1 --again
      dockgrader batch homework-1 --roster students.csv --out autumn-hw1 --accept ivanov=evidence.json
      dockgrader batch homework-1 --roster students.csv --out autumn-hw1 --engine dask --scheduler tcp://10.0.0.1:8786

    \b
    Exit status: 0 every student graded, whatever the scores; 3 some could not be observed; 2 wrong usage;
    130 interrupted.
    """
    where = _Where(scheduler if engine == "dask" else None, send_keys)
    _refuse_contradictions(engine, scheduler, send_keys, accept_new)
    gc.enable()  # a batch is no short command
    from dockgrader.batch import folder as folders
    from dockgrader.batch import roster as rosters
    from dockgrader.batch.opening import ask
    from dockgrader.batch.work import Work

    students = rosters.load(roster, keys_here=engine == "local" or send_keys)
    asked = ask(assignment, students, lang, keep, partial(_key, key_file=key_file))
    asked = replace(
        asked, resume=resume or bool(accepted), again=again, changed_assignment=changed_assignment
    )
    for url, ids in rosters.sharing(students)[:20]:
        _note(f"{roster}: {', '.join(ids[:10])} have the same host {url}")
    work = Work(asked.source.text, str(asked.loaded.file), asked.task, timeout, wait)
    folders.make_folder(out)
    with folders.locked(out):
        if accepted:
            return _accept(out, asked, work, accepted)
        return _grade(out, asked, work, jobs, accept_new, where)


@dataclass(frozen=True)
class _Where:
    """Where the work is done: the scheduler's URL, None for this machine, and whether keys are sent there."""

    scheduler: str | None
    send_keys: bool


def _key(assignment: str, key_file: Path | None) -> Key:
    from dockgrader.cli.individual import needed_key

    return needed_key(assignment, key_file)


def _refuse_contradictions(engine: str, scheduler: str | None, send_keys: bool, accept_new: bool) -> None:
    if engine == "dask" and not scheduler:
        raise click.UsageError("--engine dask needs --scheduler tcp://HOST:PORT")
    if engine != "dask" and (scheduler or send_keys):
        raise click.UsageError("--scheduler and --send-keys are for --engine dask")
    if send_keys and accept_new:
        raise click.UsageError(
            "--send-keys: the workers' copies of known_hosts cannot remember new host keys"
        )


def _grade(out: Path, asked: Asked, work: Work, jobs: int | None, accept_new: bool, where: _Where) -> int:
    from dockgrader.batch import opening
    from dockgrader.batch.interrupts import interruptible
    from dockgrader.batch.jobs import job_of
    from dockgrader.batch.run import Stop
    from dockgrader.cli import batch_progress

    stop = Stop()
    with interruptible(stop, partial(batch_progress.stopping, asked.lang)):
        folder = opening.open_run(out, asked)
        todo = [
            job_of(
                student,
                work,
                asked.lang,
                accept_new,
                send_keys=where.send_keys,
                values=asked.values(student),
            )
            for student in opening.to_grade(folder, asked)
        ]
        _name_damaged(folder)
        ending = _run(folder, todo, jobs, stop, asked.lang, where)
    return _told(folder, ending, asked.lang)


def _run(
    folder: RunFolder, todo: Sequence[Job], jobs: int | None, stop: Stop, lang: str, where: _Where
) -> Ending:
    from dockgrader.batch.run import Batch
    from dockgrader.cli import batch_progress

    executor, at_once = _executor(todo, jobs, where)
    with batch_progress.display(len(todo), lang) as display:
        try:
            return Batch(folder, executor, display, at_once, stop=stop).run(todo)
        finally:
            executor.shutdown(cancel_futures=True)


def _executor(todo: Sequence[Job], jobs: int | None, where: _Where) -> tuple[Executor, int]:
    """Who does the work, and how many machines at once. Comes before anything that starts a thread."""
    if where.scheduler:
        from dockgrader.batch.cluster import DaskExecutor

        cluster = DaskExecutor(where.scheduler)
        for difference in cluster.differences:
            _note(difference)
        return cluster, jobs or cluster.places
    from dockgrader.batch import limits
    from dockgrader.batch.executor import LocalExecutor
    from dockgrader.batch.work import build, prepare

    size = limits.size(jobs, len(todo))
    if size.jobs < size.asked:
        _note(
            f"{size.jobs} machines at once instead of {size.asked}: this process may have {size.descriptors} files "
            "open (`ulimit -n`)"
        )
    executor = LocalExecutor(size.workers, prepare)
    if todo:
        build(todo[0])
        executor.start()
    return executor, size.jobs


def _told(folder: RunFolder, ending: Ending, lang: str) -> int:
    """Print the summary; the exit status."""
    from dockgrader.batch import summary
    from dockgrader.batch.results import Standing, results
    from dockgrader.report.plain import clean

    found = results(folder)
    for line in summary.lines(found, lang):
        click.echo(clean(line, 2000))
    if ending.problem:
        _note(ending.problem)
    if ending.left:
        _note(f"{ending.left} students are left; the same command with --resume goes on with them")
    if ending.unwritable:
        return 2
    if ending.interrupted:
        return 130
    return 0 if all(result.status is Standing.GRADED for result in found) else 3


def _accept(out: Path, asked: Asked, work: Work, pairs: tuple[str, ...]) -> int:
    from dockgrader.batch import jobs, opening
    from dockgrader.report.plain import clean

    handed_in = jobs.handed_in(pairs, asked.roster)
    folder = opening.open_run(out, asked)
    complete = True
    for student, evidence in handed_in:
        job = jobs.job_of(student, work, asked.lang, accept_new=False, values=asked.values(student))
        outcome = jobs.accept(folder, job, evidence)
        score = "-" if outcome.score is None else f"{outcome.score:g}"
        said = f"{student.id}: {score} of {outcome.max_score:g}, from evidence that the student provided"
        click.echo(clean(f"{said}. {outcome.reason}" if outcome.reason else said, 2000))
        complete = complete and outcome.score is not None
    _name_damaged(folder)
    return 0 if complete else 3


def _name_damaged(folder: RunFolder) -> None:
    for damage in folder.damaged:
        _note(f"{damage}; it counts as missing")


def _note(text: str) -> None:
    from dockgrader.report.plain import clean

    click.echo(clean(text, 2000), err=True)
