"""What a host's failure and a student's look like in a report, with everything else of homework-1 done right.

The fake engine stands in because a real one cannot be made to hang, lie, flood or die on demand. The slow cases
run side by side: `SLOW` are started by the first test that wants one of them.
"""

from __future__ import annotations

import copy
import functools
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dockgrader.assignment.loading import Loaded, load, shipped
from dockgrader.facts import commands, http
from dockgrader.grading.evidence import Evidence
from dockgrader.grading.run import Bounds, grade_endpoint
from dockgrader.hosts.base import HERE
from dockgrader.hosts.deadline import background
from dockgrader.hosts.endpoint import resolve
from dockgrader.hosts.local import LocalHost
from dockgrader.report import json as json_report
from dockgrader.report import table
from dockgrader.report.model import CheckReport, Report, Status
from fakes.engine import IDS, STREAM, FakeEngine, frame, labels, printed, with_page
from fakes.server import Answer, Call, drip, flood, head, page, raw, silence, then_silence, value

Break = Callable[[FakeEngine], None]
TIMEOUT = 2.0
TO_BE_TOLD = 25.0
"""Seconds of a run in which a command that hangs is told from a slow machine, also on a busy one."""
LIMITS, REDIS_2, WEB, REDIS = "test_limit", "redis_2", f"{IDS['web']}", f"{IDS['redis']}"


@pytest.fixture(scope="module", autouse=True)
def here() -> Iterator[None]:
    """The fake engine's containers have no processes; that this is their machine has to be said."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LocalHost, "near", lambda self, container_id, pid: HERE)
        # Less than in earnest, so that what hangs is soon told.
        patch.setattr(commands, "EXEC_SECONDS", 1.5)
        patch.setattr(http, "HTTP_SECONDS", 1.5)
        yield


@functools.cache
def homework() -> Loaded:
    return load(shipped() / "homework-1.yaml")


@dataclass(frozen=True)
class Graded:
    """What a run gave, and how long it took in seconds."""

    report: Report
    evidence: Evidence
    seconds: float

    def check(self, task: str, check: str) -> CheckReport:
        checks = {(part.id, item.id): item for part in self.report.tasks for item in part.checks}
        return checks[task, check]

    def statuses(self) -> set[Status]:
        return {check.status for task in self.report.tasks for check in task.checks}


def graded(
    folder: Path, spoil: Break, *, web: Answer | None = None, timeout: float = 10.0, only: str = ""
) -> Graded:
    """Grade homework-1, or only one of its tasks, on a fake engine that `spoil` has made go wrong."""
    path = folder / f"{time.monotonic_ns()}.sock"
    with with_page(path, web) as engine:
        spoil(engine)
        loaded, start = homework(), time.monotonic()
        endpoint, bounds = resolve(f"unix://{path}", {}), Bounds(timeout, 1.0)
        tasks = [task for task in loaded.assignment.tasks if only in ("", task.id)]
        run = grade_endpoint(loaded, tasks, endpoint, "en", bounds)
        return Graded(run.report, run.evidence, time.monotonic() - start)


def answers(**given: Answer) -> Break:
    """Replace answers by path, `__` for a slash."""
    return lambda engine: engine.answers.update(
        {"/" + path.replace("__", "/"): how for path, how in given.items()}
    )


def at(path: str, how: Answer) -> Break:
    return lambda engine: engine.answers.update({path: how})


def get_mykey(how: Answer) -> Break:
    """What the command of the task volume prints."""
    return lambda engine: engine.execs.update({"redis-cli get mykey": how})


def nothing(engine: FakeEngine) -> None:
    """All is as it should be."""


def test_nothing_wrong_is_full_marks(tmp_path: Path) -> None:
    """Every fault below is one difference from this."""
    report = graded(tmp_path, nothing).report
    assert (report.status, report.score, report.max_score) == ("graded", 30, 30)


# The host's failures: never a zero.

NOT_HTTP = raw(b"\x00\xff\x16\x03 this is no engine\r\n\r\n" * 20)
ENDLESS = flood(head("Content-Type: application/json") + b'{"a": "', b"x" * (1 << 16), 64 << 20)
HALF = raw(head("Content-Length: 500") + b'{"Id": "abc", ')
NO_JSON = page(b"<html>\xff\xfe</html>")
BROKEN = value({"message": "\x1b[31mthe disk is full\x1b[0m"}, "500 Internal Server Error")
SHAPES = {
    "null": b"null",
    "number": b"12",
    "string": b'"x"',
    "list": b"[]",
    "list of nulls": b"[null]",
    "list of numbers": b"[1, 2]",
    "empty": b"{}",
    "wrong types": b'{"Id": 5, "Name": [], "State": "running", "Config": 7, "HostConfig": null}',
    "not a number": b'{"Id": NaN}',
    "infinity": b'{"Id": 1e999}',
    "deep": b"[" * 500 + b"]" * 500,
    "bottomless": b"[" * 100_000,
    "many digits": b'{"Id": ' + b"1" * 10_000 + b"}",
    "nothing": b"",
}


@pytest.mark.parametrize(
    ("how", "code"),
    [
        (NOT_HTTP, "engine.garbage"),
        (NO_JSON, "engine.garbage"),
        (ENDLESS, "engine.garbage"),
        (HALF, "engine.lost"),
        (raw(b""), "engine.lost"),
        (raw(b"HTTP/1.1 200 OK\r\nContent-"), "engine.garbage"),
        (BROKEN, "engine.refused"),
        (value({"Version": "9"}), "engine.garbage"),
        (value({"ApiVersion": "9" * 5000 + ".1"}), "engine.garbage"),
        (value({"ApiVersion": "../../etc"}), "engine.garbage"),
        (value({"ApiVersion": ["1.41"]}), "engine.garbage"),
    ],
    ids=[
        *("no-http", "no-json", "endless", "half", "nothing", "half-a-header"),
        *("500", "no-version", "huge-version", "odd-version", "listed-version"),
    ],
)
def test_an_engine_that_is_none(tmp_path: Path, how: Answer, code: str) -> None:
    result = graded(tmp_path, answers(_ping=how, version=how))
    assert (result.report.status, result.report.score) == ("error", None)
    assert result.statuses() == {Status.ERROR}
    assert {check.score for task in result.report.tasks for check in task.checks} == {None}
    assert result.evidence.error is not None and result.evidence.error[0] == code
    assert "\x1b" not in (result.report.error or "")


@pytest.mark.parametrize("body", SHAPES.values(), ids=SHAPES.keys())
def test_json_of_wrong_shapes_is_the_hosts_failure(tmp_path: Path, body: bytes) -> None:
    """A container that the engine describes so is not the student's to mend."""
    result = graded(tmp_path, answers(containers__test_limit__json=page(body)))
    assert result.report.score is None
    assert result.check("limits", "running").code == "engine.garbage"
    assert result.check("volume", "key").status is Status.PASSED
    listed = graded(tmp_path, answers(containers__json=page(body)))
    if body != b"[]":  # no containers at all: that can be
        assert result.report.score is None
        assert listed.check("compose", "redis-running").code == "engine.garbage"


