"""Variables of a compose file, told by the container that Compose v1 made with them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockgrader.facts.compose_hash import ComposeHash, HashSays
from dockgrader.facts.compose_variables import (
    UNREADABLE,
    Template,
    Told,
    as_environment,
    named_in,
    templates,
    told_by,
    variables,
)
from dockgrader.hosts.base import Output
from tests.givens import FILES, Raw, a_service
from tests.made_up_host import MadeUpHost, read

PATH = FILES.config_files


def of_web(text: str, **others: str) -> set[tuple[str, str]]:
    """Key and text of each template in the service web; `others` are more files by their names."""
    files = {"/srv/a.yml": text, **{f"/srv/{name}.yml": other for name, other in others.items()}}
    found = templates(["/srv/a.yml"], "web", lambda path: files[path].encode() if path in files else None)
    return {(item.key, item.text) for item in found}


@pytest.mark.parametrize(
    ("web", "expected"),
    [
        ('{ports: ["${P:-80}:5000", "90:90"]}', {("ports", "${P:-80}:5000")}),
        ("{environment: [TZ, A=b, C=$D]}", {("environment", "TZ=${TZ}"), ("environment", "C=$D")}),
        ("{environment: {TZ: , A: b, C: $D}}", {("environment", "TZ=${TZ}"), ("environment", "C=$D")}),
        ("{volumes: [~/code:/code, data:/d]}", {("volumes", "${HOME}/code:/code")}),
        ("{command: echo $$HOME}", set()),
        ("{build: {context: ., args: {A: '${B?no B}'}}}", {("build", "${B?no B}")}),
    ],
)
def test_texts_with_variables(web: str, expected: set[tuple[str, str]]) -> None:
    assert of_web(f"services: {{web: {web}, redis: {{image: 'redis:$TAG'}}}}") == expected


def test_other_services_do_not_matter_but_networks_and_anchors_do() -> None:
    text = (
        "x-common: &common {image: 'a:$TAG'}\n"
        "services:\n  web: {<<: *common}\n  redis: {image: 'redis:$OTHER'}\nnetworks: {default: {name: $NET}}\n"
    )
    assert of_web(text) == {("image", "a:$TAG"), ("top networks", "$NET")}


def test_what_the_service_extends_belongs_to_it() -> None:
    base = "services: {base: {image: '$B', extends: web}, web: {user: $C}}"
    text = "services: {web: {extends: {file: base.yml, service: base}}}"
    assert of_web(text, base=base) == {("image", "$B"), ("user", "$C")}
    assert of_web("services: {web: {extends: base}, base: {user: $A, extends: web}}") == {("user", "$A")}


def test_a_file_that_cannot_be_read_may_have_any_variables() -> None:
    found = templates(["/srv/a.yml"], "web", lambda _: None)
    assert variables(found) == {UNREADABLE}


@pytest.mark.parametrize(
    ("text", "shown", "values"),
    [
        ("${P:-80}:5000", "8080:5000", {"P": "8080"}),
        ("${P:-80}:5000", "8080:5001", None),
        ("A=$B", "A=", {"B": ""}),
        ("$A-$A", "x-x", {"A": "x"}),
        ("$A-$A", "x-y", None),
        ("$$$A", "$x", {"A": "x"}),
        ("${A}.${B}", "x.y", {"A": "x", "B": "y"}),
        ("$A$B$C", "xyz", None),
        ("$A", "x" * 1001, None),
    ],
)
def test_a_text_laid_over_what_the_container_shows(
    text: str, shown: str, values: dict[str, str] | None
) -> None:
    assert Template("ports", text).over(shown) == values


def a_web(**more: Any) -> Raw:
    """A container of Compose v1 with these HostConfig and environment."""
    raw = a_service("web", host=more.get("host"))
    raw["Config"]["Env"] = more.get("env", [])
    return raw


@pytest.mark.parametrize(
    ("container", "template", "values"),
    [
        (
            a_web(host={"PortBindings": {"5000/tcp": [{"HostIp": "", "HostPort": "8080"}]}}),
            ("ports", "${P:-80}:5000/tcp"),
            {"P": "8080"},
        ),
        (
            a_web(host={"PortBindings": {"5000/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}]}}),
            ("ports", "$P:5000"),
            {"P": "127.0.0.1:8080"},
        ),
        (a_web(env=["A=1", "TZ=UTC"]), ("environment", "TZ=${TZ}"), {"TZ": "UTC"}),
        (a_web(env=["A=1"]), ("environment", "TZ=${TZ}"), {"TZ": None}),
        (
            a_web(host={"Binds": ["/home/ann/code:/code:rw"]}),
            ("volumes", "${HOME}/code:/code"),
            {"HOME": "/home/ann"},
        ),
        (a_web(host={"Binds": ["/srv/app/x:/x:ro"]}), ("volumes", "./$D:/x:ro"), {"D": "x"}),
    ],
)
def test_what_the_container_tells(container: Raw, template: tuple[str, str], values: dict[str, Any]) -> None:
    told = told_by(container, [Template(*template)], "/srv/app")
    assert {name: told.values[name] for name in values} == values
    assert told.sure == values.keys()


def test_a_value_that_is_one_of_several_is_not_sure() -> None:
    found = [Template("volumes", "$D:/x"), Template("image", "$D")]
    told = told_by(a_web(host={"Binds": ["/a:/x:rw"]}), found, "/srv")
    assert told.sure == frozenset()


def test_the_folder_tells_whose_it_is() -> None:
    told = told_by({}, [], "/home/ann/app")
    assert told == Told({"PWD": "/home/ann/app", "HOME": "/home/ann", "USER": "ann", "LOGNAME": "ann"})
    assert told_by({}, [], "/root").values["USER"] == "root"
    assert told_by({}, [], "/srv/app").values == {"PWD": "/srv/app"}


def test_words_for_env() -> None:
    values = {"B": "x y", "TZ": None, "HOME": "/home/ann", "NOT_USED": "1"}
    assert as_environment(values, ["TZ", "B", "HOME", "UNKNOWN"]) == [
        *("-u", "TZ", "PYTHONNOUSERSITE=1"),
        *("B=x y", "HOME=/home/ann"),
    ]


@pytest.mark.parametrize(
    "name", ["LD_PRELOAD", "PATH", "PYTHONPATH", "DOCKER_HOST", "_MEIPASS2", "BASH_ENV", "ENV"]
)
def test_a_container_cannot_have_its_programs_run_by_the_grader(name: str) -> None:
    assert as_environment({name: "/tmp/evil", "A_PATH": "x"}, [name, "A_PATH"]) == ["A_PATH=x"]


def test_names_in_an_environment_file() -> None:
    assert named_in(b"A=1\n# B=2\n\nexport C = 3\nD\n\xff=1\n") == {"A", "C", "\ufffd"}


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_text_breaks_the_reading(text: str, shown: str) -> None:
    Template("ports", text).over(shown)
    named_in(text.encode("utf-8", "replace"))
    told_by({"Config": {"Env": [shown], "Labels": {text: shown}}}, [Template("environment", text)], shown)


# The hash with them.

HASH = ComposeHash("compose", FILES.working_dir, PATH, "web", "c0ffee")
CALL = f"docker-compose -p compose --project-directory {FILES.working_dir} -f {PATH} config --hash web"
PORTS = 'services: {web: {ports: ["${WEB_PORT:-80}:5000"], depends_on: [redis]}}'


def hashed(
    text: str, web: Raw, env: dict[str, Any] | None = None, files: dict[str, str] | None = None
) -> HashSays:
    """What is said where the file gives another hash unless it is asked with `env` and these words."""
    said = {CALL: "web 0ther\n", "docker-compose version --short": "1.29.2\n"}
    said |= {f"env {words} {CALL}": reply for words, reply in (env or {}).items()}
    return read(HASH, MadeUpHost(web, programs=said, files={PATH: text, **(files or {})}))


def published(port: str) -> Raw:
    return a_web(host={"PortBindings": {"5000/tcp": [{"HostIp": "", "HostPort": port}]}})


def test_a_port_of_the_students_shell_is_told_by_the_container() -> None:
    assert hashed(PORTS, published("8080"), {"WEB_PORT=8080": "web c0ffee\n"}) == HashSays("c0ffee")


def test_a_file_that_differs_with_all_variables_told_was_edited() -> None:
    found = hashed(PORTS, published("8080"), {"WEB_PORT=8080": "web edited\n"})
    assert found == HashSays("edited", version="1.29.2")


@pytest.mark.parametrize(
    "text",
    [
        "services: {web: {build: '${DIR:-.}'}}",
        "services: {web: {volumes: [~/code:/code]}}",
        "services: {web: {extends: {file: gone.yml, service: web}}}",
    ],
)
def test_variables_that_nothing_tells_leave_a_difference_without_meaning(text: str) -> None:
    assert "variables" in hashed(text, published("80")).problem


def test_what_the_environment_file_sets_is_known() -> None:
    text = "services: {web: {build: '${DIR:-.}'}}"
    found = hashed(text, published("80"), files={f"{FILES.working_dir}/.env": "DIR=app\n"})
    assert found == HashSays("0ther", version="1.29.2")


def test_a_file_without_variables_that_differs_was_edited() -> None:
    text = "services: {web: {image: counter}, redis: {image: 'redis:$TAG'}}"
    assert hashed(text, published("80")) == HashSays("0ther", version="1.29.2")


def test_a_hash_that_fails_with_them_tells_nothing() -> None:
    failed = Output(1, b"", b"no such variable")
    assert hashed(PORTS, published("8080"), {"WEB_PORT=8080": failed}).problem


def test_nothing_of_the_environment_is_kept() -> None:
    web = a_web(env=["KEY=hunter2"])
    text = "services: {web: {environment: [KEY]}}"
    assert "hunter2" not in repr(hashed(text, web, {"KEY=hunter2": "web edited\n"}))
