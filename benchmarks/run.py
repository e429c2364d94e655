"""Grade the finished homework-1 with dockgrader and with its peers, in turn on one private engine; print a table.

    python benchmarks/run.py [--rounds N]

Makes what it needs (an environment with the wheel of this checkout and the peers' packages, a private Docker
engine, the homework) and removes it at the end; only Debian packages stay. Linux, root on Debian or Ubuntu.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "fixtures"))

from lab.command import LabError, run  # noqa: E402
from lab.compose import compose_v2, link_plugin  # noqa: E402
from lab.engine import PrivateEngine  # noqa: E402
from lab.images import ensure_base_images  # noqa: E402

INSTALL_SECONDS = 300
# What breaks a part of each task, and what mends it: a contender that is content with one checks nothing.
BREAKAGES = {
    "docker update --memory 100m test_limit": "docker update --memory 200m test_limit",
    "docker pause redis_2": "docker unpause redis_2",
    "docker update --cpus 0.6 $REDIS": "docker update --cpus 0.5 $REDIS",
}
_IDS = "REDIS=$(docker ps --quiet --filter label=com.docker.compose.service=redis)\n"


@dataclass(frozen=True)
class Contender:
    """A way to check the homework. All ratios are to the one that is `base`."""

    name: str
    argv: Sequence[str]
    base: bool = False


@dataclass(frozen=True)
class Sample:
    """One run: seconds of wall time, seconds of CPU of the command and what it reaped, its largest process in KiB."""

    wall: float
    cpu: float
    rss: int


def contenders(environment: Path, peers: Path) -> list[Contender]:
    """In the order in which they take turns."""
    python = str(environment / "bin" / "python")
    return [
        Contender("shell script", ["bash", str(peers / "by_hand.sh")], base=True),
        Contender("docker SDK script", [python, str(peers / "sdk_script.py")]),
        Contender("pytest-testinfra", [python, "-m", "pytest", "-q", str(peers / "test_infra.py")]),
        Contender("**dockgrader**", [str(environment / "bin" / "dockgrader"), "check", "homework-1"]),
        Contender("shell script, tuned", ["bash", str(peers / "by_hand_tuned.sh")]),
    ]


def make_environment(folder: Path) -> None:
    """A virtual environment with dockgrader as users get it: a wheel, compiled."""
    run([sys.executable, "-m", "venv", str(folder)], timeout=INSTALL_SECONDS)
    packages = [str(ROOT), "docker", "pytest", "pytest-testinfra"]
    command = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-input", *packages]
    run(command, timeout=INSTALL_SECONDS)


def deploy(engine: PrivateEngine) -> None:
    """The reference solution, through Compose v2: v1 leaves no label that says on what a service depends."""
    compose = " ".join(compose_v2(engine))
    script = ROOT / "fixtures" / "homework-1" / "solution" / "up.sh"
    engine.run(["env", f"COMPOSE={compose}", "bash", str(script)], timeout=INSTALL_SECONDS)


class Bench:
    """Runs contenders where the engine's published ports are reachable."""

    def __init__(self, engine: PrivateEngine, folder: Path) -> None:
        self._engine = engine
        self._folder = folder

    def sample(self, contender: Contender, *, good: bool = True) -> Sample:
        """Run it cold, as a process of its own. Raises LabError when it takes good work for bad or bad for good."""
        output = self._folder / "output"
        with output.open("wb") as stream:
            start = time.perf_counter()
            process = subprocess.Popen(
                [*self._engine.prefix, *contender.argv],
                env=self._engine.env,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
            )
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != (0 if good else 1):
            said = output.read_text(errors="replace")[-2000:]
            raise LabError(f"{contender.name}: exit status {process.returncode}\n{said}")
        return Sample(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss)

    def prove(self, contender: Contender) -> None:
        """Full marks on the finished homework, and none on work that is broken in one place. Raises LabError."""
        self.sample(contender)
        for hurt, mend in BREAKAGES.items():
            with self._broken(hurt, mend):
                self.sample(contender, good=False)
        self.sample(contender)

    @contextmanager
    def _broken(self, hurt: str, mend: str) -> Iterator[None]:
        self._engine.run(_IDS + hurt)
        try:
            yield
        finally:
            self._engine.run(_IDS + mend)


