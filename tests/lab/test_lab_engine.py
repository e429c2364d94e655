"""The private engine: it works, keeps to itself, and leaves nothing behind, however it ends."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import remains
from lab.command import LabError
from lab.engine import PrivateEngine, may_start, pings
from lab.images import ensure_base_images

FIXTURES = Path(__file__).parents[2] / "fixtures"
Lab = tuple["subprocess.Popen[str]", Path, str]
POSSIBLE, REASON = may_start()

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(not POSSIBLE, reason=f"no private engine can be started here: {REASON}"),
]


@pytest.fixture(scope="module")
def engine() -> Iterator[PrivateEngine]:
    with PrivateEngine() as started:
        ensure_base_images(started)
        yield started


def start(engine: PrivateEngine, *options: str, image: str = "alpine", command: str = "sleep 3600") -> str:
    """Start a container and return its id."""
    argv = ["docker", "run", "--detach", *options, image, *command.split()]
    return engine.run(argv).stdout.strip()


def cgroups(container: str) -> list[Path]:
    """The container's cgroup folders: one on cgroup v2, one a controller on v1."""
    trees = Path("/sys/fs/cgroup")
    return [*trees.glob(f"docker/{container}"), *trees.glob(f"*/docker/{container}")]


def traces(folder: Path, container: str = "no container") -> list[str]:
    """All that is left on the machine of the engine in `folder` and of its container."""
    mounts = [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if str(folder) in line]
    records = [str(path) for path in remains.RECORDS.glob("*.json") if str(folder) in path.read_text()]
    processes = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                command, cgroup = (entry / "cmdline").read_bytes(), (entry / "cgroup").read_text()
            except OSError:
                continue
            if str(folder).encode() in command or container in cgroup:
                processes.append(command.decode(errors="replace"))
    return [
        *mounts,
        *map(str, cgroups(container)),
        *records,
        *processes,
        *([str(folder)] if folder.exists() else []),
    ]


