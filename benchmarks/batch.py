"""Grade many students' machines over SSH with dockgrader and with its peers; print tables.

    python benchmarks/batch.py [--hosts 20,100,300] [--rounds N] [--work homework-1,homework-1/limits] [--only NAME,…]
    python benchmarks/batch.py --hosts 1000 --only dockgrader --watch --work homework-1/limits

The machines are loopback addresses of one SSH server before one private engine, in a network of its own: 127.1.0.1,
127.1.0.2, … All is made for it, as by run.py, and removed at the end; `--keep FOLDER` keeps the peers' environment
there for the next time.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from measuring import (
    BREAKAGES,
    ROOT,
    LabError,
    PrivateEngine,
    broken,
    deploy,
    exit_status,
    machine,
    make_environment,
    say,
)

from lab.sshd import Sshd  # isort: skip - found by way of measuring

OWN = "dockgrader"
PEERS = ["pyinfra", "ansible-core", "parallel-ssh"]
WHOLE, LIMITS = "homework-1", "homework-1/limits"
SERVER = ["MaxStartups 1000:30:2000", "MaxSessions 100", "Subsystem sftp internal-sftp"]
FEW_HOSTS = 20
"""The most that Ansible's modules are given: 30 seconds for 20 hosts."""
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Sample:
    """One run: hosts, seconds of wall time and of CPU, KiB of the largest process.

    Where it was watched, KiB of all processes together, and files that they had open together.
    """

    hosts: int
    wall: float
    cpu: float
    rss: int
    memory: int = 0
    files: int = 0


@dataclass(frozen=True)
class Contender:
    """A way to check many hosts. `works` are those that it can do, `most` hosts are asked of it.

    `good` counts, from the exit status, what it printed and its folder, the hosts that it was content with.
    """

    name: str
    argv: Callable[[str, Path], Sequence[str]]
    good: Callable[[str, Path], int]
    env: Mapping[str, str] = field(default_factory=dict)
    works: Sequence[str] = (WHOLE, LIMITS)
    most: int = 10_000


class Class:
    """Students' machines, as each contender wants to have them written down."""

    def __init__(self, folder: Path, server: Sshd, jobs: int) -> None:
        self.folder = folder
        self.server = server
        self.jobs = jobs
        self.home = folder / "home"
        ssh = self.home / ".ssh"
        ssh.mkdir(mode=0o700, parents=True)
        shutil.copy(server.key, ssh / "id_ed25519")
        self.known_hosts = ssh / "known_hosts"
        lines = [f"Port {server.port}", "User student", f"IdentityFile {ssh}/id_ed25519"]
        lines += [f"UserKnownHostsFile {self.known_hosts}", "StrictHostKeyChecking yes"]
        (ssh / "config").write_text("\n".join(["Host *", *lines]) + "\n")
        self.config = ssh / "config"

    def invite(self, number: int) -> None:
        """So many hosts, all known."""
        hosts = [f"127.1.{each // 250}.{each % 250 + 1}" for each in range(number)]
        key = self.server.host_key
        self.known_hosts.write_text("".join(f"[{host}]:{self.server.port} {key}\n" for host in hosts))
        (self.folder / "hosts").write_text("\n".join(hosts) + "\n")
        rows = [f"s{each:04},{host},{self.server.port},student" for each, host in enumerate(hosts)]
        (self.folder / "roster.csv").write_text("\n".join(["student,host,port,user", *rows]) + "\n")


