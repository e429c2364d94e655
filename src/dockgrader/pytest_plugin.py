"""The pytest plugin: `pytest --dockgrader homework-1` has a test for each check of an assignment.

Nothing of dockgrader is imported before the option is given or the fixture is used: pytest loads this module in
every environment in which dockgrader is installed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from dockgrader.assignment.loading import Loaded
    from dockgrader.assignment.model import Task
    from dockgrader.assignment.source import Source
    from dockgrader.grading.run import Bounds
    from dockgrader.hosts.endpoint import Endpoint

SENT = "dockgrader_reports"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options."""
    group = parser.getgroup("dockgrader", "grading Docker homework")
    group.addoption(
        "--dockgrader",
        action="append",
        default=[],
        metavar="ASSIGNMENT[/TASK]",
        help="Collect each check of an assignment as a test. Any number of times.",
    )
    group.addoption(
        "--dockgrader-host", metavar="URL", help="The host, as `dockgrader check --host` takes it."
    )
    group.addoption(
        "--dockgrader-student",
        metavar="ID",
        help="Whose, of assignments with parameters; their key is in the environment.",
    )
    group.addoption("--dockgrader-lang", metavar="LANG", help="en or ru; else the locale's.")
    group.addoption(
        "--dockgrader-timeout", type=float, default=60.0, metavar="SECONDS", help="Of one grading."
    )


def pytest_configure(config: pytest.Config) -> None:
    """Load the assignments, so that a wrong name ends the run before it begins (exit status 4)."""
    names = config.getoption("--dockgrader")
    if names:
        config.stash[_GRADINGS] = [_grading(config, name) for name in dict.fromkeys(names)]


class Grading:
    """An assignment on a host, graded when the first of its checks is run."""

    def __init__(
        self, name: str, loaded: Loaded, tasks: list[Task], endpoint: Endpoint, lang: str, bounds: Bounds
    ) -> None:
        self.name, self.loaded, self.tasks = name, loaded, tasks
        self.result: dict[str, Any] | None = None
        self._how = (endpoint, lang, bounds)
        self.lang = lang

    def graded(self) -> dict[str, Any]:
        """What was found, as plain data: `checks` by `task/check`, `score`, `max_score`, or an `error`."""
        if self.result is None:
            self.result = self._graded()
        return self.result

    def _graded(self) -> dict[str, Any]:
        from dataclasses import asdict

        from dockgrader.errors import DockgraderError
        from dockgrader.grading.run import grade_endpoint

        try:
            report = grade_endpoint(self.loaded, self.tasks, *self._how).report
        except DockgraderError as error:
            return {"error": str(error)}
        checks = {
            f"{task.id}/{check.id}": {
                name: value
                for name, value in {**asdict(check), "shown_by": list(check.shown_by)}.items()
                if name in ("status", "code", "score", "max_score", "message", "hint", "shown_by")
            }
            for task in report.tasks
            for check in task.checks
        }
        found = {"checks": checks, "score": report.score, "max_score": report.max_score}
        plain: dict[str, Any] = json.loads(json.dumps(found))
        return plain


_GRADINGS = pytest.StashKey[list[Grading]]()


def _grading(config: pytest.Config, name: str) -> Grading:
    from dockgrader.assignment import loading
    from dockgrader.errors import DockgraderError
    from dockgrader.grading.reach import Bounds
    from dockgrader.hosts.endpoint import resolve
    from dockgrader.texts import LANGUAGES, language

    lang, seconds = config.getoption("--dockgrader-lang"), config.getoption("--dockgrader-timeout")
    if lang not in (None, *LANGUAGES):
        raise pytest.UsageError(f"--dockgrader-lang: expected one of {', '.join(LANGUAGES)}, found {lang!r}")
    if not 1 <= seconds <= 3600:
        raise pytest.UsageError("--dockgrader-timeout: expected 1 to 3600 seconds")
    try:
        endpoint = resolve(config.getoption("--dockgrader-host"))
        wanted = loading.find(name)
        source = loading.read(wanted.file)
        if loading.has_parameters(source):
            source = _individual(source, config.getoption("--dockgrader-student"))
        loaded = loading.validated(source, wanted.file)
        tasks = loading.tasks_of(loaded, wanted.task)
    except DockgraderError as error:
        raise pytest.UsageError(f"--dockgrader {name}: {error}") from None
    return Grading(name, loaded, tasks, endpoint, language(lang), Bounds(seconds))


