"""An assignment with parameters, its key, and students who did what they were told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dockgrader.assignment.drawing import Key, drawn
from dockgrader.assignment.loading import read, validated
from dockgrader.assignment.references import given
from dockgrader.assignment.source import Values
from dockgrader.cli import main
from dockgrader.grading.evidence import write_evidence
from dockgrader.units import parse_size
from tests.givens import a_container, a_volume
from tests.solution import Solved, graded

Ran = tuple[int, str, str]
"""Exit status, standard output, standard error."""
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


def quietly(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in a folder, with nothing in the environment that a command would heed."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("LANG", "C")
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKGRADER_PATH", "LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)


def ran(folder: Path, capsys: pytest.CaptureFixture[str], *words: str) -> Ran:
    """A command's exit status and output; whatever it prints or writes in the folder, the key is not in it."""
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    out, err = capsys.readouterr()
    written = [file for file in folder.rglob("*") if file.is_file() and file.name != "key"]
    assert not any(SECRET.encode() in file.read_bytes() for file in written)
    assert SECRET not in out + err and "Traceback" not in err
    assert isinstance(ended.value.code, int)
    return ended.value.code, out, err


def record(file: Path, values: Values, recording: Path) -> None:
    """What is read of a server that is as these values want it."""
    port: Any = values["port"]
    server = a_container(
        "server", memory=parse_size(values["memory"]), mounts=[a_volume(str(values["volume"]))]
    )
    others = dict.fromkeys(("test_limit", "redis_1", "redis_2"))
    host = Solved({**others, "server": server}, execs={f"port {port}": f"{port}\n"})
    write_evidence(graded(host, validated(given(read(file), values), file))[1], recording)
