import json
from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from dockgrader.facts.compose_file import (
    MAX_BYTES,
    UNTOLD,
    NotCompose,
    ServiceSpec,
    effective,
    from_config_json,
    incomplete,
    relevant,
)
from dockgrader.facts.compose_merge import OVERRIDE, RESET, UNKNOWN, merge

HOMEWORK = """
version: "2.4"
x-limits: &limits {mem_limit: 500m, cpus: .5}
services:
  web:
    build: .
    ports: ["80:80"]
    environment: {SECRET: hunter2}
    depends_on:
      redis:
        condition: service_healthy
  redis:
    <<: *limits
    image: redis
    healthcheck:
      test: ["CMD-SHELL", "[ \\"$$(redis-cli ping)\\" = PONG ]"]
      interval: 3s
"""
OVERRIDING = """
version: "2.4"
services:
  web:
    depends_on: [redis]
  redis:
    mem_limit: "524288000"
    healthcheck: {retries: 3}
"""
PONG = ["CMD-SHELL", '[ "$(redis-cli ping)" = PONG ]']


def specs(*files: str) -> dict[str, ServiceSpec]:
    """The files' specs, by way of JSON as evidence is."""
    return effective([json.loads(json.dumps(relevant(text.encode()))) for text in files])


def redis(*bodies: str) -> ServiceSpec:
    """The spec of a service of which each file says `body`, a flow mapping's inside."""
    return specs(*(f"services: {{redis: {{image: redis, {body}}}}}" for body in bodies))["redis"]


# --- one file ---


def test_the_homework() -> None:
    assert specs(HOMEWORK) == {
        "web": ServiceSpec(depends_on={"redis": "service_healthy"}, depends_on_form="mapping"),
        "redis": ServiceSpec(healthcheck=PONG, memory=524288000, cpus=0.5),
    }


def test_only_relevant_keys_are_kept() -> None:
    assert relevant(HOMEWORK.encode()) == {
        "services": {
            "web": {"depends_on": {"redis": {"condition": "service_healthy"}}},
            "redis": {
                "healthcheck": {"test": ["CMD-SHELL", '[ "$$(redis-cli ping)" = PONG ]']},
                "mem_limit": "500m",
                "cpus": ".5",
            },
        }
    }


def test_a_private_file_that_looks_like_compose_gives_away_names_only() -> None:
    private = b"{services: {db: {password: hunter2, healthcheck: {secret: hunter2}}}, token: hunter2}"
    assert relevant(private) == {"services": {"db": {"healthcheck": {}}}}


@pytest.mark.parametrize(
    ("body", "depends_on", "form"),
    [
        ("", {}, "none"),
        ("depends_on: [db, web]", {"db": "service_started", "web": "service_started"}, "list"),
        ("depends_on: db", {"db": "service_started"}, "list"),
        ("depends_on: {db: {condition: service_healthy}}", {"db": "service_healthy"}, "mapping"),
        ("depends_on: {db: {restart: true}}", {"db": "service_started"}, "mapping"),
        ("depends_on: {db: }", {"db": "service_started"}, "mapping"),
        ("depends_on: []", {}, "list"),
        ("depends_on: ", {}, "none"),
    ],
)
def test_dependencies(body: str, depends_on: dict[str, str], form: str) -> None:
    spec = redis(body)
    assert (spec.depends_on, spec.depends_on_form, spec.uncertain) == (depends_on, form, frozenset())


@pytest.mark.parametrize(
    ("body", "test"),
    [
        ("healthcheck: {test: redis-cli ping}", ["CMD-SHELL", "redis-cli ping"]),
        ("healthcheck: {test: [CMD, redis-cli, -p, 6379, ping]}", ["CMD", "redis-cli", "-p", "6379", "ping"]),
        ("healthcheck: {test: ['NONE']}", ["NONE"]),
        ("healthcheck: {test: NONE}", ["CMD-SHELL", "NONE"]),  # seen: Compose runs a command of that name
        ("healthcheck: {disable: true}", ["NONE"]),
        ("healthcheck: {disable: yes, test: redis-cli ping}", ["NONE"]),
        ("healthcheck: {interval: 3s}", None),
        ("healthcheck: {test: []}", None),
        ("healthcheck: ", None),
        ("healthcheck: {test: echo $$HOME}", ["CMD-SHELL", "echo $HOME"]),
    ],
)
def test_healthcheck(body: str, test: list[str] | None) -> None:
    spec = redis(body)
    assert (spec.healthcheck, spec.uncertain) == (test, frozenset())


