"""The report as JSON that every reader takes."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from dockgrader.report.json import render
from dockgrader.report.model import Status, to_json
from tests.report.reports import a_check, a_report, a_task

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)


@given(JSON, st.text(), st.sampled_from(Status))
def test_it_is_pure_ascii_and_says_the_same(actual: object, text: str, status: Status) -> None:
    report = a_report(a_task(a_check(status, actual=actual, message=text, title=text)))
    written = render(report)
    assert written.isascii()
    assert written.endswith("}\n")
    assert json.loads(written) == json.loads(json.dumps(to_json(report)))
    assert json.loads(written)["tasks"][0]["checks"][0]["actual"] == actual


def test_what_could_not_be_read_is_null() -> None:
    written = json.loads(render(a_report(a_task(a_check(Status.ERROR)))))
    assert written["score"] is None
    assert written["tasks"][0]["score"] is None
    assert written["tasks"][0]["checks"][0] == written["tasks"][0]["checks"][0] | {
        "score": None,
        "status": "error",
    }
