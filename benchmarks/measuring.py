"""What the benchmarks share: contenders, cold runs of them in turn, proofs that they check, and figures."""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "fixtures"))

from lab.command import LabError, run  # noqa: E402
from lab.compose import compose_v2, link_plugin  # noqa: E402
from lab.engine import PrivateEngine  # noqa: E402
from lab.images import ensure_base_images  # noqa: E402

INSTALL_SECONDS = 900
# What breaks a part of each task, and what mends it: a contender that is content with one checks nothing.
BREAKAGES = {
    "docker update --memory 100m test_limit": "docker update --memory 200m test_limit",
    "docker pause redis_2": "docker unpause redis_2",
    "docker update --cpus 0.6 $REDIS": "docker update --cpus 0.5 $REDIS",
}
_IDS = "REDIS=$(docker ps --quiet --filter label=com.docker.compose.service=redis)\n"


def rounds_asked(name: str, what: str | None, default: int) -> int:
    """`--rounds` of a benchmark's command line."""
    parser = argparse.ArgumentParser(prog=f"benchmarks/{name}", description=what)
    parser.add_argument("--rounds", type=int, default=default, help=f"measured rounds (default {default})")
    rounds: int = parser.parse_args().rounds
    if rounds < 1:
        parser.error("--rounds: at least 1")
    return rounds


def exit_status(benchmark: Callable[[], None]) -> int:
    """Run a benchmark: 0, or 3 where the lab cannot be had, which is said."""
    try:
        benchmark()
    except LabError as error:
        say(str(error))
        return 3
    return 0


@dataclass(frozen=True)
class Contender:
    """A way to check the homework; `checks` is false for one that only measures something. `stdin` is a file.

    `after` is run after each run, outside of the measurement: what lets go of a connection that was left open.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    stdin: Path | None = None
    after: Sequence[str] = ()
    checks: bool = True


@dataclass(frozen=True)
class Sample:
    """One run: seconds of wall time, seconds of CPU of the command and what it reaped, its largest process in KiB.

    Where a proxy counts them, the connections that it made and the round trips that it waited for.
    """

    wall: float
    cpu: float
    rss: int
    connections: int = 0
    trips: int = 0


def make_environment(folder: Path, packages: Sequence[str]) -> None:
    """A virtual environment with these packages. Of ROOT it gets the wheel, as users do."""
    run([sys.executable, "-m", "venv", str(folder)], timeout=INSTALL_SECONDS)
    command = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-input"]
    run([*command, *packages], timeout=INSTALL_SECONDS)


def deploy(engine: PrivateEngine) -> None:
    """The reference solution, through Compose v2: v1 leaves no label that says on what a service depends."""
    if engine.installed:
        say(f"installed Debian packages, which stay: {' '.join(engine.installed)}")
    ensure_base_images(engine)
    link_plugin(engine)
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
        with output.open("wb") as stream, (contender.stdin or Path(os.devnull)).open("rb") as stdin:
            start = time.perf_counter()
            process = subprocess.Popen(
                [*self._engine.prefix, *contender.argv],
                env={**self._engine.env, **contender.env},
                cwd=self._folder,
                stdin=stdin,
                stdout=stream,
                stderr=stream,
            )
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if contender.after:
            subprocess.run(
                [*self._engine.prefix, *contender.after], capture_output=True, timeout=60, check=False
            )
        if (process.returncode == 0) is not good:
            said = output.read_text(errors="replace")[-2000:]
            raise LabError(f"{contender.name}: exit status {process.returncode}\n{said}")
        return Sample(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss)

    def prove(self, contender: Contender) -> None:
        """Full marks on the finished homework, and none on work that is broken in one place. Raises LabError."""
        say(f"does it tell right from wrong? {contender.name}")
        self.sample(contender)
        for hurt, mend in BREAKAGES.items():
            with broken(self._engine, hurt, mend):
                self.sample(contender, good=False)
        self.sample(contender)


@contextmanager
def broken(engine: PrivateEngine, hurt: str, mend: str) -> Iterator[None]:
    """The homework with one of BREAKAGES."""
    engine.run(_IDS + hurt)
    try:
        yield
    finally:
        engine.run(_IDS + mend)


def in_turn(
    contenders: Sequence[Contender], rounds: int, sample: Callable[[Contender], Sample]
) -> dict[str, list[Sample]]:
    """A B C A B C …, so that a slow moment of the machine hits all alike; one round more to warm up."""
    samples: dict[str, list[Sample]] = {contender.name: [] for contender in contenders}
    for number in range(rounds + 1):
        for contender in contenders:
            taken = sample(contender)
            if number:
                samples[contender.name].append(taken)
    return samples


def median(samples: Sequence[Sample], of: Callable[[Sample], float]) -> float:
    """The median of a figure."""
    return statistics.median(of(sample) for sample in samples)


def ratio(own: Sequence[Sample], base: Sequence[Sample]) -> float:
    """The median of the ratios of wall time within a round."""
    return statistics.median(one.wall / other.wall for one, other in zip(own, base, strict=True))


def difference(own: Sequence[Sample], base: Sequence[Sample]) -> float:
    """The median of the differences of wall time within a round, in milliseconds."""
    return statistics.median(one.wall - other.wall for one, other in zip(own, base, strict=True)) * 1000


def machine(engine: PrivateEngine, environments: Mapping[Path, Sequence[str]]) -> str:
    """What the numbers were measured on, with the versions of packages in environments."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    docker = engine.run(
        ["docker", "version", "--format", "{{.Server.Version}}, its client {{.Client.Version}}"]
    )
    code = (
        "import importlib.metadata as m, sys\n"
        "print(', '.join(name + ' ' + m.version(name) for name in sys.argv[1:]))"
    )
    versions = ", ".join(
        run([str(folder / "bin" / "python"), "-c", code, *names]).stdout.strip()
        for folder, names in environments.items()
    )
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} x {models[0] if models else platform.machine()}, "
        f"load {os.getloadavg()[0]:.1f}; Linux {platform.release()}, Python {platform.python_version()}, "
        f"Docker {docker.stdout.strip()}, {versions}"
    )


def say(text: str) -> None:
    """Progress."""
    print(f"benchmark: {text}", file=sys.stderr, flush=True)


__all__ = [
    "BREAKAGES",
    "ROOT",
    "Bench",
    "Contender",
    "LabError",
    "PrivateEngine",
    "Sample",
    "broken",
    "deploy",
    "difference",
    "in_turn",
    "machine",
    "make_environment",
    "median",
    "ratio",
    "run",
    "say",
]
