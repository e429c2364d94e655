"""Compose projects by their labels, and what their files and Compose itself say."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockgrader.errors import Unobserved
from dockgrader.facts.compose import (
    CONFIG_FILES,
    CONFIG_HASH,
    ONE_OFF,
    WORKING_DIR,
    ComposeConfig,
    ComposeFiles,
    label_conditions,
    projects,
)
from dockgrader.facts.compose_hash import ComposeHash, HashSays
from dockgrader.facts.compose_paths import file_paths
from dockgrader.facts.containers import Containers
from dockgrader.hosts.base import ELSEWHERE, HERE, Missing, Nearness, Output, ReadFile
from tests.givens import Raw, a_container, a_service, listing
from tests.made_up_host import NO_FILES, MadeUpHost, read

BASE = "services:\n  web:\n    depends_on: [redis]\n  redis:\n    image: redis\n"
OVERRIDE = "services:\n  web:\n    depends_on: {redis: {condition: service_healthy}}\n"


def found(*containers: Raw) -> dict[str, dict[str, int]]:
    """The number of replicas by project and service."""
    return {
        item.name: {service: len(ids) for service, ids in item.services.items()}
        for item in projects(Containers().parse(listing(containers)))
    }


def test_replicas_are_counted_by_project_and_service() -> None:
    there = [a_service("web"), a_service("redis"), a_service("redis", replica=2), a_service("web", "other")]
    assert found(*there, a_container("redis_1")) == {"compose": {"web": 1, "redis": 2}, "other": {"web": 1}}


def test_one_off_and_hook_containers_are_no_replicas() -> None:
    run = a_service("web", labels={ONE_OFF: "True"})
    hook = a_service("web", labels={CONFIG_HASH: None})
    assert found(run, hook) == {}


def test_podman_compose_has_a_hash_of_its_own_name() -> None:
    podman = a_service("web", labels={CONFIG_HASH: None, ONE_OFF: None, "io.podman.compose.config-hash": "1"})
    assert found(podman) == {"compose": {"web": 1}}


def test_a_project_runs_when_one_of_its_containers_does() -> None:
    there = [a_service("web", status="exited"), a_service("redis"), a_service("web", "old", status="exited")]
    assert [(item.name, item.running) for item in projects(Containers().parse(listing(there)))] == [
        ("compose", True),
        ("old", False),
    ]


@pytest.mark.parametrize(
    ("folder", "files", "paths"),
    [
        ("/srv/app", "docker-compose.yml", ["/srv/app/docker-compose.yml"]),
        ("/srv/app", "/srv/app/a.yml,/srv/app/b.yml", ["/srv/app/a.yml", "/srv/app/b.yml"]),
        ("/srv/app", "../base.yml,./b.yml", ["/srv/base.yml", "/srv/app/b.yml"]),  # --project-directory .
        ("/srv/app", "app/a.yml,app/more/b.yml", ["/srv/app/a.yml", "/srv/app/more/b.yml"]),  # run in /srv
        ("/srv/app", "../a.yml", ["/srv/app/a.yml"]),  # run in /srv/app/child
        ("/srv/app", "deploy/a.yml", ["/srv/app/deploy/a.yml"]),  # --project-directory .
        ("/srv/app", "", []),
        ("/srv/app", "-", []),
        ("", "docker-compose.yml", []),
        (r"C:\app", r"C:\app\docker-compose.yml", [r"C:\app\docker-compose.yml"]),
    ],
)
def test_paths_in_the_labels_of_both_generations(folder: str, files: str, paths: list[str]) -> None:
    assert file_paths(folder, files) == paths


def naming(folder: str, names: str, files: dict[str, Any], **more: Any) -> MadeUpHost:
    """A host with a container that names these files."""
    labels = {WORKING_DIR: folder, CONFIG_FILES: names}
    return MadeUpHost(a_service("web", labels=labels, **more), files=files)


@pytest.mark.parametrize(("status", "nearness"), [("running", ELSEWHERE), ("exited", HERE)])
def test_files_of_perhaps_another_machine_are_not_read(status: str, nearness: Nearness) -> None:
    """Behind a forwarded socket; there may be a file of that name here, too, which nobody started."""
    host = naming("/srv", "a.yml", {"/srv/a.yml": BASE}, status=status)
    host.nearness = nearness
    says = read(ComposeFiles("/srv", "a.yml"), host)
    assert (says.services, says.paths) == ({}, ())
    assert "may be another one" in says.problem
    assert "/srv/a.yml" not in host.calls


def test_where_compose_v1_was_run_is_told_by_where_the_files_are() -> None:
    for there in ("/srv/a.yml", "/srv/app/a.yml"):
        says = read(ComposeFiles("/srv/app", "../a.yml"), naming("/srv/app", "../a.yml", {there: BASE}))
        assert says.paths == (there,)
    assert (
        "/srv/app/a.yml cannot be read: missing"
        in read(ComposeFiles("/srv/app", "../a.yml"), naming("/srv/app", "../a.yml", {})).problem
    )


def test_a_label_cannot_name_endless_files() -> None:
    assert len(file_paths("/srv", ",".join(["a.yml"] * 1000))) == 20


def test_files_are_merged_in_order() -> None:
    host = naming("/srv", "a.yml,b.yml", {"/srv/a.yml": BASE, "/srv/b.yml": OVERRIDE})
    says = read(ComposeFiles("/srv", "a.yml,b.yml"), host)
    assert says.services["web"].depends_on == {"redis": "service_healthy"}
    assert says.problem == ""


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({}, "/srv/a.yml cannot be read: missing"),
        ({"/srv/a.yml": ReadFile(None, "too large")}, "/srv/a.yml cannot be read: too large"),
        ({"/srv/a.yml": "root:x:0:0:root:/root:/bin/bash\n"}, "/srv/a.yml is no compose file"),
        ({"/srv/a.yml": NO_FILES}, "The files of this host cannot be read"),
    ],
)
def test_a_file_that_says_nothing_is_a_problem_and_its_content_is_not_kept(files: Any, problem: str) -> None:
    says = read(ComposeFiles("/srv", "a.yml"), naming("/srv", "a.yml", files))
    assert (says.services, says.problem) == ({}, problem)


def test_only_what_no_yaml_parser_takes_is_broken() -> None:
    for text, broken in ((BASE + "\tx: [\n", True), ("just text\n", False), (BASE, False)):
        assert (
            read(ComposeFiles("/srv", "a.yml"), naming("/srv", "a.yml", {"/srv/a.yml": text})).broken
            is broken
        )


def test_without_a_path_in_the_labels_there_is_no_file() -> None:
    assert "name no compose file" in read(ComposeFiles("", ""), MadeUpHost()).problem


def test_a_host_that_is_lost_is_an_error() -> None:
    host = naming("/srv", "a.yml", {"/srv/a.yml": Unobserved("host.ssh", "connection lost")})
    with pytest.raises(Unobserved, match="connection lost"):
        read(ComposeFiles("/srv", "a.yml"), host)


CONFIG = ComposeConfig("app", "/srv", "a.yml")
WORDS = "-p app --project-directory /srv -f /srv/a.yml config"


@pytest.mark.parametrize("program", ["docker compose", "docker-compose"])
def test_compose_itself_is_asked_whichever_generation_is_there(program: str) -> None:
    says = read(CONFIG, MadeUpHost(programs={f"{program} {WORDS}": OVERRIDE}))
    assert says.services["web"].depends_on == {"redis": "service_healthy"}


@pytest.mark.parametrize(
    "reply", [Output(1, b"", b"no such file"), Output(None, b"", b"", timed_out=True), "no YAML: ["]
)
def test_compose_that_cannot_show_the_file_is_a_problem(reply: Any) -> None:
    says = read(CONFIG, MadeUpHost(programs={f"docker compose {WORDS}": reply}))
    assert (says.services, says.problem[:24]) == ({}, "Compose on this host can")


def test_a_host_on_which_nothing_can_be_run_is_a_problem() -> None:
    host = MadeUpHost(programs={f"docker compose {WORDS}": Unobserved("host.run", "not over tcp://")})
    assert read(CONFIG, host).problem == "not over tcp://"


HASH = ComposeHash("app", "/srv", "a.yml", "web", "c0ffee")
HASH_WORDS = "docker-compose -p app --project-directory /srv -f /srv/a.yml config --hash web"
VERSION_WORDS = "docker-compose version --short"


def says_hash(reply: Any, version: Any = "1.29.2\n") -> HashSays:
    return read(HASH, MadeUpHost(programs={HASH_WORDS: reply, VERSION_WORDS: version}))


def test_the_hash_of_what_runs() -> None:
    assert says_hash("web c0ffee\n", version=AssertionError("need not be asked")) == HashSays("c0ffee")


def test_another_hash_counts_only_from_compose_v1() -> None:
    assert says_hash("web 0ther\n") == HashSays("0ther", version="1.29.2")
    assert says_hash("web 0ther\n", version="2.26.1\n").problem
    assert says_hash("web 0ther\n", version=Unobserved("host.run", "lost")).problem == "lost"


def test_a_file_that_names_the_folder_is_hashed_as_it_was_there() -> None:
    programs = {HASH_WORDS: "web 0ther\n", f"env PWD=/srv {HASH_WORDS}": "web c0ffee\n"}
    assert read(HASH, MadeUpHost(programs=programs)) == HashSays("c0ffee")


WEB = {
    **a_service("web", "app", labels={CONFIG_HASH: "c0ffee"}),
    "Image": "sha256:old",
    "Created": "2026-03-01T10:00:05.5Z",
}
MADE = 1772359205
STAT = "stat -c %Y -- /srv/a.yml"


@pytest.mark.parametrize(
    ("image", "written", "expected"),
    [
        ({"Id": "sha256:new"}, f"{MADE - 10}\n", "c0ffee"),
        (Missing(), f"{MADE - 10}\n", "c0ffee"),
        ({"Id": "sha256:new"}, f"{MADE + 10}\n", "0ther"),  # it was edited since
        ({"Id": "sha256:new"}, f"{MADE}\n", "0ther"),
        ({"Id": "sha256:new"}, Missing(), "0ther"),
        ({"Id": "sha256:new"}, Output(1, b"", b"no such file"), "0ther"),
        ({"Id": "sha256:old"}, f"{MADE - 10}\n", "0ther"),
    ],
)
def test_no_hash_agrees_once_the_image_was_built_again_so_the_file_s_age_tells(
    image: Any, written: Any, expected: str
) -> None:
    programs = {HASH_WORDS: "web 0ther\n", VERSION_WORDS: "1.29.2\n", STAT: written}
    file = "services: {web: {image: counter}}"
    labels = {WORKING_DIR: "/srv", CONFIG_FILES: "a.yml", CONFIG_HASH: "c0ffee"}
    web = {
        **WEB,
        "Config": {**WEB["Config"], "Image": "counter", "Labels": {**WEB["Config"]["Labels"], **labels}},
    }
    host = MadeUpHost(
        web, answers={"/images/counter/json": image}, programs=programs, files={"/srv/a.yml": file}
    )
    assert read(HASH, host).hash == expected


def test_a_file_with_variables_that_are_not_set_here_has_no_hash() -> None:
    said = b"The PORT variable is not set. Defaulting to a blank string.\n"
    assert "variables" in says_hash(Output(0, b"web 0ther\n", said)).problem
    assert says_hash(Output(0, b"web c0ffee\n", said)) == HashSays("c0ffee")


@pytest.mark.parametrize(
    ("folder", "files", "env", "words"),
    [
        ("/srv", "a.yml", "prod.env", "--env-file /srv/prod.env -f /srv/a.yml"),
        ("/srv", "/srv/a.yml", "/etc/prod.env", "--env-file /etc/prod.env -f /srv/a.yml"),
        ("/srv/app", "app/a.yml", "prod.env", "--env-file /srv/prod.env -f /srv/app/a.yml"),
    ],
)
def test_the_environment_file_of_up_is_used_again(folder: str, files: str, env: str, words: str) -> None:
    fact = ComposeConfig("app", folder, files, env_file=env)
    assert fact.shown_by() == f"docker compose -p app --project-directory {folder} {words} config"
    assert "env_file" in fact.question()
    assert "env_file" not in CONFIG.question()


@pytest.mark.parametrize("reply", [Output(1, b"", b""), "", "garbage"])
def test_no_hash_is_a_problem(reply: Any) -> None:
    assert says_hash(reply).problem.startswith("Compose v1")
    assert read(HASH, MadeUpHost()).problem.startswith("Compose v1")


@pytest.mark.parametrize(
    ("label", "conditions"),
    [
        ("", {}),
        ("redis:service_healthy:false", {"redis": "service_healthy"}),
        ("b:service_started:true,a:service_healthy:false", {"a": "service_healthy", "b": "service_started"}),
        ("redis", {"redis": "service_started"}),
        (" redis:service_healthy,,", {"redis": "service_healthy"}),
    ],
)
def test_the_label_of_compose_v2(label: str, conditions: dict[str, str]) -> None:
    assert label_conditions(label) == conditions


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_label_breaks_the_reading(folder: str, files: str) -> None:
    label_conditions(files)
    assert all(path.startswith("/") or ":" in path for path in file_paths(folder, files))
    ComposeFiles(folder, files).shown_by()


@pytest.mark.parametrize("raw", [None, 5, {"files": 5}, {"files": [None, {"services": []}]}, {"problem": 5}])
def test_a_recording_of_another_shape_says_nothing(raw: Any) -> None:
    assert ComposeFiles("/srv", "a.yml").parse(raw).services == {}
    assert CONFIG.parse(raw).services == {}
    assert HASH.parse(raw) == HashSays("")


def test_what_a_person_types_to_see_the_same() -> None:
    assert ComposeFiles("/my app", "a.yml").shown_by() == "cat '/my app/a.yml'"
    assert CONFIG.shown_by() == f"docker compose {WORDS}"
    assert HASH.shown_by() == HASH_WORDS


@pytest.mark.parametrize(
    ("up", "settled"), [("Up 2 hours (healthy)", True), ("Up 2 hours (health: starting)", False)]
)
def test_a_project_is_settled_when_all_its_containers_are(up: str, settled: bool) -> None:
    there = [*listing([a_service("web")]), *listing([a_service("redis")], up=up)]
    (project,) = projects(Containers().parse(there))
    assert project.settled is settled
