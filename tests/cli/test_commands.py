"""The commands on recorded evidence: what they print, their exit statuses, and what they import."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dockgrader import __version__
from dockgrader.assignment.loading import PATH_VARIABLE
from dockgrader.cli import main, output
from dockgrader.errors import UsageError
from dockgrader.grading.evidence import write_evidence
from dockgrader.report.model import Status
from tests.givens import a_container
from tests.report.reports import a_check, a_report, a_task
from tests.solution import Solved, graded

Ran = tuple[int, str, str]
Dockgrader = Callable[..., Ran]


@pytest.fixture
def dockgrader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Dockgrader:
    """Run a command in an empty folder: exit status, standard output, standard error."""
    monkeypatch.chdir(tmp_path)
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", PATH_VARIABLE, "LC_ALL", "LC_MESSAGES", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C")

    def run(*words: str) -> Ran:
        with pytest.raises(SystemExit) as ended:
            main(list(words))
        captured = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, captured.out, captured.err

    return run


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Evidence of a solved homework, one that lacks a limit, and one of a host that hides something."""
    folder = tmp_path_factory.mktemp("recordings")
    unlimited = a_container("test_limit", state={"Pid": 100})
    for name, host in (("solved", Solved()), ("unlimited", Solved({"test_limit": unlimited}))):
        write_evidence(graded(host)[1], folder / f"{name}.json")
    whole = json.loads((folder / "solved.json").read_text())
    whole["readings"] = [reading for reading in whole["readings"] if reading["question"]["fact"] != "exec"]
    (folder / "hidden.json").write_text(json.dumps(whole))
    return folder


# What is imported.


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version_import_neither_docker_nor_pydantic(option: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "dockgrader", option],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in ran.stderr.splitlines()}
    assert "click" in imported
    assert not imported & {"docker", "pydantic", "requests", "yaml", "tabulate", "asyncssh", "paramiko"}


def test_grading_a_recording_imports_no_docker(recordings: Path) -> None:
    script = (
        "import sys; from dockgrader.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "finally: print([name for name in ('docker', 'tabulate', 'asyncssh') if name in sys.modules], file=sys.stderr)"
    )
    words = ["check", "homework-1", "--host", f"recorded:{recordings}/solved.json", "--format", "json"]
    ran = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stderr.strip()) == (0, "[]")


def test_an_assignment_without_parameters_imports_nothing_for_them(recordings: Path) -> None:
    words = ["check", "homework-1", "--host", f"recorded:{recordings}/solved.json", "--format", "json"]
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "dockgrader", *words],
        capture_output=True,
        text=True,
        timeout=60,
    )
    imported = {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines()}
    assert ran.returncode == 0 and "dockgrader.assignment.loading" in imported
    names = ("assignment.parameters", "assignment.references", "assignment.drawing", "cli.individual")
    assert not imported & {f"dockgrader.{name}" for name in names}


# Help, version, list, show.


def test_version(dockgrader: Dockgrader) -> None:
    assert dockgrader("--version") == (0, f"dockgrader {__version__}\n", "")


def test_help_names_each_command_with_its_summary(dockgrader: Dockgrader) -> None:
    status, out, _ = dockgrader("--help")
    assert status == 0
    for name in ("list", "show", "check", "regrade", "doctor"):
        assert f"\n  {name} " in out
        assert dockgrader(name, "--help")[0] == 0


def test_list_shows_what_ships_and_what_lies_here(dockgrader: Dockgrader) -> None:
    Path("checks").mkdir()
    Path("checks/mine.yaml").write_text(
        "{id: mine, title: {en: My own, ru: Моё}, tasks: [{id: t, title: T, checks: "
        "[{id: c, kind: container, container: x, state: running}]}]}"
    )
    Path("checks/broken.yaml").write_text("id: [")
    status, out, err = dockgrader("list")
    assert status == 0
    titles = dict(line.split(maxsplit=1) for line in out.splitlines())
    assert titles["mine"] == "My own"
    assert titles["homework-1"].startswith("Homework 1:")
    assert "broken" in err
    assert "broken" not in out
    assert "Моё" in dockgrader("list", "--lang", "ru")[1]


def test_show_tells_tasks_points_and_commands(dockgrader: Dockgrader) -> None:
    status, out, _ = dockgrader("show", "homework-1")
    assert status == 0
    assert "limits: test_limit: 200 MiB" in out
    assert "(needs running)" in out
    assert "runs in redis_2: redis-cli get mykey" in out
    _, one, _ = dockgrader("show", "homework-1/limits", "--lang", "ru")
    assert "200 МиБ" in one
    assert "volume" not in one


# Grading.


