"""A page asked from inside of its container: the very script, run by this machine's shell with one tool at a time."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from dockgrader.errors import Unobserved
from dockgrader.facts import http_inside
from dockgrader.facts.http import HttpSeries, Page
from dockgrader.hosts.base import ELSEWHERE, Conflict, Nearness, Output
from fakes.engine import counting
from fakes.server import Answer, Server, page, raw, silence
from tests.givens import Raw, a_container
from tests.made_up_host import MadeUpHost, raw_answer, read

pytestmark = pytest.mark.live  # no engine, but processes and seconds

FORWARDED = Nearness(files=False, ports=True, silence=False)
"""As over tcp:// to another machine: its ports may be behind a firewall."""
TOOLS = {
    "python3": ["python3"],
    "bash": ["bash", "cat"],
    "nc": ["nc"],
    "busybox": ["busybox"],
}


class Inside(MadeUpHost):
    """A host whose containers are this machine, with some programs and no more."""

    nearness = ELSEWHERE
    programs = ""
    env: dict[str, str] | None = None

    def exec(self, container: str, argv: Sequence[str], seconds: float) -> Output:
        if isinstance(self.failure, BaseException):
            raise self.failure
        try:
            done = subprocess.run(
                ["/bin/sh", *argv[1:]], capture_output=True, timeout=seconds, env={"PATH": self.programs}
            )
        except subprocess.TimeoutExpired as late:
            return Output(None, late.stdout or b"", b"", timed_out=True)
        return Output(done.returncode, done.stdout, done.stderr)

    failure: BaseException | None = None


def web(port: int, *, published: int = 1, address: str = "127.0.0.1") -> Raw:
    """Published at a port of another machine, where nobody of this one listens."""
    found = a_container("web", ports={f"{port}/tcp": [{"HostIp": "0.0.0.0", "HostPort": str(published)}]})
    found["NetworkSettings"]["Networks"] = {"app": {"IPAddress": address}}
    return found


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Path]:
    """A folder of programs, which is the container's whole PATH."""
    (tmp_path / "bin").mkdir()
    yield tmp_path / "bin"


def host(container: Raw, programs: Path, *names: str) -> Inside:
    for name in names:
        # Not a link: pyenv's and busybox's programs look at the name by which they are called.
        found = sys.executable if name == "python3" else shutil.which(name)
        if found is None:
            pytest.skip(f"NOT TESTED: there is no {name} here")
        (programs / name).write_text(f'#!/bin/sh\nexec {found} "$@"\n')
        (programs / name).chmod(0o755)
    made = Inside(container)
    made.programs = str(programs)
    return made


def asked(answer: Answer, programs: Path, *names: str, seconds: float = 20) -> tuple[Page, ...]:
    with Server(("127.0.0.1", 0), answer) as server:
        (series,) = read(HttpSeries("web", "/"), host(web(server.port), programs, *names), seconds=seconds)
    return series.pages


@pytest.mark.parametrize("tool", TOOLS)
def test_a_counter_is_asked_twice(tool: str, programs: Path) -> None:
    pages = asked(counting(), programs, *TOOLS[tool])
    assert pages == (
        Page(200, "Hello, World! I have been seen 1 times.\n", ""),
        Page(200, "Hello, World! I have been seen 2 times.\n", ""),
    )


@pytest.mark.parametrize("tool", TOOLS)
def test_an_application_that_listens_nowhere(tool: str, programs: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        busy = host(web(closed.getsockname()[1]), programs, *TOOLS[tool])
        (series,) = read(HttpSeries("web", "/"), busy, seconds=4)
    assert [one.problem for one in series.pages] in (["refused"], ["empty"])


@pytest.mark.parametrize(
    ("answer", "problem"), [(silence, "timeout"), (raw(b""), "empty"), (raw(b"\x16\x03 no HTTP"), "garbage")]
)
def test_what_goes_wrong_inside_is_the_students(answer: Answer, problem: str, programs: Path) -> None:
    pages = asked(answer, programs, "python3", seconds=4)
    assert [one.problem for one in pages] == [problem]


def test_redirects_are_not_followed(programs: Path) -> None:
    pages = asked(page("", "302 Found", "Location: http://192.0.2.1/"), programs, "python3")
    assert [one.status for one in pages] == [302, 302]


def test_the_port_that_is_told_is_the_published_one(programs: Path) -> None:
    with Server(("127.0.0.1", 0), counting()) as server:
        (told,) = raw_answer(HttpSeries("web"), host(web(server.port, published=8080), programs, "python3"))
    assert (told["address"], told["port"], told["via"]) == ("0.0.0.0", 8080, "container")


def test_a_page_of_our_own_is_never_taken_for_that_of_another_machine(programs: Path) -> None:
    """The instructor's own solution answers at the very port here; the student's container has no tool to be asked."""
    with Server(("127.0.0.1", 0), counting()) as ours:
        with pytest.raises(Unobserved) as raised:
            read(HttpSeries("web"), host(web(1, published=ours.port), programs))
        assert ours.calls == []
    assert raised.value.code == "host.http"
    assert "no shell with python3, bash or nc" in raised.value.reason and "ssh://" in raised.value.reason


def test_without_an_address_of_its_own_it_cannot_be_asked(programs: Path) -> None:
    with pytest.raises(Unobserved, match="no address of its own"):
        read(HttpSeries("web"), host(web(1, address=""), programs, "python3"))


def test_a_paused_container_does_not_answer(programs: Path) -> None:
    busy = host(web(1), programs)
    busy.failure = Conflict()
    (series,) = read(HttpSeries("web"), busy)
    assert [one.problem for one in series.pages] == ["timeout"]


def test_over_tcp_the_machines_own_port_may_answer_and_its_silence_says_nothing(programs: Path) -> None:
    with Server(("127.0.0.1", 0), counting()) as server:
        reachable = host(web(1, published=server.port), programs)
        reachable.nearness = FORWARDED
        (series,) = read(HttpSeries("web"), reachable)
        assert [one.status for one in series.pages] == [200, 200]
    firewalled = host(web(1, published=1), programs)
    firewalled.nearness = FORWARDED
    with pytest.raises(Unobserved) as raised:
        read(HttpSeries("web"), firewalled, seconds=1)
    assert raised.value.code == "host.http"


def test_the_script_names_its_programs() -> None:
    assert all(tool in http_inside._SCRIPT for tool in TOOLS)
