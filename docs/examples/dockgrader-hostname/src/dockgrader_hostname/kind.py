"""The kind: what an author writes, which facts it needs, and the judge."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Literal

from pydantic import Field

from dockgrader.facts.base import Fact, See
from dockgrader.kinds.base import Check, Failed, passed
from dockgrader.report.model import Verdict
from dockgrader_hostname.fact import Hostname


class HostnameCheck(Check):
    """The name that a container has in its own UTS namespace."""

    kind: Literal["hostname"]
    container: str = Field(description="The container's name")
    hostname: str = Field(description="The name that it must have inside")

    texts: ClassVar = {
        "hostname.other": {
            "en": (
                "Inside, {name} is called {found}, not {wanted}",
                "Which option of docker run gives a name?",
            ),
            "ru": ("Внутри {name} называется {found}, а не {wanted}", "Какой ключ docker run задаёт имя?"),
        },
        "hostname.none": {
            "en": ("The container {name} does not run", "What does docker ps -a say of it?"),
            "ru": ("Контейнер {name} не работает", "Что о нём говорит docker ps -a?"),
        },
    }

    def asks(self) -> Iterable[Fact[Any]]:
        """What the judge will surely ask: it is read at once, beside all other facts."""
        return [Hostname(self.container)]

    def judge(self, see: See) -> Verdict:
        """The verdict. Failed is the student's mistake; Unobserved, which `see` raises, the host's: let it through."""
        found = see(Hostname(self.container))
        if found is None:
            raise Failed("hostname.none", self.hostname, None, name=self.container)
        if found != self.hostname:
            raise Failed(
                "hostname.other", self.hostname, found, name=self.container, found=found, wanted=self.hostname
            )
        return passed(self.hostname, found)

    def runs(self) -> list[str]:
        """What `dockgrader show` says that this runs on the student's host."""
        return [f"runs in {self.container}: cat /proc/sys/kernel/hostname"]

    def shown_by(self, see: See) -> list[str]:
        """Commands by which a student sees the same."""
        return [Hostname(self.container).shown_by()]