def contenders(folder: Path, environments: Mapping[str, Path], students: Class) -> list[Contender]:
    """In the order in which they take turns."""
    peers, port, jobs = folder / "peers", str(students.server.port), str(students.jobs)
    own, others = environments["own"] / "bin", environments["peers"] / "bin"
    hosts, key = str(folder / "hosts"), str(students.home / ".ssh/id_ed25519")
    env = {"HOME": str(students.home), "PATH": f"{others}:{_PATH}"}
    ansible = {
        "ANSIBLE_PIPELINING": "1",
        "ANSIBLE_SSH_ARGS": f"-F {students.config} -o ControlMaster=auto -o ControlPersist=60s",
        "ANSIBLE_HOME": str(folder / "ansible"),
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(folder / "cp"),
        "ANSIBLE_PYTHON_INTERPRETER": "/usr/bin/python3",
    }

    def dockgrader(work: str, run: Path) -> list[str]:
        roster = ["--roster", str(folder / "roster.csv"), "--out", str(run)]
        return [str(own / "dockgrader"), "batch", work, *roster, "--jobs", jobs, "--timeout", "300"]

    def plain(work: str) -> list[str]:
        """The script that an instructor would write, for this work."""
        return [str(peers / "by_hand.sh"), *(["limits"] if work == LIMITS else [])]

    def xargs(work: str, run: Path) -> list[str]:
        script = peers / ("by_hand_tuned.sh" if work == WHOLE else "by_hand_tuned_limits.sh")
        ssh = f"ssh -F {students.config} -o KexAlgorithms=curve25519-sha256 {{}} bash -s <{script}"
        return ["xargs", "-a", hosts, "-P", jobs, "-I{}", "sh", "-c", ssh]

    def parallel_ssh(work: str, run: Path) -> list[str]:
        script = str(peers / "parallel_ssh_script.py")
        return [str(others / "python"), script, hosts, jobs, "student", port, key, *plain(work)]

    def pyinfra(deploy: str) -> Callable[[str, Path], list[str]]:
        def command(work: str, run: Path) -> list[str]:
            script, *words = plain(work)
            data = {
                "ssh_user": "student",
                "ssh_port": int(port),
                "ssh_key": key,
                "ssh_config_file": str(students.config),
                "ssh_known_hosts_file": str(students.known_hosts),
                "script": script,
                "words": words,
            }
            inventory = run.with_suffix(".inventory.py")
            names = Path(hosts).read_text().split()
            inventory.write_text(f"hosts = ({names!r}, {data!r})\n")
            return [
                str(others / "pyinfra"),
                "--yes",
                "--parallel",
                jobs,
                str(inventory),
                str(peers / deploy),
            ]

        return command

    def playbook(name: str) -> Callable[[str, Path], list[str]]:
        def command(work: str, run: Path) -> list[str]:
            script = " ".join(plain(work))
            call = [str(others / "ansible-playbook"), "-f", jobs, "-i", hosts, str(peers / name)]
            return [*call, "-e", json.dumps({"script": script})]

        return command

    return [
        Contender(OWN, dockgrader, _full_marks, {**env, "PATH": f"{own}:{_PATH}"}),
        Contender("`xargs -P` of `ssh`, tuned script", xargs, _lines(" of "), env),
        Contender("parallel-ssh, shell script", parallel_ssh, _number_before(" good"), env),
        Contender("pyinfra, shell script", pyinfra("pyinfra_script.py"), _pyinfra, env),
        Contender("pyinfra, facts", pyinfra("pyinfra_facts.py"), _pyinfra_ready, env, works=(WHOLE,)),
        Contender(
            "Ansible, `script`", playbook("ansible_script.yaml"), _lines("failed=0"), {**env, **ansible}
        ),
        Contender(
            "Ansible, modules",
            playbook("ansible_playbook.yaml"),
            _lines("failed=0"),
            {**env, **ansible},
            works=(WHOLE,),
            most=FEW_HOSTS,
        ),
    ]


def _full_marks(output: str, run: Path) -> int:
    reports = [json.loads(file.read_text()) for file in run.glob("students/*/0001.report.json")]
    return sum(report["score"] == report["max_score"] for report in reports)


def _lines(mark: str) -> Callable[[str, Path], int]:
    """Lines that say that all is well: `19 of 19`, or Ansible's summary of a host."""

    def count(output: str, run: Path) -> int:
        found = [line for line in output.splitlines() if mark in line and "unreachable=1" not in line]
        return sum(1 for line in found if mark != " of " or len(set(line.split(" of "))) == 1)

    return count


def _number_before(mark: str) -> Callable[[str, Path], int]:
    def count(output: str, run: Path) -> int:
        words = output.rpartition(mark)[0].split()
        return int(words[-1]) if words else 0

    return count


