"""This machine's files and programs, however odd they are."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dockgrader.errors import Unobserved
from dockgrader.hosts import local
from dockgrader.hosts.base import ELSEWHERE, FILE_CAP, HERE, Missing, Nearness
from dockgrader.hosts.deadline import Deadline, background
from dockgrader.hosts.endpoint import Endpoint
from dockgrader.hosts.local import LocalHost
from fakes.engine import FakeEngine


@pytest.fixture
def host(tmp_path: Path) -> Iterator[LocalHost]:
    """This machine, with a fake engine, as the engine is not what is tested."""
    with FakeEngine(tmp_path / "docker.sock"):
        host = LocalHost(Endpoint(f"unix://{tmp_path}/docker.sock", ""), Deadline(30))
        yield host
        host.close()


def problem(host: LocalHost, path: Path | str, *, regular: bool = True) -> str:
    (read,) = host.read_files([str(path)], regular=regular)
    assert (read.data is None) == bool(read.problem)
    return read.problem


def test_files_in_the_order_of_asking(host: LocalHost, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one \xff")
    (tmp_path / "empty").touch()
    a, missing, empty = host.read_files([str(tmp_path / name) for name in ("a", "none", "empty")])
    assert (a.data, a.text) == (b"one \xff", "one \ufffd")
    assert (missing.data, missing.problem) == (None, "missing")
    assert (empty.data, empty.problem) == (b"", "")


def test_a_fifo_is_not_waited_for(host: LocalHost, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    start = time.monotonic()
    for regular in (True, False):
        assert problem(host, tmp_path / "fifo", regular=regular) == "irregular"
    assert time.monotonic() - start < 20


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null", "/dev/tty", "/", "/proc/self"])
def test_devices_and_folders(host: LocalHost, path: str) -> None:
    for regular in (True, False):
        assert problem(host, path, regular=regular) == "irregular"


def test_a_device_is_not_even_opened(host: LocalHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening /dev/watchdog, which a label could name, begins the countdown to a reboot."""

    def never(*_: object) -> int:
        raise AssertionError("opened")

    monkeypatch.setattr(os, "open", never)
    assert problem(host, "/dev/zero") == "irregular"


def test_links(host: LocalHost, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    (tmp_path / "good").symlink_to("file")
    (tmp_path / "dangling").symlink_to("nothing")
    (tmp_path / "circle").symlink_to("circle")
    assert problem(host, tmp_path / "good") == ""
    assert problem(host, tmp_path / "dangling") == "missing"
    assert problem(host, tmp_path / "circle") == "unreadable"
    assert problem(host, tmp_path / "file" / "below") == "missing"


@pytest.mark.parametrize("path", ["", "\0", "a\0b", "\ud800", "x" * 5000, "/" + "y/" * 3000])
def test_paths_that_are_none(host: LocalHost, path: str) -> None:
    assert problem(host, path) in ("missing", "unreadable")


def test_a_file_that_is_too_large(host: LocalHost, tmp_path: Path) -> None:
    """A compose file of that size is none; of a /proc file the beginning is enough."""
    (tmp_path / "most").write_bytes(b"x" * FILE_CAP)
    (tmp_path / "more").write_bytes(b"x" * (FILE_CAP + 1))
    with (tmp_path / "sparse").open("wb") as sparse:
        sparse.truncate(1 << 40)
    assert problem(host, tmp_path / "most") == ""
    assert problem(host, tmp_path / "more") == "too large"
    assert problem(host, tmp_path / "sparse") == "too large"
    (begin,) = host.read_files([str(tmp_path / "sparse")])
    assert begin.data == bytes(FILE_CAP)


@pytest.mark.skipif(not Path("/proc/self/cgroup").exists(), reason="no /proc here")
def test_proc(host: LocalHost) -> None:
    assert problem(host, "/proc/self/mountinfo", regular=False) == ""
    assert problem(host, "/proc/999999999/cgroup", regular=False) == "missing"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read anything; tests/cli tries it without root")
def test_a_file_without_permission(host: LocalHost, tmp_path: Path) -> None:
    (tmp_path / "secret").touch(mode=0)
    assert problem(host, tmp_path / "secret") == "denied"


# Programs.


def python(*lines: str) -> list[str]:
    return [sys.executable, "-c", "\n".join(lines)]


def test_a_program(host: LocalHost) -> None:
    output = host.run(
        python("import sys, os", "print(os.environ['DOCKER_HOST'])", "sys.stderr.write('e')", "sys.exit(3)"),
        20,
    )
    assert (output.exit, output.stderr) == (3, b"e")
    assert output.stdout.decode().strip() == host.name


def test_a_program_that_is_not_there(host: LocalHost, tmp_path: Path) -> None:
    with pytest.raises(Missing):
        host.run(["no-such-program-here"], 5)
    (tmp_path / "data").write_text("no program")
    with pytest.raises(Unobserved, match="cannot be run"):
        host.run([str(tmp_path / "data")], 5)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until_gone(pid: int) -> None:
    deadline = Deadline(5)
    while alive(pid) and not deadline.passed():
        time.sleep(0.01)
    assert not alive(pid)


SLEEPS_WITH_A_CHILD = python(
    "import subprocess, sys, time",
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])",
    "open(sys.argv[1] + '.part', 'w').write(str(child.pid))",
    "import os; os.replace(sys.argv[1] + '.part', sys.argv[1])",
    "time.sleep(60)",
)