@pytest.mark.parametrize("how", [NOT_HTTP, NO_JSON, ENDLESS, HALF, raw(b""), BROKEN])
@pytest.mark.parametrize(
    "path", ["/containers/redis_2/json", "/containers/redis_2/exec", "/exec/0/start", "/exec/0/json"]
)
def test_one_broken_answer_spoils_what_needs_it_and_no_more(tmp_path: Path, path: str, how: Answer) -> None:
    def spoil(engine: FakeEngine) -> None:
        engine.containers = {"redis_1": engine.containers["redis_1"], "redis_2": engine.containers["redis_2"]}
        engine.answers[path] = how

    result = graded(tmp_path, spoil)
    assert result.check("volume", "key").status is Status.ERROR
    assert result.report.score is None
    assert result.check("limits", "running").code == "container.missing"


@pytest.mark.parametrize("calls", [1, 2, 5, 8, 12, 20])
def test_an_engine_that_dies_in_the_middle(tmp_path: Path, calls: int) -> None:
    """Whatever was seen by then stands; the rest is an error, and nothing a zero."""

    def spoil(engine: FakeEngine) -> None:
        engine.dies_after = calls

    result = graded(tmp_path, spoil)
    assert result.report.score is None
    assert Status.ERROR in result.statuses()
    assert Status.FAILED not in result.statuses()
    assert "engine" in (result.report.error or "") or "socket" in (result.report.error or "")


def test_a_page_behind_a_dead_engine_is_an_error(tmp_path: Path) -> None:
    """The ports that an engine forwards go with it."""
    dead: list[FakeEngine] = []

    def web(call: Call) -> None:
        dead[0].die()

    result = graded(tmp_path, dead.append, web=web, timeout=TIMEOUT)
    assert result.check("compose", "counter").status is Status.ERROR
    assert result.report.score is None


# What takes time: the host's and the student's, side by side.

