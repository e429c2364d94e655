"""Kind `http`: what a container answers on its published port, and a number in it that grows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial
from itertools import pairwise
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from dockgrader.facts.base import Fact, See
from dockgrader.facts.containers import Inspected
from dockgrader.facts.http import HttpSeries, Page, Series
from dockgrader.hosts.deadline import at_once
from dockgrader.kinds.base import Failed, passed
from dockgrader.kinds.matchers import Pattern
from dockgrader.kinds.target import TargetCheck
from dockgrader.report.model import Verdict


class HttpCheck(TargetCheck):
    """A container, or any replica of a service, answers GET on a published port, whichever it is.

    One in the host's network, where no port is published, answers on a port that its image or compose file names.
    """

    kind: Literal["http"]
    path: str = Field("/", pattern=r"^/[!-~]*$", description="The path of the page")
    status: int = Field(200, ge=100, le=599, description="The HTTP status")
    body: Pattern | None = Field(
        None, description="A regular expression for the whole text, spaces around it aside"
    )
    matches: Pattern | None = Field(
        None,
        description="A regular expression found in the text, whatever else stands there; in place of `body`",
    )
    grows: str | None = Field(
        None, description="A named group of `body` or `matches` whose number grows from GET to GET"
    )

    @model_validator(mode="after")
    def _one_pattern(self) -> Self:
        if self.body is not None and self.matches is not None:
            raise ValueError("expected body: or matches:, not both")
        if self.grows is not None and self.grows not in re.compile(self._pattern() or "").groupindex:
            raise ValueError(f"grows: the regular expression has no group (?P<{self.grows}>…)")
        return self

    def asks_of(self, ref: str) -> Iterable[Fact[Any]]:
        """Its pages."""
        return [self._fact(ref)]

    def runs(self) -> list[str]:
        """The requests, which the student's application answers."""
        whose = self.container or f"the service {self.service}"
        return [f"asks each published port of {whose}: GET {self.path}"]

    def judge(self, see: See) -> Verdict:
        """Any published port of any replica that answers as expected is enough; else the nearest miss is told."""
        misses = []
        targets = self.targets(see)
        # All replicas at the same time, so that those that hang do not use up the time of one that answers.
        answers = at_once([partial(see, self._fact(target.id)) for target in targets])
        for target, found in zip(targets, answers, strict=True):
            if not found:
                misses.append(
                    Failed(
                        "http.host-network" if target.host_network else "http.not-published",
                        self._expected(),
                        None,
                        name=target.name,
                    )
                )
            for series in found:
                try:
                    return self._judge_one(target, series)
                except Failed as miss:
                    misses.append(miss)
        raise max(misses, key=lambda miss: _NEARNESS.index(miss.verdict.code))

    def _fact(self, ref: str) -> HttpSeries:
        return HttpSeries(self.container or ref, self.path, 2 if self.grows else 1)

    def _pattern(self) -> str | None:
        return self.body if self.body is not None else self.matches

    def _expected(self) -> str | int:
        pattern = self._pattern()
        return pattern if pattern is not None else self.status

    def _judge_one(self, target: Inspected, series: Series) -> Verdict:
        where = {"name": target.name, "address": f"{series.address or '0.0.0.0'}:{series.port}"}  # noqa: S104
        numbers: list[int] = []
        for page in series.pages:
            self._refuse(page, where)
            numbers += self._numbers(page, where)
        if self.grows and not all(later > before for before, later in pairwise(numbers)):
            raise Failed(
                "http.does-not-grow", self._expected(), numbers, **where, numbers=", ".join(map(str, numbers))
            )
        text = series.pages[-1].body.strip()[:1000]
        return passed(self._expected(), text, **where)

    def _refuse(self, page: Page, where: dict[str, str]) -> None:
        if page.problem:
            raise Failed(f"http.{page.problem}", self._expected(), page.body or None, **where)
        if page.status != self.status:
            raise Failed(
                "http.status", self.status, page.status, **where, found=page.status, wanted=self.status
            )

    def _numbers(self, page: Page, where: dict[str, str]) -> list[int]:
        """The number that grows, if one is asked for. Raises Failed for a page with another text."""
        text, pattern = page.body.strip(), self._pattern()
        if pattern is None:
            return []
        whole = re.fullmatch(pattern, text)
        found = list(re.finditer(pattern, text)) if self.matches is not None else [whole] if whole else []
        texts = [match[self.grows] or "" for match in found] if self.grows else []
        if not found or not all(number.isdecimal() for number in texts):
            raise Failed("http.body", self._expected(), page.body[:1000], **where, found=text[:200])
        numbers = list(dict.fromkeys(int(number[:18]) for number in texts))
        if len(numbers) > 1:  # which of them is the counter?
            shown = ", ".join(map(str, numbers[:5]))
            raise Failed("http.many-numbers", self._expected(), numbers[:5], **where, numbers=shown)
        return numbers

    def shown_by(self, see: See) -> list[str]:
        """`curl` of each published address."""
        try:
            targets = self.targets(see)
        except Failed:
            return ["docker ps -a"]
        found = [series for target in targets for series in see(self._fact(target.id))]
        commands = [f"curl -i http://{_shown(series)}{self.path}" for series in found[:4]]
        return commands or [f"docker port {target.name}" for target in targets[:2]]


_NEARNESS = (
    "http.not-published",
    "http.host-network",
    "http.unreachable",
    "http.refused",
    "http.empty",
    "http.timeout",
    "http.garbage",
    "http.status",
    "http.body",
    "http.many-numbers",
    "http.does-not-grow",
)
"""From the farthest miss to the nearest."""


def _shown(series: Series) -> str:
    wildcard = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - read, never bound
    return f"{wildcard.get(series.address, series.address)}:{series.port}"
