"""Every fault of a machine, as an instructor meets it: what `check` says of it, and what `doctor` says to do.

Each is made to happen for real, on an SSH server of our own. Two are played: a source address that is penalised (it
takes OpenSSH 9.8; tests/vm has one), and the clock and the slowness of the engine, which is a fake one.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trustme

from dockgrader.cli import main
from dockgrader.facts import commands, http
from fakes.engine import FakeEngine, counting
from fakes.server import Call, Server, page, silence, value
from fakes.tcp import Listener, Network, dead, endless, once, silent
from lab.sshd import Sshd
from tests.ssh.conftest import DOCKER_GID, Known, visited
from tests.ssh.test_faults import HAS_DOCKER, SECRET, Left
from tests.ssh.test_ssh_host import agent

LATE = 5.0
"""Seconds after its time in which a command has ended, however busy this machine is."""
FACTOR = 50
"""How much slower than usual: an engine that answers in 10 ms takes half a second for each call."""


@dataclass
class World:
    """An instructor's home, a machine as most are, and what a fault is made of."""

    engine: FakeEngine
    socket_path: Path
    machine: Sshd
    home: Path
    known: Known
    stack: ExitStack
    patch: pytest.MonkeyPatch

    def another(self, *lines: str, user: str = "student", docker: Path | None = None) -> str:
        """The URL of a machine with lines of its own in its server's configuration."""
        path = docker or self.socket_path
        machine = self.stack.enter_context(visited(config=lines, docker_socket=path))
        self.known(machine)
        return machine.url(user)

    def key(self) -> None:
        """A key that nobody knows."""
        (self.home / ".ssh/id_ed25519").unlink(missing_ok=True)
        keygen = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", SECRET, "-f"]
        subprocess.run([*keygen, str(self.home / ".ssh/id_ed25519")], check=True)

    def at(self, port: int) -> str:
        """Somebody at a port of this machine, for whom there is a key."""
        self.key()
        return f"ssh://student@127.0.0.1:{port}"

    def over(self, network: Network) -> str:
        """The machine behind a network."""
        self.known(self.machine)
        line = f"[127.0.0.1]:{network.port} {self.machine.host_key}\n"
        (self.home / ".ssh/known_hosts").write_text(line)
        return f"ssh://student@127.0.0.1:{network.port}"

    def while_asked(self, then: Callable[[], object]) -> None:
        """Something happens when the engine is asked for what both commands ask for."""

        def answer(call: Call) -> None:
            then()
            silence(call)

        for path in ("/info", "/containers/redis_2/json"):
            self.patch.setitem(self.engine.answers, path, answer)


Make = Callable[[World], str]


def host_down(world: World) -> str:
    return world.at(world.stack.enter_context(dead()))


def port_closed(world: World) -> str:
    closed = world.stack.enter_context(socket.socket())
    closed.bind(("127.0.0.1", 0))
    return world.at(closed.getsockname()[1])


def listening(says: Callable[[socket.socket, threading.Event], None]) -> Make:
    return lambda world: world.at(world.stack.enter_context(Listener(says)).port)


def wrong_key(world: World) -> str:
    world.known(world.machine)
    world.key()
    return world.machine.url()


def no_key(world: World) -> str:
    world.known(world.machine)
    (world.home / ".ssh/id_ed25519").unlink()
    return world.machine.url()


def unknown_host_key(world: World) -> str:
    world.known(world.machine)
    (world.home / ".ssh/known_hosts").unlink()
    return world.machine.url()


def changed_host_key(world: World) -> str:
    world.known(world.machine)
    other = (world.machine.folder / "id_student.pub").read_text().rsplit(" ", 1)[0]
    (world.home / ".ssh/known_hosts").write_text(f"[127.0.0.1]:{world.machine.port} {other}\n")
    return world.machine.url()


def cut_in_the_middle(world: World) -> str:
    network = world.stack.enter_context(Network(world.machine.port))
    world.while_asked(network.cut)
    return world.over(network)


def freezes_after_the_handshake(world: World) -> str:
    """For each connection anew, as there is one for each command."""
    network = world.stack.enter_context(Network(world.machine.port))
    world.while_asked(network.freeze)
    return world.over(network)


def daemon_hangs(world: World) -> str:
    world.known(world.machine)
    world.patch.setattr(world.engine, "hangs", True)
    return world.machine.url()


def max_sessions_1(world: World) -> str:
    return world.another("MaxSessions 1")