@pytest.mark.parametrize(
    ("given_as", "memory"),
    [
        ("500m", 524288000),
        ("500M", 524288000),
        ("500mb", 524288000),
        ("500MiB", 524288000),
        ("512000k", 524288000),
        ("524288000", 524288000),
        ("'524288000'", 524288000),
        ("524288000b", 524288000),
        ("500000000", 500000000),
        ("1.5g", 1610612736),
        ("0.5GB", 536870912),
        ("0", 0),
    ],
)
@pytest.mark.parametrize("place", ["mem_limit: %s", "deploy: {resources: {limits: {memory: %s}}}"])
def test_memory(place: str, given_as: str, memory: int) -> None:
    assert redis(place % given_as) == ServiceSpec(memory=memory)


@pytest.mark.parametrize(
    ("given_as", "cpus"), [("0.5", 0.5), (".5", 0.5), ("'0.50'", 0.5), ("2", 2), ("5e-1", 0.5)]
)
@pytest.mark.parametrize("place", ["cpus: %s", "deploy: {resources: {limits: {cpus: %s}}}"])
def test_cpus(place: str, given_as: str, cpus: float) -> None:
    assert redis(place % given_as) == ServiceSpec(cpus=cpus)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("mem_limit: '${MEM:-500m}'", "memory"),
        ("mem_limit: half", "memory"),
        ("mem_limit: -1", "memory"),
        ("mem_limit: [500m]", "memory"),
        ("mem_limit: !!python/name:os.system ''", "memory"),
        ("deploy: !secret {resources: {limits: {memory: 5m}}}, cpus: 1", "memory"),
        ("cpus: $CPUS", "cpus"),
        ("cpus: .inf", "cpus"),
        ("cpus: 1_0", "cpus"),
        ("cpus: ''", "cpus"),
        ("healthcheck: {test: 'redis-cli -p $PORT ping'}", "healthcheck"),
        ("healthcheck: {test: [CMD, '$$$X']}", "healthcheck"),
        ("healthcheck: {test: [CMD, [nested]]}", "healthcheck"),
        ("healthcheck: {disable: '$X', test: x}", "healthcheck"),
        ("healthcheck: {disable: false, test: x}", "healthcheck"),
        ("healthcheck: {test: %s}" % ("x" * 10_001), "healthcheck"),
        ("depends_on: ['$OTHER']", "depends_on"),
        ("depends_on: !odd [db]", "depends_on"),
        ("depends_on: {db: {condition: '$X'}}", "depends_on"),
    ],
)
def test_what_the_file_alone_does_not_tell_is_uncertain(body: str, field: str) -> None:
    spec = redis(body)
    assert spec.uncertain == {field}
    assert not getattr(spec, field)


def test_an_uncertain_dependency_leaves_the_others_sure() -> None:
    spec = redis("depends_on: {db: {condition: service_healthy}, web: {condition: $X}}")
    assert spec.depends_on == {"db": "service_healthy"}
    assert spec.uncertain == {"depends_on"}


def test_a_variable_elsewhere_does_not_matter() -> None:
    assert redis("environment: {A: $B}, cpus: 1") == ServiceSpec(cpus=1)


def test_merge_keys_and_duplicates() -> None:
    text = """
x-a: &a {cpus: 1, mem_limit: 1m}
x-b: &b {cpus: 2, mem_limit: 2m, depends_on: [db]}
services:
  redis: {<<: [*a, *b], mem_limit: 3m, mem_limit: 4m}
"""
    started = {"db": "service_started"}
    assert specs(text)["redis"] == ServiceSpec(started, "list", cpus=1, memory=4 << 20)


