"""The report as Classroom 50's result.json, schema `classroom50/result/v1`.

Scores there are whole numbers: points are multiplied by the smallest number that makes them so. A report without
a score has null where a number must be, so that it is refused there as an infrastructure failure and never taken
for a zero.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from dockgrader.report.model import CheckReport, Report, Status, TaskReport
from dockgrader.report.plain import clean, value
from dockgrader.report.words import details, utc, words

SCHEMA = "classroom50/result/v1"
LOCAL = "local"
"""What the fields about the submission say outside a Classroom 50 job."""
_MOST = 1000


def render(report: Report, job: Mapping[str, str]) -> str:
    """The result; `job` is the environment of the job. Raises ValueError when points cannot be scaled."""
    factor = scale(check.max_score for task in report.tasks for check in task.checks)
    checks = [(task, check) for task in report.tasks for check in task.checks]
    tests = [_test(task, check, factor, report.lang) for task, check in checks]
    commit = _of(job, "COMMIT_URL")
    result = {
        "schema": SCHEMA,
        "classroom": _of(job, "CLASSROOM"),
        "assignment": _of(job, "ASSIGNMENT"),
        "assignment_type": job.get("ASSIGNMENT_TYPE", "").strip() or "individual",
        "owner": _of(job, "OWNER", "USERNAME"),
        "submission": _of(job, "SUBMISSION_TAG", otherwise=f"submit/{LOCAL}"),
        "commit": commit,
        "release": _of(job, "RELEASE_URL"),
        "review": _of(job, "REVIEW_URL", otherwise=commit),
        "datetime": f"{utc(report)}Z",
        "score": None if report.score is None else sum(test["score"] for test in tests),
        "max-score": sum(test["max-score"] for test in tests),
        "tests": tests,
    }
    return json.dumps(result, indent=2, ensure_ascii=True) + "\n"


def scale(points: Iterable[float]) -> int:
    """The smallest number by which all points become whole. Raises ValueError above a thousand."""
    factor = 1
    for number in points:
        factor = math.lcm(factor, Fraction(str(number)).denominator)
        if factor > _MOST:
            raise ValueError(
                f"points of {number:g} cannot be made whole: Classroom 50 takes whole scores only, and no number "
                f"up to {_MOST} makes all points of this assignment whole; give points with fewer decimals"
            )
    return factor


def _test(task: TaskReport, check: CheckReport, factor: int, lang: str) -> dict[str, Any]:
    spoken = words(lang)
    message = [clean(check.message)] if check.status is not Status.PASSED else []
    message += [f"{spoken[word]}: {value(found)}" for word, found in details(check)]
    return {
        "test-name": clean(f"{task.id}/{check.id}: {check.title}"),
        "passed": check.status is Status.PASSED,
        "score": None if check.score is None else _whole(check.score, factor),
        "max-score": _whole(check.max_score, factor),
        "status": str(check.status),
        "code": clean(check.code),
        "message": "\n".join(message),
    }


def _whole(score: float, factor: int) -> int:
    return int(Fraction(str(score)) * factor)


def _of(job: Mapping[str, str], *names: str, otherwise: str = LOCAL) -> str:
    """The first of these variables that says something."""
    return next((job[name].strip() for name in names if job.get(name, "").strip()), otherwise)
