"""Kind `volume`: a container has the very volume of another one at a path, one of a name, or any that has a name."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from dockgrader.errors import Unobserved
from dockgrader.facts.base import Answer, Fact, See
from dockgrader.facts.commands import Exec
from dockgrader.facts.containers import ANONYMOUS, Container, Inspected, Mount
from dockgrader.facts.volumes import VolumeThere
from dockgrader.kinds.base import Failed, Spec, passed
from dockgrader.kinds.matchers import Matcher, Pattern, matches
from dockgrader.kinds.target import TargetCheck
from dockgrader.report.model import Verdict


class Proof(Spec):
    """A command in the container, whose answer shows what is in the volume."""

    command: list[str] = Field(min_length=1, description="The command as a list of words; no shell reads it")
    stdout: Matcher = Field(description="Standard output without its last line feed")
    retry_while: Pattern | None = Field(
        None, description="Run it again, for ten seconds, while its output matches this regular expression"
    )

    def holds(self, container: str, see: See) -> bool:
        """Whether it answers so. Raises Unobserved."""
        answer = _kept(see, Exec(container, tuple(self.command), self.retry_while or ""))
        return (
            answer is not None and answer.exit == 0 and matches(self.stdout, answer.stdout.removesuffix("\n"))
        )


class VolumeCheck(TargetCheck):
    """What is mounted at a path is the volume of another container, if that exists in any state, else one by name;
    or any volume that was given a name.

    Where the other container is gone, what `--volumes-from` took from it is right as well; and so is a volume that was
    given another name, if the host has none of the one that is expected, and `proof` holds. A volume that is mounted
    elsewhere is right where `path_told_by` names that place.
    """

    kind: Literal["volume"]
    path: str = Field(description="The path in the container, such as /data")
    same_as: str | None = Field(
        None, description="Another container, whose volume at the same path is expected"
    )
    named: str | None = Field(None, description="The volume's name, expected where `same_as` is not there")
    proof: Proof | None = Field(
        None,
        description="Where `same_as` and the volume `named` are gone, what shows that one of another name is it",
    )
    path_told_by: list[str] = Field(
        [],
        description="Where the volume is mounted elsewhere, a command in the container, the last line of whose output "
        "is the path that counts: [redis-cli, config, get, dir]",
    )
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

    def runs(self) -> list[str]:
        """The commands that are run where the volume is not as expected."""
        told = shlex.join(self.path_told_by) if self.path_told_by else ""
        proof = shlex.join(self.proof.command) if self.proof else ""
        where = {f"elsewhere than at {self.path}": told, f"called otherwise than {self.named}": proof}
        return [
            f"runs in {self.container}, if its volume is {how}: {words}"
            for how, words in where.items()
            if words
        ]

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
        there = mount if mount is not None and mount.type == "volume" else None
        if there is None or not (there.name == expected or self._fits_without(other, target, there, see)):
            there = self._elsewhere(target, expected, other, see)
        if there is None:
            raise self._mistake(target, mount, expected, other)
        self._refuse_subpath(target, there, other)
        return passed(expected, there.name, name=target.name, path=there.destination, volume=there.name)

    def _elsewhere(
        self, target: Inspected, expected: str | None, other: Inspected | None, see: See
    ) -> Mount | None:
        """The right volume at another path, if the program in the container says that this is the path that counts."""
        its = {mount.name for mount in other.mounts} if other else set()
        there = [item for item in target.mounts if item.type == "volume" and item.name in {expected, *its}]
        if not there or not self.path_told_by:
            return None
        answer = _kept(see, Exec(target.name, tuple(self.path_told_by)))
        told = answer.stdout.rstrip("\n").rpartition("\n")[2] if answer and answer.exit == 0 else ""
        found = next((item for item in there if item.destination == told.rstrip("/")), None)
        same = found and (found.name == expected or (other and found == _at(other, found.destination)))
        return found if same else None

    def _fits_without(self, other: Inspected | None, target: Inspected, mount: Mount, see: See) -> bool:
        """Whether a volume of another name than the expected one is right, where no other container tells the name."""
        given = not ANONYMOUS.fullmatch(mount.name)
        if self.any_name or other is not None or self.same_as is None:
            return self.any_name and given
        if target.has_mount_from(self.same_as, self.path):
            return True
        if not given or self.named is None or self.proof is None:
            return False
        return self.proof.holds(target.name, see) and _kept(see, VolumeThere(self.named)) is False

    def _refuse_subpath(self, target: Inspected, mount: Mount, other: Inspected | None) -> None:
        """Raises Failed for another folder of the right volume, in which other files are."""
        found, wanted = target.subpath(mount.destination), self._subpath_of(other, mount.name)
        if self.any_name or None in (found, wanted) or found == wanted:
            return
        params = {"name": target.name, "path": mount.destination, "volume": mount.name}
        found, wanted = found or "/", wanted or "/"
        raise Failed("volume.other-subpath", wanted, found, **params, found=found, wanted=wanted)

    def _subpath_of(self, other: Inspected | None, volume: str) -> str | None:
        """The folder of the volume that the other container has."""
        its = next((item for item in (other.mounts if other else ()) if item.name == volume), None)
        return other.subpath(its.destination) if other and its else ""

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


def _kept(see: See, fact: Fact[Answer]) -> Answer | None:
    """The answer, None where older evidence does not have it. Raises Unobserved for what the host hides."""
    try:
        return see(fact)
    except Unobserved as error:
        if error.code != "evidence.missing":
            raise
        return None
