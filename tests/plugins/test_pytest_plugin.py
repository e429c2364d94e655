"""`pytest --dockgrader`: each check is a test; failed, skipped and a true error are told apart."""

from __future__ import annotations

from pathlib import Path
from subprocess import CompletedProcess

import pytest

from dockgrader.grading.evidence import Evidence, write_evidence
from dockgrader.report.model import HostReport
from tests.own_tasks import a_course
from tests.plugins.conftest import ROOT, registered, run

pytestmark = pytest.mark.live  # no engine, but processes and seconds

RECORDINGS = ROOT / "checks" / "homework-1" / "recordings"
SOLUTION = f"recorded:{RECORDINGS / 'solution-v2.json.gz'}"


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which pytest finds the plugin by the entry point that pyproject.toml declares."""
    return registered(tmp_path_factory.mktemp("site"))


def graded(site: Path, folder: Path, *arguments: str) -> CompletedProcess[str]:
    """pytest in a folder without tests, beside which the assignments that ship are found."""
    arguments = ("-p", "no:cacheprovider", "-rA", "--color=no", *arguments)
    return run(*arguments, "--rootdir", str(folder), site=site, cwd=folder, module="pytest")


def test_a_solution_passes(site: Path, tmp_path: Path) -> None:
    done = graded(site, tmp_path, "--dockgrader", "homework-1", "--dockgrader-host", SOLUTION)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PASSED homework-1::limits::" in done.stdout
    assert "dockgrader homework-1: 30 / 30" in done.stdout


def test_a_student_has_the_own_checks(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = a_course(tmp_path, "ivanov")
    words = ("--dockgrader", str(file), "--dockgrader-host", f"recorded:{tmp_path}/ivanov.json")
    done = graded(site, tmp_path, *words, "--dockgrader-student", "ivanov")
    assert done.returncode == 4 and "their key in DOCKGRADER_PARAMETER_KEY_FILE" in done.stderr
    monkeypatch.setenv("DOCKGRADER_PARAMETER_KEY_FILE", str(tmp_path / "key"))
    assert graded(site, tmp_path, *words).returncode == 4
    done = graded(site, tmp_path, *words, "--dockgrader-student", "ivanov")
    assert done.returncode == 0 and f"dockgrader {file}: 3 / 3" in done.stdout, done.stdout
    assert graded(site, tmp_path, *words, "--dockgrader-student", "petrov").returncode == 1


def test_failed_and_skipped_are_told_apart(site: Path, tmp_path: Path) -> None:
    evidence = tmp_path / "nothing.json"
    host = f"recorded:{no_containers(evidence)}"
    done = graded(
        site,
        tmp_path,
        "--dockgrader",
        "homework-1/limits",
        "--dockgrader-host",
        host,
        "--dockgrader-lang",
        "en",
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 failed" in done.stdout and " skipped" in done.stdout and "error" not in done.stdout.lower()
    assert "$ docker ps -a" in done.stdout  # the command that shows the same
    assert "Traceback" not in done.stdout and "pytest_plugin.py" not in done.stdout.partition("short test")[0]


def no_containers(file: Path) -> Path:
    from dockgrader.assignment.loading import load, shipped
    from tests.made_up_host import MadeUpHost
    from tests.solution import graded as graded_live

    _, evidence = graded_live(MadeUpHost(), load(shipped() / "homework-1.yaml"))
    write_evidence(evidence, file)
    return file


def unreachable(file: Path) -> str:
    reason = ("engine.down", "Nobody listens there")
    write_evidence(Evidence(HostReport("unix:///a.sock"), "2026-03-01T10:05:00+00:00", reason, ()), file)
    return f"recorded:{file}"


def test_a_hosts_failure_is_an_error_not_a_failure(site: Path, tmp_path: Path) -> None:
    host = unreachable(tmp_path / "down.json")
    done = graded(site, tmp_path, "--dockgrader", "homework-1/limits", "--dockgrader-host", host)
    assert done.returncode == 1
    last = done.stdout.splitlines()[-1]
    assert " errors in" in last and "failed" not in last and "passed" not in last
    assert "Nobody listens there" in done.stdout
    assert "dockgrader homework-1/limits: ? / " in done.stdout


def test_it_goes_with_xdist_and_other_tests(site: Path, tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text("def test_own(): pass\n")
    arguments = ("--dockgrader", "homework-1", "--dockgrader-host", SOLUTION)
    done = graded(site, tmp_path, "-n", "2", *arguments, "test_own.py")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PASSED test_own.py::test_own" in done.stdout
    assert "PASSED homework-1::compose::" in done.stdout and "30 / 30" in done.stdout


def test_collecting_reaches_no_host_and_k_chooses(site: Path, tmp_path: Path) -> None:
    (tmp_path / "there.json").write_text("no evidence")
    host = f"recorded:{tmp_path / 'there.json'}"
    arguments = ("--dockgrader", "homework-1", "--dockgrader-host", host)
    done = graded(site, tmp_path, *arguments, "--collect-only", "-q", "-k", "volume")
    assert done.returncode == 0, done.stdout + done.stderr
    found = [line for line in done.stdout.splitlines() if "::" in line]
    assert found and all(line.startswith("homework-1::volume::") for line in found)
    # Evidence that cannot be read is found out when the first check is run, and an error of each.
    done = graded(site, tmp_path, *arguments, "-k", "volume")
    assert "it is no evidence file" in done.stdout and f"{len(found)} errors" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--dockgrader", "homework-2"), "did you mean 'homework-1'?"),
        (("--dockgrader", "homework-1", "--dockgrader-lang", "de"), "expected one of en, ru, found 'de'"),
        (("--dockgrader", "homework-1", "--dockgrader-timeout", "0"), "expected 1 to 3600 seconds"),
        (("--dockgrader", "homework-1", "--dockgrader-host", "gopher://x"), "gopher"),
    ],
)
def test_wrong_usage_ends_the_run_before_it_begins(
    site: Path, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = graded(site, tmp_path, *arguments)
    assert (done.returncode, said in done.stderr) == (4, True), done.stderr


def test_nothing_is_imported_unless_asked(site: Path, tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text(
        "import sys\n"
        "def test_own(): assert [n for n in sys.modules if n.partition('.')[0] in ('dockgrader', 'pydantic')]"
        " == ['dockgrader', 'dockgrader.pytest_plugin']\n"
    )
    done = run(
        "-p",
        "no:hypothesispytest",
        "-p",
        "no:cacheprovider",
        "test_own.py",
        site=site,
        cwd=tmp_path,
        module="pytest",
    )
    assert done.returncode == 0, done.stdout


def test_the_fixture_judges_on_given_facts(site: Path, tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text(
        "from dockgrader.facts.commands import Exec\n"
        "from dockgrader.kinds.exec import ExecCheck\n"
        "CHECK = ExecCheck(id='c', kind='exec', container='web', command=['id', '-u'], stdout='0',\n"
        "    mistakes=[{'actual': '7', 'code': 'seven', 'message': 'It is seven'}])\n"
        "def answer(out): return {Exec('web', ('id', '-u')): {'exit': 0, 'stdout': out}}\n"
        "def test_ok(dockgrader_judge): assert dockgrader_judge(CHECK, answer('0\\n')).code == 'ok'\n"
        "def test_7(dockgrader_judge): assert dockgrader_judge(CHECK, answer('7')).message == 'It is seven'\n"
        "def test_none(dockgrader_judge): assert dockgrader_judge(CHECK, {}).code == 'evidence.missing'\n"
    )
    done = run("-p", "no:cacheprovider", "test_own.py", site=site, cwd=tmp_path, module="pytest")
    assert "3 passed" in done.stdout, done.stdout
