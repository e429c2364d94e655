"""`scripts/try` behind its environment: on an engine that is somebody's, beside one, and where there is none."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.engine import Engine, PrivateEngine, may_start
from lab.images import ROOT, ensure_base_images

LISTS = ("ps -aq", "volume ls -q", "network ls -q", "image ls -q --no-trunc")


@pytest.fixture(scope="module")
def theirs() -> Iterator[PrivateEngine]:
    """An engine that stands for somebody's own, with base images and a container of theirs."""
    possible, reason = may_start()
    if not possible:
        pytest.skip(f"NOT TESTED ON A LIVE ENGINE: {reason}")
    with PrivateEngine() as engine:
        ensure_base_images(engine)
        engine.run("docker run -d --name theirs alpine sleep 3600")
        yield engine


def try_it(
    scratch: Path, engine: Engine | None, prefix: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(ROOT / "fixtures"), "LC_ALL": "C.UTF-8"}
    env["DOCKER_HOST"] = engine.host if engine else "unix:///nobody/docker.sock"
    before = [*(engine.prefix if engine else ()), *prefix]
    argv = [*before, sys.executable, "-m", "lab.demo", str(scratch)]
    return subprocess.run(argv, env=env, capture_output=True, text=True, timeout=400, cwd=ROOT, check=False)


def everything(engine: Engine) -> list[set[str]]:
    return [set(engine.run(["docker", *words.split()]).stdout.split()) for words in LISTS]


@pytest.mark.live
def test_on_somebodys_engine_it_removes_what_it_made_and_nothing_else(
    theirs: PrivateEngine, tmp_path: Path
) -> None:
    before = everything(theirs)
    done = try_it(tmp_path, theirs)
    assert (done.returncode, "Score: 30 / 30 points" in done.stdout) == (0, True), done.stderr
    assert f"using the Docker engine that answers at {theirs.host}" in done.stderr
    assert everything(theirs) == before


@pytest.mark.live
def test_a_clash_is_named_and_a_private_engine_is_used_instead(theirs: PrivateEngine, tmp_path: Path) -> None:
    theirs.run("docker run -d --name redis_1 alpine sleep 3600")
    before = everything(theirs)
    done = try_it(tmp_path, theirs)
    assert (done.returncode, "Score: 30 / 30 points" in done.stdout) == (0, True), done.stderr
    assert "has the container redis_1, which must not be touched" in done.stderr
    assert everything(theirs) == before


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="takes root, to give up what root may do")
def test_without_an_engine_the_recording_is_graded_and_it_says_so(tmp_path: Path) -> None:
    done = try_it(tmp_path, None, ("setpriv", "--bounding-set=-sys_admin"))
    assert (done.returncode, "Score: 30 / 30 points" in done.stdout) == (0, True), done.stderr
    said = "no Docker engine answers, and none can be started (this root may not make namespaces): "
    assert f"{said}grading the recording of a host instead" in done.stderr
