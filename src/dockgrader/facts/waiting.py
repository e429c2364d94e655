"""What changes with time: one question, a series of observations for an answer."""

from __future__ import annotations

import math
import shlex
import threading
from datetime import UTC, datetime
from typing import Any, ClassVar

from dockgrader.facts.base import Fact, Setting, dig, dig_dict, dig_int, dig_list, dig_str
from dockgrader.facts.containers import Container, Inspected
from dockgrader.frozen import dataclass
from dockgrader.hosts.base import Conflict, Missing
from dockgrader.hosts.pace import FACTOR, cut_short, enough, of_machine, too_slow

_NS = 1_000_000_000
_STEADY_SECONDS = 10.0
_TOO_LONG = "Health check exceeded timeout"
"""What the engine notes of a health command that did not end within its time (moby, daemon/health.go)."""


@dataclass(frozen=True)
class Health:
    """How a container's health ended: `status` as the last look showed it, after `waited` seconds."""

    status: str
    waited: float


@dataclass(frozen=True)
class HealthWithin(Fact[Health]):
    """A container's health, awaited while it is `starting`."""

    container: str
    name: ClassVar[str] = "health-within"

    def read(self, setting: Setting) -> Any:
        """Look every quarter of a second until the health is decided or can no longer be expected.

        What a machine is too slow for is not the container's: see hosts.pace.
        """
        first = setting.see(Container(self.container))
        if first is None or first.health != "starting":
            looks = [_look(first, 0.0)]
            if first is not None and first.health == "unhealthy" and _cut_off(first):
                _refuse_slow(setting, first, math.inf)
            return looks
        bound = min(_patience(first), setting.wait, setting.patience())
        looks = _watch(setting, self.container, bound, lambda look: look["health"] != "starting")
        last = looks[-1]
        if last["status"] == "running" and last["health"] == "starting":
            _refuse_slow(setting, first, last["at"])
        if last["status"] == "running" and last["health"] == "unhealthy" and _cut_off(_now(setting, first)):
            _refuse_slow(setting, first, math.inf)
        return looks

    def parse(self, raw: Any) -> Health:
        """The last look counts."""
        last = (dig_list({"looks": raw}, "looks") or [{}])[-1]
        waited = dig(last, "at")
        return Health(dig_str(last, "health"), float(waited) if isinstance(waited, int | float) else 0.0)

    def shown_by(self) -> str:
        """As a person asks."""
        return f"docker container inspect -f '{{{{json .State.Health}}}}' {shlex.quote(self.container[:12])}"


@dataclass(frozen=True)
class SteadyWithin(Fact[bool]):
    """Whether a container that was restarted a moment ago stays up: a crash loop looks like `running` in between."""

    container: str
    name: ClassVar[str] = "steady-within"

    def read(self, setting: Setting) -> Any:
        """Look until it falls over or has been up for ten seconds."""
        first = setting.see(Container(self.container))
        start = _look(first, 0.0)
        up = seconds_between(start["started"], dig_str(setting.host.engine.get("/info"), "SystemTime"))
        if up is not None and up >= _STEADY_SECONDS:
            return [start]
        bound = min(_STEADY_SECONDS, setting.patience())
        return [start, *_watch(setting, self.container, bound, lambda look: _fell(start, look))]

    def parse(self, raw: Any) -> bool:
        """True when no look differs from the first."""
        looks = dig_list({"looks": raw}, "looks") or [{}]
        return not any(_fell(looks[0], look) for look in looks)

    def shown_by(self) -> str:
        """As a person asks."""
        return f"docker container inspect -f '{{{{.RestartCount}}}} {{{{.State.StartedAt}}}}' {self.container[:12]}"


def _cut_off(inspected: Inspected) -> bool:
    """Whether it is unhealthy because the engine cut every command of the last ones off after its time."""
    log = dig_list(inspected.raw, "State", "Health", "Log")
    return bool(log) and all(
        dig_int(probe, "ExitCode") == -1 and _TOO_LONG in dig_str(probe, "Output") for probe in log
    )


