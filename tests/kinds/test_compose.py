"""Kind `compose`: web depends on a healthy redis, by the label, by the file, or by Compose itself."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from dockgrader.errors import Unobserved
from dockgrader.facts.compose import CONFIG_FILES, DEPENDS_ON, VERSION, ComposeConfig, ComposeFiles
from dockgrader.facts.compose_hash import ComposeHash
from dockgrader.kinds.compose import ComposeCheck
from tests.givens import FILES, Given, Raw, a_service, code, compose_file, hidden

CHECK = ComposeCheck(id="depends", kind="compose", service="web", depends_on={"redis": "service_healthy"})
Labels = dict[str, str | None]
V1: Labels = {DEPENDS_ON: None, VERSION: "1.29.2"}
NO_LABEL: dict[str, str | None] = {DEPENDS_ON: None}
CONFIG = ComposeConfig("compose", FILES.working_dir, FILES.config_files)
HASH = ComposeHash("compose", FILES.working_dir, FILES.config_files, "web", "c0ffee")


def web(depends_on: str = "", **more: str) -> Raw:
    """A compose file whose web has this `depends_on`."""
    services = f"web: {{depends_on: {depends_on}}}" if depends_on else "web: {}"
    return compose_file(f"services: {{{services}, redis: {{}}}}")


HEALTHY = web("{redis: {condition: service_healthy}}")
NO_FILE = {"problem": "it is gone"}
HIDDEN = Unobserved("compose.unreadable", "no Compose here")


def labelled(label: str) -> Raw:
    return a_service("web", labels={DEPENDS_ON: label})


@pytest.mark.parametrize(
    ("label", "file", "expected"),
    [
        ("redis:service_healthy:false", NO_FILE, "ok"),
        ("db:service_started:false,redis:service_healthy:true", NO_FILE, "ok"),
        ("redis:service_healthy:false", web("[redis]"), "ok"),
        ("redis:service_started:false", HEALTHY, "ok"),
        ("", HEALTHY, "ok"),
        ("", NO_FILE, "depends.missing"),
        ("", web(), "depends.missing"),
        ("redis:service_started:false", NO_FILE, "depends.service-started"),
        ("redis:service_started:false", web("[redis]"), "depends.plain-list"),
        (
            "redis:service_started:false",
            web("{redis: {condition: service_started}}"),
            "depends.service-started",
        ),
        ("redis:service_completed_successfully:false", NO_FILE, "depends.other-condition"),
        ("db:service_healthy:false", web("{db: {condition: service_healthy}}"), "depends.missing"),
    ],
)
def test_compose_v2_writes_a_label(label: str, file: Raw, expected: str) -> None:
    assert code(CHECK, Given(labelled(label), facts={FILES: file})) == expected


@pytest.mark.parametrize(
    ("file", "hash_says", "expected"),
    [
        (HEALTHY, {"hash": "c0ffee"}, "ok"),
        (HEALTHY, {"hash": "0ther"}, "depends.not-brought-up"),
        (web("[redis]"), {}, "depends.plain-list"),
        (web("{redis: {condition: service_started}}"), {}, "depends.service-started"),
        (web(), {}, "depends.missing"),
    ],
)
def test_compose_v1_writes_none_so_the_file_counts_if_it_is_what_runs(
    file: Raw, hash_says: Raw, expected: str
) -> None:
    see = Given(a_service("web", labels=V1), facts={FILES: file, HASH: hash_says})
    assert code(CHECK, see) == expected


def test_another_compose_v1_proves_agreement_only() -> None:
    says = {"hash": "0ther", "version": "1.18.0"}
    see = Given(a_service("web", labels=V1), facts={FILES: HEALTHY, HASH: says})
    assert hidden(CHECK, see) == "compose.unreadable"
    see = Given(a_service("web", labels=V1), facts={FILES: HEALTHY, HASH: {**says, "hash": "c0ffee"}})
    assert code(CHECK, see) == "ok"
    see = Given(a_service("web", labels=V1), facts={FILES: HEALTHY, HASH: {**says, "version": "1.29.2"}})
    assert code(CHECK, see) == "depends.not-brought-up"


def test_compose_v1_whose_hash_cannot_be_told_is_an_error() -> None:
    see = Given(a_service("web", labels=V1), facts={FILES: HEALTHY, HASH: {"problem": "no Compose v1"}})
    assert hidden(CHECK, see) == "compose.unreadable"


def test_without_a_label_of_a_newer_compose_the_file_decides() -> None:
    """podman-compose writes neither this label nor a hash of Docker's name."""
    assert code(CHECK, Given(a_service("web", labels=NO_LABEL), facts={FILES: HEALTHY})) == "ok"