def network_namespaces() -> set[int]:
    """The network namespaces in which processes live."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                found.add((entry / "ns/net").stat().st_ino)
            except OSError:
                continue
    return found


def test_a_container_has_its_limits_in_the_cgroups_of_the_machine(engine: PrivateEngine) -> None:
    container = start(engine, "--memory=200m")
    pid = engine.run(["docker", "inspect", "--format={{.State.Pid}}", container]).stdout.strip()

    assert f"/docker/{container}" in Path(f"/proc/{pid}/cgroup").read_text()
    files = [
        folder / name for folder in cgroups(container) for name in ("memory.limit_in_bytes", "memory.max")
    ]
    assert [file.read_text() for file in files if file.exists()] == ["209715200\n"]


def test_a_published_port_is_open_behind_the_prefix_and_not_on_the_machine(engine: PrivateEngine) -> None:
    start(engine, "--publish=61379:6379", image="redis", command="redis-server")
    ask = "exec 3<>/dev/tcp/127.0.0.1/61379 && echo PING >&3 && head -n 1 <&3"

    for _ in range(50):  # until Redis listens
        answer = engine.run(["bash", "-c", ask], check=False).stdout.strip()
        if answer:
            break
    assert answer == "+PONG"
    assert subprocess.run(["bash", "-c", ask], capture_output=True, check=False).returncode != 0


def test_a_name_that_no_container_has_is_refused_at_once(engine: PrivateEngine) -> None:
    engine.run(["docker", "network", "create", "names"])
    lookup = ["docker", "run", "--rm", "--network=names", "python:3-alpine", "python", "-c"]

    started = time.monotonic()
    done = engine.run([*lookup, "import socket; socket.gethostbyname('nobody')"], check=False)

    assert "Name or service not known" in done.stderr
    assert time.monotonic() - started < 5


def test_base_images_that_are_there_are_left_alone(engine: PrivateEngine) -> None:
    before = engine.run(["docker", "image", "ls", "--no-trunc"]).stdout

    assert ensure_base_images(engine) == []
    assert engine.run(["docker", "image", "ls", "--no-trunc"]).stdout == before


def test_two_engines_side_by_side_do_not_meet(engine: PrivateEngine) -> None:
    first = start(engine, "--name=test_limit", "--publish=80:80")

    with PrivateEngine() as other:
        ensure_base_images(other)
        second = start(other, "--name=test_limit", "--publish=80:80")
        assert engine.run(["docker", "ps", "--quiet", "--no-trunc"]).stdout.count(second) == 0

    assert traces(other.folder, second) == []
    assert engine.run(["docker", "exec", first, "echo", "alive"]).stdout == "alive\n"
    start(engine, "--name=another")  # its cgroups, bridge and rules are still in order


def test_nothing_is_left(tmp_path: Path) -> None:
    rules = subprocess.run(["iptables-save"], capture_output=True, check=True).stdout
    links = subprocess.run(["ip", "link"], capture_output=True, check=True).stdout
    threads = threading.active_count()

    with PrivateEngine(socket_path=tmp_path / "docker.sock") as engine:
        ensure_base_images(engine)
        container = start(engine, "--publish=80:80", "--volume=data:/data")
        namespace = remains.namespace_file(engine.folder).stat().st_ino
        assert namespace in network_namespaces()
        assert pings(tmp_path / "docker.sock")
        assert traces(engine.folder, container)

    assert traces(engine.folder, container) == []
    assert namespace not in network_namespaces()
    assert threading.active_count() == threads
    assert list(tmp_path.iterdir()) == []
    assert subprocess.run(["iptables-save"], capture_output=True, check=True).stdout == rules
    assert subprocess.run(["ip", "link"], capture_output=True, check=True).stdout == links


def test_an_engine_that_cannot_start_says_why_and_leaves_nothing() -> None:
    engine = PrivateEngine(arguments=["--no-such-option"])

    with pytest.raises(LabError, match="unknown flag: --no-such-option"), engine:
        pass
    assert traces(engine.folder) == []


def test_a_folder_that_holds_something_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()

    with pytest.raises(LabError, match="not empty"), PrivateEngine(tmp_path):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def mind_signals() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture
def lab() -> Iterator[Lab]:
    """A lab of another process, as people start it: the process, its folder, the id of a container in it."""
    folder = Path(f"/var/tmp/dockgrader-lab-test-{os.urandom(4).hex()}")
    script = "docker run --detach alpine sleep 3600; exec sleep 600"
    process = subprocess.Popen(
        [sys.executable, "-m", "lab", "--folder", folder, "run", "--", "sh", "-c", script],
        env=os.environ | {"PYTHONPATH": str(FIXTURES)},
        stdout=subprocess.PIPE,
        text=True,
        # It minds signals even where the tests themselves run in the background, or under nohup.
        preexec_fn=mind_signals,
    )
    assert process.stdout is not None
    yield process, folder, process.stdout.readline().strip()
    process.kill()
    process.wait()
    remains.sweep()


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_cleanly(lab: Lab, ending: int) -> None:
    process, folder, container = lab
    assert traces(folder, container)

    process.send_signal(ending)

    assert process.wait(timeout=120) == 128 + ending
    assert traces(folder, container) == []


def test_a_second_ctrl_c_does_not_stop_the_tidying(lab: Lab) -> None:
    process, folder, container = lab

    process.send_signal(signal.SIGINT)
    while process.poll() is None:
        process.send_signal(signal.SIGINT)
        time.sleep(0.01)

    assert traces(folder, container) == []


def test_what_a_killed_lab_left_is_removed_by_the_next(lab: Lab) -> None:
    process, folder, container = lab
    process.kill()
    process.wait()
    assert pings(folder / "docker.sock")

    with PrivateEngine():
        assert traces(folder, container) == []


def test_the_orphans_of_a_killed_dockerd_are_removed(lab: Lab) -> None:
    process, folder, container = lab
    os.kill(int((folder / "dockerd.pid").read_text()), signal.SIGKILL)

    process.terminate()

    assert process.wait(timeout=120) == 128 + signal.SIGTERM
    assert traces(folder, container) == []
