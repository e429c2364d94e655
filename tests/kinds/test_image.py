"""Kind `image`: the image that a container runs from, by name or by id."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dockgrader.errors import Unobserved
from dockgrader.facts.containers import Image
from dockgrader.kinds.image import ImageCheck, same_image
from tests.givens import Given, a_container, an_image, code, hex_id, hidden

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


IDENT = f"sha256:{hex_id('built')}"


def started_as(given: str, *tags: str, named: str | None = None) -> Given:
    """redis_2 as it was started, and the names that its image has now; `named` is another image redis_1:latest."""
    container = {**a_container("redis_2", image=given), "Image": IDENT}
    latest = {Image("redis_1"): an_image(named)} if named else {}
    return Given(container, facts={Image(IDENT): {**an_image("built"), "RepoTags": list(tags)}, **latest})


@pytest.mark.parametrize("given", [IDENT, IDENT[7:], IDENT[7:19], "my_image"])
@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (["redis_1:v1"], "ok"),
        (["redis:7", "localhost/redis1:v2"], "ok"),
        (["redis:7", "redis_10:v1", "example.org/redis_1:v1"], "image.other"),
        ([], "image.other"),
    ],
)
def test_any_tag_of_the_image_is_enough(given: str, tags: list[str], expected: str) -> None:
    """As where `redis_1:v1` itself is given; without a tag the engine is asked for redis_1:latest."""
    assert code(CHECK, started_as(given, *tags)) == expected
    assert code(CHECK, started_as(given, *tags, named="rebuilt")) == expected


def test_a_tag_that_is_asked_for_must_be_that_one() -> None:
    check = CHECK.model_copy(update={"named": ["redis_1:v1"]})
    assert code(check, started_as(IDENT, "redis_1:v1")) == "ok"
    assert code(check, started_as(IDENT, "redis_1:v2")) == "image.other"


@pytest.mark.parametrize(
    ("given", "failure", "expected"),
    [
        (IDENT, "evidence.missing", "evidence.missing"),
        ("my_image", "engine.down", "engine.down"),
        ("my_image", "evidence.missing", None),
    ],
)
def test_where_the_tags_are_hidden(given: str, failure: str, expected: str | None) -> None:
    """Older evidence lacks them, and nothing but the tags can tell of an id whether it is right."""
    container = {**a_container("redis_2", image=given), "Image": IDENT}
    see = Given(container, facts={Image(IDENT): Unobserved(failure, "hidden")})
    assert hidden(CHECK, see) == expected if expected else code(CHECK, see) == "image.other"


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