def _pyinfra(output: str, run: Path) -> int:
    """Operations that succeeded, by pyinfra's grand total."""
    for line in reversed(output.splitlines()):
        if "Grand total" in line:
            number = line.split()[2]
            return int(number) if number.isdecimal() else 0
    return 0


def _pyinfra_ready(output: str, run: Path) -> int:
    """Hosts whose facts hold: an assertion that fails ends pyinfra before it says `Ready` of that host."""
    return sum("Ready:" in line for line in output.splitlines())


class Bench:
    """Runs contenders in the engine's network."""

    def __init__(self, engine: PrivateEngine, folder: Path, students: Class, *, watch: bool) -> None:
        self._engine = engine
        self._folder = folder
        self._students = students
        self._watch = ["--watch"] if watch else []
        self._number = 0

    def sample(self, contender: Contender, work: str, hosts: int, *, good: bool = True) -> Sample:
        """Run it cold. Raises LabError unless it is content with all hosts, or else with none."""
        self._students.invite(hosts)
        self._number += 1
        run = self._folder / f"run-{self._number}"
        seconds = 60 + 5 * hosts if contender.most > FEW_HOSTS else 60 + 30 * hosts
        done = subprocess.run(
            [
                *self._engine.prefix,
                sys.executable,
                str(ROOT / "benchmarks" / "counted.py"),
                *self._watch,
                str(seconds),
                *contender.argv(work, run),
            ],
            env={**self._engine.env, **contender.env},
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds + 60,
            check=False,
        )
        found = contender.good(done.stderr, run)
        shutil.rmtree(run, ignore_errors=True)
        if done.returncode or found != (hosts if good else 0):
            raise LabError(
                f"{contender.name}: content with {found} of {hosts} hosts; {done.stdout}\n{done.stderr[-3000:]}"
            )
        figures = json.loads(done.stdout)
        taken = Sample(
            hosts, figures["wall"], figures["cpu"], figures["rss"], figures["memory"], figures["files"]
        )
        say(
            f"{work}, {hosts}: {contender.name} {hosts / taken.wall:.1f}/s, {taken.cpu / hosts * 1000:.0f} ms CPU"
        )
        return taken

    def prove(self, contender: Contender, work: str) -> None:
        """Two finished hosts satisfy it, broken ones do not. Raises LabError."""
        say(f"does it tell right from wrong? {work}: {contender.name}")
        self.sample(contender, work, 2)
        for hurt, mend in list(BREAKAGES.items())[: 1 if work == LIMITS else None]:
            with broken(self._engine, hurt, mend):
                self.sample(contender, work, 2, good=False)


Samples = Mapping[tuple[str, int], Sequence[Sample]]


def measure(
    bench: Bench, field: Sequence[Contender], work: str, numbers: Sequence[int], rounds: int
) -> Samples:
    """For each number of hosts, all contenders in turn."""
    samples: dict[tuple[str, int], list[Sample]] = {}
    for number in numbers:
        for _ in range(rounds):
            for contender in field:
                if number <= contender.most:
                    taken = bench.sample(contender, work, number)
                    samples.setdefault((contender.name, number), []).append(taken)
    return samples


