"""Whatever a package's code does, it is named, and an error of its check only."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dockgrader.assignment.loading import Loaded, load
from dockgrader.grading import plugged
from dockgrader.grading.evidence import read_evidence, write_evidence
from dockgrader.grading.run import grade_evidence
from dockgrader.report.model import CheckReport, Status, to_json
from tests.givens import a_container
from tests.made_up_host import MadeUpHost
from tests.plugins.conftest import Install
from tests.solution import checks_of, graded

ASSIGNMENT = """\
id: own
title: Own kinds
tasks:
  - id: t
    title: T
    checks:
      - {id: running, kind: container, container: web, state: running}
      - {id: own, kind: own, container: web, points: 2}
      - {id: after, kind: container, container: web, state: running, needs: [own]}
"""
KIND = """\
from __future__ import annotations
import sys
import threading
from dataclasses import dataclass
from typing import Any, ClassVar, Literal
from pydantic import field_validator
from dockgrader.errors import Unobserved
from dockgrader.facts.base import Fact
from dockgrader.facts.commands import Exec
from dockgrader.kinds.base import Check, Failed, passed
from dockgrader.report.model import Status, Verdict

@dataclass(frozen=True)
class Own(Fact[Any]):
    container: str = "web"
    name: ClassVar[str] = "own"
    def read(self, setting): return {"answer": 42}
    def parse(self, raw): return raw["answer"]
    def shown_by(self): return "cat own"

class OwnCheck(Check):
    kind: Literal["own"]
    container: str
    def asks(self): return [Own()]
    def judge(self, see): return passed(42, see(Own()))
