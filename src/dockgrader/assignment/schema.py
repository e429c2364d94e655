"""The JSON Schema of an assignment: what an editor needs to complete fields and mark mistakes while they are written.

What one field says of another (`needs`, `container` or `service`) no schema tells; `dockgrader validate` does.
"""

from __future__ import annotations

from typing import Any

from dockgrader.assignment.extended import model_with
from dockgrader.assignment.parameters import Parameters
from dockgrader.kinds.base import Check

_EXAMPLES: dict[str, dict[str, Any]] = {
    "CgroupCheck": {
        "id": "kernel",
        "kind": "cgroup",
        "container": "server",
        "memory": "200MiB",
        "cpu_quota": 50000,
    },
    "CleanupCheck": {
        "id": "clean",
        "kind": "cleanup",
        "needs": ["running"],
        "leftover": "anonymous-volumes",
    },
    "ComposeCheck": {
        "id": "waits",
        "kind": "compose",
        "service": "web",
        "depends_on": {"redis": "service_healthy"},
    },
    "ContainerCheck": {
        "id": "memory",
        "kind": "container",
        "points": 2,
        "needs": ["running"],
        "container": "server",
        "memory": "200MiB",
    },
    "ExecCheck": {
        "id": "key",
        "kind": "exec",
        "container": "redis_2",
        "command": ["redis-cli", "get", "mykey"],
        "stdout": "foobar",
    },
    "FileCheck": {
        "id": "dump",
        "kind": "file",
        "container": "redis_1",
        "path": "/data/dump.rdb",
        "begins": "REDIS",
    },
    "HealthCheck": {"id": "healthy", "kind": "health", "service": "redis", "status": "healthy"},
    "HttpCheck": {"id": "page", "kind": "http", "service": "web", "path": "/", "body": "Hello, .*"},
    "ImageCheck": {"id": "image", "kind": "image", "container": "server", "named": ["my_server"]},
    "NamespaceCheck": {"id": "pid", "kind": "namespace", "container": "server", "own": ["pid", "net"]},
    "RestartCheck": {
        "id": "outlives",
        "kind": "restart",
        "points": 0,
        "container": "redis_1",
        "command": ["redis-cli", "get", "mykey"],
        "stdout": "foobar",
    },
    "UnshareCheck": {"id": "shell", "kind": "unshare", "own": ["pid", "net"], "first": True},
    "VolumeCheck": {
        "id": "volume",
        "kind": "volume",
        "container": "redis_2",
        "path": "/data",
        "named": "data",
    },
    "Parameter": {"from": "64MiB", "to": "512MiB", "step": "64MiB"},
    "Comparison": {"one_of": ["always", "unless-stopped"]},
    "Mistake": {
        "actual": 64000000,
        "code": "memory.decimal",
        "message": "That is decimal.",
        "hint": "Which suffix?",
    },
}


def schema() -> dict[str, Any]:
    """The schema, JSON Schema 2020-12, with the kinds that installed packages add."""
    made = model_with(None).model_json_schema()
    _add_parameters(made)
    for name, example in _EXAMPLES.items():
        if (
            name in made["$defs"]
        ):  # a package's class of the same name makes pydantic call both by longer names
            made["$defs"][name]["examples"] = [example]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:dockgrader:assignment:1",
        **made,
    }


_REFERENCE = {
    "type": "string",
    "pattern": r"^\$\{[a-z][a-z0-9_]*(\.bytes)?\}$",
    "description": "A parameter's value, of an assignment that has `parameters`",
}
_ABOUT = ("default", "description", "title")


def _add_parameters(made: dict[str, Any]) -> None:
    """What stands under `parameters`, and that a reference may stand where a kind wants no free text."""
    shape = Parameters.model_json_schema()
    made["$defs"] |= shape.pop("$defs")
    about = made["properties"]["parameters"]
    made["properties"]["parameters"] = {
        **shape,
        "additionalProperties": False,
        "title": about["title"],
        "description": about["description"],
    }
    made["$defs"]["Reference"] = _REFERENCE
    shared = set(Check.model_fields)
    for name, model in made["$defs"].items():
        fields = model.get("properties", {})
        if "kind" in fields or name == "Comparison":
            model["properties"] = {
                field: given if field in shared else _or_reference(given) for field, given in fields.items()
            }


def _or_reference(given: dict[str, Any]) -> dict[str, Any]:
    shape = {key: value for key, value in given.items() if key not in _ABOUT}
    choices = shape["anyOf"] if set(shape) == {"anyOf"} else [shape]
    if {"type": "string"} in choices or not any(map(_is_scalar, choices)):  # any text will do, or none
        return given
    about = {key: given[key] for key in _ABOUT if key in given}
    return {"anyOf": [*choices, {"$ref": "#/$defs/Reference"}], **about}


def _is_scalar(choice: dict[str, Any]) -> bool:
    return choice.get("type") in ("string", "integer", "number", "boolean") or "anyOf" in choice