@pytest.mark.parametrize(
    ("assignment", "evidence", "options", "status"),
    [
        ("homework-1", "solved", [], 0),
        ("homework-1", "unlimited", [], 1),
        ("homework-1/volume", "unlimited", [], 0),
        ("homework-1", "hidden", [], 3),
        ("homework-1/limits", "hidden", [], 0),
        ("homework-1", "hidden", ["--pass-mark", "0"], 3),
        ("homework-1", "unlimited", ["--pass-mark", "73.3"], 0),
        ("homework-1", "unlimited", ["--pass-mark", "73.4"], 1),
        ("homework-1", "unlimited", ["--pass-mark", "0"], 0),
        ("homework-1", "solved", ["--pass-mark", "100"], 0),
        ("homework-1", "nope", [], 2),
        ("homework1", "solved", [], 2),
        ("homework-1/nope", "solved", [], 2),
        ("homework-1", "solved", ["--pass-mark", "101"], 2),
        ("homework-1", "solved", ["--lang", "de"], 2),
        ("homework-1", "solved", ["--format", "pdf"], 2),
    ],
)
def test_exit_statuses_of_check_and_regrade(
    dockgrader: Dockgrader, recordings: Path, assignment: str, evidence: str, options: list[str], status: int
) -> None:
    file = f"{recordings}/{evidence}.json"
    checked = dockgrader("check", assignment, "--host", f"recorded:{file}", *options)
    regraded = dockgrader("regrade", assignment, file, *options)
    assert (checked[0], regraded[0]) == (status, status)
    assert bool(checked[1]) is (status != 2)
    assert bool(checked[2]) is (status == 2)


def graded_json(dockgrader: Dockgrader, *words: str) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(dockgrader(*words, "--format", "json")[1])
    return {**report, "duration_s": 0}


def test_check_and_regrade_say_the_same(dockgrader: Dockgrader, recordings: Path) -> None:
    for name in ("solved", "unlimited", "hidden"):
        file = f"{recordings}/{name}.json"
        checked = graded_json(dockgrader, "check", "homework-1", "--host", f"recorded:{file}")
        assert graded_json(dockgrader, "regrade", "homework-1", file) == checked
        assert checked["schema"] == "dockgrader.report/1"


def test_one_task_is_graded_alone(dockgrader: Dockgrader, recordings: Path) -> None:
    report = graded_json(dockgrader, "regrade", "homework-1/compose", f"{recordings}/unlimited.json")
    assert [task["id"] for task in report["tasks"]] == ["compose"]
    assert (report["score"], report["max_score"]) == (10, 10)


def test_evidence_can_be_saved_and_graded_again(dockgrader: Dockgrader, recordings: Path) -> None:
    host = f"recorded:{recordings}/unlimited.json"
    first = graded_json(dockgrader, "check", "homework-1", "--host", host, "--evidence", "saved.json.gz")
    assert graded_json(dockgrader, "regrade", "homework-1", "saved.json.gz") == first
    assert Path("saved.json.gz").stat().st_mode & 0o777 == 0o600


def test_several_evidence_files_make_several_reports(dockgrader: Dockgrader, recordings: Path) -> None:
    files = [f"{recordings}/{name}.json" for name in ("solved", "unlimited", "hidden")]
    status, out, _ = dockgrader("regrade", "homework-1", *files)
    assert status == 3
    assert out.count("Homework 1:") == 3
    assert dockgrader("regrade", "homework-1", *files, "--format", "json:report.json")[0] == 2
    assert not Path("report.json").exists()


def test_a_student_reads_the_table_in_their_language(dockgrader: Dockgrader, recordings: Path) -> None:
    _, english, _ = dockgrader("regrade", "homework-1", f"{recordings}/unlimited.json")
    assert "Score: 22 / 30 points" in english
    _, russian, _ = dockgrader("regrade", "homework-1", f"{recordings}/unlimited.json", "--lang", "ru")
    assert "Итог: 22 / 30" in russian


