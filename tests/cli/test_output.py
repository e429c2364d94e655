"""`--format`: any number of formats in one run, each whole, whatever becomes of the others."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.shell_completion import CompletionItem, ShellComplete
from lxml import etree

from dockgrader.cli import cli, output
from dockgrader.errors import UsageError
from dockgrader.report.model import Report, Status
from tests.report.reports import a_check, a_report, a_task

ALL_FAIL = a_report(a_task(a_check(Status.FAILED, message="No."), a_check(Status.SKIPPED)))
NOTHING_SEEN = a_report(a_task(a_check(Status.ERROR), a_check(Status.ERROR)), error="No daemon.")
FILES = {name: f"{name}.out" for name in output.FORMATS}
READ: dict[str, Callable[[bytes], object]] = {
    **dict.fromkeys(("json", "classroom50", "gradescope"), json.loads),
    "junit": etree.fromstring,
}


@pytest.mark.parametrize("report", [ALL_FAIL, NOTHING_SEEN], ids=["all fail", "nothing seen"])
@pytest.mark.parametrize("lang", ["en", "ru"])
def test_all_formats_in_one_run(report: Report, lang: str, tmp_path: Path) -> None:
    asked = output.outputs([f"{name}:{tmp_path / file}" for name, file in FILES.items()])
    output.write(report, asked)
    for name, file in FILES.items():
        data = (tmp_path / file).read_bytes()
        assert data
        READ.get(name, bytes.decode)(data)


def test_one_may_go_to_standard_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output.write(ALL_FAIL, output.outputs(["tap", f"json:{tmp_path / 'r.json'}"]))
    assert capsys.readouterr().out.startswith("TAP version 13\n1..2\nnot ok 1")
    assert (tmp_path / "r.json").is_file()


def test_an_error_in_one_file_leaves_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    asked = output.outputs([f"tap:{folder / 't'}", f"html:{tmp_path / 'h'}", f"json:{tmp_path / 'j'}"])
    folder.rmdir()
    with pytest.raises(UsageError, match="cannot be written"):
        output.write(ALL_FAIL, asked)
    assert (tmp_path / "h").is_file() and (tmp_path / "j").is_file()


def test_a_renderer_that_breaks_leaves_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(report: Report) -> str:
        raise LookupError("a bug")

    monkeypatch.setattr("dockgrader.report.tap.render", broken)
    asked = output.outputs([f"tap:{tmp_path / 't'}", f"json:{tmp_path / 'j'}"])
    with pytest.raises(UsageError, match="tap: a bug"):
        output.write(ALL_FAIL, asked)
    assert [path.name for path in tmp_path.iterdir()] == ["j"]


@pytest.mark.parametrize(
    ("formats", "message"),
    [
        (["pdf"], "expected one of table, json, tap, junit, markdown, html, github, classroom50, gradescope"),
        (["tap", "junit"], "only one"),
        (["html:"], "name is missing"),
        (["html:a", "json:./a"], "same file"),
    ],
)
def test_what_cannot_be_asked_for(formats: list[str], message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=message):
        output.outputs(formats)


def test_points_that_classroom50_cannot_hold_are_refused_before_grading() -> None:
    output.refuse_points(output.outputs(["junit"]), [1 / 3])
    output.refuse_points(output.outputs(["classroom50"]), [0.5])
    with pytest.raises(UsageError, match=r"classroom50: .*whole"):
        output.refuse_points(output.outputs(["classroom50"]), [1 / 3])


def test_names_of_formats_are_completed() -> None:
    class Shell(ShellComplete):
        name = "test"
        source_template = ""

        def get_completion_args(self) -> tuple[list[str], str]:
            return ["check", "homework-1", "--format"], "j"

        def format_completion(self, item: CompletionItem) -> str:
            return str(item.value)

    assert Shell(cli, {}, "dockgrader", "_X").complete().split() == ["json", "junit"]


def test_the_help_names_every_format() -> None:
    command = cli.get_command(click.Context(cli), "check")
    assert command is not None
    text = " ".join(command.get_help(click.Context(command)).split())
    assert [name for name in output.FORMATS if name not in text] == []
