"""A private engine for the live tests, one a session (and one a worker under pytest-xdist)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lab.cases import Stage
from lab.command import LabError
from lab.compose import NoComposeError, compose_v1, compose_v2, link_plugin
from lab.engine import PrivateEngine, may_start
from lab.images import ensure_base_images
from lab.sshd import Sshd

ROOT = Path(__file__).resolve().parents[2]

REQUIRED = "DOCKGRADER_REQUIRE_LIVE"
"""Set where nothing may be left out, as in .ci/run: what would be skipped fails there."""


def leave_out(reason: str) -> None:
    """Skip with the reason, or fail where that is not allowed."""
    if os.environ.get(REQUIRED):
        pytest.fail(f"{reason} ({REQUIRED} is set)", pytrace=False)
    pytest.skip(f"NOT TESTED ON A LIVE ENGINE: {reason}")


@pytest.fixture(scope="session")
def engine() -> Iterator[PrivateEngine]:
    """A private engine with the base images."""
    possible, reason = may_start()
    if not possible:
        leave_out(reason)
    with PrivateEngine() as engine:
        ensure_base_images(engine)
        yield engine


@pytest.fixture(scope="session")
def stage(engine: PrivateEngine) -> Stage:
    """The engine with the images that the cases share."""
    return Stage(engine)


@pytest.fixture(scope="session")
def compose(engine: PrivateEngine) -> Callable[[str], list[str]]:
    """The argv of a Compose generation, `v1` or `v2`; skips where it cannot be had."""
    found: dict[str, list[str] | NoComposeError] = {}
    for generation, find in {"v1": compose_v1, "v2": compose_v2}.items():
        try:
            found[generation] = find(engine)
        except NoComposeError as error:
            found[generation] = error
    with suppress(LabError):  # without Compose v2
        link_plugin(engine)

    def argv(generation: str) -> list[str]:
        got = found[generation]
        if isinstance(got, NoComposeError):
            leave_out(f"Compose {generation}: {got}")
            raise got
        return got

    return argv


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


@pytest.fixture(scope="session")
def instructor(engine: PrivateEngine) -> Iterator[Instructor]:
    """A machine to log in to in front of the session's engine, and somebody who may."""
    with (
        Sshd(docker_socket=engine.socket, prefix=engine.prefix) as machine,
        tempfile.TemporaryDirectory(prefix="dg-home-") as home,
    ):
        ssh = Path(home, ".ssh")
        ssh.mkdir(mode=0o700)
        (ssh / "known_hosts").write_text(machine.known_hosts_line())
        shutil.copy(machine.key, ssh / "id_ed25519")
        yield Instructor(engine, machine, Path(home))
