"""What a container answers before and after it is stopped and started: the one fact whose reading changes something.

It is asked with `--active` only, when all others have been read. The engine does both steps in one call (`docker
restart`), so that it keeps a container with `--rm`, and goes on without the grader (but see hosts.restarts).
"""

from __future__ import annotations

import math
import re
import shlex
from typing import Any, ClassVar

from dockgrader.errors import Unobserved
from dockgrader.facts.base import Fact, Setting, dig, dig_str
from dockgrader.facts.commands import Answered, Exec
from dockgrader.facts.containers import Inspected
from dockgrader.frozen import dataclass
from dockgrader.hosts.base import Conflict, Missing, ToRestart

_GRACE = 10.0
"""Seconds that the engine gives a program to end, where neither `--stop-timeout` nor `stop_grace_period` is given."""
_OF_CONTAINER = re.compile(
    "OCI runtime|exec format error|executable file|permission denied|no such file|not a directory|not found|"
    "does not exist|already allocated|address already in use|read-only file system"
)
_OF_MACHINE = re.compile(
    "no space left|cannot allocate memory|too many open files|input/output error|temporarily unavailable|cgroup|"
    "dial unix|deadline exceeded"
)


@dataclass(frozen=True)
class Restart:
    """The command's answers on both sides; `restarted` is False where the container was not, or not any more, running.

    `refused` is why the engine, which stopped it, did not start it again; empty where it did.
    """

    restarted: bool
    before: Answered
    after: Answered
    refused: str


@dataclass(frozen=True)
class Restarted(Fact[Restart]):
    """A command's answer before and after a restart of its container. Reading it restarts the container."""

    container: str
    argv: tuple[str, ...]
    retry_while: str = ""
    name: ClassVar[str] = "restarted"

    def read(self, setting: Setting) -> Any:
        """Only a container that runs and answers is stopped."""
        ask = Exec(self.container, self.argv, self.retry_while)
        before = ask.read(setting)
        found = {"restarted": False, "before": before, "after": before, "refused": ""}
        if before["problem"]:
            return found
        running = _running(setting, self.container)
        if running is None:
            return {**found, "after": {**before, "problem": "missing"}}
        try:
            setting.host.engine.restart(running)
        except (Missing, Conflict):
            return {**found, "after": {**before, "problem": "missing"}}
        except Unobserved as failure:
            if not _is_the_containers(failure) or _running(setting, self.container) is not None:
                raise
            return {**found, "restarted": True, "refused": failure.reason}
        return {**found, "restarted": True, "after": ask.read(setting)}

    def parse(self, raw: Any) -> Restart:
        """As it was read."""
        ask = Exec(self.container, self.argv)
        before, after = (ask.parse(dig(raw, side)) for side in ("before", "after"))
        return Restart(dig(raw, "restarted") is True, before, after, dig_str(raw, "refused"))

    def shown_by(self) -> str:
        """As a person does it."""
        name = shlex.quote(self.container)
        return f"docker restart {name} && docker exec {name} {shlex.join(self.argv)}"


def _is_the_containers(failure: Unobserved) -> bool:
    """Whether the engine answers, and what it gives as the reason is the container's: its program, files, ports.

    All that could be the machine's stays the machine's.
    """
    refused = failure.code == "engine.refused" and _OF_CONTAINER.search(failure.reason)
    return bool(refused) and not _OF_MACHINE.search(failure.reason)


def _running(setting: Setting, container: str) -> ToRestart | None:
    """The container, looked up now, if it runs."""
    try:
        raw = setting.host.engine.get(f"/containers/{container}/json")
    except Missing:
        return None
    found = Inspected(raw if isinstance(raw, dict) else {})
    if found.name != container or found.status != "running":
        return None
    grace = dig(found.raw, "Config", "StopTimeout")
    seconds = float(grace) if isinstance(grace, int) else _GRACE
    started = dig_str(found.raw, "State", "StartedAt")
    return ToRestart(found.id, found.name, started, seconds if seconds >= 0 else math.inf)