def table(samples: Samples, numbers: Sequence[int], jobs: int) -> str:
    """Markdown: hosts a second, how many times as many dockgrader grades, CPU ms a host, its growth, memory."""
    names = list(dict.fromkeys(name for name, _ in samples))
    heads = [f"{number} hosts: hosts/s | dockgrader's / its | own CPU ms a host" for number in numbers]
    lines = [
        f"| contender | {' | '.join(heads)} | growth of CPU | largest process MiB | all MiB | files a job |"
    ]
    lines.append("| --- |" + " ---: |" * (3 * len(numbers) + 4))
    for name in names:
        cells: list[str] = []
        for number in numbers:
            taken, own = samples.get((name, number)), samples.get((OWN, number))
            cells += _three(taken, own) if taken else ["–"] * 3
        all_of_it = [sample for (whose, _), several in samples.items() if whose == name for sample in several]
        cells += [_growth(samples, name), f"{max(each.rss for each in all_of_it) / 1024:.0f}"]
        memory, files = max(each.memory for each in all_of_it), max(each.files for each in all_of_it)
        cells += [f"{memory / 1024:.0f}" if memory else "–", f"{files / jobs:.1f}" if files else "–"]
        lines.append(f"| {f'**{name}**' if name == OWN else name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _three(taken: Sequence[Sample], own: Sequence[Sample] | None) -> list[str]:
    speed = statistics.median(each.hosts / each.wall for each in taken)
    times = "–"
    if own:
        ratios = [theirs.wall / ours.wall for ours, theirs in zip(own, taken, strict=True)]
        times = f"{statistics.median(ratios):.2f}"
    return [f"{speed:.1f}", times, f"{statistics.median(each.cpu / each.hosts for each in taken) * 1000:.0f}"]


def _growth(samples: Samples, name: str) -> str:
    """CPU a host at the largest number, over that at the smallest."""
    numbers = sorted(number for whose, number in samples if whose == name)
    if len(numbers) < 2:
        return "–"
    few, many = (
        statistics.median(each.cpu / each.hosts for each in samples[name, number])
        for number in (numbers[0], numbers[-1])
    )
    return f"{many / few:.2f}"


def _numbers(text: str) -> list[int]:
    return [int(word) for word in text.split(",")]


def options_of(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="benchmarks/batch.py", description=__doc__.splitlines()[0])
    parser.add_argument("--hosts", type=_numbers, default=[20, 100, 300], help="default 20,100,300")
    parser.add_argument("--jobs", type=int, default=50, help="hosts at once (default 50)")
    parser.add_argument("--rounds", type=int, default=1, help="measured rounds (default 1)")
    parser.add_argument("--work", default=f"{WHOLE},{LIMITS}", help=f"default {WHOLE},{LIMITS}")
    parser.add_argument("--only", default="", help="contenders whose names hold one of these words")
    parser.add_argument("--watch", action="store_true", help="summed memory and open files, at some cost")
    parser.add_argument(
        "--unproven", action="store_true", help="do not prove first that each checks anything"
    )
    parser.add_argument("--keep", type=Path, help="a folder for the peers' environment")
    return parser.parse_args(arguments)


@contextmanager
def environments(folder: Path, keep: Path | None) -> Iterator[dict[str, Path]]:
    """Ours, always made anew, and the peers'."""
    own, peers = folder / "environment", (keep or folder) / "peers-environment"
    make_environment(own, [str(ROOT)])
    if not (peers / "bin" / "pyinfra").exists():
        make_environment(peers, PEERS)
    yield {"own": own, "peers": peers}


def compare(options: argparse.Namespace) -> None:
    """Set up, prove that each contender checks what it says, measure, print."""
    words = [word for word in options.only.split(",") if word]
    with tempfile.TemporaryDirectory(prefix="dg-batch-", dir="/var/tmp") as scratch:
        folder = Path(scratch)
        say("making an environment with dockgrader and its peers")
        shutil.copytree(ROOT / "benchmarks" / "peers", folder / "peers")
        with (
            environments(folder, options.keep) as places,
            PrivateEngine() as engine,
            Sshd(
                address="0.0.0.0", config=SERVER, docker_socket=engine.socket, prefix=engine.prefix
            ) as server,
        ):
            deploy(engine)
            students = Class(folder, server, options.jobs)
            field = contenders(folder, places, students)
            field = [each for each in field if not words or any(word in each.name for word in words)]
            bench = Bench(engine, folder, students, watch=options.watch)
            versions = {places["own"]: ["dockgrader", "asyncssh"], places["peers"]: PEERS}
            print(machine(engine, versions), flush=True)
            for work in options.work.split(","):
                able = [each for each in field if work in each.works]
                for contender in able:
                    if not options.unproven:
                        bench.prove(contender, work)
                samples = measure(bench, able, work, options.hosts, options.rounds)
                print(
                    f"\n{work}, {options.jobs} at a time\n\n{table(samples, options.hosts, options.jobs)}",
                    flush=True,
                )


if __name__ == "__main__":
    asked = options_of()
    sys.exit(exit_status(lambda: compare(asked)))