def max_startups_2(world: World) -> str:
    url = world.another("MaxStartups 2")
    port = int(url.rsplit(":", 1)[1])
    for _ in range(2):
        waiting = world.stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        assert waiting.recv(4) == b"SSH-"
    return url


def socket_forwarding_disabled(world: World) -> str:
    return world.another("AllowStreamLocalForwarding no")


def no_way_around_it(world: World) -> str:
    return world.another("AllowStreamLocalForwarding no", user="bare")


def tcp_forwarding_disabled(world: World) -> str:
    return world.another("AllowTcpForwarding no")


def as_user(name: str) -> Make:
    def make(world: World) -> str:
        world.known(world.machine)
        return world.machine.url(name)

    return make


def daemon_down(world: World) -> str:
    """Its socket is there still, but nobody listens."""
    folder = Path(
        world.stack.enter_context(tempfile.TemporaryDirectory(prefix="dockgrader-down-", dir="/var/tmp"))
    )
    folder.chmod(0o755)
    with socket.socket(socket.AF_UNIX) as left_over:
        left_over.bind(str(folder / "docker.sock"))
    os.chown(folder / "docker.sock", 0, DOCKER_GID)
    (folder / "docker.sock").chmod(0o660)
    return world.another(docker=folder / "docker.sock", user="bare")


def clock(hours: int) -> Make:
    """test_limit ran out by itself a minute ago, by the clock of the machine; web has been up for 20 seconds."""

    def make(world: World) -> str:
        now = time.time() + hours * 3600
        events = [
            _event("create", now - 100),
            _event("start", now - 99),
            _event("die", now - 60, exitCode="0"),
        ]

        def past(call: Call) -> None:
            until = re.search(r"until=([0-9.]+)", call.query)
            told = [event for event in events if until and event["time"] <= float(until[1])]
            page("\n".join(map(json.dumps, told)))(call)

        world.known(world.machine)
        world.patch.setitem(world.engine.answers, "/events", past)
        world.patch.setattr(
            world.engine,
            "containers",
            {name: item for name, item in world.engine.containers.items() if name != "test_limit"},
        )
        info = {"CgroupVersion": "1", "CgroupDriver": "cgroupfs", "SystemTime": _rfc3339(now)}
        world.patch.setitem(world.engine.answers, "/info", value(info))
        for item in world.engine.containers.values():
            world.patch.setitem(item["State"], "StartedAt", _rfc3339(now - 20))
            world.patch.setitem(item, "RestartCount", 1)
        return world.machine.url()

    return make


def _event(action: str, at: float, **more: str) -> dict[str, Any]:
    attributes = {"name": "test_limit", "image": "test_resource", **more}
    return {"Action": action, "time": int(at), "Actor": {"ID": "1", "Attributes": attributes}}


