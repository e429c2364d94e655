"""The report as JUnit XML, in the dialect that GitHub's actions, GitLab and Jenkins read.

A suite is a task, a case a check: `failure` is the student's, `error` the host's, `skipped` a prerequisite's.
"""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree import ElementTree as ET

from dockgrader.report.model import CheckReport, Report, Status, TaskReport, whole
from dockgrader.report.plain import clean, value
from dockgrader.report.words import details, host_line, points, utc, words

_ELEMENTS = {Status.FAILED: "failure", Status.ERROR: "error", Status.SKIPPED: "skipped"}


def render(report: Report) -> str:
    """The whole document. Characters that XML cannot hold are shown as escapes."""
    checks = [check for task in report.tasks for check in task.checks]
    root = ET.Element(
        "testsuites",
        {"name": clean(report.assignment.id), **_counts(checks), "time": _seconds(report.duration_s)},
    )
    for task in report.tasks:
        root.append(_suite(report, task))
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _suite(report: Report, task: TaskReport) -> ET.Element:
    name = f"{report.assignment.id}.{task.id}"
    suite = ET.Element(
        "testsuite",
        {
            "name": clean(name),
            **_counts(task.checks),
            "time": "0",
            "timestamp": utc(report),
            "hostname": clean(report.host.name),
        },
    )
    properties = ET.SubElement(suite, "properties")
    told = {
        "title": task.title,
        "score": "" if task.score is None else str(whole(task.score)),
        "max_score": str(whole(task.max_score)),
        "assignment": report.assignment.digest,
        "host": host_line(report),
    }
    for key, text in told.items():
        ET.SubElement(properties, "property", name=key, value=clean(text))
    for check in task.checks:
        suite.append(_case(name, check, report.lang))
    return suite


def _case(suite: str, check: CheckReport, lang: str) -> ET.Element:
    title = f"{check.id}: {check.title} [{points(check.score, check.max_score)}]"
    case = ET.Element("testcase", classname=clean(suite), name=clean(title), time="0")
    if check.status is Status.PASSED:
        return case
    found = ET.SubElement(case, _ELEMENTS[check.status], message=clean(check.message), type=clean(check.code))
    if check.status is Status.FAILED:
        spoken = words(lang)
        lines = [clean(check.message)]
        lines += [f"{spoken[word]}: {value(told)}" for word, told in details(check)]
        lines += [f"{spoken['see']}: {clean(command, 1000)}" for command in check.shown_by]
        found.text = "\n".join(lines)
    return case


def _counts(checks: Iterable[CheckReport]) -> dict[str, str]:
    statuses = [check.status for check in checks]
    return {
        "tests": str(len(statuses)),
        "failures": str(statuses.count(Status.FAILED)),
        "errors": str(statuses.count(Status.ERROR)),
        "skipped": str(statuses.count(Status.SKIPPED)),
    }


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f}"
