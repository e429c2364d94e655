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
    """A container, or any replica of a service, answers GET on a published port, whichever it is."""

    kind: Literal["http"]
    path: str = Field("/", pattern=r"^/[!-~]*$", description="The path of the page")
    status: int = Field(200, ge=100, le=599, description="The HTTP status")
    body: Pattern | None = Field(
        None, description="A regular expression for the whole text, spaces around it aside"
    )
    grows: str | None = Field(None, description="A named group of `body` whose number grows from GET to GET")

    @model_validator(mode="after")
    def _grows_in_body(self) -> Self:
        if self.grows is not None and self.grows not in re.compile(self.body or "").groupindex:
            raise ValueError(f"grows: the body has no group (?P<{self.grows}>…)")
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
                misses.append(Failed("http.not-published", self._expected(), None, name=target.name))
            for series in found:
                try:
                    return self._judge_one(target, series)
                except Failed as miss:
                    misses.append(miss)
        raise max(misses, key=lambda miss: _NEARNESS.index(miss.verdict.code))

    def _fact(self, ref: str) -> HttpSeries:
        return HttpSeries(self.container or ref, self.path, 2 if self.grows else 1)

    def _expected(self) -> str | int:
        return self.body if self.body is not None else self.status

    def _judge_one(self, target: Inspected, series: Series) -> Verdict:
        where = {"name": target.name, "address": f"{series.address or '0.0.0.0'}:{series.port}"}  # noqa: S104
        numbers: list[int] = []
        for page in series.pages:
            self._refuse(page, where)
            match = re.fullmatch("(?s:.*)" if self.body is None else self.body, page.body.strip())
            if match is None or (self.grows and not (match[self.grows] or "").isdecimal()):
                raise Failed(
                    "http.body", self._expected(), page.body[:1000], **where, found=page.body.strip()[:200]
                )
            if self.grows:
                numbers.append(int(match[self.grows][:18]))
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
    "http.unreachable",
    "http.refused",
    "http.empty",
    "http.timeout",
    "http.garbage",
    "http.status",
    "http.body",
    "http.does-not-grow",
)
"""From the farthest miss to the nearest."""


def _shown(series: Series) -> str:
    wildcard = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - read, never bound
    return f"{wildcard.get(series.address, series.address)}:{series.port}"
