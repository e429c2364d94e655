"""Kind `volume`: a container has the very volume of another one at a path, one of a name, or any that has a name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from dockgrader.facts.base import Fact, See
from dockgrader.facts.containers import ANONYMOUS, Container, Inspected, Mount
from dockgrader.kinds.base import Failed, passed
from dockgrader.kinds.target import TargetCheck
from dockgrader.report.model import Verdict


class VolumeCheck(TargetCheck):
    """What is mounted at a path is the volume of another container, if that exists in any state, else one by name;
    or any volume that was given a name.
    """

    kind: Literal["volume"]
    path: str = Field(description="The path in the container, such as /data")
    same_as: str | None = Field(
        None, description="Another container, whose volume at the same path is expected"
    )
    named: str | None = Field(None, description="The volume's name, expected where `same_as` is not there")

    any_name: bool = Field(
        False,
        description="Any volume is right that was given a name, be it by Compose; in place of the other two",
    )

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if (self.same_as is None and self.named is None) != self.any_name:
            raise ValueError("expected same_as: CONTAINER, named: VOLUME, or both; or any_name: true alone")
        return self

    def asks(self) -> Iterable[Fact[Any]]:
        """Both containers."""
        return [*super().asks(), *([Container(self.same_as)] if self.same_as else [])]

    def judge(self, see: See) -> Verdict:
        """The volume's name decides, which is unique on a host, and the folder of it that is mounted."""
        verdict = passed()
        for target in self.targets(see):
            verdict = self._judge_one(target, see)
        return verdict

    def _judge_one(self, target: Inspected, see: See) -> Verdict:
        other = see(Container(self.same_as)) if self.same_as else None
        expected = self._expected(other)
        mount = _at(target, self.path)
        if mount is not None and mount.type == "volume":
            fits = not ANONYMOUS.fullmatch(mount.name) if self.any_name else mount.name == expected
            if fits:
                self._refuse_subpath(target, mount.name, other)
                return passed(expected, mount.name, name=target.name, path=self.path, volume=mount.name)
        raise self._mistake(target, mount, expected, other)

    def _refuse_subpath(self, target: Inspected, volume: str, other: Inspected | None) -> None:
        """Raises Failed for another folder of the right volume, in which other files are."""
        found, wanted = target.subpath(self.path), other.subpath(self.path) if other else ""
        if self.any_name or None in (found, wanted) or found == wanted:
            return
        params = {"name": target.name, "path": self.path, "volume": volume}
        found, wanted = found or "/", wanted or "/"
        raise Failed("volume.other-subpath", wanted, found, **params, found=found, wanted=wanted)

    def _expected(self, other: Inspected | None) -> str | None:
        """The volume's name, None for any."""
        if other is None:
            if self.named is None and not self.any_name:
                raise Failed("volume.no-other", self.same_as, None, other=self.same_as)
            return self.named
        mount = _at(other, self.path)
        if mount is None or mount.type != "volume":
            kind = mount.type if mount else None
            raise Failed("volume.other-has-none", "volume", kind, other=other.name, path=self.path)
        return mount.name

    def _mistake(
        self, target: Inspected, mount: Mount | None, expected: str | None, other: Inspected | None
    ) -> Failed:
        actual: str | None = mount.name or mount.type if mount else None
        code = "volume.none"
        elsewhere = next((item for item in target.mounts if item.name and item.name == expected), None)
        if elsewhere is not None and (mount is None or mount.name != expected):
            code, actual = "volume.other-path", elsewhere.destination
        elif mount is not None and mount.type == "volume":
            anonymous = ANONYMOUS.fullmatch(mount.name) is not None
            code = "volume.anonymous" if anonymous else "volume.another"
        elif mount is not None:
            code = {"bind": "volume.bind", "tmpfs": "volume.tmpfs"}.get(mount.type, "volume.other-type")
            actual = mount.source or mount.type
        params = {"name": target.name, "path": self.path, "volume": expected, "found": actual}
        return Failed(code, expected, actual, **params, other=other.name if other else self.same_as)

    def shown_by(self, see: See) -> list[str]:
        """The mounts of the containers."""
        if not self.container:
            return self.inspect_commands(see, "{{json .Mounts}}")
        names = [self.container]
        if self.same_as and see(Container(self.same_as)) is not None:
            names.append(self.same_as)
        return [f"docker container inspect -f '{{{{json .Mounts}}}}' {name}" for name in names]


def _at(target: Inspected, path: str) -> Mount | None:
    wanted = path.rstrip("/") or "/"
    return next((mount for mount in target.mounts if mount.destination == wanted), None)
