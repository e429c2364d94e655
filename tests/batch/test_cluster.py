"""The same work on a real Dask scheduler with two worker processes, one of which is killed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dockgrader.batch.cluster import DaskExecutor
from dockgrader.batch.results import Standing, results
from dockgrader.batch.run import Batch
from dockgrader.batch.work import Outcome
from dockgrader.errors import UsageError
from tests.batch.a_cluster import Cluster, cluster, slowly
from tests.batch.givens import SOLVED, a_folder, jobs, students
from tests.batch.test_run import Told

pytestmark = pytest.mark.live  # processes, sockets and half a minute; no engine
pytest.importorskip("distributed", reason="NOT TESTED ON A CLUSTER: Dask distributed is not installed")

NAMES = [f"s{number:02}" for number in range(24)]


class ThenKill(Told):
    """A watcher that kills a process after some outcomes."""

    def __init__(self, after: int, victim: Cluster, what: str) -> None:
        super().__init__()
        self._after = after
        self._cluster = victim
        self._what = what

    def recorded(self, outcome: Outcome) -> None:
        super().recorded(outcome)
        if len(self.outcomes) == self._after:
            victim = self._cluster.process if self._what == "scheduler" else self._cluster.workers[0]
            assert victim is not None
            victim.kill()


def test_a_killed_workers_students_go_to_the_other(tmp_path: Path) -> None:
    with cluster(tmp_path) as ours:
        executor = DaskExecutor(ours.scheduler_url(), seconds=90)
        told = ThenKill(4, ours, "worker")
        roster = students(*NAMES)
        folder = a_folder(tmp_path / "run", roster)
        ending = Batch(folder, executor, told, 6, call=slowly).run(jobs(roster))
        executor.shutdown(cancel_futures=True)
    assert (ending.left, ending.problem) == (0, "")
    assert sorted(told.outcomes) == NAMES
    assert {result.status for result in results(folder)} == {Standing.GRADED}


def test_a_scheduler_that_is_lost_loses_nothing(tmp_path: Path) -> None:
    """What is done is kept, the rest is left for --resume, nobody gets a zero."""
    import dask

    with cluster(tmp_path) as ours, dask.config.set({"distributed.comm.timeouts.connect": "3s"}):
        DaskExecutor(ours.scheduler_url(), seconds=90).shutdown()  # the workers have come
        executor = DaskExecutor(ours.scheduler_url(), seconds=10)
        told = ThenKill(4, ours, "scheduler")
        roster = students(*NAMES)
        folder = a_folder(tmp_path / "run", roster)
        ending = Batch(folder, executor, told, 6, call=slowly).run(jobs(roster))
        executor.shutdown(cancel_futures=True)
    assert "is gone" in ending.problem
    assert ending.left == len(NAMES) - len(told.outcomes) > 0
    found = results(folder)
    assert sum(result.status is Standing.GRADED for result in found) == len(told.outcomes) >= 4
    assert all(result.status in (Standing.GRADED, Standing.MISSING) for result in found)


def test_the_command_and_versions_that_differ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from click.testing import CliRunner

    from dockgrader.cli import cli

    monkeypatch.setattr("dockgrader.__version__", "0.0.0")
    roster = tmp_path / "roster.csv"
    roster.write_text(f"student,host\nivanov,{SOLVED}\npetrov,{SOLVED}\n")
    with cluster(tmp_path, workers=1) as ours:
        call = ["batch", "homework-1", "--roster", str(roster), "--out", str(tmp_path / "run")]
        done = CliRunner().invoke(
            cli, [*call, "--engine", "dask", "--scheduler", ours.scheduler_url()], standalone_mode=False
        )
    assert (done.exception, done.return_value) == (None, 0), done.output
    assert "has dockgrader" in done.stderr and "this machine 0.0.0" in done.stderr
    reports = list((tmp_path / "run").glob("students/*/0001.report.json"))
    assert [json.loads(report.read_text())["score"] for report in reports] == [30, 30]


def test_no_scheduler_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match=r"cannot be reached|does not answer"):
        DaskExecutor("tcp://127.0.0.1:1", seconds=2)


def test_a_scheduler_without_workers_is_wrong_usage(tmp_path: Path) -> None:
    with cluster(tmp_path, workers=0) as ours, pytest.raises(UsageError, match="no worker"):
        DaskExecutor(ours.scheduler_url(), seconds=20)
