"""What an instructor is told when a student's machine cannot be graded: the right reason, in time, and no zero.

Each is made to happen for real, on an SSH server of our own. A penalised source address needs OpenSSH 9.8 and is
played by a listener here; clocks, slow machines and real penalties are for the virtual machines.
"""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from dockgrader.assignment.loading import load, shipped
from dockgrader.errors import Unobserved
from dockgrader.grading.run import Bounds, grade_endpoint
from dockgrader.hosts.endpoint import Endpoint
from dockgrader.hosts.ssh.host import SshHost
from fakes.engine import FakeEngine
from fakes.server import Call, silence
from fakes.tcp import Listener, Network, dead, endless, once, silent
from lab.sshd import Sshd
from tests.ssh.conftest import DOCKER_GID, Another, Known, Opened, wait_for

Left = Callable[[Sshd], None]
SECRET = "correct horse battery staple"
HAS_DOCKER = shutil.which("docker") is not None
needs_docker_client = pytest.mark.skipif(not HAS_DOCKER, reason="NOT TESTED: there is no docker client here")


def failure(opened: Opened, url: str, seconds: float = 10.0, **more: bool) -> Unobserved:
    """Why a host cannot be opened; in time, and without a secret."""
    start = time.monotonic()
    with pytest.raises(Unobserved) as raised:
        opened(url, seconds, **more)
    assert time.monotonic() - start < seconds + 10
    assert SECRET not in raised.value.reason
    assert "PRIVATE KEY" not in raised.value.reason
    return raised.value


@pytest.fixture
def at(home: Path) -> Callable[[int], str]:
    """The URL of somebody at a port of this machine, for whom there is a key."""
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", home / ".ssh/id_ed25519"], check=True
    )
    return lambda port: f"ssh://student@127.0.0.1:{port}"


# Before there is a connection.


def test_host_down(at: Callable[[int], str], opened: Opened) -> None:
    with dead() as port:
        found = failure(opened, at(port), 1.5)
    assert found.code == "ssh.timeout"
    assert "Is the machine on" in found.reason


def test_port_closed(at: Callable[[int], str], opened: Opened) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        found = failure(opened, at(closed.getsockname()[1]))
    assert found.code == "ssh.refused"
    assert "no SSH server listens" in found.reason


def test_no_such_host(opened: Opened) -> None:
    assert failure(opened, "ssh://student@no-such-host.invalid").code == "ssh.host-unknown"


def test_freezes_before_the_handshake(at: Callable[[int], str], opened: Opened) -> None:
    with Listener(silent) as frozen:
        found = failure(opened, at(frozen.port), 1.5)
    assert found.code == "ssh.timeout"
    assert "nothing speaks SSH there" in found.reason


@pytest.mark.parametrize("said", [b"", b"Not allowed at this time\r\n"])
def test_penalised_source_address(said: bytes, at: Callable[[int], str], opened: Opened) -> None:
    """As OpenSSH 9.8 and newer refuse it; older servers, and fail2ban, say nothing at all."""
    with Listener(once(said)) as server:
        found = failure(opened, at(server.port))
    assert found.code == "ssh.penalised"
    assert "Wait some minutes" in found.reason


@pytest.mark.parametrize(
    "said",
    [
        *(
            os.urandom(3000),
            b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n\r\n<html>",
            b"\0" * 5000,
            b"\n" * 5000,
        ),
        *(b"SSH-1.5-old\r\n", b"SSH-2.0-\xff\xfe\r\n" + b"x" * 3000, b"SSH-2.0-x\r\n" + b"\xff" * 5000),
    ],
    ids=["random", "web server", "zeros", "empty lines", "version 1", "no ASCII", "huge packet"],
)
def test_a_server_that_sends_garbage(said: bytes, at: Callable[[int], str], opened: Opened) -> None:
    with Listener(once(said)) as server:
        found = failure(opened, at(server.port), 5)
    assert found.code == "ssh.garbage"
    assert "right port" in found.reason
    assert found.reason.isprintable()


