"""What a container's page says, apart from what it says of this very container, host and moment."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from dockgrader.errors import Unobserved
from dockgrader.facts.base import See, dig, dig_dict, dig_str
from dockgrader.facts.containers import Inspected
from dockgrader.facts.http import HttpSeries

_BODY_MOST = 200
_VOLATILE = (
    r"\b[0-9a-f]{12,64}\b",  # ids, and hostnames that are ids
    r"\b[0-9]+(?:\.[0-9]+){3}\b",  # IPv4 addresses
    r"\b[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9:]+)?(?:[.,][0-9]+)?Z?\b",
    r"\b[0-9]{1,2}(?::[0-9]{2}){1,2}(?:[.,][0-9]+)?\b",
    r"\b1[0-9]{9}(?:\.[0-9]+)?\b",  # seconds since 1970
)


def said_by_page(ref: str, item: Inspected, see: See) -> dict[str, Any] | None:
    """Fields of kind `http` for a page that answers, None where none does.

    Of two answers that differ in one number it is stated that the number grows.
    """
    if not item.published:
        return None
    try:
        series = see(HttpSeries(ref, "/", 2))
    except Unobserved:
        return None
    answered = [
        found.pages for found in series if len(found.pages) == 2 and not any(p.problem for p in found.pages)
    ]
    if not answered or answered[0][0].status is None:
        return None
    first, second = (page.body.strip() for page in answered[0])
    own = _own_words(item)
    fields: dict[str, Any] = {} if answered[0][0].status == 200 else {"status": answered[0][0].status}
    if len(first) <= _BODY_MOST and first == second:
        fields["body"] = _pattern(first, own)
    elif grown := _grown(first, second, own):
        fields |= {"body": grown, "grows": "n"}
    return fields or {"status": 200}


def _own_words(item: Inspected) -> list[str]:
    """What a page may say of this very container or host, and of no other: addresses, a hostname that is the host's."""
    networks = [dig(item.raw, "NetworkSettings"), *dig_dict(item.raw, "NetworkSettings", "Networks").values()]
    keys = ("IPAddress", "Gateway", "GlobalIPv6Address", "MacAddress")
    words = [dig_str(network, key) for network in networks for key in keys]
    if "host" in (dig(item.raw, "HostConfig", "NetworkMode"), dig(item.raw, "HostConfig", "UTSMode")):
        words.append(dig_str(item.raw, "Config", "Hostname"))
    return sorted({word for word in words if word}, key=len, reverse=True)


def _pattern(text: str, own: Sequence[str]) -> str:
    """The text as a regular expression, with no more backslashes than it needs; volatile words are left open."""
    volatile = _volatile(own)
    kept = [re.sub(r"([.^$*+?{}\[\]\\|()])", r"\\\1", part) for part in volatile.split(text)]
    return r"\S+".join(kept)


def _grown(first: str, second: str, own: Sequence[str]) -> str | None:
    """A pattern for two texts that differ in one number, which is greater in the second."""
    one, other = (re.split("([0-9]+)", text) for text in (first, second))
    differ = [number for number, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]]
    if len(one) != len(other) or len(differ) != 1 or differ[0] % 2 == 0 or len(first) > _BODY_MOST:
        return None
    place = differ[0]
    if int(one[place][:18]) >= int(other[place][:18]):
        return None
    if any(
        match.start() <= len("".join(one[:place])) < match.end() for match in _volatile(own).finditer(first)
    ):
        return None  # a clock, not a counter
    before, after = "".join(one[:place]), "".join(one[place + 1 :])
    return f"{_pattern(before, own)}(?P<n>[0-9]{{1,18}}){_pattern(after, own)}"


def _volatile(own: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join([*_VOLATILE, *map(re.escape, own)]))