def test_a_program_that_hangs_is_ended_with_its_children(host: LocalHost, tmp_path: Path) -> None:
    said = tmp_path / "pid"
    start = time.monotonic()
    output = host.run([*SLEEPS_WITH_A_CHILD, str(said)], 1.5)
    assert (output.exit, output.timed_out) == (None, True)
    assert time.monotonic() - start < 30
    wait_until_gone(int(said.read_text()))


def test_a_program_that_still_runs_ends_with_the_host(host: LocalHost, tmp_path: Path) -> None:
    """As after Ctrl-C: a compose file with a FIFO in it must not leave Compose behind."""
    said = tmp_path / "pid"
    running = background(lambda: host.run([*SLEEPS_WITH_A_CHILD, str(said)], 60))
    deadline = Deadline(20)
    while not said.exists() and not deadline.passed():
        time.sleep(0.01)
    host.close()
    wait_until_gone(int(said.read_text()))
    assert running.result(timeout=5).exit != 0


def test_a_program_that_floods_is_cut_off(host: LocalHost) -> None:
    output = host.run(python("import os", "while True: os.write(1, b'y' * 65536)"), 30)
    assert (output.exit, output.flooded, output.timed_out) == (None, True, False)
    assert output.stdout == b"y" * FILE_CAP


# Another machine.


def test_another_machines_files_and_ports(tmp_path: Path) -> None:
    with FakeEngine(("127.0.0.1", 0)) as engine:
        host = LocalHost(Endpoint(f"tcp://127.0.0.1:{engine.port}", ""), Deadline(30))
        with pytest.raises(Unobserved, match="over tcp://") as files:
            host.read_files(["/etc/hostname"])
        assert files.value.code == "host.files"
        with pytest.raises(Unobserved, match="can only be asked on"):
            host.connect("10.0.0.1", 80, 1)
        with pytest.raises(Unobserved, match="No program can be run"):
            host.run(["true"], 1)
        with host.connect("0.0.0.0", engine.port, 1) as connection:
            assert connection.getpeername()[1] == engine.port
        host.close()


# Is the container's machine this one?

ID = "ab" * 32