@pytest.mark.parametrize(
    ("start", "more"),
    [
        *(
            (b"", b"welcome\r\n"),
            (b"", b"x" * 4096),
            (b"SSH-2.0-x\r\n", b"\0\0\0\x0c\n\x02\0\0\0\0" + b"\0" * 6),
        ),
        (b"SSH-2.0-x\r\n", b"\0\0\x80\0" + b"x" * 4096),
    ],
    ids=["lines", "one line", "packets", "one packet"],
)
def test_a_server_without_end(start: bytes, more: bytes, at: Callable[[int], str], opened: Opened) -> None:
    with Listener(endless(start, more)) as server:
        found = failure(opened, at(server.port), 3)
    assert found.code == "ssh.garbage"


# Keys.


def test_wrong_key(machine: Sshd, known: Known, home: Path, opened: Opened) -> None:
    known(machine)
    (home / ".ssh/id_ed25519").unlink()
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", home / ".ssh/id_ed25519"], check=True
    )
    found = failure(opened, machine.url())
    assert found.code == "ssh.auth"
    assert "takes none of your 1 keys" in found.reason


def test_no_key(machine: Sshd, known: Known, home: Path, opened: Opened) -> None:
    known(machine)
    (home / ".ssh/id_ed25519").unlink()
    found = failure(opened, machine.url())
    assert found.code == "ssh.no-key"
    assert "ssh-add" in found.reason


def test_a_key_with_a_passphrase_only(machine: Sshd, known: Known, home: Path, opened: Opened) -> None:
    known(machine)
    change = ["ssh-keygen", "-q", "-p", "-P", "", "-N", SECRET, "-f", str(home / ".ssh/id_ed25519")]
    subprocess.run(change, check=True, capture_output=True)
    assert failure(opened, machine.url()).code == "ssh.no-key"


def test_unknown_host_key(machine: Sshd, known: Known, home: Path, opened: Opened) -> None:
    known(machine)
    (home / ".ssh/known_hosts").write_text(f"another.example {machine.host_key}\n")
    found = failure(opened, machine.url())
    assert found.code == "ssh.host-key-unknown"
    assert "--accept-new-host-keys" in found.reason
    assert machine.fingerprint() in found.reason


def test_changed_host_key(machine: Sshd, known: Known, home: Path, opened: Opened) -> None:
    known(machine)
    other = (machine.folder / "id_student.pub").read_text().rsplit(" ", 1)[0]
    (home / ".ssh/known_hosts").write_text(f"[127.0.0.1]:{machine.port} {other}\n")
    for accept in (False, True):
        found = failure(opened, machine.url(), accept_new=accept)
        assert found.code == "ssh.host-key-changed"
        assert "ssh-keygen -R" in found.reason
    assert machine.host_key not in (home / ".ssh/known_hosts").read_text()


def test_changed_to_a_key_of_another_type(machine: Sshd, known: Known, home: Path, opened: Opened) -> None:
    known(machine)
    subprocess.run(["ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", home / "old"], check=True)
    kind, data = (home / "old.pub").read_text().split()[:2]
    (home / ".ssh/known_hosts").write_text(f"[127.0.0.1]:{machine.port} {kind} {data}\n")
    assert failure(opened, machine.url(), accept_new=True).code == "ssh.host-key-changed"


def test_revoked_host_key(machine: Sshd, known: Known, home: Path, opened: Opened) -> None:
    known(machine)
    with (home / ".ssh/known_hosts").open("a") as file:
        file.write(f"@revoked * {machine.host_key}\n")
    assert failure(opened, machine.url(), accept_new=True).code == "ssh.host-key-changed"


