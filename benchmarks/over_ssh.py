"""Grade the finished homework-1 on a student's machine over SSH, with dockgrader and with its peers; print a table.

    python benchmarks/over_ssh.py [--rounds N]

A private Docker engine and an SSH server before it are the machine. It is graded twice in each round: over loopback,
and through a proxy that holds back each direction for 40 ms. All is made for it, as by run.py, and removed at the end.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from measuring import (
    ROOT,
    Bench,
    Contender,
    LabError,
    PrivateEngine,
    Sample,
    deploy,
    exit_status,
    in_turn,
    machine,
    make_environment,
    median,
    ratio,
    rounds_asked,
    say,
)

from lab.sshd import Sshd  # isort: skip - found by way of measuring

DELAY_MS = 40
NEAR, FAR = "near", "far"
TRUE, LOCAL, OWN = "`ssh HOST true`", "dockgrader, on the machine itself", "**dockgrader**"
# Environments apart: docker imports paramiko wherever it is installed, which a user of dockgrader does not need.
PEERS = ["pytest", "pytest-testinfra", "pyinfra", "ansible-core", "docker[ssh]"]


Samples = Mapping[str, Sequence[Sample]]


class Proxy:
    """The delay proxy as a process; what it counts."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.port = int(self._line())

    def counted(self) -> tuple[int, int]:
        """Connections and round trips since the last call."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        connections, trips = self._line().split()
        return int(connections), int(trips)

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise LabError("the delay proxy has ended")
        return line


@contextmanager
def proxy(engine: PrivateEngine, port: int) -> Iterator[Proxy]:
    """Before the SSH server at a port of the engine's network."""
    command = [*engine.prefix, sys.executable, str(ROOT / "benchmarks" / "delay.py")]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [*command, "127.0.0.1", str(port), str(DELAY_MS)], stdin=pipe, stdout=pipe, text=True
    ) as process:
        try:
            yield Proxy(process)
        finally:
            process.terminate()


def make_home(folder: Path, student: Sshd, far_port: int) -> Path:
    """An instructor's home folder, from which `ssh near` and `ssh far` lead to the student's machine."""
    ssh = folder / ".ssh"
    ssh.mkdir(mode=0o700, parents=True)
    shutil.copy(student.key, ssh / "id_ed25519")
    known, lines = [], []
    for alias, port in ((NEAR, student.port), (FAR, far_port)):
        known.append(f"[127.0.0.1]:{port} {student.host_key}\n")
        lines += [f"Host {alias}", "HostName 127.0.0.1", f"Port {port}", "User student"]
        lines += [f"IdentityFile {ssh}/id_ed25519", f"UserKnownHostsFile {ssh}/known_hosts"]
    (ssh / "known_hosts").write_text("".join(known))
    (ssh / "config").write_text("\n".join(lines) + "\n")
    # For those that leave a connection open: without a path, none is found again.
    (ssh / "config-shared").write_text("\n".join([*lines, "Host *", f"ControlPath {folder}/%n"]) + "\n")
    return folder


