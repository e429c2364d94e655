"""Kind `file`: a file that a container keeps in a volume."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import Any, Literal

from pydantic import Field

from dockgrader.facts.base import Fact, See
from dockgrader.facts.commands import Exec
from dockgrader.facts.containers import Container
from dockgrader.facts.volumes import FileInVolume
from dockgrader.kinds.base import Check, Failed, Spec, passed
from dockgrader.kinds.matchers import Matcher, matches
from dockgrader.kinds.target import named, running_or_failed
from dockgrader.report.model import Verdict


class Answers(Spec):
    """A command in the container, and its answer."""

    command: list[str] = Field(min_length=1, description="The command as a list of words; no shell reads it")
    stdout: Matcher = Field(description="Standard output without its last line feed")


class FileCheck(Check):
    """A file is at a path in a running container, and lies in a volume, whose place on the host is told."""

    kind: Literal["file"]
    container: str = Field(description="The container's name")
    path: str = Field(pattern="^/.", description="The file's path in the container")
    begins: str = Field("", max_length=16, description="What a file of this format begins with")
    unless: Answers | None = Field(
        None, description="The file is not asked for where this command answers so"
    )

    def asks(self) -> Iterable[Fact[Any]]:
        """The file; the command only where it is not there."""
        return [Container(self.container), FileInVolume(self.container, self.path)]

    def runs(self) -> list[str]:
        """The commands of the container's own that may be asked."""
        commands = [f"head -c 16 {shlex.quote(self.path)} (where the host's files are out of reach)"]
        commands += [shlex.join(self.unless.command)] if self.unless else []
        return [f"runs in {self.container}: {command}" for command in commands]

    def judge(self, see: See) -> Verdict:
        """In a volume, there, and of the format."""
        target = named(self.container, see)
        running_or_failed(target, see)
        found = see(FileInVolume(self.container, self.path))
        if found is None:
            raise Failed("container.missing", self.path, None, name=self.container)
        about = {"name": self.container, "path": self.path, "place": found.place or "?"}
        if not found.there and self._not_asked(see):
            return passed(self.path, None, **about)
        if found.mount is None or found.mount.type != "volume":
            raise Failed("file.no-volume", "volume", found.mount.type if found.mount else None, **about)
        if not found.there:
            raise Failed("file.missing", self.path, None, **about)
        if not found.begins.startswith(self.begins):
            raise Failed("file.other-format", self.begins, found.begins, **about, found=found.begins)
        return passed(self.path, found.place or self.path, **about)

    def _not_asked(self, see: See) -> bool:
        if self.unless is None:
            return False
        answer = see(Exec(self.container, tuple(self.unless.command)))
        return not answer.problem and matches(self.unless.stdout, answer.stdout.removesuffix("\n"))

    def shown_by(self, see: See) -> list[str]:
        """In the container, and in its place on the host."""
        fact = FileInVolume(self.container, self.path)
        found = see(fact)
        place = [f"sudo ls -l {shlex.quote(found.place)}"] if found and found.place else []
        return [fact.shown_by(), *place]