def test_a_new_host_key_that_cannot_be_remembered(
    machine: Sshd, known: Known, home: Path, opened: Opened
) -> None:
    known(machine)
    (home / ".ssh/known_hosts").unlink()
    (home / ".ssh/known_hosts").mkdir()
    found = failure(opened, machine.url(), accept_new=True)
    assert found.code == "ssh.host-key-unknown"
    assert "cannot be remembered" in found.reason


@pytest.mark.parametrize(
    "line",
    ["Port many", "Host [", 'IdentityFile "', "ProxyJump ssh://a:b@c", "ProxyJump 127.0.0.1:port"],
)
def test_a_configuration_that_cannot_be_read(
    line: str, machine: Sshd, known: Known, home: Path, opened: Opened
) -> None:
    known(machine)
    (home / ".ssh/config").write_text(f"{line}\n")
    if line == "Host [":
        opened(machine.url())  # no host is called so, and ssh does not mind either
        return
    found = failure(opened, machine.url())
    assert found.code == "ssh.config"


def test_jump_hosts_in_a_circle(machine: Sshd, known: Known, home: Path, opened: Opened) -> None:
    known(machine)
    (home / ".ssh/config").write_text("Host a\n  ProxyJump b\nHost b\n  ProxyJump a\n")
    assert failure(opened, "ssh://a").code == "ssh.config"


# On the way.


def test_freezes_after_the_handshake(machine: Sshd, known: Known, home: Path, opened: Opened) -> None:
    known(machine)
    with Network(machine.port) as network:
        (home / ".ssh/known_hosts").write_text(f"[127.0.0.1]:{network.port} {machine.host_key}\n")
        host = opened(f"ssh://student@127.0.0.1:{network.port}", 4)
        network.freeze()
        for ask in asks(host):
            start = time.monotonic()
            with pytest.raises(Unobserved) as raised:
                ask()
            assert raised.value.code in ("ssh.timeout", "engine.timeout", "host.timeout")
            assert time.monotonic() - start < 15


def test_a_frozen_host_is_told_from_a_frozen_engine(machine: Sshd, known: Known, opened: Opened) -> None:
    known(machine)
    host = opened(machine.url(), 3)
    with machine.frozen(), pytest.raises(Unobserved) as raised:
        host.engine.get("/info")
    assert raised.value.code == "ssh.timeout"


