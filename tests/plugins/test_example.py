"""The worked example of the docs, as pip installs it from its own folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dockgrader.grading.evidence import Evidence, write_evidence
from dockgrader.grading.seeing import Reading
from dockgrader.report.model import HostReport
from tests.givens import a_container, an_engine, listing
from tests.plugins.conftest import EXAMPLE, ROOT, run

pytestmark = pytest.mark.live  # no engine, but processes and seconds

ASSIGNMENT = EXAMPLE / "assignment.yaml"


def recording(file: Path, hostname: Any) -> str:
    web = a_container("web")
    answers = {"info": an_engine(), "containers": listing([web]), "container": web, "hostname": hostname}
    fields = {"container": {"ref": "web"}, "hostname": {"container": "web"}}
    readings = tuple(
        Reading({"fact": name, **fields.get(name, {})}, name, "", 0.0, answer)
        for name, answer in answers.items()
    )
    write_evidence(Evidence(HostReport("unix:///a.sock"), "2026-03-01T10:05:00+00:00", None, readings), file)
    return f"recorded:{file}"


@pytest.mark.parametrize(
    ("hostname", "status", "code", "message"),
    [
        ({"hostname": "web-1\n"}, 0, "ok", ""),
        ({"hostname": "0c0ffee\n"}, 1, "hostname.other", "Inside, web is called 0c0ffee, not web-1"),
        (None, 1, "hostname.none", "The container web does not run"),
    ],
)
def test_it_grades(
    example: Path, tmp_path: Path, hostname: Any, status: int, code: str, message: str
) -> None:
    host = recording(tmp_path / "evidence.json", hostname)
    done = run("check", str(ASSIGNMENT), "--host", host, "--format", "json", site=example)
    assert done.returncode == status, done.stderr
    running, name = json.loads(done.stdout)["tasks"][0]["checks"]
    assert running["status"] == "passed"
    assert (name["code"], message in name["message"]) == (code, True)


def test_it_need_not_know_of_parameters(example: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    text = ASSIGNMENT.read_text(encoding="utf-8").replace("hostname: web-1", "hostname: ${name}")
    own.write_text(f"parameters: {{name: {{one_of: [web-1, web-2]}}}}\n{text}", encoding="utf-8")
    assert "${name}" in own.read_text(encoding="utf-8")
    host = recording(tmp_path / "evidence.json", {"hostname": "web-2\n"})
    for name, status in (("web-1", 1), ("web-2", 0)):
        words = ("--parameter", f"name={name}", "--host", host)
        assert run("check", str(own), *words, site=example).returncode == status


def test_show_names_the_command(example: Path) -> None:
    shown = run("show", str(ASSIGNMENT), site=example).stdout
    assert "kind hostname of dockgrader-hostname 0.1.0" in shown
    assert "runs in web: cat /proc/sys/kernel/hostname" in shown


def test_without_the_package_the_kind_is_unknown() -> None:
    done = run("check", str(ASSIGNMENT))
    assert (done.returncode, "unknown kind 'hostname'" in done.stderr) == (2, True)


def test_its_own_tests_pass(example: Path) -> None:
    arguments = [
        "-q",
        "-p",
        "no:cacheprovider",
        "-c",
        str(EXAMPLE / "pyproject.toml"),
        str(EXAMPLE / "tests"),
    ]
    done = run(*arguments, site=example, module="pytest")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout


@pytest.mark.parametrize("name", ["fact.py", "kind.py"])
def test_the_page_shows_the_code(name: str) -> None:
    page = (ROOT / "docs" / "how-to" / "own-kinds.md").read_text(encoding="utf-8")
    code = (EXAMPLE / "src" / "dockgrader_hostname" / name).read_text(encoding="utf-8")
    assert f"```python\n{code}```\n" in page
