"""From verdicts to a report: prerequisites, the best project, the author's mistakes, and the score."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from dockgrader.assignment.loading import Loaded
from dockgrader.assignment.model import Assignment
from dockgrader.errors import Unobserved
from dockgrader.facts.base import Answer, Fact
from dockgrader.facts.cgroup import Cgroup
from dockgrader.facts.commands import Exec
from dockgrader.facts.containers import Container, Containers
from dockgrader.facts.engine import Info
from dockgrader.facts.http import HttpSeries
from dockgrader.grading.grade import grade
from dockgrader.hosts.base import Output
from dockgrader.kinds.container import ContainerCheck
from dockgrader.report.model import CheckReport, HostReport, Report
from tests.givens import (
    MIB,
    Given,
    Raw,
    a_container,
    a_service,
    an_answer,
    an_engine,
    an_event,
    hex_id,
    listing,
    pages,
)
from tests.solution import Solved, checks_of, graded

DOWN = Unobserved("engine.down", "the engine is gone")


def running(name: str, **more: Any) -> Raw:
    return {"id": name, "kind": "container", "container": name, "state": "running", **more}


def assignment(*tasks: list[Raw]) -> Loaded:
    """Tasks t0, t1, … of these checks."""
    data = [{"id": f"t{number}", "title": "A task", "checks": checks} for number, checks in enumerate(tasks)]
    return Loaded(
        Assignment.model_validate({"id": "a", "title": "An assignment", "tasks": data}), Path("a.yaml"), ""
    )


def report(see: Given, *tasks: list[Raw], lang: str = "en", meanwhile: Any = lambda: None) -> Report:
    loaded, host = assignment(*tasks), HostReport("here")
    return grade(
        loaded, loaded.assignment.tasks, see, lang=lang, host=host, started_at="now", meanwhile=meanwhile
    )


def checks(see: Given, *of_one_task: Raw) -> dict[str, CheckReport]:
    return {check.id: check for check in report(see, list(of_one_task)).tasks[0].checks}


def lost(*names: str) -> Given:
    """A host that hides these containers, and has none else."""
    return Given(facts={Container(name): DOWN for name in names})


def test_points_sum_up() -> None:
    see = Given(a_container("a"), a_container("b"))
    found = report(see, [running("a", points=1), running("x", points=2)], [running("b", points=0.5)])
    assert (found.status, found.score, found.max_score, found.error) == ("graded", 1.5, 3.5, None)
    assert [(task.score, task.max_score) for task in found.tasks] == [(1, 3), (0.5, 0.5)]


def test_tenths_sum_up_without_a_rest() -> None:
    see = Given(a_container("a"))
    found = report(see, [running("a", id=str(number), points=0.1) for number in range(10)])
    assert (found.score, found.percent) == (1, 100)


def test_a_failed_prerequisite_skips_and_names_the_first_cause() -> None:
    found = checks(
        Given(a_container("b")), running("a"), running("b", needs=["a"]), running("c", needs=["b"])
    )
    assert [(check.status, check.score) for check in found.values()] == [
        ("failed", 0),
        ("skipped", 0),
        ("skipped", 0),
    ]
    assert found["b"].message == found["c"].message
    assert found["b"].message.endswith(": a")


def test_a_prerequisite_in_error_makes_an_error() -> None:
    see = Given(a_container("b"), facts={Container("a"): DOWN})
    found = checks(see, running("a"), running("b", needs=["a"]), running("c", needs=["b"]))
    assert [(check.status, check.score) for check in found.values()] == [("error", None)] * 3
    assert [check.code for check in found.values()] == [
        "engine.down",
        "prerequisite.error",
        "prerequisite.error",
    ]


def test_an_error_among_the_prerequisites_outweighs_a_failure() -> None:
    """The failure alone would have made a zero, but nobody knows."""
    found = checks(lost("a"), running("a"), running("b"), running("c", needs=["b", "a"]))
    assert (found["b"].status, found["c"].status) == ("failed", "error")


def test_checks_are_reported_in_the_authors_order_and_judged_in_that_of_their_needs() -> None:
    found = checks(Given(a_container("a")), running("a", needs=["z"]), running("z"))
    assert list(found) == ["a", "z"]
    assert found["a"].status == "skipped"


def test_an_error_leaves_no_score_and_never_shrinks_the_maximum() -> None:
    see = Given(a_container("a"), facts={Container("b"): DOWN})
    found = report(see, [running("a", points=3), running("b", points=4)], [running("a", points=5)])
    assert (found.status, found.score, found.max_score, found.percent) == ("error", None, 12, None)
    assert [(task.score, task.max_score) for task in found.tasks] == [(None, 7), (5, 5)]
    assert found.tasks[0].checks[0].score == 3
    assert found.error == "the engine is gone"


def test_the_reports_error_names_each_cause_once() -> None:
    facts = {Container("a"): DOWN, Container("b"): Unobserved("host.timeout", "slow"), Container("c"): DOWN}
    found = report(Given(facts=facts), [running("a"), running("b"), running("c"), running("d", needs=["a"])])
    assert found.error == "the engine is gone; slow"


def test_a_host_that_hides_everything_still_lists_every_check() -> None:
    facts = dict.fromkeys((Info(), Containers(), Container("a")), DOWN)
    service = {"id": "s", "kind": "container", "service": "web", "state": "running"}
    found = report(Given(facts=facts), [running("a"), service])
    assert [check.status for check in found.tasks[0].checks] == ["error", "error"]
    assert (found.score, found.max_score, found.host.cgroup_version) == (None, 2, None)


def test_a_judge_that_breaks_is_an_error_of_its_check_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: ContainerCheck, see: Any) -> Any:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(ContainerCheck, "judge", broken)
    command = {"id": "e", "kind": "exec", "container": "a", "command": ["x"], "exit": 0}
    found = checks(Given(facts={Exec("a", ("x",)): an_answer()}), running("a"), command)
    assert [(check.status, check.code, check.score) for check in found.values()] == [
        ("error", "check.broken", None),
        ("passed", "ok", 1),
    ]
    assert "ZeroDivisionError: oh" in found["a"].message


MISTAKES = [
    {"actual": 209815200, "code": "memory.notes-slip", "message": "A slip of {name}.", "hint": "Count."},
    {"actual": {"at_least": 10**9}, "code": "memory.giant", "instead_of": "memory.different"},
    {"actual": {"at_most": 10**6}, "code": "memory.never", "instead_of": "memory.other-code"},
    {"actual": 7, "code": "memory.seven", "instead_of": ["memory.other-code", "memory.different"]},
]


@pytest.mark.parametrize(
    ("memory", "code"),
    [
        (209715200, "ok"),
        (209815200, "memory.notes-slip"),
        (10**10, "memory.giant"),
        (5, "memory.different"),
        (7, "memory.seven"),
        (0, "memory.unlimited"),
    ],
)
def test_the_authors_mistakes_refine_the_code(memory: int, code: str) -> None:
    check = {"id": "m", "kind": "container", "container": "a", "memory": "200MiB", "mistakes": MISTAKES}
    assert checks(Given(a_container("a", memory=memory)), check)["m"].code == code


def test_the_authors_texts_come_first() -> None:
    check: Raw = {"id": "m", "kind": "container", "container": "a", "memory": "200MiB", "mistakes": MISTAKES}
    slip = checks(Given(a_container("a", memory=209815200)), check)["m"]
    assert (slip.message, slip.hint) == ("A slip of a.", "Count.")
    check |= {"messages": {"memory.unlimited": "No limit, {name}!"}, "hint": "Any hint."}
    unlimited = checks(Given(a_container("a")), check)["m"]
    assert (unlimited.message, unlimited.hint) == ("No limit, a!", "Any hint.")
    check["hints"] = {"memory.unlimited": "This hint."}
    assert checks(Given(a_container("a")), check)["m"].hint == "This hint."


def test_texts_in_the_language_that_is_asked_for() -> None:
    check = running("a", title={"en": "It runs", "ru": "Работает"})
    for lang, title in (("en", "It runs"), ("ru", "Работает")):
        found = report(Given(a_container("a")), [check], lang=lang)
        assert (found.lang, found.tasks[0].checks[0].title) == (lang, title)


def test_only_failures_have_hints_and_commands() -> None:
    found = checks(
        Given(a_container("a"), facts={Container("c"): DOWN}), running("a"), running("b"), running("c")
    )
    assert [bool(check.hint) for check in found.values()] == [False, True, False]
    assert [bool(check.shown_by) for check in found.values()] == [False, True, False]


def test_the_engines_cgroups_belong_to_the_report() -> None:
    see = Given(facts={Info(): an_engine(CgroupVersion="2", CgroupDriver="systemd")})
    host = report(see, [running("a")]).host
    assert (host.name, host.cgroup_version, host.cgroup_driver) == ("here", "2", "systemd")


def test_something_else_can_be_done_meanwhile() -> None:
    done: list[int] = []
    report(Given(), [running("a")], meanwhile=lambda: done.append(1))
    assert done == [1]


# The best of several Compose projects.

LIMITED: dict[str, Any] = {
    "id": "limit",
    "kind": "container",
    "service": "redis",
    "memory": "500MiB",
    "points": 2,
}
UP: dict[str, Any] = {"id": "up", "kind": "container", "service": "redis", "state": "running", "points": 1}


def redis(project: str, *, good: bool = False, **more: Any) -> Raw:
    return a_service("redis", project, memory=500 * MIB if good else 0, **more)


def best(*there: Raw, facts: dict[Any, Any] | None = None) -> tuple[str, list[str], float | None]:
    task = report(Given(*there, facts=facts), [UP, LIMITED]).tasks[0]
    return task.note, [check.code for check in task.checks], task.score


def test_the_best_running_project_is_taken_and_named() -> None:
    note, codes, score = best(redis("bad"), redis("good", good=True), redis("worse"))
    assert (note, codes, score) == ("Compose project good, the best of 3 that run here", ["ok", "ok"], 3)


def test_a_stopped_project_does_not_matter_beside_a_running_one() -> None:
    assert best(redis("bad"), redis("old", good=True, status="exited")) == ("", ["ok", "memory.unlimited"], 1)


def test_a_project_whose_error_could_be_worth_more_is_taken() -> None:
    """Else the host's failure would have cost points."""
    unsure = redis("unsure")
    facts = {Container(unsure["Id"]): DOWN, Container("unsure-redis-1"): DOWN}
    assert best(redis("bad"), unsure, facts=facts)[2] is None
    assert best(redis("good", good=True), unsure, facts=facts) == (
        "Compose project good, the best of 2 that run here",
        ["ok", "ok"],
        3,
    )