def test_a_daemon_that_hangs_behind_a_good_server(
    engine: FakeEngine, machine: Sshd, known: Known, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    known(machine)
    monkeypatch.setitem(engine.answers, "/_ping", silence)
    found = failure(opened, machine.url(), 3)
    assert found.code == "engine.timeout"
    assert machine.url() in found.reason


def test_connection_cut_in_the_middle(
    machine: Sshd, known: Known, opened: Opened, nothing_left: Left
) -> None:
    known(machine)
    nothing_left(machine)
    host = opened(machine.url())
    machine.cut()
    for ask in asks(host):
        with pytest.raises(Unobserved) as raised:
            ask()
        assert raised.value.code == "ssh.lost", raised.value.reason


def test_cut_while_an_answer_is_awaited(
    engine: FakeEngine, machine: Sshd, known: Known, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    known(machine)
    host = opened(machine.url())
    asked = threading.Event()

    def answer(call: Call) -> None:
        asked.set()
        silence(call)

    def cut() -> None:
        asked.wait(5)
        machine.cut()

    monkeypatch.setitem(engine.answers, "/info", answer)
    threading.Thread(target=cut).start()
    with pytest.raises(Unobserved) as raised:
        host.engine.get("/info")
    assert raised.value.code == "ssh.lost"


@pytest.mark.parametrize("end", ["freeze", "cut"])
@pytest.mark.parametrize("asked", ["containers/redis_2/json", "exec/0/start", "info"])
def test_a_host_that_goes_while_it_is_graded_gets_no_zero(
    end: str,
    asked: str,
    engine: FakeEngine,
    machine: Sshd,
    known: Known,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known(machine)
    homework = load(shipped() / "homework-1.yaml")
    with Network(machine.port) as network:

        def answer(call: Call) -> None:
            getattr(network, end)()
            silence(call)

        monkeypatch.setitem(engine.answers, f"/{asked}", answer)
        monkeypatch.setattr(engine, "_numbers", itertools.count())
        (home / ".ssh/known_hosts").write_text(f"[127.0.0.1]:{network.port} {machine.host_key}\n")
        endpoint = Endpoint(f"ssh://student@127.0.0.1:{network.port}", "")
        start = time.monotonic()
        report = grade_endpoint(homework, homework.assignment.tasks, endpoint, "en", Bounds(5, 1)).report
        assert time.monotonic() - start < 15
    checks = [check for task in report.tasks for check in task.checks]
    assert (report.status, report.score) == ("error", None)
    assert {check.status for check in checks} <= {"error", "passed"}
    assert any(
        check.code in ("ssh.lost", "ssh.timeout", "host.timeout", "engine.timeout") for check in checks
    )
    assert all(check.score is None for check in checks if check.status == "error")


@pytest.mark.parametrize(
    "profile", ["yes", "exec sleep 60", "exit 0", "exec >/dev/null", "exec cat", "set -v"]
)
def test_profiles_that_spoil_every_command(
    profile: str, machine: Sshd, known: Known, opened: Opened, nothing_left: Left
) -> None:
    """The engine is reached all the same, and it is said that the files cannot be read."""
    known(machine)
    nothing_left(machine)
    bashrc = machine.home("student") / ".bashrc"
    bashrc.write_text(f"{profile}\n")
    try:
        host = opened(machine.url(), 4)
        assert host.engine.get("/info")
        start = time.monotonic()
        if profile == "set -v":
            assert host.read_files(["/etc/hostname"])[0].data
        else:
            with pytest.raises(Unobserved) as raised:
                host.read_files(["/etc/hostname"])
            assert raised.value.code in ("host.files", "host.timeout")
        assert time.monotonic() - start < 15
        host.close()
    finally:
        bashrc.unlink()


def asks(host: SshHost) -> list[Callable[[], object]]:
    """All that can be asked of a host."""
    return [
        lambda: host.engine.get("/info"),
        lambda: host.read_files(["/proc/self/mountinfo"]),
        lambda: host.run(["true"], 2),
        host.engine.ping,
    ]


# What servers allow.


def test_max_sessions_1(another: Another, known: Known, opened: Opened) -> None:
    machine = another("MaxSessions 1")
    known(machine)
    host = opened(machine.url())
    runs = [threading.Thread(target=host.run, args=(["sleep", "0.2"], 10)) for _ in range(3)]
    for run in runs:
        run.start()
    for _ in range(3):
        (read,) = host.read_files(["/proc/self/mountinfo"])
        assert b" / " in (read.data or b"")
    for run in runs:
        run.join()
    assert host.run(["echo", "hi"], 5).stdout == b"hi\n"


def test_max_startups_2(another: Another, known: Known, opened: Opened) -> None:
    machine = another("MaxStartups 2")
    known(machine)
    with ExitStack() as stack:
        for _ in range(2):
            waiting = stack.enter_context(socket.create_connection(("127.0.0.1", machine.port)))
            assert waiting.recv(4) == b"SSH-"
        found = failure(opened, machine.url())
    assert found.code == "ssh.max-startups"


def test_max_startups_that_are_free_again_soon(another: Another, known: Known, opened: Opened) -> None:
    machine = another("MaxStartups 1")
    known(machine)
    waiting = socket.create_connection(("127.0.0.1", machine.port))
    assert waiting.recv(4) == b"SSH-"
    threading.Timer(0.3, waiting.close).start()
    assert opened(machine.url()).engine.version


@needs_docker_client
def test_socket_forwarding_disabled(another: Another, known: Known, opened: Opened) -> None:
    """The docker client there goes around it."""
    machine = another("AllowStreamLocalForwarding no")
    known(machine)
    host = opened(machine.url("noisy"))
    assert host.engine.exec("redis_2", ["redis-cli", "get", "mykey"], 5).stdout == b"foobar\n"


def test_socket_forwarding_disabled_and_no_docker_client(
    another: Another, known: Known, opened: Opened
) -> None:
    machine = another("AllowStreamLocalForwarding no")
    known(machine)
    found = failure(opened, machine.url("bare"))
    assert found.code == "ssh.forwarding-refused"
    assert "AllowStreamLocalForwarding" in found.reason


@needs_docker_client
@pytest.mark.parametrize("user", ["student", "bare", "noisy"])
def test_tcp_forwarding_disabled(
    user: str, another: Another, known: Known, opened: Opened, web: Listener
) -> None:
    """bash there, or busybox, opens the connection. sshd then forwards no sockets either."""
    machine = another("AllowTcpForwarding no", bare_has_docker=True)
    known(machine)
    host = opened(machine.url(user))
    assert asked(host, web.port).endswith(" times.\n")
    with pytest.raises(ConnectionRefusedError):
        host.connect("127.0.0.1", 1, 5)
    with Listener(silent) as page:
        left_open = host.connect("127.0.0.1", page.port, 5)
        assert wait_for(lambda: bool(machine.processes()))
    left_open.close()


def asked(host: SshHost, port: int) -> str:
    with host.connect("0.0.0.0", port, 5) as page:
        page.sendall(b"GET / HTTP/1.0\r\n\r\n")
        data = b""
        while chunk := page.recv(4096):
            data += chunk
    return data.decode()


# The engine.


def test_no_docker_group_without_sudo(machine: Sshd, known: Known, opened: Opened) -> None:
    known(machine)
    found = failure(opened, machine.url("outsider"))
    assert found.code == "engine.permission"
    assert "groups: outsider" in found.reason and "usermod -aG docker" in found.reason


@needs_docker_client
def test_no_docker_group_with_sudo(machine: Sshd, known: Known, opened: Opened, nothing_left: Left) -> None:
    known(machine)
    nothing_left(machine)
    host = opened(machine.url("sudoer"))
    assert host.engine.exec("redis_2", ["redis-cli", "get", "mykey"], 5).stdout == b"foobar\n"
    assert host.run(["id", "-u"], 5).stdout == b"0\n"


def test_no_socket(another: Another, known: Known, opened: Opened) -> None:
    machine = another(docker=False)
    known(machine)
    assert failure(opened, machine.url("bare")).code == "engine.no-socket"
    found = failure(opened, machine.url(path="/srv/none.sock"))
    assert found.code == "engine.no-socket"
    assert "/srv/none.sock" in found.reason


def test_daemon_down(known: Known, opened: Opened) -> None:
    """Its socket is there still, but nobody listens."""
    folder = Path("/var/tmp") / f"dockgrader-down-{os.getpid()}"
    folder.mkdir()
    try:
        with socket.socket(socket.AF_UNIX) as left_over:
            left_over.bind(str(folder / "docker.sock"))
        os.chown(folder / "docker.sock", 0, DOCKER_GID)
        (folder / "docker.sock").chmod(0o660)
        with Sshd(docker_socket=folder / "docker.sock") as machine:
            known(machine)
            for user in ("student", "bare"):
                found = failure(opened, machine.url(user))
                assert found.code == "engine.down"
                assert "systemctl start docker" in found.reason
            assert failure(opened, machine.url("outsider")).code == "engine.permission"
    finally:
        shutil.rmtree(folder)


def test_no_shell_and_no_socket(another: Another, known: Known, opened: Opened) -> None:
    machine = another(docker=False)
    known(machine)
    found = failure(opened, machine.url("nologin"))
    assert found.code == "ssh.shell"
    assert "currently not available" in found.reason
