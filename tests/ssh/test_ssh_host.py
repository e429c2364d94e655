"""A student's machine over SSH as if we sat at it: the same engine, files, pages and programs."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dockgrader.assignment.loading import load, shipped
from dockgrader.errors import Unobserved, UsageError
from dockgrader.grading.doctor import examine
from dockgrader.grading.run import Bounds, grade_endpoint
from dockgrader.hosts.base import FILE_CAP, Missing
from dockgrader.hosts.deadline import Deadline
from dockgrader.hosts.endpoint import Endpoint
from dockgrader.hosts.local import LocalHost
from dockgrader.hosts.ssh.host import SshHost
from fakes.engine import FakeEngine
from fakes.server import Server
from fakes.tcp import Network
from lab.sshd import Sshd
from tests.ssh.conftest import Another, Known, Opened
from tests.ssh.test_faults import Left, asked

SHELLS = ["student", "noisy", "fisher", "cshell", "bare"]


@pytest.mark.parametrize("user", SHELLS)
def test_every_login_shell_will_do(
    user: str, machine: Sshd, web: Server, known: Known, opened: Opened, nothing_left: Left
) -> None:
    known(machine)
    nothing_left(machine)
    host = opened(machine.url(user))
    assert host.name == machine.url(user)
    assert host.engine.version == "20.10.24"
    assert host.engine.exec("redis_2", ["redis-cli", "get", "mykey"], 5).stdout == b"foobar\n"
    proc, none, device = host.read_files([f"/proc/{os.getpid()}/cgroup", "/none", "/dev/null"])
    assert proc.data == Path("/proc/self/cgroup").read_bytes()
    assert (none.problem, device.problem) == ("missing", "irregular")
    assert asked(host, web.port).endswith(" times.\n")
    said = host.run(["sh", "-c", "echo $DOCKER_HOST; echo '\"$1\" !'; echo err >&2; exit 3", "x y"], 5)
    assert said.stdout == b'unix:///var/run/docker.sock\n"$1" !\n'
    assert said.stderr.endswith(b"err\n")
    assert (said.exit, said.timed_out, said.flooded) == (3, False, False)


def test_homework_1_gets_full_marks(machine: Sshd, known: Known, nothing_left: Left) -> None:
    known(machine)
    nothing_left(machine)
    homework = load(shipped() / "homework-1.yaml")
    endpoint = Endpoint(machine.url(), "")
    report = grade_endpoint(homework, homework.assignment.tasks, endpoint, "en", Bounds(30, 1)).report
    assert [check.code for task in report.tasks for check in task.checks if check.status != "passed"] == []
    assert (report.status, report.score, report.host.name) == ("graded", 30, machine.url())


def test_all_goes_over_one_connection(
    machine: Sshd, web: Server, home: Path, known: Known, opened: Opened
) -> None:
    known(machine)
    with Network(machine.port) as network:
        (home / ".ssh/known_hosts").write_text(f"[127.0.0.1]:{network.port} {machine.host_key}\n")
        host = opened(f"ssh://student@127.0.0.1:{network.port}")
        for _ in range(3):
            host.engine.get("/info")
            host.read_files(["/proc/self/mountinfo"])
            asked(host, web.port)
            host.run(["true"], 5)
        assert network.connections == 1


def test_a_slow_network_changes_nothing(
    machine: Sshd, web: Server, home: Path, known: Known, opened: Opened
) -> None:
    known(machine)
    with Network(machine.port, delay=0.15) as network:
        (home / ".ssh/known_hosts").write_text(f"[127.0.0.1]:{network.port} {machine.host_key}\n")
        host = opened(f"ssh://student@127.0.0.1:{network.port}")
        assert host.read_files(["/etc/hostname"])[0].data
        assert asked(host, web.port).endswith(" times.\n")


USES_A_HOST = """
import os, sys
from dockgrader.hosts.deadline import Deadline
from dockgrader.hosts.endpoint import Endpoint
from dockgrader.hosts.ssh.host import SshHost
from dockgrader.hosts.ssh.loop import share

