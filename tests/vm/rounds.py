"""Which cases are played together in a student's machine, and what is expected of each."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from lab.cases import Case, load_cases

Round = tuple[Case, ...]

# What a machine with another engine, cgroup tree or Compose could answer otherwise. A round takes a minute of both
# processors in an emulated machine, and all tests have to end in time; the private engine has all cases.
SOME = {
    "limits": {
        "decimal-megabytes",
        "docker-update",
        "no-limits",
        "only-cpuset",
        "other-cgroup-parent",
        "out-of-memory",
    },
    "volume": {"anonymous-volume-shared", "bind-mount", "hung", "key-set-again", "no-redis", "tmpfs"},
    "compose": {
        "decimal-megabytes",
        "deploy-limits",
        "plain-list",
        "redis-paused",
        "unhealthy",
        "web-cannot-reach-redis",
    },
}

# The systemd driver takes slices for parents, and no paths as the other one does.
SLICE = "docker run --detach --name test_limit --memory=200m --cpus=.5 --cgroup-parent=homework.slice test_resource"


def rounds(cases: Sequence[Case], generation: str, *, everything: bool) -> list[Round]:
    """The cases that suit a machine with this Compose, or some of them; at most one of each task in a round."""
    suitable = [
        _for_systemd(case)
        for case in cases
        if case.generation in (None, generation) and (everything or case.name in SOME[case.task])
    ]
    # With a project of its own beside that of task compose, with arguments, or with something done to all
    # containers, a case would change the others.
    alone = [case for case in suitable if _meddles(case)]
    # In this order: some cases of limits stop all containers that run.
    together = [[case for case in suitable if case.task == task and case not in alone] for task in SOME]
    return [(case,) for case in alone] + [
        tuple(case for case in group if case is not None) for group in zip_longest(*together)
    ]


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


def _for_systemd(case: Case) -> Case:
    return dataclasses.replace(case, script=SLICE) if case.name == "other-cgroup-parent" else case


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