def _individual(source: Source, student: str | None) -> Source:
    from dockgrader.assignment.drawing import FILE_VARIABLE, KEY_VARIABLE, drawn, read_key
    from dockgrader.assignment.references import given

    key = read_key(None, dict(os.environ))
    if not student or key is None:
        raise pytest.UsageError(
            f"{source.file} has parameters: it needs --dockgrader-student, and their key in {FILE_VARIABLE} or "
            f"{KEY_VARIABLE}"
        )
    return given(source, drawn(source, student, key))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Under pytest-xdist: grade once, and send what was found to each worker."""
    # As JSON in ASCII: what a student's container said may hold characters that xdist's own format cannot.
    found = [grading.graded() for grading in node.config.stash.get(_GRADINGS, [])]
    node.workerinput[SENT] = json.dumps(found)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Add the checks, before -k and the like choose."""
    gradings = config.stash.get(_GRADINGS, [])
    told = getattr(config, "workerinput", {}).get(SENT)
    sent = None if told is None else json.loads(told)
    for number, grading in enumerate(gradings):
        if sent is not None:
            grading.result = sent[number]
        items.extend(_items(session, grading))


def _items(session: pytest.Session, grading: Grading) -> Iterator[CheckItem]:
    whole = Part.from_parent(
        session,
        name=grading.loaded.assignment.id,
        path=grading.loaded.file,
        nodeid=grading.loaded.assignment.id,
    )
    for task in grading.tasks:
        part = Part.from_parent(whole, name=task.id)
        for check in task.checks:
            yield CheckItem.from_parent(part, name=check.id, grading=grading, key=f"{task.id}/{check.id}")


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """The score of each assignment that was graded."""
    for grading in config.stash.get(_GRADINGS, []):
        result = grading.result
        if result is not None and "checks" in result:
            score = "?" if result["score"] is None else f"{result['score']:g}"
            terminalreporter.write_line(f"dockgrader {grading.name}: {score} / {result['max_score']:g}")


class Part(pytest.Collector):
    """An assignment or a task, which is in the names of its checks."""

    def collect(self) -> list[pytest.Item]:
        """Nothing: its checks are added by themselves."""
        return []


class CheckItem(pytest.Item):
    """One check."""

    def __init__(self, *, grading: Grading, key: str, **more: Any) -> None:
        super().__init__(**more)
        self._grading, self._key = grading, key

    def setup(self) -> None:
        """An error here is pytest's "error", which is no failure of the student's."""
        found = self._grading.graded()
        if "error" in found:
            pytest.fail(_clean(found["error"]), pytrace=False)
        check = found["checks"][self._key]
        self.user_properties += [(name, check[name]) for name in ("code", "score", "max_score")]
        if check["status"] == "error":
            pytest.fail(_clean(check["message"]), pytrace=False)
        if check["status"] == "skipped":
            pytest.skip(_clean(check["message"]))

    def runtest(self) -> None:
        """Fails as the check did, with the hint and the commands that show the same."""
        check = self._grading.graded()["checks"][self._key]
        if check["status"] == "failed":
            lines = [check["message"], check["hint"], *(f"$ {command}" for command in check["shown_by"])]
            pytest.fail("\n".join(_clean(line) for line in lines if line), pytrace=False)

    def reportinfo(self) -> tuple[Path, None, str]:
        """The assignment's file and the check."""
        return self.path, None, f"{self._grading.name}: {self._key}"


def _clean(text: str) -> str:
    from dockgrader.report.plain import clean

    return clean(text, 2000)


@pytest.fixture
def dockgrader_judge() -> Callable[..., Any]:
    """`judge(check, {fact: raw answer})`, for tests of kinds: see `dockgrader.testing`."""
    from dockgrader.testing import judge

    return judge