@pytest.mark.parametrize("labels", [V1, NO_LABEL, {**NO_LABEL, CONFIG_FILES: None}])
def test_nothing_readable_is_an_error(labels: dict[str, str | None]) -> None:
    assert (
        hidden(CHECK, Given(a_service("web", labels=labels), facts={FILES: NO_FILE})) == "compose.unreadable"
    )


EXTENDS = compose_file("services: {web: {extends: {file: base.yml, service: web}}}")


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (HEALTHY, "ok"),
        (web("[redis]"), "depends.plain-list"),
        (compose_file("services: {web: {}}"), "depends.missing"),
    ],
)
def test_compose_itself_is_asked_where_merging_needs_it(config: Raw, expected: str) -> None:
    see = Given(a_service("web", labels=NO_LABEL), facts={FILES: EXTENDS, CONFIG: config})
    assert code(CHECK, see) == expected


def test_compose_that_cannot_be_asked_leaves_an_error() -> None:
    see = Given(
        a_service("web", labels=NO_LABEL), facts={FILES: EXTENDS, CONFIG: {"problem": "no Compose here"}}
    )
    assert hidden(CHECK, see) == "compose.unreadable"


def test_a_file_without_the_service_says_nothing() -> None:
    file = compose_file("services: {other: {}}")
    see = Given(a_service("web", labels=NO_LABEL), facts={FILES: file, CONFIG: file})
    assert hidden(CHECK, see) == "compose.unreadable"


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (compose_file("services: {app: {}, redis: {}}"), "depends.not-brought-up"),
        (compose_file("services: {app: {}}\ninclude: [other.yml]"), "compose.unreadable"),
    ],
)
def test_on_compose_v1_a_file_that_has_lost_the_service_is_another_one(file: Raw, expected: str) -> None:
    """Only if there is no other file that may have it."""
    see = Given(a_service("web", labels=V1), facts={FILES: file, CONFIG: NO_FILE})
    assert (code(CHECK, see) if expected.startswith("depends") else hidden(CHECK, see)) == expected


def test_on_compose_v1_a_file_that_is_broken_by_now_is_not_what_was_brought_up() -> None:
    broken = {"problem": "it is no compose file", "broken": True}
    assert code(CHECK, Given(a_service("web", labels=V1), facts={FILES: broken})) == "depends.not-brought-up"
    right = {DEPENDS_ON: "redis:service_healthy:false"}
    assert code(CHECK, Given(a_service("web", labels=right), facts={FILES: broken})) == "ok"
    assert (
        hidden(CHECK, Given(a_service("web", labels=NO_LABEL), facts={FILES: broken})) == "compose.unreadable"
    )


# A web that `up` has left as it was: the files of the last `up` stand in the labels of redis.

NEWER = ComposeFiles("/srv/compose", "/srv/compose/homework.yml")
NEWER_HASH = ComposeHash("compose", NEWER.working_dir, NEWER.config_files, "web", "c0ffee")
LIST = web("[redis]")


def made(minute: int, service: str, **labels: str | None) -> Raw:
    return {**a_service(service, labels=labels), "Created": f"2026-03-01T10:{minute:02}:00.5Z"}


def after_the_last_up(own: Raw, newer: Raw, *, redis_made: int = 5, labels: Labels) -> Given:
    """Containers of which web names one file, and redis the newer one."""
    there = [
        made(redis_made, "redis", **{CONFIG_FILES: NEWER.config_files}),
        made(3, "web", **labels),
    ]
    return Given(
        *there, facts={FILES: own, NEWER: newer, HASH: {"hash": "0ther"}, NEWER_HASH: {"hash": "c0ffee"}}
    )


@pytest.mark.parametrize(
    ("own", "newer", "redis_made", "expected"),
    [
        (LIST, HEALTHY, 5, "ok"),
        (NO_FILE, HEALTHY, 5, "ok"),
        (NO_FILE, LIST, 5, "depends.plain-list"),
        (LIST, NO_FILE, 5, "depends.plain-list"),
        (
            LIST,
            HEALTHY,
            2,
            "depends.plain-list",
        ),  # web was made of the list after redis was of the right file
        (NO_FILE, HEALTHY, 2, "depends.service-started"),
        (LIST, HEALTHY, 3, "depends.plain-list"),
    ],
)
def test_on_compose_v2_the_files_of_the_last_up_count(
    own: Raw, newer: Raw, redis_made: int, expected: str
) -> None:
    labels: Labels = {DEPENDS_ON: "redis:service_started:false"}
    assert code(CHECK, after_the_last_up(own, newer, redis_made=redis_made, labels=labels)) == expected


