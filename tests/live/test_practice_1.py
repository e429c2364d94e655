"""Every case of practice-1 on a real engine, graded by the command line as a student runs it."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.live.conftest import Instructor
from tests.live.test_homework_1 import check, verdicts

from lab.cases import PRACTICE, Case, Stage, load_cases
from lab.engine import Engine

RECORDINGS = Path(__file__).resolve().parents[2] / "checks" / "practice-1" / "recordings"
CASES = load_cases(PRACTICE / "cases")

pytestmark = pytest.mark.live


def evidence_file(name: str, tmp_path: Path) -> Path:
    """Where the evidence goes: with DOCKGRADER_RECORD=1 it becomes the recording."""
    if os.environ.get("DOCKGRADER_RECORD") != "1":
        return tmp_path / "evidence.json.gz"
    path = RECORDINGS / f"{name}.json.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_case_gets_its_verdicts(
    case: Case, stage: Stage, compose: Callable[[str], list[str]], tmp_path: Path
) -> None:
    argv = compose(case.generation) if case.generation else []
    evidence = evidence_file(case.id, tmp_path)
    with alone(case.task), stage.playing(case, argv):
        before = states(stage.engine)
        exit_status, report = check(stage.engine, f"practice-1/{case.task}", evidence, *case.arguments)
        assert states(stage.engine) == before  # also of what was stopped, with --active
    (task,) = report["tasks"]
    assert verdicts(task) == case.expect
    assert task["score"] == report["score"] == case.score
    assert exit_status == (0 if case.score == task["max_score"] else 1)


@pytest.mark.parametrize("generation", ["v1", "v2"])
def test_reference_solution_gets_full_marks(
    generation: str, stage: Stage, compose: Callable[[str], list[str]], tmp_path: Path
) -> None:
    """All tasks at once; here, where the grader may look at every process."""
    argv = compose(generation)
    settings = [f"COMPOSE={' '.join(argv)}", "SHELL_SECONDS=300"]
    evidence = evidence_file(f"solution-{generation}", tmp_path)
    said = ""
    with alone("unshare"):
        try:
            up = ["env", *settings, "bash", str(PRACTICE / "solution" / "up.sh")]
            said = stage.engine.run(up, timeout=240).stdout
            exit_status, report = check(stage.engine, "practice-1", evidence, "--active")
        finally:
            for shell in re.findall(r"^shell (\d+)$", said, re.MULTILINE):
                os.kill(int(shell), signal.SIGKILL)
            stage.clear()
    assert [task["score"] for task in report["tasks"]] == [10, 10, 10, 10, 10, 10]
    assert {check["code"] for task in report["tasks"] for check in task["checks"]} == {"ok"}
    assert exit_status == 0


@contextmanager
def alone(task: str) -> Iterator[None]:
    """The shells of the whole machine are looked at, so that other workers' cases wait."""
    if task != "unshare":
        yield
        return
    with Path(tempfile.gettempdir(), "dockgrader-unshare.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def states(engine: Engine) -> list[str]:
    """Containers with their states."""
    return sorted(engine.run(["docker", "ps", "--all", "--format", "{{.ID}} {{.State}}"]).stdout.splitlines())


STUBBORN = """
id: stubborn
title: A container that takes its ten seconds to stop
tasks:
  - id: t
    title: T
    checks: [{id: r, kind: restart, points: 0, container: stubborn, command: [echo, a], stdout: a}]
"""


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, None], ids=["Ctrl-C", "SIGTERM", "--timeout"])
def test_a_container_that_was_stopped_runs_again_however_the_run_ends(
    end: signal.Signals | None, stage: Stage, tmp_path: Path
) -> None:
    engine = stage.engine
    (tmp_path / "stubborn.yaml").write_text(STUBBORN)
    try:
        engine.run(["docker", "run", "--rm", "--detach", "--name", "stubborn", "alpine", "sleep", "1000"])
        before = started(engine)
        command = [sys.executable, "-m", "dockgrader", "check", str(tmp_path / "stubborn.yaml"), "--active"]
        limit = ["--timeout", "60" if end else "4"]
        run = subprocess.Popen(
            [*engine.prefix, *command, *limit],
            env=engine.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        if end:
            assert run.stderr is not None
            said = [run.stderr.readline() for _ in range(3)]
            assert any("docker restart stubborn" in line for line in said)
            stopping(engine, before)
            run.send_signal(end)
        _, errors = run.communicate(timeout=90)
        assert run.returncode == {signal.SIGINT: 130, signal.SIGTERM: 143, None: 3}[end], errors
        assert states(engine)[0].endswith("running")
        assert started(engine) != before
    finally:
        stage.clear()


def stopping(engine: Engine, since: str) -> None:
    """Wait until the engine tells the container to stop."""
    events = [
        "docker",
        "events",
        "--since",
        since,
        "--filter",
        "container=stubborn",
        "--filter",
        "event=kill",
    ]
    watching = subprocess.Popen([*engine.prefix, *events], env=engine.env, stdout=subprocess.PIPE, text=True)
    try:
        assert watching.stdout is not None and watching.stdout.readline()
    finally:
        watching.kill()
        watching.wait()


def started(engine: Engine) -> str:
    """When the container was last started."""
    return engine.run(["docker", "inspect", "--format", "{{.State.StartedAt}}", "stubborn"]).stdout.strip()


def test_who_is_not_root_is_told_so_and_sees_containers_all_the_same(
    stage: Stage, instructor: Instructor
) -> None:
    """Over SSH: a shell of root's is out of sight, which is no mistake; a container shows itself."""
    try:
        stage.engine.run(["docker", "run", "--detach", "--name", "test", "alpine", "ping", "127.0.0.1"])
        status, report = instructor.check("student", "practice-1/namespaces")
        assert (status, report["score"]) == (0, 10), report
        status, report = instructor.check("student", "practice-1/unshare")
        assert (status, report["status"], report["score"]) == (3, "error", None)
        codes = {check["code"] for check in report["tasks"][0]["checks"]}
        assert codes == {"host.files", "prerequisite.error"}
    finally:
        stage.clear()


def test_over_ssh_a_container_is_restarted_too(stage: Stage, instructor: Instructor) -> None:
    case = next(case for case in CASES if case.id == "volumes/active-with-rm")
    with stage.playing(case):
        before = states(stage.engine)
        status, report = instructor.check("student", "practice-1/volumes", *case.arguments)
        assert states(stage.engine) == before
    assert (status, verdicts(report["tasks"][0])) == (0, case.expect)