RUNNING: Mapping[str, Break] = {
    "an exec that hangs": get_mykey(then_silence(STREAM)),
    "an exec whose answer never begins": get_mykey(silence),
    "an exec that drips for ever": get_mykey(drip(STREAM, frame(b".\n"))),
    "an exec that drips its header": get_mykey(drip(b"HTTP/1.1 200 OK\r\nX: ", b"x")),
    "an exec that prints once, late": get_mykey(
        lambda call: (call.stopped.wait(0.7), then_silence(STREAM + frame(b"?"))(call))[1]
    ),
}
HANGING: Mapping[str, Break] = {
    "accepts and never answers": answers(_ping=silence),
    "drips a header": answers(_ping=drip(b"HTTP/1.1 200 OK\r\nX: ", b"x")),
    "drips headers": answers(_ping=drip(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n")),
    "drips a body": answers(_ping=drip(head() + b'{"a": "', b"x")),
    "never answers about a container": answers(containers__test_limit__json=silence),
    "drips about a container": answers(containers__test_limit__json=drip(head("Content-Length: 99"), b" ")),
    "drips headers about a container": answers(containers__test_limit__json=drip(head()[:-2], b"X: y\r\n")),
    "never lists": answers(containers__json=silence),
    "hangs while a command does": lambda engine: hangs_with_its_exec(engine),
}


def hangs_with_its_exec(engine: FakeEngine) -> None:
    def never(call: Call) -> None:
        engine.hangs = True
        silence(call)

    engine.execs["redis-cli get mykey"] = never


PAGES: Mapping[str, tuple[Answer, str]] = {
    "hangs": (silence, "http.timeout"),
    "drips a header": (drip(b"HTTP/1.1 200 OK\r\nX: ", b"x"), "http.timeout"),
    "drips a body": (drip(head("Content-Length: 100000"), b"x"), "http.timeout"),
    "floods": (flood(head(), b"x" * (1 << 16)), "http.body"),
    "floods a header": (flood(b"HTTP/1.1 200 OK\r\nX: ", b"x" * (1 << 16)), "http.garbage"),
    "closes": (raw(b""), "http.empty"),
    "garbage": (raw(b"\x16\x03\x01\x00\xff" * 50), "http.garbage"),
    "half a chunk": (raw(head("Transfer-Encoding: chunked") + b"ffffff\r\nHello"), "http.body"),
    "chunks of nonsense": (raw(head("Transfer-Encoding: chunked") + b"zz\r\n\r\n"), "http.body"),
    "a size beyond all": (page("", "200 OK", f"Content-Length: {10**40}"), "http.body"),
    "redirects to a file": (page("", "302 Found", "Location: file:///etc/shadow"), "http.status"),
    "redirects elsewhere": (page("", "301 Moved", "Location: http://192.0.2.1/"), "http.status"),
    "an error": (page("Traceback", "500 Internal Server Error"), "http.status"),
    "no UTF-8": (page(b"Hello, World! \xff\xfe\x1b[2J"), "http.body"),
    "always the same": (page("Hello, World! I have been seen 7 times."), "http.does-not-grow"),
}
SLOW = (
    [("exec", name) for name in RUNNING]
    + [("engine", name) for name in HANGING]
    + [("page", name) for name in PAGES]
)


@pytest.fixture(scope="module", autouse=True)
def slow(
    here: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[tuple[str, str], Future[Graded]]]:
    """Every slow case, begun at once but for a few that would be in each other's way."""
    folder = tmp_path_factory.mktemp("slow")
    homework()
    places = threading.BoundedSemaphore(16)

    def begin(kind: str, name: str) -> Graded:
        with places:
            if kind == "page":
                return graded(folder, nothing, web=PAGES[name][0], timeout=TO_BE_TOLD, only="compose")
            if kind == "exec":
                return graded(folder, RUNNING[name], timeout=TO_BE_TOLD, only="volume")
            return graded(folder, HANGING[name], timeout=TIMEOUT)

    yield {case: background(functools.partial(begin, *case)) for case in SLOW}


@pytest.mark.parametrize("name", HANGING)
def test_an_engine_that_hangs_is_an_error_in_time(
    slow: Mapping[tuple[str, str], Future[Graded]], name: str
) -> None:
    result = slow["engine", name].result()
    assert result.seconds < TIMEOUT + 15
    assert result.report.score is None
    assert {"engine.timeout", "host.timeout"} & {
        check.code for task in result.report.tasks for check in task.checks
    }
    assert Status.FAILED not in result.statuses()


@pytest.mark.parametrize("name", RUNNING)
def test_a_command_that_hangs_is_the_students(
    slow: Mapping[tuple[str, str], Future[Graded]], name: str
) -> None:
    result = slow["exec", name].result()
    key = result.check("volume", "key")
    assert (key.status, key.code, key.score) == (Status.FAILED, "exec.timeout", 0)
    assert result.seconds < TO_BE_TOLD
    assert result.report.score == 7


@pytest.mark.parametrize("name", PAGES)
def test_a_page_that_is_not_as_it_should_be_is_the_students(
    slow: Mapping[tuple[str, str], Future[Graded]], name: str
) -> None:
    result = slow["page", name].result()
    counter = result.check("compose", "counter")
    assert (counter.status, counter.code, counter.score) == (Status.FAILED, PAGES[name][1], 0)
    assert result.seconds < TO_BE_TOLD
    assert result.report.score == 9
    assert "shadow" not in str(counter.actual)


# The student's, at once.


@pytest.mark.parametrize(
    ("how", "code"),
    [
        (flood(STREAM, frame(b"y\n" * 4096)), "exec.flood"),
        (flood(STREAM, frame(b"y\n" * 4096, 2)), "exec.flood"),
        (printed(b"\x01\0\0\0\xff\xff\xff\xff" + b"y" * 100_000), "exec.flood"),
        (printed(frame(b"\xff\xfe\x80foobar\n")), "key.wrong-value"),
        (printed(frame(b"\x1b]0;owned\x07foobar\n")), "key.wrong-value"),
        (value({"message": "OCI runtime exec failed: \x1b[2J"}, "400 Bad Request"), "exec.no-command"),
        (value({"message": "container is paused"}, "409 Conflict"), "exec.stopped"),
        (value({"message": "no such container"}, "404 Not Found"), "exec.missing"),
    ],
)
def test_what_a_command_prints_is_the_students(tmp_path: Path, how: Answer, code: str) -> None:
    def spoil(engine: FakeEngine) -> None:
        get_mykey(how)(engine)
        if code == "exec.no-command":
            engine.answers["/exec/0/json"] = value({"ExitCode": 127, "Running": False})
            engine.containers = {name: engine.containers[name] for name in ("redis_1", "redis_2")}

    result = graded(tmp_path, spoil)
    key = result.check("volume", "key")
    assert (key.status, key.code, key.score) == (Status.FAILED, code, 0)
    assert result.report.score is not None


HOSTILE = "\x1b[2Jname\r\n\x07\x9b31m\u202e\u2066\u200b\ud800\x85\u2028end"


def assert_harmless(text: str) -> None:
    """Nothing in it steers a terminal."""
    bad = [char for char in text if (ord(char) < 32 and char != "\n") or 0x7F <= ord(char) < 0xA0]
    bad += [char for char in text if 0x200B <= ord(char) <= 0x200F or 0x2028 <= ord(char) <= 0x202E]
    bad += [char for char in text if 0x2066 <= ord(char) <= 0x2069 or 0xD800 <= ord(char) <= 0xDFFF]
    assert not bad, bad


def test_hostile_names_and_output_never_reach_the_terminal(tmp_path: Path) -> None:
    def spoil(engine: FakeEngine) -> None:
        engine.execs["redis-cli get mykey"] = printed(frame(HOSTILE.encode("utf-8", "replace")))
        web = engine.containers["web"]
        web["Name"] = f"/{HOSTILE}"
        web["Config"] = {"Image": HOSTILE, "Labels": labels("web", depends_on=HOSTILE)}
        engine.containers["test_limit"]["Config"]["Image"] = HOSTILE
        engine.containers["redis"]["Config"]["Healthcheck"] = {"Test": ["CMD-SHELL", HOSTILE]}

    report = graded(tmp_path, spoil, web=page(HOSTILE.encode("utf-8", "replace"))).report
    shown = table.render(report)
    assert "end" in shown and "\\x1b[2J" in shown
    assert_harmless(shown)
    assert json_report.render(report).isascii()


# Files that a container's labels name.


def v1(working_dir: str, files: str) -> Break:
    """A project of Compose v1, whose containers do not say themselves what they depend on."""
    more = {"version": "1.29.2", "project__working_dir": working_dir, "project__config_files": files}

    def spoil(engine: FakeEngine) -> None:
        engine.containers["web"]["Config"]["Labels"] = labels("web", **more)

    return spoil


SECRET = "root:$6$very$secret:19000:0:99999:7:::\n"


def test_a_label_that_names_etc_shadow(tmp_path: Path) -> None:
    """Whoever may read it, nothing of it goes into report or evidence."""
    result = graded(tmp_path, v1("/etc", "shadow"))
    check = result.check("compose", "depends-on")
    assert (check.status, check.code, check.score) == (Status.ERROR, "compose.unreadable", None)
    assert "/etc/shadow" in check.message
    kept = str(result.evidence.to_json())
    assert "root:" not in kept
    assert "root:" not in json_report.render(result.report)


def fifo(path: Path) -> None:
    os.mkfifo(path)


MAKE: Mapping[str, Callable[[Path], object]] = {
    "secrets": lambda path: path.write_text(SECRET),
    "secrets-as-yaml": lambda path: path.write_text(f"services: [{SECRET!r}]\n"),
    "fifo": fifo,
    "folder": Path.mkdir,
    "device": lambda path: path.symlink_to("/dev/zero"),
    "endless-link": lambda path: path.symlink_to(path),
    "huge": lambda path: path.write_text("services: {}\n#" + SECRET * 40_000),
    "bomb": lambda path: path.write_text(
        "services:\n  a: &a0 [x, x]\n"
        + "".join(f"  a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))
    ),
    "binary": lambda path: path.write_bytes(bytes(range(256)) * 100),
    "code": lambda path: path.write_text("!!python/object/apply:os.system ['touch pwned']\n"),
    "absent": lambda path: None,
}


@pytest.mark.parametrize("kind", MAKE)
@pytest.mark.parametrize("label", [True, False], ids=["the label says", "nothing says"])
def test_a_label_that_names_something_else(tmp_path: Path, kind: str, label: bool) -> None:
    """Nothing readable is an error, unless the container's own label tells what it depends on."""
    named = tmp_path / "compose.yaml"
    MAKE[kind](named)

    def spoil(engine: FakeEngine) -> None:
        v1(str(tmp_path), "compose.yaml")(engine)
        if label:
            engine.containers["web"]["Config"]["Labels"] |= labels(
                "web", depends_on="redis:service_healthy:true"
            )

    result = graded(tmp_path, spoil)
    check = result.check("compose", "depends-on")
    assert check.status is (Status.PASSED if label else Status.ERROR)
    assert result.report.score == (30 if label else None)
    assert "secret" not in str(result.evidence.to_json())
    assert not (tmp_path / "pwned").exists()
    assert result.seconds < 20


# Any answer at all.

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=12,
)
KEYS = (
    "Id",
    "Name",
    "Names",
    "State",
    "Status",
    "Config",
    "Labels",
    "HostConfig",
    "Memory",
    "Mounts",
    "Image",
)
SHAPED = st.dictionaries(
    st.sampled_from(KEYS), JSON | st.dictionaries(st.sampled_from(KEYS), JSON), max_size=8
)
ANY = JSON | SHAPED | st.lists(SHAPED, max_size=3)
QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def assert_whole(report: Report) -> None:
    """A report with every check, which can be shown in every format."""
    assert len([check for task in report.tasks for check in task.checks]) == 19
    assert_harmless(table.render(report))
    assert json_report.render(report).isascii()


@QUICK
@given(inspect=ANY, listed=ANY, info=ANY)
def test_any_json_for_an_answer_gives_a_report_and_no_points(
    tmp_path: Path, inspect: Any, listed: Any, info: Any
) -> None:
    def any_container(call: Call) -> None:
        value(inspect)(call)

    def spoil(engine: FakeEngine) -> None:
        engine.answers |= {f"/containers/{name}/json": any_container for name in engine.containers}
        engine.answers |= {f"/containers/{number}/json": any_container for number in IDS.values()}
        engine.answers |= {"/containers/json": value(listed), "/info": value(info)}

    report = graded(tmp_path, spoil).report
    assert_whole(report)
    assert Status.PASSED not in {check.status for task in report.tasks for check in task.checks}


def paths(data: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The place of every value in a JSON value."""
    yield here
    children = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, child in children:
        yield from paths(child, (*here, key))


@QUICK
@given(data=st.data())
def test_any_value_anywhere_in_an_answer_breaks_no_judge(tmp_path: Path, data: st.DataObject) -> None:
    """One value of a right answer is replaced by anything: judges answer, none of them breaks."""

    def spoil(engine: FakeEngine) -> None:
        containers = copy.deepcopy(engine.containers)
        places = [path for path in paths(containers) if len(path) > 1]
        *way, last = data.draw(st.sampled_from(places))
        where: Any = containers
        for step in way:
            where = where[step]
        where[last] = data.draw(JSON)
        for name, answer in containers.items():
            for ref in (name, IDS[name]):
                engine.answers[f"/containers/{ref}/json"] = value(answer)

    report = graded(tmp_path, spoil).report
    assert_whole(report)
    codes = {check.code for task in report.tasks for check in task.checks}
    assert not codes & {"check.broken", "fact.broken"}
