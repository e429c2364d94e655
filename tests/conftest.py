"""What all tests share."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes says more about the machine's other work than about the code.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs a server, an engine or a browser takes root and time: it runs with the live tests."""
    folders = {Path(__file__).parent / name for name in ("ssh", "browser")}
    for item in items:
        if folders & set(item.path.parents):
            item.add_marker(pytest.mark.live)