def test_on_compose_v2_only_the_last_of_several_later_ones_counts() -> None:
    last = ComposeFiles("/srv/compose", "/srv/compose/last.yml")
    there = [
        made(9, "db", **{CONFIG_FILES: last.config_files}),
        made(5, "redis", **{CONFIG_FILES: NEWER.config_files}),
        made(3, "web", **{DEPENDS_ON: "redis:service_started:false"}),
    ]
    facts = {FILES: LIST, NEWER: HEALTHY, last: LIST}
    assert code(CHECK, Given(*there, facts=facts)) == "depends.plain-list"
    assert code(CHECK, Given(*there, facts=facts | {NEWER: LIST, last: HEALTHY})) == "ok"


@pytest.mark.parametrize("redis_made", [2, 5])
@pytest.mark.parametrize("own", [NO_FILE, LIST, HEALTHY, compose_file("services: {app: {}}")])
def test_on_compose_v1_any_file_counts_with_which_the_hash_agrees(own: Raw, redis_made: int) -> None:
    assert code(CHECK, after_the_last_up(own, HEALTHY, redis_made=redis_made, labels=V1)) == "ok"


@pytest.mark.parametrize(
    ("own", "newer", "hash_says", "expected"),
    [
        (LIST, HEALTHY, {"hash": "0ther"}, "depends.plain-list"),
        (NO_FILE, HEALTHY, {"hash": "0ther"}, "depends.not-brought-up"),
        (NO_FILE, LIST, {}, "depends.plain-list"),
        (LIST, HEALTHY, {"problem": "no Compose v1"}, "compose.unreadable"),
        (NO_FILE, NO_FILE, {}, "compose.unreadable"),
    ],
)
def test_on_compose_v1_no_file_counts_without_the_hash(
    own: Raw, newer: Raw, hash_says: Raw, expected: str
) -> None:
    see = after_the_last_up(own, newer, labels=V1)
    see._answers[NEWER_HASH] = hash_says
    assert (code(CHECK, see) if expected.startswith("depends") else hidden(CHECK, see)) == expected


def test_other_projects_files_do_not_count() -> None:
    other = {
        **a_service("redis", "other", labels={CONFIG_FILES: NEWER.config_files}),
        "Created": "2026-03-02T10:00:00Z",
    }
    see = Given(other, labelled(""), facts={FILES: LIST, NEWER: HEALTHY})
    assert code(CHECK.model_copy(update={"project": "compose"}), see) == "depends.plain-list"


def test_other_files_are_asked_only_where_its_own_do_not_say_so() -> None:
    see = after_the_last_up(HEALTHY, LIST, labels={DEPENDS_ON: ""})
    assert code(CHECK, see) == "ok"
    assert NEWER not in see.asked


def test_any_replica_may_show_it() -> None:
    right, wrong = "redis:service_healthy:false", "redis:service_started:false"
    replicas = [
        a_service("web", replica=number, labels={DEPENDS_ON: label})
        for number, label in ((1, wrong), (2, right))
    ]
    assert code(CHECK, Given(*replicas)) == "ok"
    hides = a_service("web", replica=2, labels=NO_LABEL)
    assert code(CHECK, Given(replicas[0], hides)) == "depends.service-started"


def test_all_that_are_named_must_be_depended_on() -> None:
    check = CHECK.model_copy(update={"depends_on": {"redis": "service_healthy", "db": "service_started"}})
    assert code(check, Given(labelled("redis:service_healthy:false"))) == "depends.missing"
    assert code(check, Given(labelled("redis:service_healthy:false,db:service_started:false"))) == "ok"


def test_a_service_that_is_not_there() -> None:
    assert code(CHECK, Given(a_service("redis"))) == "compose.no-service"
    assert code(CHECK, Given()) == "compose.no-project"


def test_other_failures_of_the_host_are_not_hidden() -> None:
    see = Given(a_service("web", labels=NO_LABEL), facts={FILES: Unobserved("engine.down", "gone")})
    assert hidden(CHECK, see) == "engine.down"


@pytest.mark.parametrize(
    "fields", [{"depends_on": {}}, {"depends_on": {"redis": "healthy"}}, {"container": "web"}]
)
def test_nonsense_is_refused(fields: Any) -> None:
    with pytest.raises(ValidationError):
        ComposeCheck.model_validate(
            {"id": "x", "kind": "compose", "service": "web", "depends_on": {"a": "service_healthy"}} | fields
        )


def test_commands_that_show_the_same() -> None:
    shown = CHECK.shown_by(Given(labelled("")))
    assert "compose.depends_on" in shown[0]
    assert shown[1] == "cat /srv/compose/docker-compose.yml"
    assert CHECK.shown_by(Given()) == ["docker ps -a"]