def measure(bench: Bench, field: Sequence[Contender], rounds: int) -> dict[str, list[Sample]]:
    """A B C A B C …, so that a slow moment of the machine hits all alike; one round more to warm up."""
    samples: dict[str, list[Sample]] = {contender.name: [] for contender in field}
    for number in range(rounds + 1):
        for contender in field:
            sample = bench.sample(contender)
            if number:
                samples[contender.name].append(sample)
    return samples


def table(field: Sequence[Contender], samples: dict[str, list[Sample]]) -> str:
    """Markdown: medians, and the median of the ratios within a round."""
    base = samples[next(contender.name for contender in field if contender.base)]
    lines = [
        "| contender | wall ms | ratio to the shell script | own CPU ms | peak RSS MiB |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for contender in field:
        own = samples[contender.name]
        ratio = statistics.median(one.wall / other.wall for one, other in zip(own, base, strict=True))
        wall = statistics.median(one.wall for one in own) * 1000
        cpu = statistics.median(one.cpu for one in own) * 1000
        rss = max(one.rss for one in own) / 1024
        lines.append(f"| {contender.name} | {wall:.0f} | {ratio:.2f} | {cpu:.0f} | {rss:.0f} |")
    return "\n".join(lines)


def differences(field: Sequence[Contender], samples: dict[str, list[Sample]]) -> str:
    """Dockgrader beside each peer: the median of the differences within a round."""
    own = samples["**dockgrader**"]
    lines = []
    for contender in field:
        other = samples[contender.name]
        if other is not own:
            gap = statistics.median(one.wall - two.wall for one, two in zip(own, other, strict=True)) * 1000
            lines.append(
                f"dockgrader takes {abs(gap):.0f} ms {'more' if gap > 0 else 'less'} than {contender.name}"
            )
    return "\n".join(lines)


def machine(engine: PrivateEngine, environment: Path) -> str:
    """What the numbers were measured on."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    docker = engine.run(
        ["docker", "version", "--format", "{{.Server.Version}}, its client {{.Client.Version}}"]
    )
    code = (
        "import importlib.metadata as m\n"
        "names = 'dockgrader', 'docker', 'pydantic', 'click', 'pytest', 'pytest-testinfra'\n"
        "print(', '.join(name + ' ' + m.version(name) for name in names))"
    )
    versions = run([str(environment / "bin" / "python"), "-c", code])
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} x {models[0] if models else platform.machine()}, "
        f"load {os.getloadavg()[0]:.1f}; Linux {platform.release()}, Python {platform.python_version()}, "
        f"Docker {docker.stdout.strip()}, {versions.stdout.strip()}"
    )


def main() -> int:
    """Set up, prove that each contender checks what it says, measure, print."""
    parser = argparse.ArgumentParser(prog="benchmarks/run.py", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="measured rounds (default 15)")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("--rounds: at least 1")
    try:
        with tempfile.TemporaryDirectory(prefix="dockgrader-bench-", dir="/var/tmp") as scratch:
            folder = Path(scratch)
            say("making an environment with dockgrader and its peers")
            make_environment(folder / "environment")
            shutil.copytree(ROOT / "benchmarks" / "peers", folder / "peers")
            say("starting a private engine and deploying the homework")
            with PrivateEngine() as engine:
                if engine.installed:
                    say(f"installed Debian packages, which stay: {' '.join(engine.installed)}")
                ensure_base_images(engine)
                link_plugin(engine)
                deploy(engine)
                bench, field = Bench(engine, folder), contenders(folder / "environment", folder / "peers")
                for contender in field:
                    say(f"does it tell right from wrong? {contender.name}")
                    bench.prove(contender)
                say(f"measuring {options.rounds} rounds")
                samples = measure(bench, field, options.rounds)
                print(machine(engine, folder / "environment"), end="\n\n")
                print(table(field, samples), end="\n\n")
                print(differences(field, samples))
    except LabError as error:
        say(str(error))
        return 3
    return 0


def say(text: str) -> None:
    """Progress."""
    print(f"benchmark: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
