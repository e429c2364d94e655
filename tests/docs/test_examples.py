"""Every example of a command is one that exists, and what the tutorials show is what is printed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
import yaml
from tests.docs.examples import ROOT, Block, blocks, commands

from dockgrader.assignment.loading import outline
from dockgrader.assignment.source import parse_source
from dockgrader.batch.roster import load
from dockgrader.cli import cli, main
from dockgrader.selftest.model import Cases

COMMANDS = [
    pytest.param(words, id=f"{block.page.stem}: {' '.join(words)}")
    for block in blocks("console", "sh", "bash")
    for words in commands(block)
]
SHOWN = [block for block in blocks("console") if block.on]
FIXTURES = ROOT / "fixtures" / "homework-1"


def test_there_are_examples() -> None:
    assert len(COMMANDS) > 40 and len(SHOWN) >= 3


@pytest.mark.parametrize("words", COMMANDS)
def test_a_command_has_these_options(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    root = click.Context(cli, info_name="dockgrader")
    command = cli.get_command(root, words[0])
    assert command is not None
    for parameter in command.params:  # that a file is there is asked where the example runs
        if isinstance(parameter.type, click.Path):
            monkeypatch.setattr(parameter.type, "exists", False)
    assert command.make_context(f"dockgrader {words[0]}", words[1:], parent=root)


@pytest.mark.parametrize("block", SHOWN, ids=str)
def test_a_recorded_host_prints_what_is_shown(
    block: Block, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("LC_ALL", "C")
    (words,) = commands(block)
    with pytest.raises(SystemExit):
        main([*words, "--host", f"recorded:{FIXTURES / block.on}.json.gz"])
    _in_order(block.text.splitlines()[1:], capsys.readouterr().out)


def test_list_and_show_print_what_the_students_page_shows(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("LC_ALL", "C")
    (block,) = [
        block
        for block in blocks("console")
        if "$ dockgrader list\n" in block.text and not block.on and block.page.stem == "student"
    ]
    for words in commands(block):
        with pytest.raises(SystemExit):
            main(words)
    shown = [line for line in block.text.splitlines() if not line.startswith("$")]
    _in_order(shown, capsys.readouterr().out)


@pytest.mark.live  # no engine, but a quarter of a minute
def test_the_instructors_evening_goes_as_it_says(tmp_path: Path) -> None:
    said = ""
    for block in blocks("sh", "text"):
        if block.page.stem != "instructor":
            continue
        if block.language == "sh":
            said = _ran(block.text, tmp_path)
        else:
            _in_order(block.text.splitlines(), said)
    page = (tmp_path / "class.html").read_text(encoding="utf-8")
    page = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    _, _, shared = page.partition("Machines that share something")
    assert re.search("Look at these .* ivanov , sidorov Ids of containers", shared)
    assert "ivanov , petrova , sidorov Id of the Docker engine" in shared
    assert "petrova" in (tmp_path / "petrova.html").read_text(encoding="utf-8")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="the page verifies a value with openssl")
def test_the_page_of_individual_tasks_does_what_it_says(tmp_path: Path) -> None:
    page = [block for block in blocks("yaml", "sh", "text") if block.page.stem == "individual-tasks"]
    (tmp_path / "checks" / "own-server").mkdir(parents=True)
    for block in page:
        if block.language == "yaml" and "\ntasks:" in block.text:
            (tmp_path / "checks" / "own-server.yaml").write_text(block.text, encoding="utf-8")
    said, environment = "", ""
    for block in page:
        if block.language == "sh" and "ssh://" not in block.text:  # there is no machine
            said = _ran(environment + block.text, tmp_path)
            environment += "".join(
                line + "\n" for line in block.text.splitlines() if line.startswith("export ")
            )
        elif block.language == "text":
            _in_order(block.text.splitlines(), said)


@pytest.mark.parametrize("block", blocks("yaml"), ids=str)
def test_a_yaml_example_is_what_it_seems(block: Block) -> None:
    data = yaml.safe_load(block.text)
    if isinstance(data, dict) and "tasks" in data:
        assert outline(parse_source(block.text, block.page.name), block.page).assignment.tasks
    elif isinstance(data, dict) and "cases" in data:
        assert Cases.model_validate(data).cases
    else:
        assert isinstance(
            data, list | dict
        )  # an action's step, a Kubernetes object: tested where they are used


@pytest.mark.parametrize("block", blocks("csv"), ids=str)
def test_a_csv_example_is_a_roster(block: Block, tmp_path: Path) -> None:
    (tmp_path / "students.csv").write_text(block.text, encoding="utf-8")
    assert len(load(tmp_path / "students.csv")) == len(block.text.splitlines()) - 1


def _ran(script: str, folder: Path) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env={**os.environ, "PATH": path, "LC_ALL": "C.UTF-8", "DOCKGRADER_PATH": "", "CHECKOUT": str(ROOT)},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}"
    return done.stdout


def _in_order(wanted: list[str], said: str) -> None:
    lines = iter(said.splitlines())
    for line in wanted:
        assert line in lines, f"{line!r} is not printed, or not after what stands before it:\n{said}"
