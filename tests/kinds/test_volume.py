"""Kind `volume`: the very volume of another container, and each way to have another one."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from dockgrader.errors import Unobserved
from dockgrader.facts.commands import Exec
from dockgrader.facts.containers import Container
from dockgrader.facts.volumes import VolumeThere
from dockgrader.kinds.base import Failed
from dockgrader.kinds.volume import VolumeCheck
from tests.givens import Given, Raw, a_container, a_volume, code, hidden

CHECK = VolumeCheck(
    id="volume", kind="volume", container="redis_2", path="/data", same_as="redis_1", named="data"
)
ANONYMOUS = "0123456789abcdef" * 4
BIND = {"Type": "bind", "Source": "/srv/data", "Destination": "/data"}
CLUSTER = {"Type": "cluster", "Destination": "/data"}


def redis(number: int, *mounts: Raw, **more: Any) -> Raw:
    return a_container(f"redis_{number}", mounts=mounts, **more)


@pytest.mark.parametrize("name", ["data", "anything", ANONYMOUS])
@pytest.mark.parametrize("status", ["running", "exited"])
def test_the_volume_of_the_other_container_whatever_its_name_and_state(name: str, status: str) -> None:
    assert code(CHECK, Given(redis(1, a_volume(name), status=status), redis(2, a_volume(name)))) == "ok"


@pytest.mark.parametrize(
    ("mounts", "expected"),
    [
        ([a_volume("data")], "ok"),
        ([a_volume("data", "/data/")], "ok"),
        ([], "volume.none"),
        ([a_volume(ANONYMOUS)], "volume.anonymous"),
        ([a_volume("other")], "volume.another"),
        ([a_volume("data", "/data2")], "volume.other-path"),
        ([a_volume(ANONYMOUS), a_volume("data", "/data2")], "volume.other-path"),
        ([BIND], "volume.bind"),
        ([{"Type": "tmpfs", "Destination": "/data"}], "volume.tmpfs"),
        ([CLUSTER], "volume.other-type"),
    ],
)
@pytest.mark.parametrize(
    "others", [[], [redis(1, a_volume("data"))]], ids=["redis_1 is gone", "redis_1 is there"]
)
def test_each_way_to_have_it_wrong_has_its_code(others: list[Raw], mounts: list[Raw], expected: str) -> None:
    assert code(CHECK, Given(*others, redis(2, *mounts))) == expected


def test_tmpfs_by_its_option_stands_elsewhere_in_inspect() -> None:
    assert code(CHECK, Given(redis(2, host={"Tmpfs": {"/data": ""}}))) == "volume.tmpfs"


def test_another_volume_than_that_of_the_other_container_though_the_name_would_be_right() -> None:
    assert code(CHECK, Given(redis(1, a_volume("mine")), redis(2, a_volume("data")))) == "volume.another"


@pytest.mark.parametrize("mounts", [[], [BIND], [a_volume("data", "/data2")]])
def test_another_container_that_has_no_volume_itself(mounts: list[Raw]) -> None:
    assert code(CHECK, Given(redis(1, *mounts), redis(2, a_volume("data")))) == "volume.other-has-none"


def test_without_a_name_the_other_container_must_be_there() -> None:
    check = CHECK.model_copy(update={"named": None})
    assert code(check, Given(redis(2, a_volume("data")))) == "volume.no-other"


def test_without_another_container_the_name_decides() -> None:
    check = CHECK.model_copy(update={"same_as": None})
    assert code(check, Given(redis(1, a_volume("x")), redis(2, a_volume("data")))) == "ok"


def test_what_is_found_is_told() -> None:
    found = {}
    for mount in (a_volume("other"), BIND, CLUSTER, a_volume("data", "/data2")):
        with pytest.raises(Failed) as caught:
            CHECK.judge(Given(redis(2, mount)))
        found[caught.value.verdict.code] = caught.value.verdict.actual
    assert found == {
        "volume.another": "other",
        "volume.bind": "/srv/data",
        "volume.other-type": "cluster",
        "volume.other-path": "/data2",
    }


def folder(subpath: str, target: str = "/data") -> Raw:
    """HostConfig of `--mount type=volume,src=data,dst=/data,volume-subpath=…`; Docker 26 shows it only there."""
    options = {"Subpath": subpath} if subpath else {}
    return {"Mounts": [{"Type": "volume", "Source": "data", "Target": target, "VolumeOptions": options}]}


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("", "other", "volume.other-subpath"),
        ("other", "", "volume.other-subpath"),
        ("one", "other", "volume.other-subpath"),
        ("other", "other/deeper", "volume.other-subpath"),
        ("other", "other", "ok"),
        ("other", "./other/", "ok"),
        ("", ".", "ok"),
        ("", "", "ok"),
    ],
)
def test_another_folder_of_the_same_volume(first: str, second: str, expected: str) -> None:
    data = a_volume("data")
    assert (
        code(CHECK, Given(redis(1, data, host=folder(first)), redis(2, data, host=folder(second))))
        == expected
    )


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        (folder("other"), "volume.other-subpath"),
        (folder("other", "/data/"), "volume.other-subpath"),
        (folder("other", "/data2"), "ok"),
        (folder(""), "ok"),
        ({"Mounts": [{"Type": "volume", "Target": "/data", "VolumeOptions": None}]}, "ok"),
        ({"Mounts": None}, "ok"),
    ],
)
def test_where_the_other_container_is_gone_the_whole_volume_is_wanted(host: Raw, expected: str) -> None:
    assert code(CHECK, Given(redis(2, a_volume("data"), host=host))) == expected


def test_the_folder_that_comes_with_the_volumes_of_another_container() -> None:
    """--volumes-from copies the mount with its folder, which stands with the other container only."""
    first = redis(1, a_volume("data"), host=folder("other"))
    assert code(CHECK, Given(first, redis(2, a_volume("data"), host={"VolumesFrom": ["redis_1"]}))) == "ok"
    own = {"VolumesFrom": ["redis_1"], **folder("mine")}
    assert code(CHECK, Given(first, redis(2, a_volume("data"), host=own))) == "volume.other-subpath"


def test_any_volume_with_a_name_is_right_with_any_folder() -> None:
    check = CHECK.model_copy(update={"named": None, "same_as": None, "any_name": True})
    assert code(check, Given(redis(2, a_volume("data"), host=folder("other")))) == "ok"


def test_both_folders_are_told() -> None:
    with pytest.raises(Failed) as caught:
        CHECK.judge(Given(redis(2, a_volume("data"), host=folder("other"))))
    assert (caught.value.verdict.expected, caught.value.verdict.actual) == ("/", "other")


GET, DIR = ("redis-cli", "get", "mykey"), ("redis-cli", "config", "get", "dir")
TELLING = VolumeCheck.model_validate(
    {**CHECK.model_dump(), "proof": {"command": list(GET), "stdout": "foobar"}, "path_told_by": list(DIR)}
)
NOT_KEPT = Unobserved("evidence.missing", "older evidence")


def says(stdout: str, status: int = 0) -> Raw:
    return {"exit": status, "stdout": stdout, "stderr": "", "problem": ""}


@pytest.mark.parametrize(
    ("volume", "answer", "data", "expected"),
    [
        ("mine", says("foobar\n"), None, "ok"),
        ("mine", says("foobar\n"), {"Name": "data"}, "volume.another"),  # which redis_1 must have had
        ("mine", says("\n"), None, "volume.another"),
        ("mine", says("foobar\n", 1), None, "volume.another"),
        ("mine", NOT_KEPT, None, "volume.another"),
        ("mine", says("foobar\n"), NOT_KEPT, "volume.another"),
        (ANONYMOUS, says("foobar\n"), None, "volume.anonymous"),
    ],
)
def test_where_nothing_else_is_left_the_key_proves_a_volume_of_another_name(
    volume: str, answer: Any, data: Any, expected: str
) -> None:
    facts = {Exec("redis_2", GET): answer, VolumeThere("data"): data}
    assert code(TELLING, Given(redis(2, a_volume(volume)), facts=facts)) == expected
    assert code(CHECK, Given(redis(2, a_volume("mine")))) == "volume.another"  # without a proof


def test_an_engine_that_does_not_tell_of_the_volume_is_an_error() -> None:
    facts = {Exec("redis_2", GET): says("foobar"), VolumeThere("data"): Unobserved("engine.down", "gone")}
    assert hidden(TELLING, Given(redis(2, a_volume("mine")), facts=facts)) == "engine.down"


def test_where_the_other_container_is_there_the_key_proves_nothing() -> None:
    facts = {Exec("redis_2", GET): says("foobar"), VolumeThere("data"): None}
    see = Given(redis(1, a_volume("mine")), redis(2, a_volume("other")), facts=facts)
    assert code(TELLING, see) == "volume.another"


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ({"VolumesFrom": ["redis_1"]}, "ok"),
        ({"VolumesFrom": ["other", "redis_1:ro"]}, "ok"),
        ({"VolumesFrom": ["other"]}, "volume.anonymous"),
        ({"VolumesFrom": ["redis_1"], "Binds": [f"{ANONYMOUS}:/data"]}, "volume.anonymous"),
        ({"VolumesFrom": ["redis_1"], "Binds": ["x:/data2:ro"]}, "ok"),
        ({"VolumesFrom": ["redis_1"], **folder("", "/data/")}, "volume.anonymous"),
    ],
)
def test_what_volumes_from_took_from_a_container_that_is_gone(host: Raw, expected: str) -> None:
    assert code(CHECK, Given(redis(2, a_volume(ANONYMOUS), host=host))) == expected


OWN = a_volume(ANONYMOUS)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (says("dir\n/srv\n"), "ok"),
        (says("dir\n/srv/\n"), "ok"),
        (says("dir\n/data\n"), "volume.other-path"),
        (says("NOAUTH Authentication required.\n"), "volume.other-path"),
        (says("", 127), "volume.other-path"),
        (NOT_KEPT, "volume.other-path"),
    ],
)
@pytest.mark.parametrize(
    "others", [[], [redis(1, a_volume("data"))]], ids=["redis_1 is gone", "redis_1 is there"]
)
def test_the_volume_at_another_path_from_which_the_program_reads(
    others: list[Raw], answer: Any, expected: str
) -> None:
    facts = {Exec("redis_2", DIR): answer}
    mounts = (OWN, a_volume("data", "/srv"))
    assert code(TELLING, Given(*others, redis(2, *mounts), facts=facts)) == expected
    assert code(CHECK, Given(*others, redis(2, *mounts), facts=facts)) == "volume.other-path"


def test_both_read_from_the_volume_at_another_path() -> None:
    facts = {Exec("redis_2", DIR): says("dir\n/srv\n")}
    both = a_volume("mine", "/srv")
    first = redis(1, a_volume("f" * 64), both)
    assert code(TELLING, Given(first, redis(2, OWN, both), facts=facts)) == "ok"
    assert (
        code(TELLING, Given(first, redis(2, OWN, a_volume("x", "/srv")), facts=facts)) == "volume.anonymous"
    )
    assert (
        code(TELLING, Given(first, redis(2, OWN, a_volume("mine", "/x")), facts=facts)) == "volume.anonymous"
    )


def test_another_folder_of_the_volume_at_another_path() -> None:
    facts = {Exec("redis_2", DIR): says("dir\n/srv\n")}
    first = redis(1, a_volume("data"))
    second = redis(2, OWN, a_volume("data", "/srv"), host=folder("other", "/srv"))
    assert code(TELLING, Given(first, second, facts=facts)) == "volume.other-subpath"


def test_a_host_that_hides_the_other_container_is_an_error() -> None:
    see = Given(redis(2), facts={Container("redis_1"): Unobserved("engine.down", "gone")})
    assert hidden(CHECK, see) == "engine.down"


def test_one_of_both_is_wanted() -> None:
    with pytest.raises(ValidationError, match="same_as: CONTAINER, named: VOLUME"):
        VolumeCheck(id="volume", kind="volume", container="redis_2", path="/data")


def test_questions_and_commands() -> None:
    assert list(CHECK.asks()) == [Container("redis_2"), Container("redis_1")]
    assert [line.split()[-1] for line in CHECK.shown_by(Given(redis(1)))] == ["redis_2", "redis_1"]
    assert [line.split()[-1] for line in CHECK.shown_by(Given())] == ["redis_2"]
    assert CHECK.runs() == []
    assert [line.rpartition(": ")[2] for line in TELLING.runs()] == [" ".join(DIR), " ".join(GET)]
