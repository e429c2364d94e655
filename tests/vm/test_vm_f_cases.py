"""The homework's cases on Debian 13, graded over SSH: cgroup v2, systemd, Docker 26, Compose 2.

Some of the cases, as an emulated machine is slow, and of those as many as there is time for; with
DOCKGRADER_VM_ALL=1 all that suit it.
DOCKGRADER_VM_EVIDENCE=FOLDER keeps the evidence of what fails.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.cases import load_cases
from lab.vm_stage import GuestStage, Instructor
from tests.vm.rounds import Round, expected, found, round_id, rounds

ROUNDS = rounds(load_cases(), "v2", everything=os.environ.get("DOCKGRADER_VM_ALL") == "1")

pytestmark = pytest.mark.vm


@pytest.fixture
def evidence(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A file for the evidence, which is kept if the test fails and somebody wants it."""
    path = tmp_path / "evidence.json"
    failed = request.session.testsfailed
    yield path
    folder = os.environ.get("DOCKGRADER_VM_EVIDENCE")
    if folder and path.exists() and request.session.testsfailed > failed:
        shutil.copy(path, Path(folder, request.node.name.replace("/", "-") + ".json"))


@pytest.mark.parametrize("cases", ROUNDS, ids=map(round_id, ROUNDS))
def test_cases_get_their_verdicts_on_cgroup_v2(
    cases: Round, stage: GuestStage, compose: list[str], instructor: Instructor, evidence: Path
) -> None:
    arguments = [argument for case in cases for argument in case.arguments]
    with stage.playing_together(cases, compose):
        status, report = instructor.check("homework-1", "--evidence", str(evidence), *arguments)
    assert found(report, cases) == expected(cases)
    assert status == (3 if report["score"] is None else 1)
