"""`dockgrader validate` and `dockgrader schema`: what an author's editor and workflow get."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from dockgrader.assignment.loading import shipped
from dockgrader.cli import main

WRONG = """\
id: my-homework
title: A server
tasks:
  - id: server
    title: A server
    checks:
      - {id: running, kind: contaner, container: server, state: running}
      - {id: memory, kind: container, needs: [runing], container: server, memory: 64 apples, point: 2}
      - {id: memory, kind: container, container: server, cpus: 0.5}
"""


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    captured = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return ended.value.code, captured.out, captured.err


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    file = tmp_path / "wrong.yaml"
    file.write_text(WRONG)
    return file


def test_all_is_told_at_once_with_its_place_and_a_near_spelling(
    wrong: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = run(capsys, "validate", str(wrong))
    assert (status, err) == (2, "")
    told = [line.removeprefix(f"{wrong}:") for line in out.splitlines() if line.startswith(str(wrong))]
    assert [line.partition(": ")[0] for line in told] == ["7:29", "8:47", "8:83", "8:94", "9:14"]
    assert (
        "tasks[0].checks[0].kind: unknown kind 'contaner'; did you mean 'container'? allowed: cgroup,"
        in told[0]
    )
    assert "needs 'runing', which is no check of this task; did you mean 'running'?" in told[1]
    assert "tasks[0].checks[1].memory: expected a size such as 200MiB" in told[2]
    assert "unknown field; did you mean 'points'?" in told[3]
    assert "tasks[0].checks[2].id: two checks have the same id 'memory'" in told[4]
    assert out.endswith("5 problems\n")
    assert f"    7 | {WRONG.splitlines()[6]}\n      | {'':28}^\n" in out


def test_for_programs(wrong: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "validate", str(wrong), "homework-1", "--format", "json")
    assert status == 2
    said = json.loads(out)
    assert said["schema"] == "dockgrader.validation/1"
    broken, fine = said["files"]
    assert fine == {"file": "homework-1", "valid": True, "problems": []}
    assert broken["problems"][0] == {
        "file": str(wrong),
        "line": 7,
        "column": 29,
        "field": "tasks[0].checks[0].kind",
        "message": broken["problems"][0]["message"],
    }


def test_for_a_workflow(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a,b:100%.yaml"
    file.write_text("id: a\ntitle: 5\ntasks: []\n")
    status, out, _ = run(capsys, "validate", str(file), "--format", "github")
    assert status == 2
    first, second = out.splitlines()
    assert first.startswith(
        f"::error file={tmp_path}/a%2Cb%3A100%25.yaml,line=2,col=8,title=dockgrader validate::title: "
    )
    assert second.endswith("::tasks: expected 1 or more entries, found an empty list")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"- a\n", ":1:1: expected a mapping with id, title, tasks"),
        (b"id: [\n", ":2:1: not YAML"),
        (b"id: \xff\n", ":1:5: not UTF-8 text"),
        (b"", ":1:1: expected a mapping"),
    ],
)
def test_what_is_no_assignment_at_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, said: str
) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(content)
    status, out, _ = run(capsys, "validate", str(file))
    assert status == 2 and said in out


def test_a_file_that_is_not_there_and_a_name_that_is_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "validate", "nothing.yaml")
    assert status == 2 and "nothing.yaml:1:1: no such file" in out
    status, _, err = run(capsys, "validate", "homework-11")
    assert status == 2 and "did you mean 'homework-1'?" in err


def test_what_ships_is_fine_with_its_cases(capsys: pytest.CaptureFixture[str]) -> None:
    files = sorted(map(str, [*shipped().glob("*.yaml"), *shipped().glob("*/cases.yaml")]))
    status, out, _ = run(capsys, "validate", *files)
    assert (status, out) == (0, "".join(f"{file}: fine\n" for file in files))
    assert len(files) >= 2


# The schemas.


@pytest.fixture(params=["assignment", "cases"])
def schema(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> tuple[str, dict[str, Any]]:
    status, out, _ = run(capsys, "schema", request.param)
    assert status == 0
    assert out == (shipped() / "schema" / f"{request.param}.json").read_text(), (
        f"run: dockgrader schema {request.param} > checks/schema/{request.param}.json"
    )
    return request.param, json.loads(out)


def test_the_schemas_describe_what_ships_and_the_files_name_them(schema: tuple[str, dict[str, Any]]) -> None:
    name, told = schema
    jsonschema.Draft202012Validator.check_schema(told)
    files = sorted(shipped().glob("*.yaml" if name == "assignment" else "*/cases.yaml"))
    assert files
    for file in files:
        jsonschema.Draft202012Validator(told).validate(yaml.safe_load(file.read_text()))
        words = file.read_text().splitlines()[0].split("$schema=")
        assert words[0] == "# yaml-language-server: "
        assert (file.parent / words[1]).resolve() == (shipped() / "schema" / f"{name}.json").resolve()


def test_every_field_is_described_and_every_kind_has_an_example() -> None:
    told = json.loads((shipped() / "schema" / "assignment.json").read_text())
    kinds = told["$defs"]["Task"]["properties"]["checks"]["items"]["discriminator"]["mapping"].values()
    for kind in [*kinds, "#/$defs/Task"]:
        model = told["$defs"][kind.rpartition("/")[2]]
        undescribed = [name for name, field in model["properties"].items() if "description" not in field]
        assert set(undescribed) <= {"kind"}, model["title"]
        for example in model.get("examples", [{}] if kind.endswith("Task") else []):
            if example:
                jsonschema.Draft202012Validator({**model, "$defs": told["$defs"]}).validate(example)
        assert kind.endswith("Task") or model["examples"][0]["kind"] == model["properties"]["kind"]["const"]


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "contaner"},
        {"memory": "64 apples"},
        {"memory": -1},
        {"cpus": "half"},
        {"state": "runing"},
        {"points": -1},
        {"point": 1},
        {"id": "two words"},
        {"needs": "running"},
        {"inspect": {"A": {"at_leest": 1}}},
    ],
)
def test_the_schema_marks_what_validation_refuses(change: dict[str, Any]) -> None:
    told = json.loads((shipped() / "schema" / "assignment.json").read_text())
    check = {"id": "a", "kind": "container", "container": "server", "memory": "64MiB"}
    right = {"id": "x", "title": "x", "tasks": [{"id": "t", "title": "t", "checks": [check]}]}
    schema = jsonschema.Draft202012Validator(told)
    schema.validate(right)
    wrong = {**right, "tasks": [{"id": "t", "title": "t", "checks": [{**check, **change}]}]}
    with pytest.raises(jsonschema.ValidationError):
        schema.validate(wrong)


@pytest.mark.parametrize(
    ("change", "right"),
    [
        ({"memory": "${memory}"}, True),
        ({"memory": "about ${memory}"}, False),
        ({"kind": "http", "memory": "${memory}"}, False),
        ({"points": "${points}"}, False),
        ({"inspect": {"A": {"at_least": "${memory.bytes}"}}}, True),
    ],
)
def test_the_schema_knows_where_a_parameter_may_stand(change: dict[str, Any], right: bool) -> None:
    told = json.loads((shipped() / "schema" / "assignment.json").read_text())
    check = {"id": "a", "kind": "container", "container": "server", **change}
    made = {"id": "x", "title": "x", "tasks": [{"id": "t", "title": "t", "checks": [check]}]}
    assert jsonschema.Draft202012Validator(told).is_valid(made) is right


@pytest.mark.parametrize(
    ("declared", "right"),
    [
        (
            {"memory": {"from": "64MiB", "to": "1GiB", "step": "64MiB"}, "port": {"one_of": [1, "2", True]}},
            True,
        ),
        ({"Memory": {"from": 1, "to": 2}}, False),
        ({"memory": {"form": 1, "to": 2}}, False),
        ({"memory": {"one_of": ["alone"]}}, False),
        ({}, False),
    ],
)
def test_the_schema_knows_parameters(declared: dict[str, Any], right: bool) -> None:
    told = json.loads((shipped() / "schema" / "assignment.json").read_text())
    checks = [{"id": "a", "kind": "container", "container": "server", "state": "running"}]
    made = {
        "id": "x",
        "title": "x",
        "parameters": declared,
        "tasks": [{"id": "t", "title": "t", "checks": checks}],
    }
    assert jsonschema.Draft202012Validator(told).is_valid(made) is right
