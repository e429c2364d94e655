"""A real SSH server with users of its own before a fake engine, and what every test must leave: nothing."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from dockgrader.hosts.deadline import Deadline
from dockgrader.hosts.endpoint import Endpoint
from dockgrader.hosts.ssh.host import SshHost
from fakes.engine import FakeEngine, counting
from fakes.server import Server
from lab.engine import may_start
from lab.sshd import Sshd

REQUIRED = "DOCKGRADER_REQUIRE_LIVE"
POSSIBLE, REASON = may_start()

DOCKER_GID = 61330

Known = Callable[..., None]
Opened = Callable[..., SshHost]
Another = Callable[..., Sshd]


@pytest.fixture(scope="session", autouse=True)
def possible() -> None:
    if POSSIBLE:
        return
    if os.environ.get(REQUIRED):
        pytest.fail(
            f"no SSH server of our own can be started here: {REASON} ({REQUIRED} is set)", pytrace=False
        )
    pytest.skip(f"NOT TESTED OVER SSH: {REASON}")


@pytest.fixture(scope="session")
def web() -> Iterator[Server]:
    """The page of the homework's application."""
    with Server(("127.0.0.1", 0), counting()) as server:
        yield server


@pytest.fixture(scope="session")
def socket_path() -> Iterator[Path]:
    """Where the engine's socket lies."""
    folder = Path(tempfile.mkdtemp(prefix="dockgrader-fake-", dir="/var/tmp"))
    folder.chmod(0o755)
    yield folder / "docker.sock"
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def engine(web: Server, socket_path: Path) -> Iterator[FakeEngine]:
    """An engine that has homework-1 done right. The group docker may open its socket."""
    with FakeEngine(socket_path, web=web.port) as engine:
        os.chown(socket_path, 0, DOCKER_GID)
        socket_path.chmod(0o660)
        yield engine


@pytest.fixture(scope="session")
def machine(engine: FakeEngine, socket_path: Path) -> Iterator[Sshd]:
    """A student's machine as most are."""
    with Sshd(docker_socket=socket_path) as sshd:
        yield sshd


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An instructor's home folder with nothing in it, and no agent."""
    with tempfile.TemporaryDirectory(prefix="dg-home-") as folder:
        home = Path(folder)
        (home / ".ssh").mkdir(mode=0o700)
        monkeypatch.setenv("HOME", folder)
        for name in ("SSH_AUTH_SOCK", "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DISPLAY"):
            monkeypatch.delenv(name, raising=False)
        yield home


@pytest.fixture
def known(home: Path) -> Known:
    """Makes machines known to the instructor, whose key they take."""

    def make(*machines: Sshd) -> None:
        for sshd in machines:
            with (home / ".ssh" / "known_hosts").open("a") as file:
                file.write(sshd.known_hosts_line())
        shutil.copy(machines[0].key, home / ".ssh" / "id_ed25519")

    return make


@contextmanager
def visited(**options: Any) -> Iterator[Sshd]:
    """A machine on which nothing may run any more at the end, before its server is stopped."""
    with Sshd(**options) as machine:
        yield machine
        assert wait_for(lambda: not machine.processes()), machine.processes()


@pytest.fixture
def another(engine: FakeEngine, socket_path: Path) -> Iterator[Another]:
    """Machines with lines of their own in the server's configuration, on which nothing is left."""
    with ExitStack() as stack:

        def start(*lines: str, docker: bool = True, bare_has_docker: bool = False) -> Sshd:
            socket = socket_path if docker else None
            machine = visited(config=lines, docker_socket=socket, bare_has_docker=bare_has_docker)
            return stack.enter_context(machine)

        yield start


@pytest.fixture
def opened(another: Another) -> Iterator[Opened]:
    """Opens hosts, and closes them when the test is over, before anybody looks at the machines."""
    hosts = []

    def open_it(url: str, seconds: float = 20.0, *, accept_new: bool = False) -> SshHost:
        endpoint = Endpoint(url, "", accept_new_host_keys=accept_new)
        hosts.append(SshHost(endpoint, Deadline(seconds)))
        return hosts[-1]

    yield open_it
    for host in hosts:
        host.close()


@pytest.fixture(autouse=True)
def nothing_left(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Sshd], None]]:
    """No thread, process, socket or temporary folder here; called with a machine that stays, no process there."""
    processes, before = children(), sockets()
    with tempfile.TemporaryDirectory(prefix="dg-") as folder:
        monkeypatch.setattr(tempfile, "tempdir", folder)
        machines: list[Sshd] = []
        yield machines.append
        assert wait_for(lambda: not ours()), ours()
        assert wait_for(lambda: not children() - processes), children() - processes
        assert wait_for(lambda: not sockets() - before), sockets() - before
        assert list(Path(folder).iterdir()) == []
    for sshd in machines:
        assert wait_for(lambda: not sshd.processes()), sshd.processes()  # noqa: B023 - called at once


def ours() -> list[str]:
    return [
        thread.name
        for thread in threading.enumerate()
        if thread.name.startswith(("dockgrader-ssh", "asyncio"))
    ]


def children() -> set[str]:
    """Processes that were started here."""
    lists = Path("/proc/self/task").glob("*/children")
    return {pid for file in lists for pid in _text(file).split()}


def sockets() -> set[str]:
    """Those of this process, but for what the fake engine has on its socket: it may be silent for a minute."""
    rows = [row.split() for row in _text(Path("/proc/self/net/unix")).splitlines()]
    served = {f"socket:[{row[6]}]" for row in rows if len(row) > 7}
    return {
        link for file in Path("/proc/self/fd").iterdir() if (link := _link(file)).startswith("socket:")
    } - served


def _text(file: Path) -> str:
    with suppress(OSError):  # a thread that has ended meanwhile
        return file.read_text()
    return ""


def _link(file: Path) -> str:
    with suppress(OSError):
        return str(file.readlink())
    return ""


def wait_for(true: Callable[[], bool], seconds: float = 20.0) -> bool:
    """Whether something becomes true."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True
