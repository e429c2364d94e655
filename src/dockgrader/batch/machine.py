"""What tells one machine from another, as far as it was read: no two share any of it by chance."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from dockgrader.facts.base import dig, dig_list, dig_str
from dockgrader.grading.evidence import Evidence

_MOST = 200


def fingerprints(evidence: Evidence) -> dict[str, Any]:
    """Engine id, SSH host key, machine-id, containers (id and when created), volumes; only what is known.

    `{"engine_id": "…", "host_key": "SHA256:…", "machine_id": "…", "containers": {id: created}, "volumes": {name:
    created}}`. Reads evidence that may come from anybody; of much, the first 200.
    """
    found: dict[str, Any] = {}
    containers: dict[str, str] = {}
    volumes: dict[str, str] = {}
    for reading in evidence.readings:
        name, answer = reading.question.get("fact"), reading.answer
        if name == "info" and dig_str(answer, "ID"):
            found["engine_id"] = dig_str(answer, "ID")
        elif name == "machine":
            found |= {key: dig_str(answer, key) for key in ("host_key", "machine_id") if dig_str(answer, key)}
            volumes |= {
                dig_str(volume, "Name"): dig_str(volume, "CreatedAt")
                for volume in dig_list(answer, "volumes")
            }
        elif name == "containers":
            containers |= {
                dig_str(item, "Id"): _moment(dig(item, "Created"))
                for item in dig_list({"all": answer}, "all")
                if dig_str(item, "Id")
            }
        elif name == "container" and dig_str(answer, "Id"):
            containers[dig_str(answer, "Id")] = _moment(dig(answer, "Created"))
    if containers:
        found["containers"] = dict(list(containers.items())[:_MOST])
    if volumes:
        found["volumes"] = dict(list(volumes.items())[:_MOST])
    return found


def _moment(created: Any) -> str:
    """The engine says it in seconds since 1970 in a list, and as a text with fractions in an inspect answer."""
    if isinstance(created, int):
        try:
            return datetime.fromtimestamp(created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        except (ValueError, OverflowError, OSError):
            return ""
    return f"{created[:19]}Z" if isinstance(created, str) and created[19:20] in (".", "Z") else ""
