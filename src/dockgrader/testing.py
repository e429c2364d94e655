"""For those who write kinds: a judge on given facts.

    result = judge(HostnameCheck(id="name", kind="hostname", container="web", hostname="web-1"),
                   {Exec("web", ("hostname",)): {"exit": 0, "stdout": "web-1\\n", "stderr": "", "problem": ""}})
    assert result.code == "ok"

The same as the fixture `dockgrader_judge` that the pytest plugin gives.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from dockgrader.errors import Unobserved
from dockgrader.facts.base import Fact
from dockgrader.grading.evidence import Evidence, RecordedSee
from dockgrader.grading.grade import refined
from dockgrader.grading.seeing import Reading
from dockgrader.grading.wording import check_report
from dockgrader.kinds.base import Check, Failed
from dockgrader.report.model import CheckReport, HostReport, Status, Verdict

__all__ = ["judge"]


def judge(check: Check, facts: Mapping[Fact[Any], Any], lang: str = "en") -> CheckReport:
    """What is reported of a check (`status`, `code`, `message`, `hint`, …) where facts have these raw answers.

    A raw answer is what the fact's `read` returns, and must be JSON; an `Unobserved` is raised; what is not given is
    hidden (`evidence.missing`). What the judge raises beside `Failed` and `Unobserved` is a bug, and comes out.
    """
    see = RecordedSee(Evidence(HostReport("given"), "", None, tuple(map(_reading, facts, facts.values()))))
    try:
        verdict = check.judge(see)
    except Failed as failure:
        verdict = refined(check, failure.verdict)
    except Unobserved as hidden:
        verdict = Verdict(Status.ERROR, hidden.code, params={"reason": hidden.reason})
    return check_report(check, verdict, {check.id: check}, see, lang)


def _reading(fact: Fact[Any], answer: Any) -> Reading:
    error = (answer.code, answer.reason) if isinstance(answer, Unobserved) else None
    kept = None if error else json.loads(json.dumps(answer, allow_nan=False))
    return Reading(fact.question(), fact.shown_by(), "", 0.0, kept, error)