def test_projects_are_graded_at_the_same_time() -> None:
    """Else what one of them is waited for would be missing from the next one's time."""
    there, all_asked = [redis("slow"), redis("good", good=True)], threading.Barrier(2)

    class Together(Given):
        def __call__(self, fact: Fact[Answer]) -> Answer:
            if isinstance(fact, Container):
                all_asked.wait(5)
            return super().__call__(fact)

    assert report(Together(*there), [LIMITED]).score == 2


def test_a_project_that_the_author_names_is_kept() -> None:
    named = LIMITED | {"project": "bad"}
    task = report(Given(redis("bad"), redis("good", good=True)), [UP, named]).tasks[0]
    assert [check.code for check in task.checks] == ["ok", "memory.unlimited"]


def test_the_project_of_one_task_does_not_bind_another() -> None:
    web = {"id": "w", "kind": "container", "service": "web", "state": "running"}
    see = Given(redis("one", good=True), a_service("web", "two"))
    assert [task.score for task in report(see, [UP, LIMITED], [web]).tasks] == [3, 1]


# The whole homework on a made-up host, read as on a live one.


def test_the_reference_solution_gets_full_marks() -> None:
    found, _ = graded(Solved())
    assert {name: check.code for name, check in checks_of(found).items() if check.code != "ok"} == {}
    assert (found.score, found.max_score) == (30, 30)


