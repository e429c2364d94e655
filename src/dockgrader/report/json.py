"""The report as JSON, `dockgrader.report/1`."""

from __future__ import annotations

import json

from dockgrader.report.model import Report, to_json


def render(report: Report) -> str:
    """One JSON object, in pure ASCII so that no terminal and no reader trips over it."""
    return json.dumps(to_json(report), indent=2, ensure_ascii=True, default=str) + "\n"
