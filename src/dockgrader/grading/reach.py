"""Reaching a host, live or recorded, and beginning its slowest questions.

Apart from `run`, so that it can be done while the assignment's models are still being built: an exec takes about as
long as that, and neither needs the other. Nothing here imports pydantic.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dockgrader.errors import Unobserved
from dockgrader.facts.base import Fact
from dockgrader.frozen import dataclass
from dockgrader.grading.evidence import Evidence, read_evidence
from dockgrader.grading.seeing import LiveSee, Told
from dockgrader.hosts.base import Host, NotBack
from dockgrader.hosts.deadline import Deadline
from dockgrader.hosts.endpoint import Endpoint
from dockgrader.hosts.opening import open_host
from dockgrader.report.model import HostReport


@dataclass(frozen=True)
class Bounds:
    """Seconds for the whole run, for waiting until something is healthy, and for reaching the host (None: all)."""

    timeout: float = 60.0
    wait: float = 45.0
    reach: float | None = None


@dataclass(frozen=True)
class Live:
    """A host that answers; whoever has it closes it."""

    host: Host
    see: LiveSee
    started_at: str

    def report(self) -> HostReport:
        """The host as it is reported."""
        engine = self.host.engine
        return HostReport(self.host.name, engine.version or None, engine.api)

    def put_back(self) -> list[NotBack]:
        """Start what active checks have left stopped, and tell what does not run even so."""
        return self.host.engine.put_back()

    def close(self) -> None:
        """Let go of the host."""
        self.host.close()


def now() -> str:
    """When a run began, in ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def reach(
    endpoint: Endpoint,
    bounds: Bounds,
    early: Sequence[Fact[Any]] = (),
    meanwhile: Callable[[], object] = lambda: None,
    told: Told = lambda *_: None,
) -> Live | Evidence:
    """A live host, whose `early` questions are on their way; or evidence: the recording, or why nothing answers.

    `meanwhile` may be called while the host is waited for; `told` gets all that is read. Raises what `meanwhile`
    raises, and UsageError for a recording that cannot be read, or an unusable URL.
    """
    if endpoint.scheme == "recorded":
        return read_evidence(Path(endpoint.path))
    deadline = Deadline(bounds.timeout)
    started_at = now()
    try:
        host = open_host(endpoint, deadline, meanwhile, bounds.reach)
    except Unobserved as hidden:
        return Evidence(HostReport(endpoint.url), started_at, (hidden.code, hidden.reason), ())
    see = LiveSee(host, deadline, bounds.wait, told)
    see.start(early)
    return Live(host, see, started_at)
