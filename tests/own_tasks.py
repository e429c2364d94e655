"""An assignment with parameters, its key, and students who did what they were told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dockgrader.assignment.drawing import Key, drawn
from dockgrader.assignment.loading import read, validated
from dockgrader.assignment.references import given
from dockgrader.assignment.source import Values
from dockgrader.grading.evidence import write_evidence
from dockgrader.units import parse_size
from tests.givens import a_container, a_volume
from tests.solution import Solved, graded

SECRET = "everybody knows this key"
ASSIGNMENT = """\
id: own
title: {en: "A server with ${memory}", ru: "Сервер: ${memory}"}
parameters:
  memory: {from: 64MiB, to: 512MiB, step: 64MiB}
  port: {from: 6000, to: 6999}
  volume: {one_of: [data, state, store]}
tasks:
  - id: server
    title: A server
    checks:
      - {id: memory, kind: container, container: server, memory: "${memory}"}
      - {id: volume, kind: volume, container: server, path: /data, named: "${volume}"}
      - {id: port, kind: exec, container: server, command: [port, "${port}"], stdout: "${port}"}
"""
IVANOV: Values = {"memory": "64MiB", "port": 6914, "volume": "store"}


def a_course(folder: Path, *students: str) -> Path:
    """The assignment's file in a folder, with a key beside it, and `STUDENT.json`, where all is as it should be."""
    (folder / "checks").mkdir()
    file = folder / "checks" / "own.yaml"
    file.write_text(ASSIGNMENT)
    (folder / "key").write_text(f"{SECRET}\n")
    for student in students:
        record(file, drawn(read(file), student, Key(SECRET.encode())), folder / f"{student}.json")
    return file


def record(file: Path, values: Values, recording: Path) -> None:
    """What is read of a server that is as these values want it."""
    port: Any = values["port"]
    server = a_container(
        "server", memory=parse_size(values["memory"]), mounts=[a_volume(str(values["volume"]))]
    )
    others = dict.fromkeys(("test_limit", "redis_1", "redis_2"))
    host = Solved({**others, "server": server}, execs={f"port {port}": f"{port}\n"})
    write_evidence(graded(host, validated(given(read(file), values), file))[1], recording)
