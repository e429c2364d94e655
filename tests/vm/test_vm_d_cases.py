"""The homework's cases on Debian 13, graded over SSH: cgroup v2, systemd, Docker 26, Compose 2.

One case a code and some others, as an emulated machine is slow, and of those as many as there is time for; with
DOCKGRADER_VM_ALL=1 all that suit it, of which none is kept.
DOCKGRADER_VM_EVIDENCE=FOLDER keeps the evidence of what fails.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lab.cases import load_cases
from lab.instructor import Instructor
from lab.vm_image import DEBIAN_13
from lab.vm_scene import Scene
from tests.vm.conftest import machine_with
from tests.vm.rounds import Round, expected, found, round_id, rounds

EVERYTHING = os.environ.get("DOCKGRADER_VM_ALL") == "1"
ROUNDS = rounds(load_cases(), "v2", everything=EVERYTHING)

pytestmark = pytest.mark.vm


@pytest.mark.parametrize("cases", ROUNDS, ids=map(round_id, ROUNDS))
def test_cases_get_their_verdicts_on_cgroup_v2(cases: Round, tmp_path: Path, evidence: Path) -> None:
    arguments = [argument for case in cases for argument in case.arguments]
    scene = Scene(DEBIAN_13, round_id(cases).replace("/", "."), cases)
    with machine_with(scene, keep=not EVERYTHING) as machine:
        instructor = Instructor(machine, tmp_path)
        status, report = instructor.check("homework-1", "--evidence", str(evidence), *arguments)
    assert found(report, cases) == expected(cases)
    assert status == (3 if report["score"] is None else int(report["score"] < report["max_score"]))