def contenders(folder: Path, home: Path, host: str, port: int) -> list[Contender]:
    """Those that go over SSH, in the order in which they take turns."""
    bin_folder, peers = folder / "peers-environment" / "bin", folder / "peers"
    dockgrader = str(folder / "environment" / "bin" / "dockgrader")
    python, config, shared = (
        str(path) for path in (bin_folder / "python", home / ".ssh/config", home / ".ssh/config-shared")
    )
    ssh = ["ssh", "-F", config]
    env = {
        "HOME": str(home),
        "PATH": f"{bin_folder}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    }
    leave = ["ssh", "-F", shared, "-O", "exit", host]
    ansible = {
        "ANSIBLE_PIPELINING": "1",
        "ANSIBLE_SSH_ARGS": f"-F {shared} -o ControlMaster=auto -o ControlPersist=60s",
        "ANSIBLE_SSH_CONTROL_PATH": f"{home}/{host}",
        "ANSIBLE_HOME": f"{folder}/ansible",
        "ANSIBLE_PYTHON_INTERPRETER": "/usr/bin/python3",
    }
    testinfra = f"ssh://{host}?ssh_config={shared}"
    scripts = {name: peers / f"{name}.sh" for name in ("by_hand", "by_hand_tuned")}
    bash = [*ssh, host, "bash", "-s"]
    return [
        Contender(TRUE, [*ssh, host, "true"], env, checks=False),
        Contender("shell script by `bash -s`", bash, env, stdin=scripts["by_hand"]),
        Contender("the same, tuned", bash, env, stdin=scripts["by_hand_tuned"]),
        Contender(OWN, [dockgrader, "check", "homework-1", "--host", f"ssh://{host}"], env),
        Contender(
            "docker SDK script, ssh://",
            [python, str(peers / "sdk_script.py")],
            {**env, "DOCKER_HOST": f"ssh://{host}:{port}", "STUDENT": f"-F {config} {host}"},
        ),
        Contender(
            "pyinfra, facts",
            [str(bin_folder / "pyinfra"), "--yes", host, str(peers / "pyinfra_facts.py")],
            env,
        ),
        Contender(
            "pytest-testinfra, ControlMaster",
            [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(peers / "test_infra.py")],
            {**env, "STUDENT_HOST": testinfra},
            after=leave,
        ),
        Contender(
            "Ansible, pipelining",
            [str(bin_folder / "ansible-playbook"), "-i", f"{host},", str(peers / "ansible_playbook.yaml")],
            {**env, **ansible},
            after=leave,
        ),
    ]


def measure(bench: Bench, there: Proxy, field: Mapping[str, list[Contender]], rounds: int) -> Samples:
    """Near and far in turn, each contender after the other."""
    turns = [
        replace(contender, name=f"{host} {contender.name}")
        for pair in zip(field[NEAR], field[FAR], strict=True)
        for host, contender in zip((NEAR, FAR), pair, strict=True)
    ]

    def sample(contender: Contender) -> Sample:
        there.counted()
        taken = bench.sample(contender)
        connections, trips = there.counted()
        return replace(taken, connections=connections, trips=trips)

    return in_turn([*turns, local(field[NEAR])], rounds, sample)


def local(field: Sequence[Contender]) -> Contender:
    """Dockgrader on the machine itself."""
    own = next(contender for contender in field if contender.name == OWN)
    return replace(own, name=LOCAL, argv=own.argv[: own.argv.index("--host")])


def table(samples: Samples, names: Sequence[str]) -> str:
    """Markdown: medians, the median of the ratios within a round, and round trips counted in two ways."""
    lines = [
        f"| contender | wall ms | ratio to `ssh true` | own CPU ms | peak RSS MiB | wall ms, {DELAY_MS} ms each way "
        "| ratio to `ssh true` | connections | round trips, traced | by wall time |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name in names:
        near, far = samples[f"{NEAR} {name}"], samples[f"{FAR} {name}"]
        gap = statistics.median(two.wall - one.wall for one, two in zip(near, far, strict=True))
        figures = [
            f"{median(near, lambda one: one.wall * 1000):.0f}",
            f"{ratio(near, samples[f'{NEAR} {TRUE}']):.2f}",
            f"{median(near, lambda one: one.cpu * 1000):.0f}",
            f"{max(one.rss for one in near) / 1024:.0f}",
            f"{median(far, lambda one: one.wall * 1000):.0f}",
            f"{ratio(far, samples[f'{FAR} {TRUE}']):.2f}",
            f"{median(far, lambda one: one.connections):.0f}",
            f"{median(far, lambda one: one.trips):.0f}",
            f"{gap * 1000 / (2 * DELAY_MS):.1f}",
        ]
        lines.append(f"| {name} | {' | '.join(figures)} |")
    return "\n".join(lines)


def aim(samples: Samples) -> str:
    """Dockgrader over SSH beside `ssh HOST true` and the check on the machine itself: medians within a round."""
    wall = median(samples[LOCAL], lambda one: one.wall * 1000)
    lines = [f"{LOCAL}: {wall:.0f} ms"]
    for host in (NEAR, FAR):
        rounds = zip(samples[f"{host} {OWN}"], samples[f"{host} {TRUE}"], samples[LOCAL], strict=True)
        times = statistics.median(own.wall / (true.wall + here.wall) for own, true, here in rounds)
        lines.append(f"{host}: dockgrader over SSH takes {times:.2f} x (`ssh HOST true` + that)")
    return "\n".join(lines)


def compare(rounds: int) -> None:
    """Set up, prove that each contender checks what it says, measure, print."""
    with tempfile.TemporaryDirectory(prefix="dg-bench-", dir="/var/tmp") as scratch:
        folder = Path(scratch)
        say("making an environment with dockgrader and its peers")
        environment, peers_environment = folder / "environment", folder / "peers-environment"
        make_environment(environment, [str(ROOT)])
        make_environment(peers_environment, PEERS)
        shutil.copytree(ROOT / "benchmarks" / "peers", folder / "peers")
        say("starting a private engine with an SSH server, and deploying the homework")
        with (
            PrivateEngine() as engine,
            Sshd(docker_socket=engine.socket, prefix=engine.prefix) as student,
            proxy(engine, student.port) as there,
        ):
            deploy(engine)
            home = make_home(folder / "home", student, there.port)
            ports = {NEAR: student.port, FAR: there.port}
            field = {host: contenders(folder, home, host, port) for host, port in ports.items()}
            bench = Bench(engine, folder)
            for contender in [*field[NEAR], local(field[NEAR])]:
                if contender.checks:
                    bench.prove(contender)
            say(f"measuring {rounds} rounds")
            own, others = ["dockgrader", "asyncssh"], [name.partition("[")[0] for name in PEERS]
            before = machine(engine, {environment: own, peers_environment: others})
            samples = measure(bench, there, field, rounds)
            print(before, end="\n\n")
            print(table(samples, [contender.name for contender in field[NEAR]]), end="\n\n")
            print(aim(samples))


if __name__ == "__main__":
    asked = rounds_asked("over_ssh.py", __doc__, 7)
    sys.exit(exit_status(lambda: compare(asked)))
