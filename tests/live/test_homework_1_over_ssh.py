"""Homework-1 graded over SSH: the same verdicts as on the machine itself."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lab.cases import SOLUTION, Case, Stage, load_cases, verdict
from lab.engine import PrivateEngine
from lab.sshd import Sshd

ROOT = Path(__file__).resolve().parents[2]
MISTAKES = (
    "limits/decimal-megabytes",
    "volume/key-set-again",
    "compose-v1/plain-list",
    "compose-v2/service-started",
)
CASES = [case for case in load_cases() if case.id in MISTAKES]
assert len(CASES) == len(MISTAKES)
USERS = ["student", "noisy", "fisher", "cshell", "sudoer"]

pytestmark = pytest.mark.live


@dataclass(frozen=True)
class Instructor:
    """Somebody in the machine's network, with a home folder and a key."""

    engine: PrivateEngine
    machine: Sshd
    home: Path

    def check(self, user: str, assignment: str, *arguments: str) -> tuple[int, dict[str, Any]]:
        """Exit status and report of `dockgrader check` over SSH."""
        command = [sys.executable, "-m", "dockgrader", "check", assignment, "--format", "json"]
        env = {name: text for name, text in os.environ.items() if not name.startswith("DOCKER_")}
        env.pop("SSH_AUTH_SOCK", None)
        done = subprocess.run(
            [*self.engine.prefix, *command, "--host", self.machine.url(user), *arguments],
            env={**env, "HOME": str(self.home)},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)


@pytest.fixture(scope="module")
def instructor(engine: PrivateEngine) -> Iterator[Instructor]:
    with (
        Sshd(docker_socket=engine.socket, prefix=engine.prefix) as machine,
        tempfile.TemporaryDirectory(prefix="dg-home-") as home,
    ):
        ssh = Path(home, ".ssh")
        ssh.mkdir(mode=0o700)
        (ssh / "known_hosts").write_text(machine.known_hosts_line())
        shutil.copy(machine.key, ssh / "id_ed25519")
        yield Instructor(engine, machine, Path(home))


def test_reference_solution_gets_full_marks(
    stage: Stage, compose: Callable[[str], list[str]], instructor: Instructor, tmp_path: Path
) -> None:
    """As every user who may use the engine, whatever the login shell; Compose's hash is asked for there too."""
    solution = Path(tempfile.mkdtemp(dir="/var/tmp")) / "solution"
    shutil.copytree(SOLUTION, solution)
    solution.parent.chmod(0o755)
    try:
        stage.engine.run(["env", f"COMPOSE={' '.join(compose('v1'))}", "bash", str(solution / "up.sh")])
        for user in USERS:
            status, report = instructor.check(user, "homework-1")
            codes = [check["code"] for task in report["tasks"] for check in task["checks"]]
            assert (status, report["score"], set(codes)) == (0, 30, {"ok"}), (user, report)
    finally:
        stage.clear()
        shutil.rmtree(solution.parent)


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_mistakes_get_their_verdicts(
    case: Case, stage: Stage, compose: Callable[[str], list[str]], instructor: Instructor
) -> None:
    argv = compose(case.generation) if case.generation else []
    with stage.playing(case, argv) as folder:
        folder.parent.chmod(0o755)
        _, report = instructor.check("student", f"homework-1/{case.task}", *case.arguments)
    (task,) = report["tasks"]
    found = {check["id"]: verdict(check["status"], check["code"]) for check in task["checks"]}
    assert found == case.expect
    assert task["score"] == case.score


def test_nothing_is_left_on_the_machine(instructor: Instructor) -> None:
    assert instructor.machine.processes() == []
