"""The report in a job's log: the runner takes our annotations for commands and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given

from dockgrader.report.github import MOST_ANNOTATIONS, annotated, render
from dockgrader.report.model import Report, Status
from tests.report.hostile import few, reports
from tests.report.reports import a_check, a_report, a_task

COMMANDS = {
    *("stop-commands", "add-mask", "set-output", "set-env", "save-state", "add-path", "add-matcher"),
    *("error", "warning", "notice", "debug", "group", "endgroup", "echo", "remove-matcher"),
}


@dataclass
class Runner:
    """A log as the runner reads it (actions/runner, ActionCommand.cs and ActionCommandManager.cs).

    A command stands at the start of a line, after white space, as `::name key=value,…::data`, or anywhere in a
    line as `##[name key=value;…]data`.
    """

    stopped_by: str = ""
    ran: list[tuple[str, dict[str, str], str]] = field(default_factory=list)

    def reads(self, log: str) -> Runner:
        # A stream of lines to .NET: each of these ends one.
        for line in log.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
            command = self._new(line) or self._old(line)
            if command is not None:
                self._takes(*command)
        return self

    def _takes(self, name: str, properties: dict[str, str], data: str) -> None:
        if self.stopped_by:
            if name.lower() == self.stopped_by.lower():
                self.stopped_by = ""
        elif name == "stop-commands":
            self.stopped_by = data
        else:
            self.ran.append((name, properties, data))

    def _known(self, name: str) -> bool:
        return name.lower() in COMMANDS | {self.stopped_by.lower()} - {""}

    def _new(self, line: str) -> tuple[str, dict[str, str], str] | None:
        line = line.lstrip()
        end = line.find("::", 2)
        if not line.startswith("::") or end < 0:
            return None
        name, _, rest = line[2:end].partition(" ")
        pairs = [pair.partition("=") for pair in rest.strip().split(",") if pair]
        properties = {key: _back(found, ":,") for key, _, found in pairs if key and found}
        return (name, properties, _back(line[end + 2 :], "")) if self._known(name) else None

    def _old(self, line: str) -> tuple[str, dict[str, str], str] | None:
        start = line.find("##[")
        end = line.find("]", start)
        if start < 0 or end < 0:
            return None
        name = line[start + 3 : end].partition(" ")[0]
        return (name, {}, line[end + 1 :]) if self._known(name) else None


def _back(text: str, more: str) -> str:
    for character in ("\r", "\n", *more, "%"):
        text = text.replace(f"%{ord(character):02X}", character)
    return text


def test_the_reader_of_logs_knows_what_the_runner_knows() -> None:
    log = "\x85 ::error title=a%3Ab%2Cc::d%0Ae%25\nx ##[add-mask]y\n::stop-commands::t\n::error::z\n::T::\n::debug::w"
    assert Runner().reads(log).ran == [
        ("error", {"title": "a:b,c"}, "d\ne%"),
        ("add-mask", {}, "y"),
        ("debug", {}, "w"),
    ]


@few
@given(reports())
def test_only_our_annotations_are_commands(report: Report) -> None:
    runner = Runner().reads(render(report))
    assert not runner.stopped_by
    assert len(runner.ran) <= MOST_ANNOTATIONS
    assert [name for name, _, _ in runner.ran] == [line[2:].partition(" ")[0] for line in annotated(report)]
    failed = [check for task in report.tasks for check in task.checks if check.status is Status.FAILED]
    names = {name for name, _, _ in runner.ran}
    assert names <= {"error", "warning", "notice"}
    assert ("error" in names) == any(check.code != "prerequisite.error" for check in failed)
    for _, properties, data in runner.ran:
        assert list(properties) == ["title"]
        assert data


def test_the_most_costly_come_first_and_no_more_than_ten() -> None:
    cheap = [a_check(Status.FAILED, id=f"c{number}", max_score=1) for number in range(11)]
    report = a_report(a_task(*cheap, a_check(Status.FAILED, id="dear", max_score=5, title="It: a, 100%")))
    ran = Runner().reads(render(report)).ran
    assert len(ran) == 10
    assert ran[0] == ("error", {"title": "limits/dear: It: a, 100% (0/5)"}, "As expected.")
    assert ran[-1][0] == "notice" and "3 more" in ran[-1][2]


def test_what_the_host_did_is_a_warning_told_once() -> None:
    lost = [a_check(Status.ERROR, id=name, message="No daemon.", code="engine.down") for name in "ab"]
    behind = a_check(Status.ERROR, code="prerequisite.error")
    ran = Runner().reads(render(a_report(a_task(*lost, behind)))).ran
    assert ran == [("warning", {"title": "not observed"}, "No daemon.")]