def _rfc3339(at: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def slower_by_a_factor_of_50(world: World) -> str:
    """No command ends within its usual time, and none is the student's fault. Its network is slow, too."""
    world.patch.setattr(commands, "EXEC_SECONDS", 1.0)
    world.patch.setattr(http, "HTTP_SECONDS", 1.0)
    world.patch.setattr(world.engine, "late", 0.01 * FACTOR)
    return world.over(world.stack.enter_context(Network(world.machine.port, delay=0.1)))


def proxy_jump_through_two_hops(world: World) -> str:
    near = world.stack.enter_context(visited(address="127.0.0.2"))
    far = world.stack.enter_context(visited(address="127.0.0.3"))
    world.known(world.machine, near, far)
    lines = [f"Host 127.0.0.1\n  ProxyJump student@127.0.0.2:{near.port},student@127.0.0.3:{far.port}"]
    for address, hop in (("127.0.0.2", near), ("127.0.0.3", far)):
        shutil.copy(hop.key, world.home / f".ssh/{address}")
        lines.append(f"Host {address}\n  IdentityFile ~/.ssh/{address}")
    (world.home / ".ssh/config").write_text("\n".join(lines) + "\n")
    return world.machine.url()


def a_certificate(world: World) -> str:
    authority, key = world.home / "authority", world.home / ".ssh/id_course"
    keygen = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f"]
    subprocess.run([*keygen, str(authority)], check=True)
    subprocess.run([*keygen, str(key)], check=True)
    sign = ["ssh-keygen", "-q", "-s", str(authority), "-I", "instructor", "-n", "student", "-V", "+5m"]
    subprocess.run([*sign, f"{key}.pub"], check=True)
    url = world.another(f"TrustedUserCAKeys {authority}.pub")
    (world.home / ".ssh/id_ed25519").unlink()
    (world.home / ".ssh/config").write_text("IdentityFile ~/.ssh/id_course\n")
    return url


def an_agent_key(world: World) -> str:
    world.known(world.machine)
    path = world.stack.enter_context(agent(world.home))
    add = ["ssh-add", "-q", str(world.home / ".ssh/id_ed25519")]
    subprocess.run(add, check=True, env={**os.environ, "SSH_AUTH_SOCK": path})
    (world.home / ".ssh/id_ed25519").unlink()
    world.patch.setenv("SSH_AUTH_SOCK", path)
    return world.machine.url()


def a_context(world: World) -> str:
    world.known(world.machine)
    meta = world.home / ".docker/contexts/meta" / hashlib.sha256(b"vm").hexdigest()
    meta.mkdir(parents=True)
    endpoints = {"docker": {"Host": world.machine.url(), "SkipTLSVerify": False}}
    (meta / "meta.json").write_text(json.dumps({"Name": "vm", "Endpoints": endpoints}))
    return "vm"


def tls(world: World, *, known: bool) -> str:
    """An engine with a certificate of an authority that the instructor knows, or of another one."""
    theirs, other = trustme.CA(), trustme.CA()
    (theirs if known else other).cert_pem.write_to_path(world.home / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.issue_cert("localhost").configure_cert(context)
    web = world.stack.enter_context(Server(("127.0.0.1", 0), counting()))
    engine = world.stack.enter_context(FakeEngine(("127.0.0.1", 0), web=web.port, tls=context))
    world.patch.setenv("DOCKER_TLS_VERIFY", "1")
    world.patch.setenv("DOCKER_CERT_PATH", str(world.home))
    return f"tcp://localhost:{engine.port}"


@dataclass(frozen=True)
class Fault:
    """What a fault comes to: the code of the reason, or none where the machine is graded all the same."""

    make: Make
    code: str = ""
    advice: str = ""
    timeout: float = 30.0
    score: float | None = 30.0
    needs_docker_client: bool = False


FAULTS = {
    "host down": Fault(host_down, "ssh.timeout", "Is the machine on", 2),
    "port closed": Fault(port_closed, "ssh.refused", "systemctl start ssh"),
    "wrong key": Fault(wrong_key, "ssh.auth", "ssh-copy-id"),
    "no key": Fault(no_key, "ssh.no-key", "ssh-add"),
    "changed host key": Fault(changed_host_key, "ssh.host-key-changed", "ssh-keygen -R"),
    "unknown host key": Fault(unknown_host_key, "ssh.host-key-unknown", "--accept-new-host-keys"),
    "connection cut in the middle": Fault(cut_in_the_middle, "ssh.lost", "network go down"),
    "freezes after the handshake": Fault(
        freezes_after_the_handshake, "ssh.timeout|host.timeout|engine.timeout", "frozen|hanging", 5
    ),
    "freezes before the handshake": Fault(listening(silent), "ssh.timeout", "frozen", 2),
    "a daemon that hangs behind a good sshd": Fault(daemon_hangs, "engine.timeout", "docker info", 4),
    "MaxSessions 1": Fault(max_sessions_1),
    "MaxStartups 2": Fault(max_startups_2, "ssh.max-startups", "Try again in a minute"),
    "socket forwarding disabled": Fault(socket_forwarding_disabled, needs_docker_client=True),
    "socket forwarding disabled, no client": Fault(
        no_way_around_it, "ssh.forwarding-refused", "AllowStreamLocalForwarding"
    ),
    "TCP forwarding disabled": Fault(tcp_forwarding_disabled, needs_docker_client=True),
    "no docker group, sudo": Fault(as_user("sudoer"), needs_docker_client=True),
    "no docker group, no sudo": Fault(as_user("outsider"), "engine.permission", "usermod -aG docker"),
    "no such user": Fault(as_user("nobody-there"), "ssh.auth", "user's name right"),
    "daemon down": Fault(daemon_down, "engine.down", "systemctl start docker"),
    "a penalised source address": Fault(
        listening(once(b"Not allowed at this time\r\n")), "ssh.penalised", "Wait some minutes"
    ),
    "a server that sends garbage": Fault(listening(once(b"\xff\0" * 500)), "ssh.garbage", "right port"),
    "a server that sends without end": Fault(
        listening(endless(b"", b"x" * 4096)), "ssh.garbage", "right port", 5
    ),
    "a clock hours behind": Fault(clock(-7), score=20.0),
    "a clock hours ahead": Fault(clock(7), score=20.0),
    "a machine slower by a factor of 50": Fault(slower_by_a_factor_of_50, timeout=60),
    "ProxyJump through two hops": Fault(proxy_jump_through_two_hops),
    "a certificate": Fault(a_certificate),
    "an agent key": Fault(an_agent_key),
    "a context": Fault(a_context),
    "TLS": Fault(partial(tls, known=True)),
    "TLS with a wrong certificate": Fault(partial(tls, known=False), "engine.tls", "certificate"),
}


@dataclass(frozen=True)
class Ran:
    """What a command left behind: exit status, standard output and error."""

    status: int
    out: str
    err: str


def secrets(home: Path) -> set[str]:
    """What nobody may read in a message: the lines of all private keys, and what SECRET stands for."""
    texts = [file.read_text(errors="replace") for file in home.rglob("*") if file.is_file()]
    keys = [text for text in texts if "PRIVATE KEY" in text]
    return {SECRET, "PRIVATE KEY", *(line for text in keys for line in text.splitlines() if len(line) > 15)}


@pytest.fixture
def dockgrader(capsys: pytest.CaptureFixture[str], home: Path) -> Callable[..., Ran]:
    """The command, in this process; in time, and without a secret in what it says."""

    def run(*argv: str, timeout: float) -> Ran:
        start = time.monotonic()
        with pytest.raises(SystemExit) as left:
            main([*argv, "--timeout", str(timeout)])
        assert time.monotonic() - start < timeout + LATE
        out, err = capsys.readouterr()
        assert isinstance(left.value.code, int)
        assert {text for text in (*secrets(home), "Traceback") if text in out + err} == set()
        return Ran(left.value.code, out, err)

    return run


@pytest.fixture
def world(
    engine: FakeEngine,
    socket_path: Path,
    machine: Sshd,
    home: Path,
    known: Known,
    nothing_left: Left,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[World]:
    """Afterwards no thread, process, socket or temporary folder is left here, nor a process there (conftest).

    There are secrets: keys, one of the instructor's environment, and one of the student's containers.
    """
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("REDIS_PASSWORD", SECRET)
    for container in engine.containers.values():
        monkeypatch.setitem(container["Config"], "Env", [f"REDIS_PASSWORD={SECRET}"])
    nothing_left(machine)
    with ExitStack() as stack:
        yield World(engine, socket_path, machine, home, known, stack, monkeypatch)


def fault_of(name: str) -> Fault:
    if FAULTS[name].needs_docker_client and not HAS_DOCKER:
        pytest.skip("NOT TESTED: there is no docker client here")
    return FAULTS[name]


@pytest.mark.parametrize("name", FAULTS)
def test_check_gives_the_right_answer_or_the_right_reason(
    name: str, world: World, dockgrader: Callable[..., Ran]
) -> None:
    fault = fault_of(name)
    url = fault.make(world)
    ran = dockgrader("check", "homework-1", "--host", url, "--format", "json", timeout=fault.timeout)
    report = json.loads(ran.out)
    checks = [check for task in report["tasks"] for check in task["checks"]]
    assert len(checks) == 19
    if not fault.code:
        codes = {check["code"] for check in checks if check["status"] not in ("passed", "skipped")}
        assert (ran.status, report["score"]) == (0 if fault.score == 30 else 1, fault.score), codes
        assert codes == (set() if fault.score == 30 else {"container.ran-out"})
        return
    assert (ran.status, report["status"], report["score"], report["max_score"]) == (3, "error", None, 30)
    assert {check["status"] for check in checks} <= {"error", "passed"}
    assert {check["score"] for check in checks if check["status"] == "error"} == {None}
    assert any(re.fullmatch(fault.code, check["code"]) for check in checks), report["error"]


@pytest.mark.parametrize("name", FAULTS)
def test_doctor_says_what_to_do(name: str, world: World, dockgrader: Callable[..., Ran]) -> None:
    fault = fault_of(name)
    url = fault.make(world)
    ran = dockgrader("doctor", "--host", url, timeout=fault.timeout)
    if not fault.code:
        assert ran.status == 0, ran.out
        assert "ok  engine: 20.10.24" in ran.out
        return
    assert ran.status == 3, ran.out
    (wrong,) = [line for line in ran.out.splitlines() if line.startswith("!!") and fault_line(line)]
    assert re.search(fault.code, wrong), ran.out
    assert re.search(fault.advice, ran.out), ran.out


def fault_line(line: str) -> bool:
    """What is needed for grading; Compose on the host is not."""
    return not line.startswith(("!!  docker compose:", "!!  docker-compose:"))