def test_the_locale_chooses_the_language(
    dockgrader: Dockgrader, recordings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANG", "ru_RU.UTF-8")
    assert "Итог" in dockgrader("regrade", "homework-1", f"{recordings}/solved.json")[1]


# Formats and colour.


def test_formats_go_to_files_and_one_to_standard_output(dockgrader: Dockgrader, recordings: Path) -> None:
    words = ["--format", "json:report.json", "--format", "table", "--format", "table:report.txt"]
    status, out, _ = dockgrader("regrade", "homework-1", f"{recordings}/solved.json", *words)
    assert status == 0
    assert Path("report.txt").read_text() == out
    assert json.loads(Path("report.json").read_text())["score"] == 30


@pytest.mark.parametrize(
    ("formats", "expected"),
    [
        ([], [("table", None)]),
        (["json"], [("json", None)]),
        (["json:a.json", "table"], [("json", Path("a.json")), ("table", None)]),
        (["json:a:b.json"], [("json", Path("a:b.json"))]),
    ],
)
def test_what_a_format_means(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    formats: list[str],
    expected: list[tuple[str, Path | None]],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert [(item.format, item.file) for item in output.outputs(formats)] == expected


@pytest.mark.parametrize(
    ("formats", "says"),
    [
        (["pdf"], "unknown format 'pdf'; expected one of table, json"),
        (["json:"], "the file's name is missing"),
        (["json:nowhere/a.json"], "there is no folder nowhere"),
        (["json", "table"], "only one --format can go to standard output"),
        ([""], "unknown format ''"),
    ],
)
def test_a_wrong_format_is_refused_before_anything_is_graded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, formats: list[str], says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as caught:
        output.outputs(formats)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("terminal", "env", "colour"),
    [
        (True, {}, True),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (True, {"TERM": "dumb"}, False),
        (False, {}, False),
    ],
)
def test_colour_only_on_a_terminal_that_wants_it(
    dockgrader: Dockgrader,
    recordings: Path,
    monkeypatch: pytest.MonkeyPatch,
    terminal: bool,
    env: dict[str, str],
    colour: bool,
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, text in env.items():
        monkeypatch.setenv(name, text)
    _, out, _ = dockgrader(
        "regrade",
        "homework-1",
        f"{recordings}/solved.json",
        "--format",
        "table:file.txt",
        "--format",
        "table",
    )
    assert ("\x1b[32m" in out) is colour
    assert "\x1b" not in Path("file.txt").read_text()


def test_exit_status_of_several_reports() -> None:
    full, half = a_report(a_task(a_check())), a_report(a_task(a_check(), a_check(Status.FAILED)))
    hidden = a_report(a_task(a_check(Status.ERROR)))
    assert output.exit_status([full, full], 100) == 0
    assert output.exit_status([full, half], 100) == 1
    assert output.exit_status([full, half], 50) == 0
    assert output.exit_status([half, hidden], 0) == 3


# Completion.


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_script_is_printed(
    dockgrader: Dockgrader, monkeypatch: pytest.MonkeyPatch, shell: str
) -> None:
    monkeypatch.setenv("_DOCKGRADER_COMPLETE", f"{shell}_source")
    status, out, _ = dockgrader()
    assert status == 0
    assert "_DOCKGRADER_COMPLETE" in out


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("dockgrader ", {"list", "show", "check", "regrade", "doctor"}),
        ("dockgrader check home", {"homework-1"}),
        ("dockgrader check homework-1 --host rec", {"recorded:"}),
        ("dockgrader check homework-1 --lang ", {"en", "ru"}),
    ],
)
def test_what_is_completed(
    dockgrader: Dockgrader, monkeypatch: pytest.MonkeyPatch, words: str, found: set[str]
) -> None:
    monkeypatch.setenv("_DOCKGRADER_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split(" ")) - 1))
    out = dockgrader()[1]
    assert found <= {line.partition(",")[2] for line in out.splitlines()}


# Formats.


def test_all_formats_come_from_one_run(dockgrader: Dockgrader, recordings: Path) -> None:
    asked = [word for name in output.FORMATS for word in ("--format", f"{name}:{name}")]
    status, out, err = dockgrader("regrade", "homework-1", str(recordings / "hidden.json"), *asked)
    assert (status, out, err) == (3, "", "")
    assert sorted(path.name for path in Path.cwd().iterdir()) == sorted(output.FORMATS)
    assert json.loads(Path("classroom50").read_text())["score"] is None
    assert "score" not in json.loads(Path("gradescope").read_text())


def test_points_that_a_format_cannot_hold_are_refused(dockgrader: Dockgrader, recordings: Path) -> None:
    Path("odd.yaml").write_text(
        "id: odd\ntitle: Odd\ntasks:\n  - id: t\n    title: T\n    checks:\n"
        "      - {id: c, kind: container, container: x, state: running, points: 0.33333}\n"
    )
    words = ("odd.yaml", str(recordings / "solved.json"), "--format", "classroom50")
    status, out, err = dockgrader("regrade", *words)
    assert (status, out) == (2, "")
    assert "0.33333 cannot be made whole" in err


def test_the_schema_of_the_report_is_printed(dockgrader: Dockgrader) -> None:
    status, out, _ = dockgrader("schema", "report")
    assert status == 0
    assert json.loads(out)["properties"]["schema"] == {"const": "dockgrader.report/1"}


@pytest.mark.parametrize(("name", "imported"), [("html", True), ("markdown", False), ("junit", False)])
def test_jinja_is_imported_for_html_only(recordings: Path, name: str, imported: bool) -> None:
    script = (
        "import sys; from dockgrader.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: print('jinja2' in sys.modules)"
    )
    words = ["regrade", "homework-1", str(recordings / "solved.json"), "--format", f"{name}:/dev/null"]
    ran = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, timeout=60)
    assert ran.stdout == f"{imported}\n"
