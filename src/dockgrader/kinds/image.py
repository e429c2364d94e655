"""Kind `image`: the image from which a container runs, or an image's own configuration."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from dockgrader.errors import Unobserved
from dockgrader.facts.base import Fact, See, dig_list
from dockgrader.facts.containers import Image, Inspected
from dockgrader.kinds.base import Check, Failed, passed
from dockgrader.kinds.container import at_path
from dockgrader.kinds.matchers import Matcher, described, matches
from dockgrader.kinds.target import named
from dockgrader.report import plain
from dockgrader.report.model import Verdict

_REGISTRIES = ("docker.io/", "index.docker.io/", "registry-1.docker.io/", "localhost/", "library/")


class ImageCheck(Check):
    """A container runs from one of these images, by name or by id; or an image has values in its inspect answer."""

    kind: Literal["image"]
    container: str | None = Field(None, description="The container whose image is meant")
    named: list[str] = Field([], description="Names of the image, any of which is right")
    image: str | None = Field(None, description="An image, where no container is meant")
    inspect: dict[str, Matcher] = Field({}, description="Paths of `docker image inspect` and their values")

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        of_container = self.container is not None and bool(self.named) and not self.inspect
        of_image = self.image is not None and bool(self.inspect) and not self.named
        if of_container == of_image or (self.container is not None and self.image is not None):
            raise ValueError("expected either container: with named:, or image: with inspect:")
        return self

    def asks(self) -> Iterable[Fact[Any]]:
        """The image; the container is asked for by its own check as well."""
        return [Image(self.image)] if self.image else []

    def judge(self, see: See) -> Verdict:
        """Of a container: right if the name or the id matches."""
        if self.image:
            return self._judge_image(self.image, see)
        target = named(self.container or "", see)
        if any(same_image(target.image, name) for name in self.named) or self._same_id(target, see):
            return passed(self.named, target.image, name=target.name, image=target.image)
        raise Failed(
            "image.other",
            self.named,
            target.image,
            name=target.name,
            wanted=" / ".join(self.named),
            found=target.image,
        )

    def _same_id(self, target: Inspected, see: See) -> bool:
        images = (see(Image(name)) for name in self.named)
        if any(image is not None and image.get("Id") == target.image_id for image in images):
            return True
        return any(same_image(tag, name) for tag in _tags(target, see) for name in self.named)

    def _judge_image(self, name: str, see: See) -> Verdict:
        image = see(Image(name))
        if image is None:
            raise Failed("image.missing", name, None, image=name)
        for path, matcher in self.inspect.items():
            value = at_path(image, path)
            if not matches(matcher, value):
                raise Failed(
                    "image.inspect",
                    described(matcher),
                    value,
                    image=name,
                    path=path,
                    wanted=plain.value(described(matcher)),
                    found=plain.value(value),
                )
        return passed(name, name, image=name)

    def shown_by(self, see: See) -> list[str]:
        """The image's name as the container has it, and the ids on both sides."""
        if self.image:
            return [Image(self.image).shown_by()]
        return [
            f"docker container inspect -f '{{{{.Config.Image}}}} {{{{.Image}}}}' {self.container}",
            f"docker image inspect -f '{{{{.Id}}}}' {' '.join(self.named)}",
        ]


def _tags(target: Inspected, see: See) -> list[str]:
    """All names that the container's image has now: a name without a tag asks the engine for `latest` only."""
    ident = target.image_id.removeprefix("sha256:")
    if not ident:
        return []
    try:
        image = see(Image(target.image_id))
    except Unobserved as error:
        by_id = ident.startswith(target.image.removeprefix("sha256:"))
        if by_id or error.code != "evidence.missing":
            raise
        return []  # older evidence does not have it; the name that was given to `docker run` decides
    return [str(tag) for tag in dig_list(image, "RepoTags")]


def same_image(found: str, expected: str) -> bool:
    """Whether two names mean the same image; a name without a tag means any tag of it."""
    name, tag = _name_and_tag(found)
    wanted, wanted_tag = _name_and_tag(expected)
    return name == wanted and wanted_tag in (None, tag or "latest")


def _name_and_tag(reference: str) -> tuple[str, str | None]:
    name = reference.partition("@")[0]
    for prefix in _REGISTRIES:
        name = name.removeprefix(prefix)
    base, colon, tag = name.rpartition(":")
    return (base, tag) if colon and "/" not in tag else (name, None)
