"""Which packages are looked at, when, and what the commands say of their kinds."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest
from click.testing import CliRunner

import dockgrader.facts
from dockgrader.assignment import schema
from dockgrader.assignment.loading import load
from dockgrader.assignment.model import AnyCheck
from dockgrader.cli import cli
from dockgrader.facts import plugins as facts
from dockgrader.facts.base import Fact
from dockgrader.kinds.base import BUILT_IN, SELDOM
from dockgrader.kinds.plugins import branch
from tests.plugins.conftest import Install, package, run
from tests.plugins.test_broken import ASSIGNMENT, KIND, own

RECORDING = "checks/homework-1/recordings/solution-v2.json.gz"


def test_the_table_of_built_in_kinds_is_that_of_the_models() -> None:
    models = [*get_args(get_args(AnyCheck)[0]), *(branch(kind) for kind in SELDOM)]
    assert {get_args(model.model_fields["kind"].annotation)[0] for model in models} == BUILT_IN


def test_an_assignment_of_the_core_s_kinds_imports_no_others() -> None:
    code = (
        "import sys\n"
        "from dockgrader.assignment.loading import find, load\n"
        "for name in ('homework-1', 'practice-1'):\n"
        "    load(find(name).file)\n"
        f"    print(any(f'dockgrader.kinds.{{kind}}' in sys.modules for kind in {list(SELDOM)}))\n"
    )
    assert run("-c", code, module="").stdout.split() == ["False", "True"]


def test_the_table_of_built_in_facts_is_that_of_the_classes() -> None:
    for module in pkgutil.iter_modules(dockgrader.facts.__path__, "dockgrader.facts."):
        importlib.import_module(module.name)
    found: set[str] = set()
    waiting: list[Any] = [Fact]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.__module__.startswith("dockgrader.") and hasattr(kind, "name"):
            found.add(kind.name)
    assert found == facts.BUILT_IN


def test_an_assignment_of_built_in_kinds_looks_at_no_packages() -> None:
    code = (
        "import sys\n"
        "from dockgrader.cli import main\n"
        "try:\n"
        f"    main(['check', 'homework-1', '--host', 'recorded:{RECORDING}', '--format', 'json'])\n"
        "except SystemExit as end:\n"
        "    print(end.code, sorted(name for name in sys.modules if 'plug' in name and 'dockgrader' in name))\n"
    )
    done = run("-c", code, module="")
    assert done.stdout.splitlines()[-1] == "0 []", done.stderr


def test_an_unknown_kind_is_told_with_the_near_one_of_a_package(install: Install, tmp_path: Path) -> None:
    install("dockgrader-host", {"h.py": "1 / 0"}, kinds={"hostname": "h:X"})
    file = tmp_path / "a.yaml"
    file.write_text(ASSIGNMENT.replace("kind: own", "kind: hostnam"))
    done = CliRunner().invoke(cli, ["validate", str(file)], standalone_mode=False)
    assert "unknown kind 'hostnam'; did you mean 'hostname'? allowed: cgroup," in done.output
    assert "h" not in sys.modules  # it is named, not imported


def test_fields_of_a_packages_kind_are_validated(install: Install, tmp_path: Path) -> None:
    own(install, KIND)
    file = tmp_path / "a.yaml"
    file.write_text(ASSIGNMENT.replace("kind: own, container: web", "kind: own, contaner: web"))
    done = CliRunner().invoke(cli, ["validate", str(file)], standalone_mode=False)
    assert f"{file}:8:9: tasks[0].checks[1].container: required field is missing" in done.output
    assert "unknown field; did you mean 'container'?" in done.output


def test_validate_names_a_package_that_is_broken(install: Install, tmp_path: Path) -> None:
    own(install, "1 / 0\n")
    file = tmp_path / "a.yaml"
    file.write_text(ASSIGNMENT)
    done = CliRunner().invoke(cli, ["validate", str(file)], standalone_mode=False)
    assert (
        f"{file}:8:25: tasks[0].checks[1].kind: the kind own of dockgrader-own 1.2 cannot be" in done.output
    )
    assert done.return_value == 2


def test_the_schema_knows_the_kinds_of_packages(install: Install, tmp_path: Path) -> None:
    own(install, KIND)
    install("another", {"other.py": "1 / 0"}, kinds={"broken": "other:X"})
    made = schema.schema()
    jsonschema.Draft202012Validator.check_schema(made)
    fields = made["$defs"]["OwnCheck"]["properties"]
    assert fields["kind"]["const"] == "own" and "container" in fields
    assert "another 1.2 cannot be imported" in made["$defs"]["Unusable_broken"]["description"]
    data = {"id": "a", "title": "A", "tasks": [{"id": "t", "title": "T", "checks": []}]}
    data["tasks"][0]["checks"] = [{"id": "c", "kind": "own", "container": "web"}]  # type: ignore[index]
    jsonschema.validate(data, made)


def test_show_shows_every_field_of_a_packages_kind(install: Install, tmp_path: Path) -> None:
    own(install, KIND)
    file = tmp_path / "a.yaml"
    file.write_text(ASSIGNMENT)
    done = CliRunner().invoke(cli, ["show", str(file)], standalone_mode=False)
    shown = [line.strip() for line in done.output.splitlines()]
    assert {"kind own of dockgrader-own 1.2", 'container: "web"', "asks: cat own"} <= set(shown)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("1 / 0\n", "cannot be used: the kind own of dockgrader-own 1.2 cannot be imported"),
        (KIND.replace("return [Own()]", "return 1 / 0"), "what it runs cannot be told: ZeroDivisionError"),
    ],
)
def test_show_says_what_cannot_be_told(install: Install, tmp_path: Path, code: str, said: str) -> None:
    own(install, code)
    file = tmp_path / "a.yaml"
    file.write_text(ASSIGNMENT)
    assert said in CliRunner().invoke(cli, ["show", str(file)], standalone_mode=False).output


def test_show_shows_what_the_built_in_kinds_run() -> None:
    shown = CliRunner().invoke(cli, ["show", "homework-1"], standalone_mode=False).output
    assert "runs in redis_2: redis-cli get mykey (again while its output matches " in shown
    assert "asks each published port of the service web: GET /" in shown


def test_the_working_folder_may_be_a_students(tmp_path: Path) -> None:
    package(tmp_path, "theirs", {"theirs.py": "1 / 0"}, kinds={"own": "theirs:X"})
    (tmp_path / "a.yaml").write_text(ASSIGNMENT)
    done = run("validate", "a.yaml", cwd=tmp_path)
    assert "unknown kind 'own'" in done.stdout and "allowed: cgroup," in done.stdout
    assert "theirs" not in done.stdout


def test_without_packages_the_models_are_the_built_in_ones(tmp_path: Path) -> None:
    assert type(load(Path("checks/homework-1.yaml")).assignment).__module__ == "dockgrader.assignment.model"