"""


def loaded_from(folder: Path) -> Loaded:
    file = folder / "own.yaml"
    file.write_text(ASSIGNMENT, encoding="utf-8")
    return load(file)


def graded_checks(tmp_path: Path) -> dict[str, CheckReport]:
    """The checks as graded on a live host, and again from the evidence of it, which must say the same."""
    loaded = loaded_from(tmp_path)
    report, evidence = graded(MadeUpHost(a_container("web")), loaded)
    json.dumps(to_json(report), allow_nan=False)
    write_evidence(evidence, tmp_path / "evidence.json")
    kept = read_evidence(tmp_path / "evidence.json")
    again = grade_evidence(loaded, loaded.assignment.tasks, kept, "en")
    verdicts = [{name: check.status for name, check in checks_of(each).items()} for each in (report, again)]
    assert verdicts[0] == verdicts[1]
    return checks_of(report)


def own(install: Install, code: str, facts: str = "own") -> None:
    install(
        "dockgrader-own",
        {"own_kind.py": code},
        kinds={"own": "own_kind:OwnCheck"},
        facts={facts: "own_kind:Own"},
    )


def test_a_sound_one_is_graded(install: Install, tmp_path: Path) -> None:
    own(install, KIND)
    checks = graded_checks(tmp_path)
    assert {check.status for check in checks.values()} == {Status.PASSED}


JUDGE = "    def judge(self, see): return passed(42, see(Own()))\n"
ASKS = "    def asks(self): return [Own()]\n"
READ = '    def read(self, setting): return {"answer": 42}\n'


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "import sys\n",
            "import sys; 1 / 0\n",
            "own of dockgrader-own 1.2 cannot be imported: ZeroDivisionError",
        ),
        ("import sys\n", "import sys; sys.exit(0)\n", "SystemExit: 0"),
        ("import sys\n", "import there_is_no_such\n", "No module named 'there_is_no_such'"),
        ("class OwnCheck(Check)", "class Other(Check)", "AttributeError"),
        ("class OwnCheck(Check)", "class OwnCheck", "is no subclass of dockgrader.kinds.base.Check"),
        ('Literal["own"]', 'Literal["others"]', 'must have the field kind: Literal["own"]'),
        (JUDGE, "", "has no judge"),
        ("container: str\n    def", "container: NoSuchType\n    def", "is no model that pydantic can use"),
        (
            JUDGE,
            "    def judge(self, see): raise KeyError('x')\n",
            "own of dockgrader-own 1.2: KeyError: 'x'",
        ),
        (JUDGE, "    def judge(self, see): sys.exit(0)\n", "SystemExit: 0"),
        (JUDGE, "    def judge(self, see): raise TimeoutError\n", "TimeoutError"),
        (JUDGE, "    def judge(self, see): return None\n", "its judge returned NoneType"),
        (JUDGE, "    def judge(self, see): return passed({1, 2})\n", "its verdict is no JSON"),
        (JUDGE, "    def judge(self, see): raise Failed('own.x', 1, b'x')\n", "its verdict is no JSON"),
        (JUDGE, "    def judge(self, see): return passed(float('nan'))\n", "its verdict is no JSON"),
        (JUDGE, "    def judge(self, see): return Verdict(Status.PASSED, 7)\n", "is no text"),
        (JUDGE, "    def judge(self, see): threading.Event().wait()\n", "its judge does not end"),
        (JUDGE, "    def judge(self, see): return see('web')\n", "see() takes a fact, not str"),
        (JUDGE, "    def judge(self, see): return see(Exec('web', ['ls']))\n", "unhashable"),
        (JUDGE, "    def judge(self, see): raise Unobserved('own.hidden', 'Fog')\n", "Fog"),
        (READ, "    def read(self, setting): return 1 / 0\n", "own: ZeroDivisionError while reading it"),
        (READ, "    def read(self, setting): return {'answer': b'x'}\n", "own: TypeError while reading it"),
        (READ, "    def read(self, setting): return []\n", "TypeError"),
        ('return "cat own"', "return None", "shown_by() must return text"),
        ('container: str = "web"', "container: object = object()", "not JSON serializable"),
        ('ClassVar[str] = "own"', 'ClassVar[str] = "exec"', "is taken by a built-in fact"),
        ('ClassVar[str] = "own"', 'ClassVar[str] = "other"', "no installed package registers it"),
        (
            "    container: str\n    def",
            "    container: str\n"
            "    @field_validator('container')\n"
            "    @classmethod\n"
            "    def _strange(cls, value): return {}['x']\n"
            "    def",
            "own of dockgrader-own 1.2 broke on this check: KeyError: 'x'",
        ),
    ],
)
def test_what_breaks_is_named_and_the_rest_is_graded(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, said: str
) -> None:
    if "does not end" in said:  # the others keep their time, so that a busy machine changes nothing
        monkeypatch.setattr(plugged, "JUDGE_SECONDS", 0.5)
    assert KIND.count(old) == 1
    own(install, KIND.replace(old, new))
    checks = graded_checks(tmp_path)
    assert checks["t/running"].status is Status.PASSED
    broken = checks["t/own"]
    assert (broken.status, broken.score) == (Status.ERROR, None)
    assert said in broken.message
    assert (checks["t/after"].status, checks["t/after"].code) == (Status.ERROR, "prerequisite.error")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (ASKS, "    def asks(self): raise KeyError('x')\n"),
        (ASKS, "    def asks(self): return 7\n"),
        (ASKS, "    def asks(self): return ['web', Exec('web', ['ls'])]\n"),
        (ASKS, "    def asks(self):\n        while True: yield Own()\n"),
        (JUDGE, JUDGE + "    texts = 7\n"),
        (JUDGE, JUDGE + "    def shown_by(self, see): return 7\n"),
    ],
)
def test_what_only_helps_may_break(install: Install, tmp_path: Path, old: str, new: str) -> None:
    own(install, KIND.replace(old, new))
    assert graded_checks(tmp_path)["t/own"].status is Status.PASSED


@pytest.mark.parametrize(
    "texts", ["7", "{'own.wrong': 7}", "{'own.wrong': {'en': 'one text'}}", "{'own.wrong': {}}"]
)
def test_texts_of_another_shape_leave_the_code(install: Install, tmp_path: Path, texts: str) -> None:
    judge = f"    texts: ClassVar[Any] = {texts}\n    def judge(self, see): raise Failed('own.wrong', 1, 2)\n"
    judge += "    def shown_by(self, see): raise KeyError\n"
    own(install, KIND.replace(JUDGE, judge))
    check = graded_checks(tmp_path)["t/own"]
    assert (check.status, check.message, check.shown_by) == (Status.FAILED, "own.wrong", ())


def test_its_own_texts_are_what_the_student_reads(install: Install, tmp_path: Path) -> None:
    texts = "    texts: ClassVar[Any] = {'own.wrong': {'en': ('It is {found}', 'Look again')}}\n"
    judge = "    def judge(self, see): raise Failed('own.wrong', 1, 2, found=2)\n"
    own(install, KIND.replace(JUDGE, texts + judge))
    check = graded_checks(tmp_path)["t/own"]
    assert (check.message, check.hint) == ("It is 2", "Look again")


def test_two_packages_with_the_same_kind_are_both_named(install: Install, tmp_path: Path) -> None:
    own(install, KIND)
    install("another-one", {"another.py": KIND}, kinds={"own": "another:OwnCheck"})
    message = graded_checks(tmp_path)["t/own"].message
    assert "dockgrader-own 1.2" in message and "another-one 1.2" in message


def test_a_built_in_kind_cannot_be_taken(install: Install, tmp_path: Path) -> None:
    install(
        "dockgrader-own", {"own_kind.py": "1 / 0"}, kinds={"container": "own_kind:X", "own": "own_kind:X"}
    )
    assert graded_checks(tmp_path)["t/running"].status is Status.PASSED


def test_a_package_that_was_removed_by_half_is_left_out(install: Install, tmp_path: Path) -> None:
    own(install, KIND)
    install("broken-metadata", {}, kinds={"own": "nowhere:X"})
    (tmp_path / "site" / "broken_metadata-1.2.dist-info" / "METADATA").write_bytes(b"\xff\xfe\x00")
    assert graded_checks(tmp_path)["t/own"].status is Status.PASSED
