"""The engine's events as they come: an answer without end, each line of which is an event."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from dockgrader.hosts.wire import Answer

LINE_CAP = 1 << 20
"""Bytes of one event at the most; the labels of a container are in it."""


class NotEvents(Exception):
    """What came is no stream of events."""


def lines(answer: Answer) -> Iterator[Mapping[str, Any]]:
    """Event by event, until the engine ends the answer. Raises NotEvents, and what the connection raises."""
    pending = bytearray()
    while chunk := answer.read1(1 << 16):
        pending += chunk
        *whole, rest = pending.split(b"\n")
        pending = bytearray(rest)
        if len(pending) > LINE_CAP:
            raise NotEvents
        yield from (_event(line) for line in whole if line.strip())


def _event(line: bytearray) -> Mapping[str, Any]:
    try:
        event = json.loads(line.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        raise NotEvents from None
    if not isinstance(event, dict):
        raise NotEvents
    return event
