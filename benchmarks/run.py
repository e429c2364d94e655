"""Grade the finished homework-1 with dockgrader and with its peers, in turn on one private engine; print a table.

    python benchmarks/run.py [--rounds N]

Makes what it needs (an environment with the wheel of this checkout and the peers' packages, a private Docker
engine, the homework) and removes it at the end; only Debian packages stay. Linux, root on Debian or Ubuntu.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from measuring import (
    ROOT,
    Bench,
    Contender,
    PrivateEngine,
    Sample,
    deploy,
    difference,
    exit_status,
    in_turn,
    machine,
    make_environment,
    median,
    ratio,
    rounds_asked,
    say,
)

BASE, OWN = "shell script", "**dockgrader**"


def contenders(environment: Path, peers: Path) -> list[Contender]:
    """In the order in which they take turns."""
    python = str(environment / "bin" / "python")
    return [
        Contender(BASE, ["bash", str(peers / "by_hand.sh")]),
        Contender("docker SDK script", [python, str(peers / "sdk_script.py")]),
        Contender("pytest-testinfra", [python, "-m", "pytest", "-q", str(peers / "test_infra.py")]),
        Contender(OWN, [str(environment / "bin" / "dockgrader"), "check", "homework-1"]),
        Contender("shell script, tuned", ["bash", str(peers / "by_hand_tuned.sh")]),
    ]


def table(samples: Mapping[str, Sequence[Sample]]) -> str:
    """Markdown: medians, and the median of the ratios within a round."""
    lines = [
        "| contender | wall ms | ratio to the shell script | own CPU ms | peak RSS MiB |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name, own in samples.items():
        wall, cpu = median(own, lambda one: one.wall * 1000), median(own, lambda one: one.cpu * 1000)
        rss = max(one.rss for one in own) / 1024
        lines.append(f"| {name} | {wall:.0f} | {ratio(own, samples[BASE]):.2f} | {cpu:.0f} | {rss:.0f} |")
    return "\n".join(lines)


def differences(samples: Mapping[str, Sequence[Sample]]) -> str:
    """Dockgrader beside each peer: the median of the differences within a round."""
    gaps = {name: difference(samples[OWN], other) for name, other in samples.items() if name != OWN}
    return "\n".join(
        f"dockgrader takes {abs(gap):.0f} ms {'more' if gap > 0 else 'less'} than {name}"
        for name, gap in gaps.items()
    )


def compare(rounds: int) -> None:
    """Set up, prove that each contender checks what it says, measure, print."""
    with tempfile.TemporaryDirectory(prefix="dockgrader-bench-", dir="/var/tmp") as scratch:
        folder = Path(scratch)
        say("making an environment with dockgrader and its peers")
        make_environment(folder / "environment", [str(ROOT), "docker", "pytest", "pytest-testinfra"])
        shutil.copytree(ROOT / "benchmarks" / "peers", folder / "peers")
        say("starting a private engine and deploying the homework")
        with PrivateEngine() as engine:
            deploy(engine)
            bench, field = Bench(engine, folder), contenders(folder / "environment", folder / "peers")
            for contender in field:
                bench.prove(contender)
            say(f"measuring {rounds} rounds")
            samples = in_turn(field, rounds, bench.sample)
            packages = ["dockgrader", "docker", "pydantic", "click", "pytest", "pytest-testinfra"]
            print(machine(engine, {folder / "environment": packages}), end="\n\n")
            print(table(samples), end="\n\n")
            print(differences(samples))


if __name__ == "__main__":
    asked = rounds_asked("run.py", __doc__, 15)
    sys.exit(exit_status(lambda: compare(asked)))
