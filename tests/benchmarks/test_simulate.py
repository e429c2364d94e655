"""The simulated class goes through the real coordinator and workers, and comes out as it was drawn."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import pytest
import simulate
from simulated import Class, fate

STUDENTS = 20


def options(engine: str) -> argparse.Namespace:
    return argparse.Namespace(
        students=STUDENTS, jobs=10, workers=1, engine=engine, scheduler=None, seed=3, pace=0.01
    )


def test_a_students_fate_is_drawn_once() -> None:
    machines = Class(seed=3, faulty=0.3)
    names = [f"s{number}" for number in range(200)]
    codes = Counter(fate(machines, name).code for name in names)
    assert [fate(machines, name) for name in names] == [fate(machines, name) for name in names]
    assert 20 < 200 - codes[""] < 100
    assert set(codes) == {"", "ssh.timeout", "ssh.refused", "ssh.auth"}


def test_the_figures_add_up_only_if_everybody_is_as_drawn() -> None:
    machines = Class()
    students = simulate.roster(3)
    names = [student.id for student in students]
    drawn = {name: fate(machines, name).code for name in names}
    assert simulate.wrong(machines, drawn, Counter(names), students) == 0
    assert simulate.wrong(machines, drawn, Counter([*names, names[0]]), students) == 1
    assert simulate.wrong(machines, {**drawn, names[1]: "ssh.lost"}, Counter(names), students) == 1


def test_on_processes_of_this_machine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert simulate.simulate(options("local"), tmp_path) == 0
    said = capsys.readouterr().out
    assert "0 not as drawn, 0 left" in said
    assert "ms of CPU a student" in said


@pytest.mark.live  # processes and sockets; no engine
def test_on_dask(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("distributed", reason="NOT SIMULATED ON A CLUSTER: Dask distributed is not installed")
    assert simulate.simulate(options("dask"), tmp_path) == 0
    assert "0 not as drawn, 0 left" in capsys.readouterr().out
