"""Why a container is not there, or not running: the likely reasons, each with a code of its own."""

from __future__ import annotations

from dockgrader.facts.base import See, dig, dig_int, dig_str
from dockgrader.facts.compose import PROJECT
from dockgrader.facts.containers import Containers, Image, Inspected, command_words
from dockgrader.facts.engine import Event, Events
from dockgrader.facts.waiting import SteadyWithin, seconds_between
from dockgrader.kinds.base import Failed, glimpse

TYPOGRAPHIC = "“”„‟«»‘’"
_NEAR = 0.8


def container(name: str, see: See) -> Failed:
    """The reason why no container has this name."""
    # Compose makes names of its own, such as app_redis_2, which nobody has mistyped.
    single = [item for item in glimpse(see, Containers()) or [] if PROJECT not in item.labels]
    near = near_name(name, [other for item in single for other in item.names])
    if near:
        return Failed("container.near-name", name, near, name=name, near=near)
    life = glimpse(see, Events(name)) or []
    last = next((event for event in reversed(life) if event.action == "die"), None)
    if last is None:
        return Failed("container.missing", name, None, name=name)
    if any(event.action in ("kill", "stop") for event in life_of_last(life)):
        return Failed("container.was-stopped", name, None, name=name)
    if last.exit_code == "0":
        return Failed("container.ran-out", name, None, name=name, seconds=lasted(life, last))
    image = glimpse(see, Image(last.image)) if last.image else None
    if image and typographic(command_words(image)):
        words = " ".join(command_words(image))
        return Failed("image.typographic-quotes", name, words, name=name, image=last.image)
    return Failed("container.died", name, last.exit_code, name=name, exit_code=last.exit_code)


def near_name(name: str, names: list[str]) -> str | None:
    """Another container's name that was probably meant to be this one."""

    import difflib

    def plain(text: str) -> str:
        return "".join(part for part in text.lower() if part.isalnum())

    def close(other: str) -> bool:
        mine, its = plain(name), plain(other)
        digits = [part for part in mine if part.isdigit()] == [part for part in its if part.isdigit()]
        return digits and difflib.SequenceMatcher(None, mine, its).ratio() >= _NEAR

    found = [other for other in names if other != name and close(other)]
    return max(found, key=lambda other: difflib.SequenceMatcher(None, name, other).ratio(), default=None)


def life_of_last(events: list[Event]) -> list[Event]:
    """The events since the last start."""
    starts = [number for number, event in enumerate(events) if event.action == "start"]
    return events[starts[-1] :] if starts else events


def lasted(events: list[Event], end: Event) -> str:
    """Seconds from the last start to the end, `?` where the engine forgot the start."""
    starts = [event.at for event in events if event.action == "start" and event.at <= end.at]
    return str(end.at - starts[-1]) if starts else "?"


def not_running(target: Inspected, see: See) -> Failed:
    """What became of a container that does not run."""
    status, name = target.status, target.name
    words = command_words(target.raw)
    if status in ("exited", "restarting", "created", "dead") and typographic(words):
        return Failed("image.typographic-quotes", "running", " ".join(words), name=name, image=target.image)
    if status == "exited" and dig(target.raw, "State", "OOMKilled") is True:
        return Failed("container.out-of-memory", "running", status, name=name)
    if status == "exited" and target.exit_code == 0 and _ended_by_itself(name, see):
        seconds = f"{run_seconds(target):.0f}"
        return Failed("container.finished", "running", status, name=name, seconds=seconds)
    if status in ("exited", "paused", "restarting", "created", "dead"):
        error = dig_str(target.raw, "State", "Error")[:200]
        return Failed(
            f"container.{status}", "running", status, name=name, exit_code=target.exit_code, error=error
        )
    return Failed("container.not-running", "running", status or None, name=name)


def _ended_by_itself(name: str, see: See) -> bool:
    """Whether the engine saw the container end and nobody stopping it: a stopped Redis has status 0 as well."""
    actions = {event.action for event in life_of_last(glimpse(see, Events(name)) or [])}
    return "die" in actions and not actions & {"kill", "stop"}


def refuse_crash_loop(target: Inspected, see: See) -> None:
    """Raises Failed when a container that was restarted a moment ago does not stay up."""
    restarts = dig_int(target.raw, "RestartCount")
    if restarts and not see(SteadyWithin(target.id)):
        raise Failed(
            "container.restarting",
            "running",
            "restarting",
            name=target.name,
            exit_code=target.exit_code,
            error=f"{restarts} restarts",
        )


def run_seconds(target: Inspected) -> float:
    """How long the last run of a stopped container was, in seconds; 0 when the engine does not say."""
    started, finished = (dig_str(target.raw, "State", key) for key in ("StartedAt", "FinishedAt"))
    return max(0.0, seconds_between(started, finished) or 0.0)


def typographic(words: list[str]) -> bool:
    """Whether a command has typographic quotes, which Docker takes for a shell command."""
    return any(mark in word for word in words for mark in TYPOGRAPHIC)