@pytest.mark.parametrize(
    ("spoilt", "codes"),
    [
        ({"test_limit": None}, {"limits/running": "container.missing", "limits/memory": "skipped"}),
        (
            {"test_limit": a_container("test_limit", memory=209815200, cpus=1, state={"Pid": 100})},
            {
                "limits/memory": "memory.notes-slip",
                "limits/cpus": "cpu.different",
                "limits/cgroup-memory": "skipped",
            },
        ),
        ({"redis_2": a_container("redis_2", image="redis")}, {"volume/image": "image.plain-redis"}),
        ({"compose-web-1": None}, {"compose/depends-on": "compose.no-service", "compose/counter": "skipped"}),
        ({"compose-redis-1": a_service("redis", status="exited")}, {"compose/redis-running": "redis.dead"}),
    ],
)
def test_what_is_spoilt_is_found_and_the_other_tasks_keep_their_points(
    spoilt: Any, codes: dict[str, str]
) -> None:
    found, _ = graded(Solved(spoilt))
    all_codes = {name: check.code for name, check in checks_of(found).items()}
    assert {name: all_codes[name] for name in codes} == codes
    task = next(iter(codes)).partition("/")[0]
    assert {other.id: other.score for other in found.tasks if other.id != task} == dict.fromkeys(
        {"limits", "volume", "compose"} - {task}, 10
    )


