"""What a container answers before and after it is stopped and started: the one fact whose reading changes something.

It is asked with `--active` only, when all others have been read. The engine does both steps in one call (`docker
restart`), so that it starts the container again whatever becomes of the grader, and keeps one with `--rm`.
"""

from __future__ import annotations

import shlex
from typing import Any, ClassVar

from dockgrader.facts.base import Fact, Setting, dig, dig_str
from dockgrader.facts.commands import Answered, Exec
from dockgrader.facts.containers import Inspected
from dockgrader.frozen import dataclass
from dockgrader.hosts.base import Conflict, Missing


@dataclass(frozen=True)
class Restart:
    """The command's answers on both sides; `restarted` is False where the container was not running to begin with."""

    restarted: bool
    before: Answered
    after: Answered


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
        ident = _running(setting, self.container)
        if before["problem"] or ident is None:
            return {"restarted": False, "before": before, "after": before}
        try:
            setting.host.engine.restart(ident)
        except (Missing, Conflict):
            return {"restarted": False, "before": before, "after": {**before, "problem": "missing"}}
        return {"restarted": True, "before": before, "after": ask.read(setting)}

    def parse(self, raw: Any) -> Restart:
        """As it was read."""
        ask = Exec(self.container, self.argv)
        before, after = (ask.parse(dig(raw, side)) for side in ("before", "after"))
        return Restart(dig(raw, "restarted") is True, before, after)

    def shown_by(self) -> str:
        """As a person does it."""
        name = shlex.quote(self.container)
        return f"docker restart {name} && docker exec {name} {shlex.join(self.argv)}"


def _running(setting: Setting, container: str) -> str | None:
    """The id of the container, looked up now, if it runs."""
    try:
        raw = setting.host.engine.get(f"/containers/{container}/json")
    except Missing:
        return None
    found = Inspected(raw if isinstance(raw, dict) else {})
    there = found.name == container and found.status == "running"
    return dig_str(found.raw, "Id") if there else None