def sockets():
    files = [f"/proc/self/fd/{name}" for name in os.listdir("/proc/self/fd")]
    print(sum(os.readlink(file).startswith("socket:") for file in files if os.path.lexists(file)))

share()
sockets()
host = SshHost(Endpoint(sys.argv[1], ""), Deadline(60))
for _ in range(3):
    host.engine.get("/info")
    host.read_files(["/proc/self/mountinfo"])
sockets()
host.close()
host.close()  # again, without harm
sockets()
print("docker" in sys.modules)
"""


def test_a_host_takes_one_socket_of_ours_and_gives_it_back(machine: Sshd, home: Path, known: Known) -> None:
    """What goes over the connection has none, and the docker SDK is for engines that are near."""
    known(machine)
    command = [sys.executable, "-c", USES_A_HOST, machine.url()]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=90)
    before, used, after, with_sdk = done.stdout.split()
    assert (int(used) - int(before), after, with_sdk) == (1, before, "False")


# Files.


def test_files_that_are_read_along_are_not_asked_for_again(
    machine: Sshd, known: Known, opened: Opened
) -> None:
    known(machine)
    host = opened(machine.url())
    host.read_along(["/etc/hostname", "/none"])
    assert len(host.read_files(["/proc/self/mountinfo"])) == 1
    machine.cut()
    name, none = host.read_files(["/etc/hostname", "/none"])
    assert name == LocalHost.read_files(NOT_REMOTE, ["/etc/hostname"])[0]
    assert none.problem == "missing"
    with pytest.raises(Unobserved):
        host.read_files(["/proc/self/mountinfo"])


def test_files_are_those_of_the_machine(machine: Sshd, known: Known, opened: Opened) -> None:
    """The same answers as from the machine itself, for every odd file."""
    known(machine)
    folder = machine.home("student") / "files"
    folder.mkdir(exist_ok=True)
    names = ["plain", "empty", "quote'\"$(id) `id`", "line\nbreak", "ünï", "-n", "*", "marks"]
    for number, name in enumerate(names):
        (folder / name).write_bytes(bytes(range(256)) * number)
    (folder / "marks").write_bytes(b"\n00112233 read\n" * 50 + b"no end of line")
    os.mkfifo(folder / "fifo")
    (folder / "link").symlink_to("plain")
    (folder / "loop").symlink_to("loop")
    (folder / "large").write_bytes(b"x" * (FILE_CAP + 1))
    (folder / "largest").write_bytes(b"y" * FILE_CAP)
    paths = [str(folder / name) for name in [*names, "fifo", "link", "loop", "large", "largest", ""]]
    paths += ["/proc/self/mem", "/nowhere/at/all", "/dev/tty", "relative", "", "/nul\0", "/\udcff", "/\ud800"]
    host = opened(machine.url())
    for regular in (True, False):
        for path, read in zip(paths, host.read_files(paths, regular=regular), strict=True):
            here = LocalHost.read_files(NOT_REMOTE, [path], regular=regular)[0]
            if path not in ("/proc/self/mem", "", "relative", "/nul\0", "/\ud800") and "loop" not in path:
                assert (read.problem, read.data) == (here.problem, here.data), path
            assert (read.data is None) == bool(read.problem)


class _NotRemote:
    _remote = None
    name = ""


NOT_REMOTE: LocalHost = _NotRemote()  # type: ignore[assignment]


def test_a_file_that_may_not_be_read(machine: Sshd, known: Known, opened: Opened) -> None:
    known(machine)
    host = opened(machine.url())
    reads = host.read_files(["/etc/shadow", "/root/.ssh/id_rsa", "/proc/1/environ"])
    assert [read.problem for read in reads][::2] == ["denied", "denied"]
    assert reads[1].data is None


def test_programs(machine: Sshd, known: Known, opened: Opened) -> None:
    known(machine)
    host = opened(machine.url())
    with pytest.raises(Missing):
        host.run(["no-such-program"], 5)
    assert host.run(["sleep", "5"], 0.3).timed_out
    flood = host.run(["head", "-c", str(FILE_CAP * 3), "/dev/zero"], 10)
    assert (flood.flooded, flood.exit, len(flood.stdout)) == (True, None, FILE_CAP)
    with pytest.raises(Unobserved):
        host.run(["echo", "\0"], 5)
    assert host.run(["cat"], 5).stdout == b""  # its input is empty


def test_a_program_that_is_cut_off_ends_there(
    machine: Sshd, known: Known, opened: Opened, nothing_left: Left
) -> None:
    known(machine)
    host = opened(machine.url())
    host.run(["sh", "-c", "sleep 60 & sleep 61; echo"], 0.3)
    host.close()
    nothing_left(machine)


def test_an_address_of_the_machine_itself(machine: Sshd, web: Server, known: Known, opened: Opened) -> None:
    known(machine)
    host = opened(machine.url())
    for address in ("", "0.0.0.0", "127.0.0.1"):
        host.connect(address, web.port, 5).close()
    for address in ("::", "127.0.0.2"):  # nobody listens there
        with pytest.raises(OSError):
            host.connect(address, web.port, 5)


# People's habits.


def test_the_configuration_of_ssh(machine: Sshd, known: Known, home: Path, opened: Opened) -> None:
    known(machine)
    (home / ".ssh/id_ed25519").rename(home / "elsewhere")
    (home / ".ssh/known_hosts").rename(home / ".ssh/hosts")
    (home / ".ssh/more").mkdir()
    (home / ".ssh/config").write_text(
        "Include more/*\nHost *\n  IdentityFile ~/missing\n  IdentityFile ~/elsewhere\n  User nobody\n"
    )
    (home / ".ssh/more/vm").write_text(
        f"Host VM\n  HostName 127.0.0.1\n  Port {machine.port}\n  User student\n"
        "  UserKnownHostsFile ~/.ssh/hosts\nHost *\n  PasswordAuthentication no\n"
    )
    assert opened("ssh://VM").run(["id", "-un"], 5).stdout == b"student\n"
    assert opened("ssh://noisy@VM").run(["id", "-un"], 5).stdout == b"noisy\n"


def test_hashed_known_hosts(machine: Sshd, known: Known, home: Path, opened: Opened) -> None:
    known(machine)
    os.system(f"ssh-keygen -q -H -f {home}/.ssh/known_hosts")
    text = (home / ".ssh/known_hosts").read_text()
    assert text.startswith("|1|")
    (home / ".ssh/known_hosts").write_text(f"broken line\n{text}")
    assert opened(machine.url()).engine.version


def test_known_hosts_none_does_not_mean_that_anybody_is_trusted(
    machine: Sshd, known: Known, home: Path, opened: Opened
) -> None:
    known(machine)
    (home / ".ssh/config").write_text("UserKnownHostsFile none\nStrictHostKeyChecking no\n")
    (home / ".ssh/known_hosts").unlink()
    with pytest.raises(Unobserved) as raised:
        opened(machine.url())
    assert raised.value.code == "ssh.host-key-unknown"


def test_new_host_keys_are_remembered_when_it_is_asked_for(
    machine: Sshd, known: Known, home: Path, opened: Opened
) -> None:
    known(machine)
    (home / ".ssh/known_hosts").write_text("# no end of line")
    assert opened(machine.url(), accept_new=True).engine.version
    assert (home / ".ssh/known_hosts").read_text() == f"# no end of line\n{machine.known_hosts_line()}"
    assert opened(machine.url()).engine.version


def test_proxy_jump_through_two_hops(machine: Sshd, known: Known, home: Path, opened: Opened) -> None:
    with Sshd(address="127.0.0.2") as near, Sshd(address="127.0.0.3") as far:
        known(machine, near, far)
        for number, hop in enumerate((near, far)):
            (home / f".ssh/{number}").write_bytes(hop.key.read_bytes())
            (home / f".ssh/{number}").chmod(0o600)
        (home / ".ssh/config").write_text(
            f"Host 127.0.0.1\n  ProxyJump student@127.0.0.2:{near.port},far\n"
            f"Host far\n  HostName 127.0.0.3\n  Port {far.port}\n  User noisy\n  IdentityFile ~/.ssh/1\n"
            "Host 127.0.0.2\n  IdentityFile ~/.ssh/0\n"
        )
        host = opened(machine.url())
        assert host.run(["id", "-un"], 5).stdout == b"student\n"
        assert near.processes() and far.processes()
        host.close()

        (home / ".ssh/1").unlink()
        with pytest.raises(Unobserved, match=rf"noisy@127.0.0.3:{far.port} \(a jump host\)") as raised:
            opened(machine.url())
        assert raised.value.code in ("ssh.auth", "ssh.no-key")


def test_a_jump_host_that_matches_the_pattern_itself(
    machine: Sshd, known: Known, home: Path, opened: Opened
) -> None:
    with Sshd(address="127.0.0.2") as hop:
        known(machine, hop)
        (home / ".ssh/hop").write_bytes(hop.key.read_bytes())
        (home / ".ssh/hop").chmod(0o600)
        (home / ".ssh/config").write_text(
            f"Host 127.0.0.*\n  ProxyJump student@127.0.0.2:{hop.port}\n"
            "  IdentityFile ~/.ssh/hop\n  IdentityFile ~/.ssh/id_ed25519\n"
        )
        assert opened(machine.url()).engine.version
        with pytest.raises(Unobserved, match=r"The jump host before student@127\.0\.0\.9:1 cannot") as raised:
            opened("ssh://student@127.0.0.9:1")
        assert raised.value.code == "ssh.refused"
        hop.cut()
        hop_down = f"student@127.0.0.2:{hop.port} (a jump host)"
        (home / ".ssh/known_hosts").write_text(machine.known_hosts_line())
        with pytest.raises(Unobserved) as raised:
            opened(machine.url())
        assert raised.value.code == "ssh.host-key-unknown"
        assert hop_down in raised.value.reason


def test_a_jump_host_that_forwards_nothing(machine: Sshd, known: Known, home: Path, opened: Opened) -> None:
    with Sshd(address="127.0.0.2", config=["AllowTcpForwarding no"]) as hop:
        known(hop, machine)
        (home / ".ssh/config").write_text(f"Host 127.0.0.1\n  ProxyJump student@127.0.0.2:{hop.port}\n")
        with pytest.raises(Unobserved) as raised:
            opened(machine.url())
        assert raised.value.code == "ssh.forwarding-refused"


def test_a_proxy_command(machine: Sshd, known: Known, home: Path, opened: Opened) -> None:
    known(machine)
    relay = (
        "import socket,sys,threading,os; s=socket.create_connection((sys.argv[1],int(sys.argv[2])));"
        "f=lambda a,b:[b(d) for d in iter(a,b'')];"
        "threading.Thread(target=f,args=(lambda:os.read(0,9999),s.sendall),daemon=True).start();"
        "f(lambda:s.recv(9999),lambda d:os.write(1,d))"
    )
    (home / "relay.py").write_text(relay)
    (home / ".ssh/config").write_text(f"Host *\n  ProxyCommand {sys.executable} {home}/relay.py %h %p\n")
    assert opened(machine.url()).run(["id", "-un"], 5).stdout == b"student\n"


def test_a_certificate(
    known: Known, home: Path, opened: Opened, engine: FakeEngine, socket_path: Path
) -> None:
    """The machine trusts an authority and knows no key."""
    authority = home / "authority"
    os.system(f"ssh-keygen -q -t ed25519 -N '' -f {authority}")
    with Sshd(docker_socket=socket_path, config=[f"TrustedUserCAKeys {authority}.pub"]) as machine:
        known(machine)
        (machine.folder / "authorized_keys").write_text("")
        with pytest.raises(Unobserved):
            opened(machine.url())
        os.system(f"ssh-keygen -q -t ed25519 -N '' -f {home}/.ssh/id_course")
        os.system(f"ssh-keygen -q -s {authority} -I instructor -n student -V +5m {home}/.ssh/id_course.pub")
        (home / ".ssh/config").write_text("IdentityFile ~/.ssh/id_course\n")
        assert opened(machine.url()).engine.version


def test_a_host_certificate(known: Known, home: Path, opened: Opened, machine: Sshd) -> None:
    """The instructor trusts the course's authority and knows no machine."""
    authority = home / "authority"
    os.system(f"ssh-keygen -q -t ed25519 -N '' -f {authority}")
    key = machine.folder / "certified"
    if not key.exists():
        os.system(f"ssh-keygen -q -t ed25519 -N '' -f {key}")
    os.system(f"ssh-keygen -q -s {authority} -I vm -h -n 127.0.0.1 {key}.pub")
    with Sshd(config=[f"HostKey {key}", f"HostCertificate {key}-cert.pub"]) as certified:
        known(machine, certified)
        (home / ".ssh/id_ed25519").write_bytes(certified.key.read_bytes())
        kind, data = authority.with_suffix(".pub").read_text().split()[:2]
        (home / ".ssh/known_hosts").write_text(f"@cert-authority 127.0.0.* {kind} {data}\n")
        with pytest.raises(Unobserved) as raised:
            opened(certified.url())
        assert raised.value.code == "engine.no-socket"  # logged in


