"""Kind `cleanup`: nothing nameless is left over."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import Field

from dockgrader.facts.base import Fact, See
from dockgrader.facts.containers import ANONYMOUS
from dockgrader.facts.volumes import UnusedVolumes
from dockgrader.kinds.base import Check, Failed, passed
from dockgrader.report.model import Verdict


class CleanupCheck(Check):
    """No volume without a name is left that no container uses.

    An empty host has none either: let it need a check that something was done.
    """

    kind: Literal["cleanup"]
    leftover: Literal["anonymous-volumes"] = Field(
        description="What must not be left: volumes that were given no name, and that no container has"
    )

    def asks(self) -> Iterable[Fact[Any]]:
        """The volumes that nobody uses."""
        return [UnusedVolumes()]

    def judge(self, see: See) -> Verdict:
        """A volume's name tells: Docker makes one of 64 hexadecimal digits where none is given."""
        left = [name for name in see(UnusedVolumes()) if ANONYMOUS.fullmatch(name)]
        if left:
            shown = ", ".join(name[:12] for name in left[:3]) + (", …" if len(left) > 3 else "")
            raise Failed("cleanup.anonymous-volumes", 0, len(left), count=len(left), names=shown)
        return passed(0, 0)

    def shown_by(self, see: See) -> list[str]:
        """The list."""
        return [UnusedVolumes().shown_by()]
