"""What tells one machine from another, as far as it was read: no two share any of it by chance."""

from __future__ import annotations

from typing import Any

from dockgrader.facts.base import dig_list, dig_str
from dockgrader.grading.evidence import Evidence

_MOST = 200


def fingerprints(evidence: Evidence) -> dict[str, Any]:
    """`{"engine": id, "machine_id": hash, "host_keys": [SHA256:…], "containers": [id], "volumes": [name@created]}`.

    Only what is known; of much, the first 200. Evidence may come from anybody and hold anything.
    """
    found: dict[str, Any] = {}
    containers: list[str] = []
    for reading in evidence.readings:
        name, answer = reading.question.get("fact"), reading.answer
        if name == "info" and (engine := dig_str(answer, "ID")):
            found["engine"] = engine
        elif name == "machine":
            found |= _of_machine(answer)
        elif name == "containers":
            containers += [dig_str(item, "Id") for item in dig_list({"all": answer}, "all")]
        elif name == "container":
            containers.append(dig_str(answer, "Id"))
    if known := [each for each in dict.fromkeys(containers) if each][:_MOST]:
        found["containers"] = known
    return found


def _of_machine(answer: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if machine_id := dig_str(answer, "machine_id"):
        found["machine_id"] = machine_id
    if host_key := dig_str(answer, "host_key"):
        found["host_keys"] = [host_key]
    volumes = [(dig_str(each, "Name"), dig_str(each, "CreatedAt")) for each in dig_list(answer, "volumes")]
    if dated := [f"{name}@{created}" for name, created in volumes if name and created][:_MOST]:
        found["volumes"] = dated
    return found
