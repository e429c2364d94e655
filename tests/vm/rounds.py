"""Which cases are played together in a student's machine, and what is expected of each."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import Any

from lab.cases import Case, load_cases

Round = tuple[Case, ...]

TASKS = ("limits", "volume", "compose")

# What a machine with another engine, cgroup tree or Compose could answer otherwise, beside one case a code. A round
# takes a minute of both processors in an emulated machine when it is played first, and ten seconds when it is
# restored; the private engine has all cases.
SOME = {
    "limits": {"docker-update", "no-limits", "other-cgroup-parent"},
    "volume": {"anonymous-volume-shared", "bind-mount", "key-set-again"},
    "compose": {"deploy-limits"},
}

# What cannot be played in such a machine, and what its slowness would change.
NOT_HERE = {
    "graded-while-coming-up": "a command goes on in the background on this side",
    "little-time": "its fifteen seconds are too few for an emulated machine",
    "starting-for-long": "its two seconds of waiting do not tell it from a machine that is slow: host.slow",
}

# The systemd driver takes slices for parents, and no paths as the other one does.
SLICE = "docker run --detach --name test_limit --memory=200m --cpus=.5 --cgroup-parent=homework.slice test_resource"


# The clients are on this side, and so are the files that a container is given: they have to be in the machine before.
# The engine takes them there.
GIVEN_FILES = {"tls-only", "web-does-not-count", "web-more-text", "web-other-text"}
TAKEN_THERE = 'tar -c . | docker run --rm --interactive --volume "$PWD:/there" alpine tar -x -C /there'
STARTS = re.compile("^(?=up$|docker run --detach --name redis_2 )", re.MULTILINE)


def rounds(cases: Sequence[Case], generation: str, *, everything: bool) -> list[Round]:
    """The cases that suit a machine with this Compose, or `some` of them; at most one of each task in a round."""
    suitable = [
        _as_there(case)
        for case in cases
        if case.generation in (None, generation) and case.name not in NOT_HERE
    ]
    played = suitable if everything else some(suitable)
    # With a project of its own beside that of task compose, with arguments, or with something done to all
    # containers, a case would change the others.
    alone = [case for case in played if _meddles(case)]
    # In this order: some cases of limits stop all containers that run.
    together = [[case for case in played if case.task == task and case not in alone] for task in TASKS]
    return [tuple(case for case in group if case is not None) for group in zip_longest(*together)] + [
        (case,) for case in alone
    ]


def some(cases: Sequence[Case]) -> list[Case]:
    """Cases in which each code of any of them is found, and those of SOME.

    Of task compose, which has the most codes of its own, as few as possible: it comes last.
    """
    found: list[Case] = [case for case in cases if case.name in SOME[case.task]]
    missing = codes(cases) - codes(found)
    for task in TASKS:
        of_task = sorted((case for case in cases if case.task == task), key=_meddles)
        while new := codes([best := max(of_task, key=lambda case: len(codes([case]) & missing))]) & missing:
            found.append(best)
            missing -= new
    return found


def codes(cases: Iterable[Case]) -> set[str]:
    """The codes of mistakes in what is expected of the cases."""
    verdicts = {verdict for case in cases for verdict in case.expect.values()}
    return verdicts - {"passed", "skipped"}


def chosen(*ids: str) -> Round:
    """The cases of these ids, such as `limits/decimal-megabytes`."""
    return tuple(case for case in load_cases() if case.id in ids)


def _meddles(case: Case) -> bool:
    asks_for_all = {"compose": "docker ps", "volume": "forget_events"}.get(case.task)
    return (
        bool(case.arguments)
        or (case.task != "compose" and case.generation is not None)
        or (asks_for_all is not None and asks_for_all in case.script)
    )


def _as_there(case: Case) -> Case:
    if case.name == "other-cgroup-parent":
        return dataclasses.replace(case, script=SLICE)
    if case.name in GIVEN_FILES:
        return dataclasses.replace(case, script=STARTS.sub(f"{TAKEN_THERE}\n", case.script))
    return case


def round_id(cases: Round) -> str:
    """Such as `limits/bytes+volume/bind-mount`."""
    return "+".join(f"{case.task}/{case.name}" for case in cases)


def expected(cases: Round) -> dict[str, dict[str, Any]]:
    """The verdicts of each task's checks and its score, as `found` gives them."""
    return {case.task: {**case.expect, "score": case.score} for case in cases}


def found(report: dict[str, Any], cases: Round) -> dict[str, dict[str, Any]]:
    """Those of a report, for the tasks of these cases."""
    tasks = {task["id"]: task for task in report["tasks"]}
    return {case.task: {**_verdicts(tasks[case.task]), "score": tasks[case.task]["score"]} for case in cases}


def _verdicts(task: dict[str, Any]) -> dict[str, str]:
    return {item["id"]: _verdict(item["status"], item["code"]) for item in task["checks"]}


def _verdict(status: str, code: str) -> str:
    return {"failed": code, "error": f"error {code}"}.get(status, status)
