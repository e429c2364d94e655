"""Bad input, from the command line's side: exit status, what is said, in time, and nothing left behind.

0 full marks, 1 the student's failure, 2 wrong usage or a broken assignment, 3 the host's failure. The fake engine
stands in because a real one cannot be made to hang, lie or flood on demand; tests/live has what a real one can do.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from dockgrader.cli import main
from dockgrader.facts import commands
from dockgrader.hosts.base import HERE
from dockgrader.hosts.local import LocalHost
from fakes.engine import STREAM, FakeEngine, frame, labels, printed, with_page
from fakes.server import Server, drip, flood, head, silence, then_silence
from tests.grading.test_faults import HOSTILE, SECRET, assert_harmless

ROOT = os.geteuid() == 0
NOBODY = 65534


@dataclass(frozen=True)
class Ran:
    """What a command left."""

    status: int
    out: str
    err: str
    seconds: float

    @property
    def report(self) -> Any:
        """The JSON report on standard output."""
        return json.loads(self.out)


Dockgrader = Callable[..., Ran]


@pytest.fixture
def dockgrader(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Dockgrader:
    """The command in this process; no traceback may come of it, and no temporary file stay."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKGRADER_PATH"):
        monkeypatch.delenv(name, raising=False)

    def run(*argv: str | Path) -> Ran:
        start = time.monotonic()
        with pytest.raises(SystemExit) as left:
            main([str(word) for word in argv])
        seconds = time.monotonic() - start
        out, err = capsys.readouterr()
        assert isinstance(left.value.code, int)
        assert not list(temporary.iterdir())
        assert_harmless(out)
        assert_harmless(err)
        return Ran(left.value.code, out, err, seconds)

    return run


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[FakeEngine]:
    """A host on which homework-1 is done right."""
    with with_page(tmp_path / "docker.sock") as engine:
        yield engine


def check(dockgrader: Dockgrader, tmp_path: Path, *more: str | Path) -> Ran:
    """Grade homework-1 on tmp_path/docker.sock, with the report as JSON."""
    return dockgrader(
        "check", "homework-1", "--host", f"unix://{tmp_path}/docker.sock", "--format", "json", *more
    )


def assert_host_failed(ran: Ran, code: str, said: str) -> None:
    """Nothing was seen: every check is listed, none has a score."""
    assert ran.status == 3
    report = ran.report
    assert (report["status"], report["score"], report["max_score"]) == ("error", None, 30)
    checks = [item for task in report["tasks"] for item in task["checks"]]
    assert len(checks) == 19
    assert {(item["status"], item["score"]) for item in checks} == {("error", None)}
    assert code in {item["code"] for item in checks}
    assert said in report["error"]


def test_nothing_wrong(dockgrader: Dockgrader, engine: FakeEngine, tmp_path: Path) -> None:
    """Each test below is one difference from this."""
    ran = check(dockgrader, tmp_path)
    assert (ran.status, ran.report["score"], ran.err) == (0, 30, "")


# The host's failures: 3, and never a zero.


def test_no_daemon_no_socket(dockgrader: Dockgrader, tmp_path: Path) -> None:
    ran = check(dockgrader, tmp_path)
    assert_host_failed(ran, "engine.no-socket", "Is Docker installed and running")
    assert ran.seconds < 20