def test_format_1_has_its_services_at_the_top() -> None:
    text = "web: {build: ., links: [redis]}\nredis: {image: redis, mem_limit: 500m}\nother: {key: x}\n"
    assert specs(text) == {"web": ServiceSpec(), "redis": ServiceSpec(memory=524288000)}


@pytest.mark.parametrize("text", ["services:\n", "version: '2.4'\nvolumes: {data: }\nx-y: 1\n"])
def test_a_compose_file_may_have_no_services(text: str) -> None:
    assert relevant(text.encode()) == {"services": {}}


# --- several files ---


def test_a_later_file_merges_key_by_key() -> None:
    assert specs(HOMEWORK, OVERRIDING) == {
        "web": ServiceSpec(depends_on={"redis": "service_started"}, depends_on_form="list"),
        "redis": ServiceSpec(healthcheck=PONG, memory=524288000, cpus=0.5),
    }


@pytest.mark.parametrize(
    ("bodies", "expected"),
    [
        (["mem_limit: 1m", "mem_limit: 2m"], ServiceSpec(memory=2 << 20)),
        (["mem_limit: 1m", "mem_limit: "], ServiceSpec(memory=1 << 20)),
        (["mem_limit: $X", "mem_limit: 2m"], ServiceSpec(memory=2 << 20)),
        (["mem_limit: 1m", "mem_limit: !reset null"], ServiceSpec()),
        (
            ["mem_limit: 1m, cpus: 1", "deploy: {resources: {limits: {memory: 1m}}}"],
            ServiceSpec(memory=1 << 20, cpus=1),
        ),
        (
            ["deploy: {resources: {limits: {memory: 1m}}}", "deploy: {resources: {limits: {cpus: 1}}}"],
            ServiceSpec(memory=1 << 20, cpus=1),
        ),
        (
            [
                "deploy: {resources: {limits: {memory: 1m}}}",
                "deploy: !override {resources: {limits: {cpus: 1}}}",
            ],
            ServiceSpec(cpus=1),
        ),
        (["healthcheck: {test: a}", "healthcheck: {test: [CMD, b]}"], ServiceSpec(healthcheck=["CMD", "b"])),
        (["healthcheck: {test: a}", "healthcheck: {disable: true}"], ServiceSpec(healthcheck=["NONE"])),
        (["healthcheck: {test: a}", "healthcheck: !override {retries: 1}"], ServiceSpec()),
        (["healthcheck: {test: a}", "healthcheck: {test: !reset []}"], ServiceSpec()),
        (
            ["healthcheck: {disable: true}", "healthcheck: {disable: !reset null, test: a}"],
            ServiceSpec(healthcheck=["CMD-SHELL", "a"]),
        ),
        (
            [
                "depends_on: {a: {condition: service_healthy}}",
                "depends_on: {b: {condition: service_healthy}}",
            ],
            ServiceSpec({"a": "service_healthy", "b": "service_healthy"}, "mapping"),
        ),
        (
            ["depends_on: {a: {condition: service_healthy}}", "depends_on: {a: {restart: true}}"],
            ServiceSpec({"a": "service_healthy"}, "mapping"),
        ),
        (
            ["depends_on: [a, b]", "depends_on: {a: {condition: service_healthy}}"],
            ServiceSpec({"a": "service_healthy", "b": "service_started"}, "mapping"),
        ),
        (["depends_on: [a]", "depends_on: !override [b]"], ServiceSpec({"b": "service_started"}, "list")),
        (["depends_on: [a]", "depends_on: !reset []"], ServiceSpec()),
        (
            ["depends_on: [a, b]", "depends_on: {a: !reset null}"],
            ServiceSpec({"b": "service_started"}, "mapping"),
        ),
    ],
)
def test_merging(bodies: list[str], expected: ServiceSpec) -> None:
    assert redis(*bodies) == expected


