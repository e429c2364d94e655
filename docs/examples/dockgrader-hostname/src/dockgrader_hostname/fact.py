"""The fact: what is asked of the host, and the typed answer."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Any, ClassVar

from dockgrader.errors import Unobserved
from dockgrader.facts.base import Fact, Setting, dig_str
from dockgrader.hosts.base import Conflict, Missing


@dataclass(frozen=True)
class Hostname(Fact[str | None]):
    """The name that a container has inside; None where there is no such container, or it does not run.

    Its fields are the question. They are kept as evidence, so they must be JSON values.
    """

    container: str
    name: ClassVar[str] = "hostname"

    def read(self, setting: Setting) -> Any:
        """Ask the host; what is returned goes into the evidence as it is, so it must be JSON."""
        try:
            output = setting.host.engine.exec(self.container, ["cat", "/proc/sys/kernel/hostname"], 10.0)
        except (Missing, Conflict):
            return None
        if output.exit != 0:  # it took too long, or the image has no cat: nothing is known of the name
            raise Unobserved("hostname.unreadable", f"{self.shown_by()}: exit status {output.exit}")
        return {"hostname": output.stdout.decode("utf-8", "replace")}

    def parse(self, raw: Any) -> str | None:
        """The typed answer in what was read, now or in another run; a student may have changed the bytes."""
        return dig_str(raw, "hostname").strip() or None

    def shown_by(self) -> str:
        """The command by which a person sees the same."""
        return f"docker exec {shlex.quote(self.container)} cat /proc/sys/kernel/hostname"
