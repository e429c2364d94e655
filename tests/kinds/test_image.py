"""Kind `image`: the image that a container runs from, by name or by id."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dockgrader.facts.containers import Image
from dockgrader.kinds.image import ImageCheck, same_image
from tests.givens import Given, a_container, an_image, code

CHECK = ImageCheck(id="image", kind="image", container="redis_2", named=["redis_1", "redis1"])


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ("redis_1", "redis_1"),
        ("redis_1:latest", "redis_1"),
        ("redis_1:v2", "redis_1"),
        ("docker.io/library/redis_1:latest", "redis_1"),
        ("localhost/redis_1:latest", "redis_1"),
        ("redis_1@sha256:" + "0" * 64, "redis_1"),
        ("redis:7", "redis:7"),
        ("redis", "redis:latest"),
        ("example.org:5000/redis_1", "example.org:5000/redis_1"),
    ],
)
def test_names_of_the_same_image(found: str, expected: str) -> None:
    assert same_image(found, expected)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ("redis", "redis_1"),
        ("redis_10", "redis_1"),
        ("example.org/redis_1", "redis_1"),
        ("example.org:5000/redis_1", "redis_1"),
        ("redis:6", "redis:7"),
        ("redis", "redis:7"),
        ("", "redis_1"),
        ("sha256:" + "0" * 64, "redis_1"),
    ],
)
def test_names_of_other_images(found: str, expected: str) -> None:
    assert not same_image(found, expected)


@given(st.from_regex(r"[a-z0-9.]+(:[0-9]+)?(/[a-z0-9_]+){0,2}(:[a-z0-9]+)?", fullmatch=True))
def test_an_image_is_the_same_as_itself(name: str) -> None:
    assert same_image(name, name)


@pytest.mark.parametrize("name", ["redis_1", "redis_1:latest", "redis1"])
def test_the_name_is_enough(name: str) -> None:
    """After a rebuild under the same name, the container's image has no name any more, but its id differs."""
    other = {Image("redis_1"): an_image("rebuilt")}
    assert code(CHECK, Given(a_container("redis_2", image=name), facts=other)) == "ok"


def test_the_id_is_enough() -> None:
    """After `docker tag`, the container has the old name."""
    tagged = {Image("redis1"): an_image("my_redis")}
    assert code(CHECK, Given(a_container("redis_2", image="my_redis"), facts=tagged)) == "ok"


def test_another_image() -> None:
    see = Given(a_container("redis_2", image="redis"), facts={Image("redis_1"): an_image("redis_1")})
    assert code(CHECK, see) == "image.other"
    assert code(CHECK, Given(a_container("redis_2", image="redis"))) == "image.other"


def test_images_without_an_id_are_not_the_same() -> None:
    nameless = {**a_container("redis_2", image="redis"), "Image": ""}
    assert code(CHECK, Given(nameless, facts={Image("redis_1"): {"Config": {}}})) == "image.other"


def test_a_container_that_is_not_there() -> None:
    assert code(CHECK, Given(a_container("redis-2"))) == "container.near-name"


OF_IMAGE = ImageCheck(id="image", kind="image", image="test", inspect={"Config.Entrypoint": ["ping"]})


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (None, "image.missing"),
        (an_image("test", entrypoint=["ping"]), "ok"),
        (an_image("test", entrypoint=["/bin/sh", "-c", "[“ping”]"]), "image.inspect"),
        ({"Id": "x"}, "image.inspect"),
    ],
)
def test_an_images_own_configuration(image: Any, expected: str) -> None:
    assert code(OF_IMAGE, Given(facts={Image("test"): image})) == expected


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"container": "a"},
        {"named": ["a"]},
        {"image": "a"},
        {"image": "a", "named": ["b"]},
        {"container": "a", "named": ["b"], "inspect": {"Id": 1}},
        {"container": "a", "named": ["b"], "image": "c"},
    ],
)
def test_one_of_both_forms_is_wanted(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="expected either container: with named:"):
        ImageCheck(id="image", kind="image", **fields)


def test_questions_and_commands() -> None:
    assert list(OF_IMAGE.asks()) == [Image("test")]
    assert list(CHECK.asks()) == []
    assert OF_IMAGE.shown_by(Given()) == ["docker image inspect test"]
    assert CHECK.shown_by(Given())[0].endswith("'{{.Config.Image}} {{.Image}}' redis_2")