def test_tags_on_whole_services() -> None:
    base = "services: {a: {image: x, cpus: 1}, b: {image: x, cpus: 1}, c: {image: x, cpus: 1}}"
    over = "services: {a: !override {image: y}, b: !reset null, c: !odd {cpus: 2}}"
    assert specs(base, over) == {"a": ServiceSpec(), "c": UNTOLD}
    assert specs(base, "services: !override {d: {image: x, cpus: 2}}") == {"d": ServiceSpec(cpus=2)}
    assert specs(base, "services: !reset {}") == {}


# --- extends and include ---


def test_extends_within_the_file() -> None:
    text = """
services:
  base: {image: redis, mem_limit: 100m, cpus: 1, healthcheck: {test: redis-cli ping}}
  middle: {extends: base, mem_limit: 200m}
  redis: {extends: {service: middle}, cpus: 0.5}
"""
    expected = ServiceSpec(healthcheck=["CMD-SHELL", "redis-cli ping"], memory=200 << 20, cpus=0.5)
    assert specs(text)["redis"] == expected


def test_whether_a_base_gives_its_dependencies_depends_on_the_version_of_compose() -> None:
    spec = specs("services: {a: {image: x, depends_on: [c]}, b: {extends: a, depends_on: [d]}}")["b"]
    assert spec.depends_on == {"d": "service_started"}
    assert spec.uncertain == {"depends_on"}


@pytest.mark.parametrize(
    "extends",
    ["{file: common.yml, service: base}", "nowhere", "redis", "$X", "{service: [x]}", "!odd x"],
)
def test_a_base_out_of_sight_leaves_uncertain_what_the_service_does_not_say(extends: str) -> None:
    assert redis(f"extends: {extends}") == UNTOLD
    spec = redis(f"extends: {extends}, cpus: 1, healthcheck: {{test: a}}, depends_on: [db]")
    assert (spec.cpus, spec.healthcheck, spec.depends_on) == (
        1,
        ["CMD-SHELL", "a"],
        {"db": "service_started"},
    )
    assert spec.uncertain == {"depends_on", "memory"}


def test_what_an_overriding_file_inherits_may_replace_what_the_first_one_says() -> None:
    first = "mem_limit: 1m, deploy: {resources: {limits: {cpus: 1}}}, depends_on: [a]"
    assert redis(first, "extends: {file: common.yml, service: base}") == ServiceSpec(
        depends_on_form="list", uncertain=UNTOLD.uncertain
    )


def test_a_circle_of_extends_ends() -> None:
    text = "services: {a: {extends: b}, b: {extends: c}, c: {extends: a}}"
    assert list(specs(text).values()) == [UNTOLD] * 3


def test_an_include_leaves_uncertain_what_is_absent() -> None:
    files = [relevant(b"include: [other.yml]\nservices: {web: {image: x, cpus: 1, depends_on: [a]}}")]
    assert incomplete(files)
    spec = effective(files)["web"]
    assert (spec.cpus, spec.depends_on) == (1, {"a": "service_started"})
    assert spec.uncertain == {"healthcheck", "memory", "depends_on"}
    assert not incomplete([relevant(HOMEWORK.encode())])


# --- what Compose itself says: recorded outputs, the folder's path changed, the JSON compacted ---