@pytest.mark.parametrize("exit_code", ["0", "1"])
@pytest.mark.parametrize(
    "actions", [["start", "die"], ["start", "kill", "die"]], ids=["by itself", "stopped"]
)
@pytest.mark.parametrize("service", ["redis", "web"])
def test_a_service_that_has_ended_is_dead_however_it_ended(
    service: str, actions: list[str], exit_code: str
) -> None:
    """Also one with `command: "true"`, which ends by itself and without an error."""
    name = f"compose-{service}-1"
    dead = a_service(service, status="exited", state={"ExitCode": int(exit_code)})
    life = [an_event(action, at, name=name, exitCode=exit_code) for at, action in enumerate(actions, 100)]
    found = checks_of(graded(Solved({name: dead}, answers={"/events": life}))[0])[
        f"compose/{service}-running"
    ]
    assert (found.code, found.message) == (
        f"{service}.dead",
        f"The service {service} was started, but has exited.",
    )
    assert found.hint


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("\n", "key.missing"),
        ("WRONGTYPE Operation against a key\n", "key.wrong-type"),
        ("NOAUTH Authentication required.\n", "key.noauth"),
        ("foobar2\n", "key.wrong-value"),
        (" foobar\n", "key.wrong-value"),
        (Output(1, b"", b"Error: Connection reset by peer\n"), "key.no-answer"),
        (Output(1, b"", b"Error: Server closed the connection\n"), "key.no-answer"),
        (Output(1, b"", b'Error: Protocol error, got "H" as reply type byte\n'), "key.no-answer"),
    ],
)
def test_answers_of_redis(answer: str | Output, code: str) -> None:
    found, _ = graded(Solved(execs={"redis-cli get mykey": answer}))
    assert checks_of(found)["volume/key"].code == code


def test_the_hosts_failure_in_one_task_leaves_the_others_scores() -> None:
    ref = hex_id("compose-redis-1")
    found, _ = graded(Solved(answers={f"/containers/{ref}/json": DOWN}))
    assert {task.id: task.score for task in found.tasks} == {"limits": 10, "volume": 10, "compose": None}
    assert (found.score, found.max_score, found.status) == (None, 30, "error")


# Questions that are asked ahead.


class Noting(Given):
    """Remembers what was begun."""

    def __init__(self, *containers: Raw, up: str) -> None:
        super().__init__(*containers, facts={Containers(): listing(containers, up=up)})
        self.begun: list[Fact[Any]] = []

    def start(self, facts: Iterable[Fact[Any]]) -> None:
        self.begun += facts


SERVICES: list[Raw] = [
    {"id": "redis", "kind": "container", "service": "redis", "state": "running"},
    {"id": "limit", "kind": "cgroup", "service": "redis", "memory": 1024, "needs": ["redis"]},
    {"id": "page", "kind": "http", "service": "web", "needs": ["redis"]},
]


def begun(*, up: str, **more: Any) -> set[Fact[Any]]:
    redis = a_service("redis", **more)
    see = Noting(redis, a_service("web"), up=up)
    see._answers |= {Cgroup(redis["Id"]): None, HttpSeries(hex_id("compose-web-1"), "/", 1): pages("Hello")}
    report(see, SERVICES)
    return {fact for fact in see.begun if isinstance(fact, Cgroup | HttpSeries)}


def test_what_the_judges_will_ask_of_a_settled_project_is_begun_at_once() -> None:
    expected = {Cgroup(hex_id("compose-redis-1")), HttpSeries(hex_id("compose-web-1"), "/", 1)}
    assert begun(up="Up 3 hours (healthy)") == expected


@pytest.mark.parametrize("up", ["Up 3 hours (health: starting)", "Up 4 seconds", ""])
def test_a_page_is_not_asked_for_while_what_it_needs_is_still_starting(up: str) -> None:
    """The judges await its health first; the page that was asked for before would be the wrong one."""
    assert begun(up=up) == set()
