"""An engine whose socket is here while its ports, and maybe its files, are elsewhere.

As behind a hand-made `ssh -L /tmp/fwd.sock:/var/run/docker.sock`, behind Docker Desktop, or in another network
namespace. Our own port 80, on which a solution of the instructor's answers, must neither pass nor fail anybody.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.live.conftest import ROOT, Instructor

from lab.cases import SOLUTION, Case, Stage, load_cases, verdict

pytestmark = pytest.mark.live

# Runs a command in a network of its own, in which a page that is not the student's is on port 80.
INSIDE = """
ip link set lo up
python3 -c "$DECOY" & decoy=$!
until python3 -c 'import socket; socket.create_connection(("127.0.0.1", 80), 1)' 2>/dev/null; do sleep 0.05; done
"$@"
status=$?
kill $decoy
exit $status
"""
DECOY = """
import http.server, itertools
numbers = itertools.count(1)
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"Hello, World! I have been seen %d times.\\n" % next(numbers))
http.server.ThreadingHTTPServer(("127.0.0.1", 80), Page).serve_forever()
"""
PLACES = {
    "another network of this machine": ["unshare", "--net"],
    "another machine": ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"],
}


@pytest.fixture(scope="module")
def forwarded(instructor: Instructor) -> Iterator[str]:
    """The engine's socket as an instructor forwards it by hand."""
    with tempfile.TemporaryDirectory(prefix="dg-fwd-") as folder:
        path = Path(folder, "fwd.sock")
        address, port = instructor.machine.address, str(instructor.machine.port)
        options = [
            "-N",
            "-o",
            "ExitOnForwardFailure=yes",
            "-o",
            "StrictHostKeyChecking=no",
            "-F",
            "/dev/null",
        ]
        options += ["-o", f"UserKnownHostsFile={folder}/known", "-i", str(instructor.machine.key), "-p", port]
        command = ["ssh", *options, "-L", f"{path}:/var/run/docker.sock", f"student@{address}"]
        with subprocess.Popen(
            [*instructor.engine.prefix, *command], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as ssh:
            try:
                until = f"until [ -S {path} ]; do sleep 0.05; done"
                subprocess.run(["sh", "-c", until], check=True, timeout=30)
                yield f"unix://{path}"
            finally:
                ssh.kill()


def graded(place: str, url: str, assignment: str) -> tuple[int, dict[str, Any], dict[str, Any]]:
    """Exit status, report, and the evidence of the page."""
    with tempfile.TemporaryDirectory(prefix="dg-evidence-") as folder:
        command = [
            sys.executable,
            "-m",
            "dockgrader",
            "check",
            assignment,
            "--format",
            "json",
            "--timeout",
            "60",
        ]
        command += ["--host", url, "--evidence", f"{folder}/e.json"]
        env = {name: text for name, text in os.environ.items() if not name.startswith("DOCKER_")}
        done = subprocess.run(
            [*PLACES[place], "sh", "-c", INSIDE, "sh", *command],
            env={**env, "DECOY": DECOY},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.stdout, done.stderr
        readings = json.loads(Path(folder, "e.json").read_text())["readings"]
    pages = [reading for reading in readings if reading["question"]["fact"] == "http-series"]
    return (
        done.returncode,
        json.loads(done.stdout),
        pages[0]["answer"][0] if pages and pages[0]["answer"] else {},
    )


@pytest.mark.parametrize(
    ("place", "generation"),
    [("another network of this machine", "v1"), ("another machine", "v1"), ("another machine", "v2")],
)
def test_the_reference_solution(
    place: str,
    generation: str,
    stage: Stage,
    compose: Callable[[str], list[str]],
    forwarded: str,
    tmp_path: Path,
) -> None:
    """Full marks; but what Compose v1 wrote in no label is not taken from files of perhaps another machine."""
    argv = compose(generation)
    shutil.copytree(SOLUTION, tmp_path / "solution")
    try:
        stage.engine.run(["env", f"COMPOSE={' '.join(argv)}", "bash", str(tmp_path / "solution" / "up.sh")])
        url = forwarded if place == "another machine" else stage.engine.host
        status, report, page = graded(place, url, "homework-1")
    finally:
        stage.clear()
    codes = {check["id"]: check["code"] for task in report["tasks"] for check in task["checks"]}
    assert page["via"] == "container"
    if generation == "v1" and place == "another machine":
        assert {check: code for check, code in codes.items() if code != "ok"} == {
            "depends-on": "compose.unreadable"
        }
        assert (status, report["score"]) == (3, None)
    else:
        assert (status, report["score"], set(codes.values())) == (0, 30, {"ok"})


MISTAKES = {
    "compose-v2/web-not-listening": "http.refused",
    "compose-v2/web-cannot-reach-redis": "http.status",
}
CASES = [case for case in load_cases() if case.id in MISTAKES]
assert len(CASES) == len(MISTAKES)


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_a_mistake_that_our_own_page_does_not_have(
    case: Case, stage: Stage, compose: Callable[[str], list[str]], forwarded: str
) -> None:
    argv = compose(case.generation) if case.generation else []
    with stage.playing(case, argv):
        status, report, _ = graded("another machine", forwarded, f"homework-1/{case.task}")
    (task,) = report["tasks"]
    found = {check["id"]: verdict(check["status"], check["code"]) for check in task["checks"]}
    assert found == {**case.expect, "counter": MISTAKES[case.id]}
    assert (status, task["score"]) == (1, case.score)