COMPOSE_1_29_2 = """
services:
  redis:
    cpus: 0.5
    healthcheck:
      interval: 3s
      retries: 3
      test:
      - CMD-SHELL
      - '[ "$$(redis-cli ping)" = PONG ]'
    image: redis
    mem_limit: '524288000'
  web:
    build:
      context: /srv/compose
    depends_on:
      redis:
        condition: service_started
    environment:
      SECRET: hunter2
    ports:
    - published: 80
      target: 80
version: '2.4'
"""
COMPOSE_2_26_1 = r"""{
  "name": "compose",
  "networks": {"default": {"name": "compose_default", "ipam": {}}},
  "services": {
    "redis": {
      "cpus": 0.5,
      "command": null,
      "entrypoint": null,
      "healthcheck": {
        "test": ["CMD-SHELL", "[ \"$$(redis-cli ping)\" = PONG ]"],
        "interval": "3s",
        "retries": 3
      },
      "image": "redis",
      "mem_limit": "524288000",
      "networks": {"default": null}
    },
    "web": {
      "build": {"context": "/srv/compose", "dockerfile": "Dockerfile"},
      "command": null,
      "depends_on": {"redis": {"condition": "service_started", "required": true}},
      "entrypoint": null,
      "environment": {"SECRET": "hunter2"},
      "networks": {"default": null},
      "ports": [{"mode": "ingress", "target": 80, "published": "80", "protocol": "tcp"}]
    }
  },
  "x-limits": {"cpus": 0.5, "mem_limit": "500m"}
}"""
COMPOSE_2_26_1_DEPLOY = """{
  "name": "d",
  "networks": {"default": {"name": "d_default", "ipam": {}}},
  "services": {
    "odd": {
      "command": null,
      "entrypoint": null,
      "healthcheck": {"test": ["CMD-SHELL", "NONE"]},
      "image": "redis",
      "networks": {"default": null}
    },
    "quiet": {
      "command": null,
      "deploy": {"resources": {"limits": {"cpus": 0.5, "memory": "524288000"}}, "placement": {}},
      "entrypoint": null,
      "healthcheck": {"disable": true},
      "image": "redis",
      "networks": {"default": null}
    }
  }
}"""
DEPLOY = """
services:
  quiet:
    image: redis
    healthcheck: {disable: true}
    deploy: {resources: {limits: {memory: 500m, cpus: "0.5"}}}
  odd:
    image: redis
    healthcheck: {test: NONE}
"""


@pytest.mark.parametrize("output", [COMPOSE_1_29_2, COMPOSE_2_26_1])
def test_compose_config_says_the_same_as_the_files(output: str) -> None:
    from_data = from_config_json(yaml.safe_load(output))
    assert from_data == from_config_json(relevant(output.encode()))
    web = from_data["web"]
    assert web == ServiceSpec({"redis": "service_started"}, "mapping")
    assert from_data["redis"] == specs(HOMEWORK, OVERRIDING)["redis"]
    assert "hunter2" not in json.dumps(relevant(output.encode()))


def test_compose_config_with_limits_under_deploy() -> None:
    expected = {
        "quiet": ServiceSpec(healthcheck=["NONE"], memory=524288000, cpus=0.5),
        "odd": ServiceSpec(healthcheck=["CMD-SHELL", "NONE"]),
    }
    assert from_config_json(json.loads(COMPOSE_2_26_1_DEPLOY)) == specs(DEPLOY) == expected


def test_a_dollar_in_compose_config_is_a_plain_one() -> None:
    data = {"services": {"redis": {"healthcheck": {"test": ["CMD", "$HOME", "$$x"]}}}}
    assert from_config_json(data)["redis"].healthcheck == ["CMD", "$HOME", "$x"]


@pytest.mark.parametrize("data", [{}, {"services": None}, {"services": [1]}, {"services": "x"}])
def test_compose_config_without_services(data: dict[str, Any]) -> None:
    assert from_config_json(data) == {}


# --- hostile input ---


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"root:$y$j9T$secret:19000:0:99999:7:::\ndaemon:*:19000:0:99999:7:::\n",
        b"[1, 2]",
        b"secret: hunter2",
        b"services: hunter2",
        b"services: !secret {a: {image: x}}",
        b"a: {image: x}\n---\nb: {image: y}\n",
        b"a: [hunter2",
        b"\xff\xfeh\0u\0n\0t\0e\0r\x002\0",
        b"\x00" * 100,
        b"#" * (MAX_BYTES + 1),
        b"[" * 100_000,
        b"services: &a {x: *a}",
        b"a: &a [x, x, x, x, x, x, x, x, x, x]\n"
        + b"".join(b"%c: &%c [%s]\n" % (c, c, b",".join([b"*%c" % (c - 1)] * 10)) for c in range(98, 107)),
        b"services: {" + b", ".join(b"s%d: {image: x}" % n for n in range(201)) + b"}",
    ],
)
def test_what_is_no_compose_file_is_refused_without_quoting_it(text: bytes) -> None:
    with pytest.raises(NotCompose) as caught:
        relevant(text)
    assert "hunter2" not in str(caught.value) and "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_hostile_names_and_long_lists_are_not_kept() -> None:
    many = ", ".join(f"s{n}" for n in range(201))
    text = f"""
services:
  "\\e[31m": {{image: x}}
  a: {{depends_on: {{"../b": , "!reset": }}}}
  b: {{depends_on: [{many}]}}
"""
    assert relevant(text.encode()) == {"services": {"a": {"depends_on": {}}, "b": {"depends_on": UNKNOWN}}}


