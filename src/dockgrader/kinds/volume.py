"""Kind `volume`: a container has the very volume of another one at a path."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from dockgrader.facts.base import Fact, See
from dockgrader.facts.containers import Container, Inspected, Mount
from dockgrader.kinds.base import Check, Failed, passed
from dockgrader.kinds.target import named
from dockgrader.report.model import Verdict

_ANONYMOUS = re.compile(r"[0-9a-f]{64}")


class VolumeCheck(Check):
    """What is mounted at a path is the volume of another container, if that exists in any state, else one by name."""

    kind: Literal["volume"]
    container: str = Field(description="The container's name")
    path: str = Field(description="The path in the container, such as /data")
    same_as: str | None = Field(
        None, description="Another container, whose volume at the same path is expected"
    )
    named: str | None = Field(None, description="The volume's name, expected where `same_as` is not there")

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if self.same_as is None and self.named is None:
            raise ValueError("expected same_as: CONTAINER, named: VOLUME, or both")
        return self

    def asks(self) -> Iterable[Fact[Any]]:
        """Both containers."""
        return [Container(self.container), *([Container(self.same_as)] if self.same_as else [])]

    def judge(self, see: See) -> Verdict:
        """The volume's name decides: it is unique on a host."""
        target = named(self.container, see)
        other = see(Container(self.same_as)) if self.same_as else None
        expected = self._expected(other)
        mount = _at(target, self.path)
        if mount is not None and mount.type == "volume" and mount.name == expected:
            return passed(expected, mount.name, name=target.name, path=self.path, volume=expected)
        raise self._mistake(target, mount, expected, other)

    def _expected(self, other: Inspected | None) -> str:
        if other is None:
            if self.named is None:
                raise Failed("volume.no-other", self.same_as, None, other=self.same_as)
            return self.named
        mount = _at(other, self.path)
        if mount is None or mount.type != "volume":
            kind = mount.type if mount else None
            raise Failed("volume.other-has-none", "volume", kind, other=other.name, path=self.path)
        return mount.name

    def _mistake(
        self, target: Inspected, mount: Mount | None, expected: str, other: Inspected | None
    ) -> Failed:
        actual: str | None = mount.name or mount.type if mount else None
        code = "volume.none"
        elsewhere = next((item for item in target.mounts if item.name == expected), None)
        if elsewhere is not None and (mount is None or mount.name != expected):
            code, actual = "volume.other-path", elsewhere.destination
        elif mount is not None and mount.type == "volume":
            anonymous = _ANONYMOUS.fullmatch(mount.name) is not None
            code = "volume.anonymous" if anonymous else "volume.another"
        elif mount is not None:
            code = {"bind": "volume.bind", "tmpfs": "volume.tmpfs"}.get(mount.type, "volume.other-type")
            actual = mount.source or mount.type
        params = {"name": target.name, "path": self.path, "volume": expected, "found": actual}
        return Failed(code, expected, actual, **params, other=other.name if other else self.same_as)

    def shown_by(self, see: See) -> list[str]:
        """The mounts of the containers."""
        names = [self.container]
        if self.same_as and see(Container(self.same_as)) is not None:
            names.append(self.same_as)
        return [f"docker container inspect -f '{{{{json .Mounts}}}}' {name}" for name in names]


def _at(target: Inspected, path: str) -> Mount | None:
    wanted = path.rstrip("/") or "/"
    return next((mount for mount in target.mounts if mount.destination == wanted), None)