def test_no_daemon_connection_refused(dockgrader: Dockgrader, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(f"{tmp_path}/docker.sock")
    assert_host_failed(check(dockgrader, tmp_path), "engine.down", "Start the engine")


def test_no_daemon_tcp(dockgrader: Dockgrader) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"tcp://127.0.0.1:{closed.getsockname()[1]}"
        ran = dockgrader("check", "homework-1", "--host", url, "--format", "json")
    assert_host_failed(ran, "engine.down", "Start the engine")


def test_a_daemon_that_accepts_and_never_answers(
    dockgrader: Dockgrader, engine: FakeEngine, tmp_path: Path
) -> None:
    engine.answers["/_ping"] = silence
    ran = check(dockgrader, tmp_path, "--timeout", "1")
    assert_host_failed(ran, "engine.timeout", "did not answer")
    assert ran.seconds < 1 + 15


def test_a_daemon_that_answers_garbage(dockgrader: Dockgrader, engine: FakeEngine, tmp_path: Path) -> None:
    engine.answers["/_ping"] = lambda call: call.send(b"\x1b[2J\x00\xff" * 100)
    assert_host_failed(check(dockgrader, tmp_path), "engine.garbage", "does not answer as a Docker engine")


def test_an_engine_that_dies_in_the_middle(
    dockgrader: Dockgrader, engine: FakeEngine, tmp_path: Path
) -> None:
    engine.dies_after = 6
    ran = check(dockgrader, tmp_path)
    assert (ran.status, ran.report["score"]) == (3, None)
    assert "failed" not in {item["status"] for task in ran.report["tasks"] for item in task["checks"]}


def as_somebody_without_rights(*argv: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """The command without root's rights; what it imports was read before, as its files may be root's own."""
    drop = (
        "import contextlib, io, os, sys\n"
        "from dockgrader.cli import main\n"
        "processors = os.sched_getaffinity(0)\n"
        "os.sched_setaffinity(0, [min(processors)])\n"  # so that this process imports what another one would
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):\n"
        "    for argv in (['check', 'homework-1', '--host', 'unix:///none'], ['list'], ['show', 'none']):\n"
        "        with contextlib.suppress(SystemExit): main(argv)\n"
        "os.sched_setaffinity(0, processors)\n"
        f"if os.geteuid() == 0: os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})\n"
        "main(sys.argv[1:])\n"
    )
    words = [sys.executable, "-c", drop, *map(str, argv)]
    return subprocess.run(words, cwd=cwd, capture_output=True, text=True, timeout=30)


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that everybody may enter."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_permission_denied_on_the_socket(public: Path) -> None:
    with FakeEngine(public / "docker.sock"):
        (public / "docker.sock").chmod(0)
        ran = as_somebody_without_rights(
            *("check", "homework-1", "--host", f"unix://{public}/docker.sock", "--format", "json"), cwd=public
        )
    assert_host_failed(Ran(ran.returncode, ran.stdout, ran.stderr, 0), "engine.permission", "group docker")


def test_files_without_permission(public: Path) -> None:
    """An assignment that may not be read, a folder that may not be written."""
    (public / "secret.yaml").write_text("id: secret")
    (public / "secret.yaml").chmod(0)
    ran = as_somebody_without_rights("check", "secret.yaml", cwd=public)
    assert ran.returncode == 2
    assert "Permission denied" in ran.stderr and "Traceback" not in ran.stderr
    public.chmod(0o555)
    ran = as_somebody_without_rights("check", "homework-1", "--evidence", "e.json", cwd=public)
    assert ran.returncode == 2
    assert "no permission to write e.json" in ran.stderr
    public.chmod(0o755)


# The student's failures: 1, and a zero.


def key_of(ran: Ran) -> dict[str, Any]:
    """The verdict on `redis-cli get mykey`."""
    (found,) = (
        item
        for task in ran.report["tasks"]
        for item in task["checks"]
        if (task["id"], item["id"]) == ("volume", "key")
    )
    assert isinstance(found, dict)
    return found


def test_a_hung_exec(
    dockgrader: Dockgrader, engine: FakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told in time, though it has less of it here than in earnest."""
    monkeypatch.setattr(commands, "EXEC_SECONDS", 1.0)
    engine.execs["redis-cli get mykey"] = then_silence(STREAM)
    ran = check(dockgrader, tmp_path, "--timeout", "40")
    assert (ran.status, ran.report["score"]) == (1, 27)
    assert (key_of(ran)["code"], key_of(ran)["score"]) == ("exec.timeout", 0)
    assert ran.seconds < 40


def test_a_hung_exec_while_the_engine_hangs_too(
    dockgrader: Dockgrader, engine: FakeEngine, tmp_path: Path
) -> None:
    def hang(call: Any) -> None:
        engine.hangs = True
        silence(call)

    engine.execs["redis-cli get mykey"] = hang
    ran = check(dockgrader, tmp_path, "--timeout", "1.5")
    assert (ran.status, ran.report["score"]) == (3, None)
    assert (key_of(ran)["status"], key_of(ran)["score"]) == ("error", None)
    assert ran.seconds < 1.5 + 15


def test_bytes_that_are_no_utf8(dockgrader: Dockgrader, engine: FakeEngine, tmp_path: Path) -> None:
    engine.execs["redis-cli get mykey"] = printed(frame(b"\xff\xfe\xc3(\n"))
    ran = check(dockgrader, tmp_path)
    assert (ran.status, key_of(ran)["code"], key_of(ran)["score"]) == (1, "key.wrong-value", 0)
    assert "\ufffd" in key_of(ran)["actual"]


def test_control_characters_in_names_and_output(
    dockgrader: Dockgrader, engine: FakeEngine, tmp_path: Path
) -> None:
    engine.execs["redis-cli get mykey"] = printed(frame(HOSTILE.encode("utf-8", "replace")))
    engine.containers["test_limit"]["Config"]["Image"] = HOSTILE
    engine.containers["web"] |= {"Name": f"/{HOSTILE}", "State": {"Status": HOSTILE}}
    report = tmp_path / "report.json"
    ran = dockgrader(
        *("check", "homework-1", "--host", f"unix://{tmp_path}/docker.sock", "--format", "table"),
        *("--format", f"json:{report}"),
    )
    assert ran.status == 1
    assert "\\x1b[2J" in ran.out  # told, though not done; the fixture looks at every character
    assert report.read_bytes().isascii()


# Files that a label names.


def named(engine: FakeEngine, path: str) -> None:
    """web is of Compose v1, and its compose file is this one."""
    more = {"version": "1.29.2", "project__working_dir": "/", "project__config_files": path}
    engine.containers["web"]["Config"]["Labels"] = labels("web", **more)


@pytest.mark.parametrize("kind", ["/etc/shadow", "secret", "fifo", "folder", "/dev/zero", "huge"])
def test_a_compose_file_label_that_names(
    dockgrader: Dockgrader, engine: FakeEngine, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing readable is an error; nothing of the file is kept, neither in the report nor in the evidence."""
    # The fake engine's containers have no processes here; without one their files are not even looked for.
    monkeypatch.setattr(LocalHost, "near", lambda self, container_id, pid: HERE)
    path = tmp_path / kind
    match kind:
        case "secret":
            path.write_text(SECRET)
        case "fifo":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "huge":
            path.write_text(f"services: {{}}\n#{SECRET * 40_000}")
    named(engine, str(path))  # an absolute kind stays what it is
    evidence = tmp_path / "evidence.json"
    ran = check(dockgrader, tmp_path, "--evidence", evidence)
    assert (ran.status, ran.report["score"]) == (3, None)
    assert str(path) in ran.report["error"]
    kept = evidence.read_text() + ran.out
    assert "secret" not in kept.replace(str(path), "")
    assert "root:" not in kept
    assert stat.S_IMODE(evidence.stat().st_mode) == 0o600
    assert ran.seconds < 20


# Assignments.

GOOD = """\
id: {id}
title: A good one
tasks:
  - id: only
    title: The only task
    checks:
      - {{id: first, kind: container, container: a, state: running}}
"""
CHECK = "      - {id: second, kind: container, container: b, state: running"
BROKEN: Mapping[str, tuple[str | bytes, str]] = {
    "a list": ("- id: bad\n", r":1:1: expected a mapping"),
    "a scalar": ("hello\n", r":1:1: expected a mapping"),
    "empty": ("", r":1:1: expected a mapping.*an empty file"),
    "only a comment": ("# nothing\n", r":1:1: expected a mapping.*an empty file"),
    "no YAML": ("id: [unclosed\n", r":\d+:\d+: "),
    "a bomb of aliases": (
        "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60)),
        r":\d+:\d+: ",
    ),
    "too deep": ("id: " + "[" * 5000, r":1:\d+: "),
    "a tag that runs code": (
        "id: !!python/object/apply:os.system ['touch pwned']\n",
        r":1:5: .*tag",
    ),
    "a tag that makes an object": ("id: !!python/name:os.system\n", r":1:5: .*tag"),
    "two documents": ("id: a\n---\nid: b\n", r":\d+:\d+: "),
    "an unknown kind": (
        GOOD.format(id="bad").replace("kind: container", "kind: contaner"),
        r":7:.*did you mean",
    ),
    "an unknown field": (GOOD.format(id="bad").replace("state", "stat"), r":7:.*did you mean"),
    "negative points": (GOOD.format(id="bad") + CHECK + ", points: -1}\n", r":8:.*points"),
    "points that are no number": (GOOD.format(id="bad") + CHECK + ", points: many}\n", r":8:.*points"),
    "infinite points": (GOOD.format(id="bad") + CHECK + ", points: .inf}\n", r":8:.*points"),
    "two checks with one id": (
        GOOD.format(id="bad") + CHECK.replace("second", "first") + "}\n",
        r":\d+.*same id 'first'",
    ),
    "a circle of prerequisites": (
        GOOD.format(id="bad").replace("running}", "running, needs: [second]}")
        + CHECK
        + ", needs: [first]}\n",
        r":\d+.*circle",
    ),
    "a check that needs itself": (GOOD.format(id="bad") + CHECK + ", needs: [second]}\n", r":\d+.*circle"),
    "an unknown need": (GOOD.format(id="bad") + CHECK + ", needs: [frist]}\n", r":\d+.*'frist'"),
    "no tasks": ("id: bad\ntitle: x\ntasks: []\n", r":3:.*tasks"),
    "a size that is none": (
        GOOD.format(id="bad") + CHECK.replace("state: running", "memory: 200m") + "}\n",
        r":8:.*200MiB",
    ),
    "a regular expression that is none": (
        GOOD.format(id="bad") + "      - {id: x, kind: http, service: web, body: '('}\n",
        r":8:.*regular expression",
    ),
    "not UTF-8": (b"id: \xff\xfe\n", r":1:5: not UTF-8"),
    "a NUL": (b"id: \0\n", r":1:\d+: "),
    "control characters": ("id: \x1b[2J\n", r":1:\d+: "),
    "hostile names": (GOOD.format(id='"\\e[2J\\u202e"'), r":1:\d+: "),
    "larger than 1 MiB": (b"# " + b"x" * (1 << 20), r": larger than 1 MiB"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_assignment(
    dockgrader: Dockgrader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """`check` and `show` say where and what; `list` names it and shows the others."""
    text, said = BROKEN[kind]
    folder = tmp_path / "assignments"
    folder.mkdir()
    (folder / "bad.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    (folder / "good.yaml").write_text(GOOD.format(id="good"))
    monkeypatch.chdir(folder)
    monkeypatch.setenv("DOCKGRADER_PATH", str(folder))
    for command in ("check", "show"):
        for name in ("bad.yaml", "bad"):
            ran = dockgrader(command, name)
            assert (ran.status, ran.out) == (2, "")
            assert re.search(r"^Error: \S*bad\.yaml" + said, ran.err)
            assert ran.seconds < 20
        assert dockgrader("show", "good").status == 0
    ran = dockgrader("list")
    assert ran.status == 0
    assert "good" in ran.out and "homework-1" in ran.out
    assert "bad.yaml" in ran.err
    assert not (folder / "pwned").exists()


def test_an_assignment_that_is_no_file(
    dockgrader: Dockgrader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks" / "folder.yaml").mkdir()
    os.mkfifo(tmp_path / "checks" / "fifo.yaml")
    (tmp_path / "checks" / "dangling.yaml").symlink_to("nothing")
    (tmp_path / "checks" / "circle.yaml").symlink_to("circle.yaml")
    monkeypatch.chdir(tmp_path)
    for command in ("check", "show"):
        for name in ("folder", "fifo", "dangling", "circle", "none"):
            ran = dockgrader(command, f"checks/{name}.yaml")
            assert (ran.status, ran.out) == (2, "")
            assert ran.err.startswith("Error: ")
    assert "homework-1" in dockgrader("list").out


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("homework1", "did you mean 'homework-1'?"),
        ("homework-1/limit", "did you mean 'limits'?"),
        ("homework-1/nothing-like-it", "limits, volume, compose"),
        ("nothing-like-it", "`dockgrader list` shows what there is"),
        ("", "no assignment"),
        ("/", "no assignment"),
        ("homework-1/", "no assignment"),
        ("../homework-1", "no assignment"),
        ("\x1b[2J", "no assignment"),
        ("x" * 5000, "no assignment"),
    ],
)
def test_an_unknown_assignment_or_task(dockgrader: Dockgrader, name: str, said: str) -> None:
    for command in ("check", "show"):
        ran = dockgrader(command, name)
        assert (ran.status, ran.out) == (2, "")
        assert said in ran.err


# The command line.


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--format", "table", "--format", "json"], "only one --format can go to standard output"),
        (["--format", "html5"], "unknown format 'html5'"),
        (["--format", "json:"], "the file's name is missing"),
        (["--format", "json:{tmp}/no/folder/r.json"], "there is no folder"),
        (["--format", "json:{tmp}"], "is a folder"),
        (["--evidence", "{tmp}/no/folder/e.json"], "there is no folder"),
        (["--evidence", "{tmp}"], "is a directory"),
        (["--timeout", "0"], "--timeout"),
        (["--timeout", "nan"], "--timeout"),
        (["--timeout", "inf"], "--timeout"),
        (["--wait", "-1"], "--wait"),
        (["--pass-mark", "101"], "--pass-mark"),
        (["--pass-mark", "nan"], "--pass-mark"),
        (["--lang", "fr"], "--lang"),
        (["--nonsense"], "No such option"),
        (["more"], "unexpected extra argument"),
        (["--host", "tcp://"], "is no Docker endpoint"),
        (["--host", "tcp://host:port"], "is no Docker endpoint"),
        (["--host", "nope"], "no such docker context"),
        (["--host", "recorded:"], "is no Docker endpoint"),
        (["--host", "recorded:{tmp}/none.json"], "No such file"),
    ],
)
def test_wrong_usage(
    dockgrader: Dockgrader, engine: FakeEngine, tmp_path: Path, argv: list[str], said: str
) -> None:
    """Said before anything is graded."""
    words = [word.format(tmp=tmp_path) for word in argv]
    host = [] if "--host" in words else ["--host", f"unix://{tmp_path}/docker.sock"]
    ran = dockgrader("check", "homework-1", *host, *words)
    assert (ran.status, ran.out) == (2, "")
    assert said in " ".join(ran.err.split())
    assert not engine.calls


def test_a_command_that_is_none(dockgrader: Dockgrader) -> None:
    ran = dockgrader("chekc")
    assert ran.status == 2
    assert "chekc" in ran.err


@pytest.mark.parametrize("variable", ["DOCKER_HOST", "DOCKER_CONTEXT"])
@pytest.mark.parametrize("value", ["nonsense://x", "tcp://", "\x1b[2J"])
def test_a_bad_environment(
    dockgrader: Dockgrader, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str, value: str
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv(variable, value)
    for command in (["check", "homework-1"], ["doctor"]):
        ran = dockgrader(*command)
        assert (ran.status, ran.out) == (2, "")
        assert variable in ran.err


def test_settings_of_the_docker_cli_that_are_broken(
    dockgrader: Dockgrader, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What is no JSON is passed over, as the docker CLI does; what the SDK cannot take is said."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    (tmp_path / "config.json").write_text("{ broken")
    assert check(dockgrader, tmp_path).status == 0
    (tmp_path / "config.json").write_text("[]")
    ran = check(dockgrader, tmp_path)
    assert_host_failed(ran, "engine.client-config", "config.json")


def test_a_file_that_fails_only_when_it_is_written(
    dockgrader: Dockgrader, engine: FakeEngine, tmp_path: Path
) -> None:
    """The report is shown all the same, and the exit status is not that of success."""
    ran = check(dockgrader, tmp_path, "--evidence", "/proc/evidence.json")
    assert ran.status == 2
    if ROOT:  # anybody else is told before
        assert ran.report["score"] == 30
    assert "cannot be written" in ran.err or "no permission" in ran.err


def test_a_device_is_written_to_and_not_replaced(
    dockgrader: Dockgrader, engine: FakeEngine, tmp_path: Path
) -> None:
    ran = check(dockgrader, tmp_path, "--format", "table:/dev/null", "--evidence", "/dev/null")
    assert (ran.status, ran.report["score"]) == (0, 30)
    assert Path("/dev/null").is_char_device()


# Evidence.


@pytest.fixture
def evidence(dockgrader: Dockgrader, engine: FakeEngine, tmp_path: Path) -> Path:
    path = tmp_path / "evidence.json"
    assert check(dockgrader, tmp_path, "--evidence", path).status == 0
    return path


def test_evidence_cut_short(dockgrader: Dockgrader, evidence: Path) -> None:
    whole = evidence.read_bytes()
    for size in (0, 1, 100, len(whole) // 2, len(whole) - 3):
        evidence.write_bytes(whole[:size])
        ran = dockgrader("regrade", "homework-1", evidence)
        assert (ran.status, ran.out) == (2, "")
        assert str(evidence) in ran.err
    packed = gzip.compress(whole, mtime=0)
    for size in (2, 10, 50, len(packed) // 2, len(packed) - 1):
        evidence.write_bytes(packed[:size])
        assert dockgrader("regrade", "homework-1", evidence).status == 2
    evidence.write_bytes(packed)
    assert dockgrader("regrade", "homework-1", evidence).status == 0


def test_evidence_with_a_reading_taken_out_is_no_zero(dockgrader: Dockgrader, evidence: Path) -> None:
    data = json.loads(evidence.read_text())
    data["readings"] = [item for item in data["readings"] if item["question"]["fact"] != "exec"]
    evidence.write_text(json.dumps(data))
    ran = dockgrader("regrade", "homework-1", evidence, "--format", "json")
    assert (ran.status, ran.report["score"], key_of(ran)["code"]) == (3, None, "evidence.missing")


def test_evidence_of_a_newer_schema(dockgrader: Dockgrader, evidence: Path) -> None:
    data = json.loads(evidence.read_text()) | {"schema": "dockgrader.evidence/9"}
    evidence.write_text(json.dumps(data))
    for argv in (
        ["regrade", "homework-1", str(evidence)],
        ["check", "homework-1", "--host", f"recorded:{evidence}"],
    ):
        ran = dockgrader(*argv)
        assert ran.status == 2
        assert "'dockgrader.evidence/9'; this version reads dockgrader.evidence/1" in ran.err


@pytest.mark.parametrize(
    "data",
    [
        *(
            b"no json",
            b"[]",
            b"null",
            b"7",
            b"\xff" * 100,
            b"[" * 100_000,
            b"{}",
            b"\x1f\x8b",
            b"\x1f\x8b" + b"x" * 99,
        ),
        gzip.compress(b"x" * 500, mtime=0)[:-12] + b"\0" * 12,
        *(gzip.compress(b"{}", mtime=0) + b"trailing garbage", b'{"schema": "dockgrader.evidence/1"}'),
        b'{"schema": "dockgrader.evidence/1", "readings": 5, "host": [], "started_at": 1, "error": 2}',
        b'{"schema": "\x1b[2J"}',
        b'{"schema": ' + b"9" * 5000 + b"}",
    ],
)
def test_what_is_no_evidence(dockgrader: Dockgrader, tmp_path: Path, data: bytes) -> None:
    (tmp_path / "evidence.json").write_bytes(data)
    ran = dockgrader("regrade", "homework-1", tmp_path / "evidence.json")
    assert (ran.status, ran.out) == (2, "")
    assert str(tmp_path / "evidence.json") in ran.err


def test_evidence_that_is_a_bomb(dockgrader: Dockgrader, tmp_path: Path) -> None:
    """65 MiB of spaces in 64 KiB."""
    (tmp_path / "evidence.json.gz").write_bytes(gzip.compress(b" " * (65 << 20), compresslevel=1, mtime=0))
    ran = dockgrader("regrade", "homework-1", tmp_path / "evidence.json.gz")
    assert (ran.status, ran.out) == (2, "")


@pytest.mark.parametrize("path", ["/dev/zero", "/", "/nonexistent/e.json"])
def test_evidence_that_is_no_file(dockgrader: Dockgrader, path: str) -> None:
    ran = dockgrader("regrade", "homework-1", path)
    assert (ran.status, ran.out) == (2, "")


# The process: in its own interpreter, as only that shows threads, signals, pipes and memory.


def spawn(*argv: str | Path, env: Mapping[str, str] | None = None, **more: Any) -> subprocess.Popen[bytes]:
    """The command as a process of its own; it minds Ctrl-C even where the tests run in the background."""
    clean = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    more = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
    return subprocess.Popen(
        [sys.executable, "-m", "dockgrader", *map(str, argv)],
        env=clean if env is None else env,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.default_int_handler),
        **more,
    )


def test_a_gigabyte_of_output_in_little_memory(engine: FakeEngine, tmp_path: Path) -> None:
    engine.execs["redis-cli get mykey"] = flood(STREAM, frame(b"y\n" * (1 << 15)))
    with Server(("127.0.0.1", 0), flood(head(), b"x" * (1 << 16))) as web:
        ports = {f"{web.port}/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(web.port)}]}
        engine.containers["web"]["NetworkSettings"]["Ports"] = ports
        # By way of a small process, as the peak of a new one begins with that of whoever starts it.
        measure = (
            "import resource, subprocess, sys\n"
            "status = subprocess.run(sys.argv[1:]).returncode\n"
            "print(status, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
        )
        words = [sys.executable, "-m", "dockgrader", "check", "homework-1", "--timeout", "60"]
        words += ["--host", f"unix://{tmp_path}/docker.sock", "--format", f"json:{tmp_path}/report.json"]
        said = subprocess.run([sys.executable, "-c", measure, *words], capture_output=True, timeout=90).stdout
    status, peak = map(int, said.split())
    assert status == 1
    assert peak * (1 if sys.platform == "darwin" else 1024) < 150 << 20
    text = (tmp_path / "report.json").read_text()
    ran = Ran(status, text, "", 0)
    assert (key_of(ran)["code"], key_of(ran)["score"]) == ("exec.flood", 0)
    assert len(text) < 100_000


def test_threads_that_hang_do_not_keep_the_command_from_ending(engine: FakeEngine, tmp_path: Path) -> None:
    """Nor is anything left in the folder of temporary files."""
    (tmp_path / "temporary").mkdir()
    engine.answers["/containers/json"] = drip(head()[:-2], b"X: y\r\n")
    start = time.monotonic()
    env = {**os.environ, "TMPDIR": str(tmp_path / "temporary")}
    with spawn(
        "check", "homework-1", "--host", f"unix://{tmp_path}/docker.sock", "--timeout", "1", env=env
    ) as process:
        out, err = process.communicate(timeout=20)
    assert process.returncode == 3
    assert time.monotonic() - start < 1 + 15
    assert b"Traceback" not in err
    assert "?" in out.decode()  # no score
    assert not list((tmp_path / "temporary").iterdir())


def interrupted(engine: FakeEngine, process: subprocess.Popen[bytes], path: str) -> tuple[int, float, bytes]:
    """Ctrl-C once the engine was asked for a path: exit status, seconds until the end, standard error."""
    with process:
        end = time.monotonic() + 20
        while path not in [call.path for call in engine.calls] and time.monotonic() < end:
            time.sleep(0.01)
        time.sleep(0.1)  # for the question to be on its way
        start = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=40)
        return process.returncode, time.monotonic() - start, err


@pytest.mark.parametrize("path", ["/_ping", "/exec/0/start"])
def test_control_c_ends_a_run_at_once(engine: FakeEngine, tmp_path: Path, path: str) -> None:
    engine.answers[path] = silence
    process = spawn("check", "homework-1", "--host", f"unix://{tmp_path}/docker.sock", "--timeout", "50")
    status, seconds, err = interrupted(engine, process, path)
    # CPython ends by the signal itself, which a shell tells as 130 too, where the interrupt met a string's exec(),
    # as dataclasses have, however it was handled afterwards.
    assert status in (130, -signal.SIGINT)
    assert seconds < 20
    assert err.decode().strip() == "Stopped."


def test_standard_output_closed_early(engine: FakeEngine, tmp_path: Path) -> None:
    """As by `| head -1`: no traceback."""
    for argv in (
        ["check", "homework-1", "--host", f"unix://{tmp_path}/docker.sock"],
        ["list"],
        ["show", "homework-1"],
    ):
        reads, writes = os.pipe()
        os.close(reads)
        with spawn(*argv, stdout=writes) as process:
            os.close(writes)
            _, err = process.communicate(timeout=20)
        assert b"Traceback" not in err and b"Exception" not in err
        assert process.returncode in (0, 1)


def test_a_disk_that_is_full() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    with Path("/dev/full").open("wb") as full, spawn("list", stdout=full) as process:
        _, err = process.communicate(timeout=20)
    assert process.returncode == 2
    assert err.decode().strip() == "Error: No space left on device"


@pytest.mark.parametrize(
    "env",
    [
        {"LANG": "C"},
        {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "latin-1"},
        {"PYTHONIOENCODING": "ascii", "LANG": "ru_RU.KOI8-R"},
        {},
    ],
    ids=lambda env: " ".join(env) or "empty",
)
def test_any_locale_and_no_home(engine: FakeEngine, tmp_path: Path, env: dict[str, str]) -> None:
    """Marks and Russian are shown or replaced, with nothing at all set in the environment either."""
    engine.containers.pop("test_limit")
    argv = ["check", "homework-1/limits", "--host", f"unix://{tmp_path}/docker.sock", "--lang", "ru"]
    with spawn(*argv, env=env) as process:
        out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (1, b"")
    assert b"test_limit" in out


def test_standard_streams_that_are_closed(engine: FakeEngine, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    words = [sys.executable, "-m", "dockgrader", "check", "homework-1"]
    words += ["--host", f"unix://{tmp_path}/docker.sock", "--format", f"json:{report}"]
    shell = ["sh", "-c", '"$@" <&- >&- 2>&-', "sh", *words]
    assert subprocess.run(shell, timeout=20).returncode == 0
    assert json.loads(report.read_text())["score"] == 30
