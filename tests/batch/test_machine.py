"""What tells machines apart, from evidence that may hold anything."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from dockgrader.batch.machine import fingerprints
from dockgrader.facts.base import Setting
from dockgrader.facts.machine import MACHINE_ID, Machine
from dockgrader.grading.evidence import Evidence, read_evidence
from dockgrader.grading.seeing import LiveSee, Reading
from dockgrader.hosts.deadline import Deadline
from dockgrader.report.model import HostReport
from tests.batch.givens import NOW, RECORDINGS
from tests.made_up_host import MadeUpHost


def read(**answers: object) -> Evidence:
    readings = [Reading({"fact": name}, "", NOW, 0.0, answer) for name, answer in answers.items()]
    return Evidence(HostReport("vm"), NOW, None, tuple(readings))


def test_all_that_is_known() -> None:
    evidence = read(
        info={"ID": "ABCD"},
        machine={
            "host_key": "SHA256:x",
            "machine_id": "f00",
            "volumes": [{"Name": "data", "CreatedAt": "2026-03-01T10:00:00Z"}, {"Name": "undated"}],
        },
        containers=[{"Id": "c1"}, {"Id": "c2"}],
        container={"Id": "c1"},
    )

    assert fingerprints(evidence) == {
        "engine": "ABCD",
        "machine_id": "f00",
        "host_keys": ["SHA256:x"],
        "containers": ["c1", "c2"],
        "volumes": ["data@2026-03-01T10:00:00Z"],
    }


def test_of_a_recording_the_containers_are_known() -> None:
    assert len(fingerprints(read_evidence(RECORDINGS / "recorded-solution.json.gz"))["containers"]) >= 5


@settings(max_examples=40)
@given(
    st.dictionaries(
        st.sampled_from(["info", "machine", "containers", "container"]),
        st.recursive(
            st.none() | st.integers() | st.text(),
            lambda inner: (
                st.lists(inner) | st.dictionaries(st.sampled_from(["ID", "Id", "volumes", "Name"]), inner)
            ),
            max_leaves=8,
        ),
    )
)
def test_whatever_stands_there_is_no_crash(answers: dict[str, object]) -> None:
    fingerprints(read(**answers))


def test_the_machine_id_does_not_leave_the_machine() -> None:
    host = MadeUpHost(files={MACHINE_ID: "0123456789abcdef0123456789abcdef\n"})
    deadline = Deadline(10)

    answer = Machine().read(Setting(host, LiveSee(host, deadline, 0), deadline, 0))

    assert len(answer["machine_id"]) == 32
    assert "0123456789abcdef" not in str(answer)