@pytest.mark.parametrize("way", ["environment", "configuration"])
def test_a_key_in_the_agent(
    way: str, machine: Sshd, known: Known, home: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    known(machine)
    with agent(home) as path:
        os.system(f"SSH_AUTH_SOCK={path} ssh-add -q {home}/.ssh/id_ed25519")
        (home / ".ssh/id_ed25519").unlink()
        if way == "environment":
            monkeypatch.setenv("SSH_AUTH_SOCK", path)
        else:
            (home / ".ssh/config").write_text(f"IdentityAgent {path}\n")
        host = opened(machine.url())
        assert b"SSH_AUTH_SOCK" not in host.run(["env"], 5).stdout


def test_an_agent_that_is_gone_does_not_matter(
    machine: Sshd, known: Known, opened: Opened, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    known(machine)
    monkeypatch.setenv("SSH_AUTH_SOCK", str(home / "gone"))
    assert opened(machine.url()).engine.version


def test_nothing_of_the_users_is_forwarded(
    machine: Sshd, known: Known, home: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the configuration says: a student's machine could use it."""
    known(machine)
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("LC_SECRET", "secret")
    with agent(home) as path:
        monkeypatch.setenv("SSH_AUTH_SOCK", path)
        (home / ".ssh/config").write_text(
            "ForwardAgent yes\nForwardX11 yes\nForwardX11Trusted yes\nSendEnv LC_*\nSetEnv LC_TOKEN=secret\n"
            "RemoteForward 127.0.0.1:1080 127.0.0.1:22\nRequestTTY force\nRemoteCommand echo hijacked\n"
            "PermitLocalCommand yes\nLocalCommand touch ~/hijacked\n"
        )
        host = opened(machine.url())
        said = host.run(["sh", "-c", "env; tty"], 5).stdout
    assert b"not a tty" in said
    for word in (b"SSH_AUTH_SOCK", b"DISPLAY", b"secret", b"hijacked"):
        assert word not in said
    assert not (home / "hijacked").exists()


def test_a_docker_context(
    machine: Sshd, known: Known, home: Path, nothing_left: Left, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `docker context create vm --docker host=ssh://…` writes it."""
    import hashlib
    import json

    from dockgrader.hosts.endpoint import resolve

    known(machine)
    meta = home / ".docker/contexts/meta" / hashlib.sha256(b"vm").hexdigest()
    meta.mkdir(parents=True)
    endpoints = {"docker": {"Host": machine.url(), "SkipTLSVerify": False}}
    (meta / "meta.json").write_text(json.dumps({"Name": "vm", "Endpoints": endpoints}))
    for endpoint in (resolve("vm"), resolve(None, {"DOCKER_CONTEXT": "vm", "HOME": str(home)})):
        assert endpoint.url == machine.url()
    assert resolve(None, {"DOCKER_HOST": machine.url()}).url == machine.url()
    assert all(finding.ok for finding in examine(resolve("vm"), 20) if finding.needed)


def test_a_banner_that_is_no_utf_8(known: Known, home: Path, opened: Opened, another: Another) -> None:
    (home / "banner").write_bytes(b"\xff\xfe \x1b[31mwelcome\n" * 50)
    machine = another(f"Banner {home}/banner")
    known(machine)
    assert opened(machine.url()).engine.version


def test_a_socket_named_in_the_url(machine: Sshd, socket_path: Path, known: Known, opened: Opened) -> None:
    known(machine)
    host = opened(machine.url(path=str(socket_path)))
    assert host.run(["sh", "-c", "echo $DOCKER_HOST"], 5).stdout.decode() == f"unix://{socket_path}\n"


def test_a_rootless_engine_is_found(
    known: Known, opened: Opened, socket_path: Path, another: Another
) -> None:
    """Its socket lies in the user's own folder, and the usual one is not there."""
    machine = another(docker=False)
    known(machine)
    folder = machine.home("outsider") / ".docker/run"
    folder.mkdir(parents=True)
    os.system(f"chown -R --reference={machine.home('outsider')} {machine.home('outsider')}")
    with FakeEngine(folder / "docker.sock"):
        (folder / "docker.sock").chmod(0o666)
        host = opened(machine.url("outsider"))
        assert (
            host.run(["sh", "-c", "echo $DOCKER_HOST"], 5).stdout.decode() == f"unix://{folder}/docker.sock\n"
        )


# Doctor.


@pytest.mark.parametrize(
    ("user", "said"),
    [
        ("outsider", "engine.permission: .*usermod -aG docker"),
        ("nobody-there", "ssh.auth: .*Is the user's name right"),
    ],
)
def test_doctor_says_what_to_do(user: str, said: str, machine: Sshd, known: Known) -> None:
    import re

    known(machine)
    findings = list(examine(Endpoint(machine.url(user), "--host"), 20))
    assert not findings[-1].ok
    assert re.search(said, findings[-1].found), findings


class agent:
    """An ssh-agent of the test's own."""

    def __init__(self, home: Path) -> None:
        self._path = str(home / "agent")

    def __enter__(self) -> str:
        import subprocess
        import time

        self._process = subprocess.Popen(["ssh-agent", "-D", "-a", self._path], stdout=subprocess.DEVNULL)
        end = time.monotonic() + 5
        while not Path(self._path).exists() and time.monotonic() < end:
            time.sleep(0.01)
        return self._path

    def __exit__(self, *what: object) -> None:
        self._process.kill()
        self._process.wait()


def test_the_login_is_used_for_something_else(machine: Sshd, known: Known) -> None:
    """The models are built in that time; when they cannot be, nobody waits for the host, and nothing is left."""
    known(machine)
    called: list[str] = []
    with contextlib.closing(SshHost(Endpoint(machine.url(), ""), Deadline(20), lambda: called.append("now"))):
        assert called == ["now"]

    def broken() -> None:
        raise UsageError("the assignment is broken")

    with pytest.raises(UsageError):
        SshHost(Endpoint(machine.url(), ""), Deadline(20), broken)


def test_the_list_of_containers_comes_with_the_greeting(
    machine: Sshd, engine: FakeEngine, known: Known, opened: Opened
) -> None:
    known(machine)
    engine.calls.clear()
    host = opened(machine.url())
    assert len(host.engine.get("/containers/json", {"all": "1"})) == 5
    assert sorted(call.path for call in engine.calls) == ["/_ping", "/containers/json"]