@pytest.fixture
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A /proc of our own, as no process here is a container's."""
    folder = tmp_path / "proc"
    (folder / "4242").mkdir(parents=True)
    (folder / "4242" / "cgroup").write_text(f"4:memory:/docker/{ID}\n")
    (folder / "net").mkdir()
    list_sockets(folder, f"{tmp_path}/docker.sock")
    monkeypatch.setattr(local, "PROC", str(folder))
    return folder


def list_sockets(proc: Path, *paths: str, flags: str = "00010000") -> None:
    """As the kernel lists listening sockets, the first one without a name."""
    lines = [f"0000000051ff3b59: 00000002 00000000 {flags} 0001 01 11427 {path}" for path in ("", *paths)]
    (proc / "net" / "unix").write_text(
        "Num       RefCount Protocol Flags    Type St Inode Path\n" + "\n".join(lines)
    )


def test_a_container_of_this_machine(host: LocalHost, proc: Path) -> None:
    assert host.near(ID, 4242) == HERE


@pytest.mark.parametrize(
    ("container_id", "pid"),
    [(ID, 1), (ID, 0), (ID, -1), ("cd" * 32, 4242)],
    ids=["no such process", "not running", "odd", "a process of another container"],
)
def test_a_process_that_is_not_the_containers_is_no_proof(
    host: LocalHost, proc: Path, container_id: str, pid: int
) -> None:
    """Behind `ssh -L`, Docker Desktop or a mounted socket, a process of that number here is somebody else."""
    assert host.near(container_id, pid) == ELSEWHERE


def test_without_a_proc_it_cannot_be_told(
    host: LocalHost, proc: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "PROC", str(proc / "none"))
    assert host.near(ID, 4242) == ELSEWHERE


@pytest.mark.parametrize("flags", ["00010000", "00000000"])
def test_an_engine_in_another_network_of_this_machine(host: LocalHost, proc: Path, flags: str) -> None:
    """Its files are ours, its ports are not; nor is a connection to its socket the socket itself."""
    list_sockets(proc, "/elsewhere/docker.sock", flags=flags)
    if flags == "00000000":
        list_sockets(proc, host.name.removeprefix("unix://"), flags=flags)
    assert host.near(ID, 4242) == Nearness(files=True, ports=True, silence=False)


def test_a_socket_by_another_name(tmp_path: Path, host: LocalHost, proc: Path) -> None:
    """As /var/run/docker.sock is /run/docker.sock to the kernel."""
    (tmp_path / "run").symlink_to(tmp_path)
    list_sockets(proc, f"{tmp_path}/run/docker.sock")
    assert host.near(ID, 4242) == HERE


def test_a_forwarded_port_and_another_machines(proc: Path) -> None:
    with FakeEngine(("127.0.0.1", 0)) as engine:
        host = LocalHost(Endpoint(f"tcp://127.0.0.1:{engine.port}", ""), Deadline(30))
        assert host.near(ID, 4242) == HERE
        assert host.near(ID, 1) == ELSEWHERE
        host.close()
        host._remote = "192.0.2.7"
        assert host.near(ID, 4242) == Nearness(files=False, ports=True, silence=False)


@pytest.mark.skipif(not Path("/proc/net/unix").exists(), reason="no /proc here")
def test_the_kernel_lists_the_sockets_of_our_network(tmp_path: Path) -> None:
    with FakeEngine(tmp_path / "here.sock"):
        assert local._in_our_network(str(tmp_path / "here.sock"))
        assert not local._in_our_network(str(tmp_path / "nowhere.sock"))


def test_programs_do_not_get_our_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Above all not the key by which individual tasks are drawn."""
    monkeypatch.setenv("DOCKGRADER_PARAMETER_KEY", "secret of the course")
    with FakeEngine(tmp_path / "docker.sock"):
        host = LocalHost(Endpoint(f"unix://{tmp_path}/docker.sock", "--host"), Deadline(10))
        said = host.run(["env"], 10).stdout
        host.close()
    assert b"DOCKER_HOST=" in said
    assert b"secret of the course" not in said