WORDS = """
services web redis image depends_on healthcheck test mem_limit cpus deploy extends include condition
<< *a &a !reset !override !odd !!int : , [ ] { } - ? ~ 1m .5 'x' | > $$ $X --- % #
"""
words = st.sampled_from(WORDS.split())
soup = st.lists(words, max_size=40).map(" ".join).map(str.encode)
lines = st.lists(st.tuples(st.integers(0, 3), st.lists(words, max_size=4)), max_size=12).map(
    lambda rows: "\n".join("  " * depth + " ".join(row) for depth, row in rows).encode()
)


@given(st.one_of(st.binary(max_size=300), soup, lines, soup.map(lambda text: b"services: {web: {" + text)))
def test_any_bytes_are_specs_or_not_compose(text: bytes) -> None:
    try:
        kept = relevant(text)
    except NotCompose:
        return
    assert json.loads(json.dumps(kept)) == kept
    effective([kept, kept])
    from_config_json(kept)


keys = st.sampled_from([*WORDS.split(), "!unknown", "limits", "resources", "memory", "service", "file"])
json_data = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), keys),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=4)),
)


@given(st.lists(st.dictionaries(st.sampled_from(["services", "include"]), json_data), max_size=3))
def test_evidence_of_any_shape_raises_nothing(layers: list[dict[str, Any]]) -> None:
    for spec in effective(layers).values():
        assert isinstance(spec, ServiceSpec)
    from_config_json(layers[0] if layers else {})


# --- laws of merging ---

scalars = st.sampled_from(["1m", "2m", "$X", "x"])
leaf = st.one_of(scalars, st.just(RESET), st.just(UNKNOWN), scalars.map(lambda value: {OVERRIDE: value}))


def mapping_of(keys: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    plain = st.dictionaries(st.sampled_from(keys.split()), values, max_size=3)
    return st.one_of(
        plain, plain, plain.map(lambda value: {OVERRIDE: value}), st.just(RESET), st.just(UNKNOWN)
    )


trees = mapping_of("a b c", mapping_of("d e", leaf))


@given(trees, trees, trees)
def test_merging_is_associative(a: Any, b: Any, c: Any) -> None:
    assert merge(merge(a, b), c) == merge(a, merge(b, c))


conditions = st.sampled_from(["service_started", "service_healthy"]).map(lambda value: {"condition": value})
bodies = st.fixed_dictionaries(
    {},
    optional={
        "depends_on": st.one_of(
            st.lists(st.sampled_from("abc"), unique=True), st.dictionaries(st.sampled_from("abc"), conditions)
        ),
        "healthcheck": st.fixed_dictionaries({}, optional={"test": st.lists(scalars, min_size=1)}),
        "mem_limit": st.sampled_from(["1m", "2m", 3]),
        "cpus": st.sampled_from([0.5, "1", 2]),
    },
)
files = st.dictionaries(st.sampled_from(["web", "redis"]), bodies).map(
    lambda services: relevant(json.dumps({"services": services}).encode())
)


@given(st.lists(files, max_size=3))
def test_repeating_the_files_changes_nothing(layers: list[Mapping[str, Any]]) -> None:
    assert effective([*layers, *layers]) == effective(layers)


@given(st.lists(files, max_size=3), files)
def test_what_the_last_file_says_counts(earlier: list[Mapping[str, Any]], last: Mapping[str, Any]) -> None:
    merged = effective([*earlier, last])
    for name, alone in effective([last]).items():
        assert merged[name].depends_on.items() >= alone.depends_on.items()
        for field in ("healthcheck", "memory", "cpus"):
            assert getattr(alone, field) in (None, getattr(merged[name], field))
