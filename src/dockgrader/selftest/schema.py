"""The JSON Schema of an assignment's cases, for editors."""

from __future__ import annotations

from typing import Any

from dockgrader.selftest.model import Cases


def schema() -> dict[str, Any]:
    """The schema, JSON Schema 2020-12."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:dockgrader:cases:1",
        **Cases.model_json_schema(),
    }