def _now(setting: Setting, inspected: Inspected) -> Inspected:
    try:
        return Inspected(
            dig_dict({"now": setting.host.engine.get(f"/containers/{inspected.id}/json")}, "now")
        )
    except Missing:
        return inspected


def _refuse_slow(setting: Setting, inspected: Inspected, waited: float) -> None:
    """Raise Unobserved where a machine is so slow that a right health command would have ended no better."""
    shortest = of_machine(setting.host.engine.control(inspected.id), inspected.cpus)
    timeout = (dig_int(inspected.raw, "Config", "Healthcheck", "Timeout") or 30 * _NS) / _NS
    if not enough(waited, shortest) or (
        cut_short(timeout, shortest) and not _hangs(setting, inspected, shortest)
    ):
        raise too_slow(f"The health check of {inspected.name}", shortest)


def _hangs(setting: Setting, inspected: Inspected, shortest: float) -> bool:
    """Whether the health command, run once more as the engine does, hangs: a right one ends, however slow the machine.

    False where the run has no time for that.
    """
    form, *words = inspected.health_test or [""]
    shell = dig_list(inspected.raw, "Config", "Shell") or ["/bin/sh", "-c"]
    argv = {"CMD": words, "CMD-SHELL": [*map(str, shell), *words]}.get(form)
    if not argv or FACTOR * shortest > setting.patience():
        return False
    try:
        return setting.host.engine.exec(inspected.id, argv, FACTOR * shortest).timed_out
    except (Missing, Conflict):
        return False


def seconds_between(earlier: str, later: str) -> float | None:
    """Seconds between two of the engine's times (RFC 3339), None when one is none."""
    try:
        times = [datetime.fromisoformat(text) for text in (earlier, later)]
    except ValueError:
        return None
    # Containers' times are in UTC, the engine's own clock is in its time zone.
    first, second = (time if time.tzinfo else time.replace(tzinfo=UTC) for time in times)
    return (second - first).total_seconds()


def _fell(start: Any, look: Any) -> bool:
    return dig_str(look, "status") != "running" or dig(look, "started") != dig(start, "started")


def _look(inspected: Inspected | None, at: float) -> dict[str, Any]:
    return {
        "at": round(at, 2),
        "status": inspected.status if inspected else "",
        "health": inspected.health if inspected else "",
        "started": dig_str(inspected.raw, "State", "StartedAt") if inspected else "",
    }


def _watch(setting: Setting, container: str, bound: float, done: Any) -> list[dict[str, Any]]:
    """Looks that differ from the one before, and the last; every quarter of a second for `bound` seconds."""
    looks: list[dict[str, Any]] = []
    pause, waited = threading.Event(), 0.0
    end = setting.deadline.sooner(bound)
    while True:
        try:
            raw = setting.host.engine.get(f"/containers/{container}/json")
        except Missing:
            raw = {}
        waited = bound - end.remaining()
        look = _look(Inspected(raw if isinstance(raw, dict) else {}), waited)
        if looks and {**looks[-1], "at": 0} == {**look, "at": 0}:
            looks[-1] = look
        else:
            looks.append(look)
        if done(look) or look["status"] not in ("running", "paused") or end.passed() or len(looks) > 200:
            return looks
        pause.wait(min(0.25, end.remaining()))


def _patience(inspected: Inspected) -> float:
    """Seconds after which a health check must have decided: start period and all retries, and a second more."""
    check = dig(inspected.raw, "Config", "Healthcheck")
    interval = dig_int(check, "Interval") or 30 * _NS
    timeout = dig_int(check, "Timeout") or 30 * _NS
    retries = dig_int(check, "Retries") or 3
    return (dig_int(check, "StartPeriod") + retries * (interval + timeout)) / _NS + 1
