"""`dockgrader batch` on recorded machines and real worker processes: exit statuses, streams, what is refused."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from dockgrader.assignment.loading import PATH_VARIABLE
from dockgrader.batch.folder import RunFolder, locked
from dockgrader.batch.results import results
from dockgrader.cli import main
from tests.batch.givens import HOMEWORK, MISTAKEN, RECORDINGS, SOLVED
from tests.cli.test_commands import Dockgrader

DEAD = "recorded:nowhere.json"


@pytest.fixture
def dockgrader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Dockgrader:
    """Run a command in an empty folder: exit status, standard output, standard error."""
    monkeypatch.chdir(tmp_path)
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", PATH_VARIABLE, "LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C")

    def run(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(list(words))
        captured = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, captured.out, captured.err

    return run


def roster(folder: Path, **hosts: str) -> str:
    file = folder / "students.csv"
    rows = [f"{name},{host},{name}@course.example" for name, host in hosts.items()]
    file.write_text("\n".join(["student,host,email", *rows]) + "\n")
    return str(file)


def test_a_class_is_graded_and_summed_up(tmp_path: Path, dockgrader: Dockgrader) -> None:
    students_file = roster(tmp_path, a=SOLVED, b=MISTAKEN, c=SOLVED)

    status, said, noted = dockgrader(
        "batch", "homework-1", "--roster", students_file, "--out", "run", "--jobs", "2"
    )

    assert status == 0
    assert said == "Graded: 3 of 3.\nScores: mean 25.67, median 30, from 17 to 30 of 30.\n"
    assert "a, c have the same host" in noted
    assert "3/3: 3 graded, 0 not observed, 0 left" in noted
    assert [result.score for result in results(RunFolder(tmp_path / "run"))] == [30, 17, 30]


def test_who_could_not_be_observed_is_told_and_graded_when_it_goes_on(
    tmp_path: Path,
    dockgrader: Dockgrader,
) -> None:
    words = ("batch", "homework-1", "--out", "run", "--roster")
    status, said, _ = dockgrader(*words, roster(tmp_path, a=SOLVED, b=DEAD))
    assert status == 3
    assert "Not observed: 1" in said
    assert "host.address (1): b" in said

    assert dockgrader(*words, roster(tmp_path, a=SOLVED, b=MISTAKEN))[0] == 2
    status, said, _ = dockgrader(*words, roster(tmp_path, a=SOLVED, b=MISTAKEN), "--resume", "--lang", "ru")

    assert status == 0
    assert said.startswith("Оценено: 2 из 2.")
    assert [len(result.attempts) for result in results(RunFolder(tmp_path / "run"))] == [1, 2]
    assert dockgrader(*words, roster(tmp_path, a=SOLVED, b=MISTAKEN), "--resume")[0] == 0


def test_a_task_at_a_time_in_one_folder(tmp_path: Path, dockgrader: Dockgrader) -> None:
    words = ("--roster", roster(tmp_path, a=SOLVED), "--out", "run")
    dockgrader("batch", "homework-1", *words)

    assert dockgrader("batch", "homework-1/limits", *words, "--again")[0] == 0

    found = results(RunFolder(tmp_path / "run"))[0]
    assert (found.score, len(found.attempts)) == (30, 2)
    assert [task.attempt.number for task in found.tasks if task.attempt] == [2, 1, 1]


def test_evidence_that_a_student_hands_in(tmp_path: Path, dockgrader: Dockgrader) -> None:
    file = str(RECORDINGS / "recorded-mistakes.json.gz")
    words = ("batch", "homework-1", "--roster", roster(tmp_path, a=SOLVED, b=DEAD), "--out", "run")
    dockgrader(*words)

    status, said, _ = dockgrader(*words, "--accept", f"b={file}")

    assert (status, said) == (
        0,
        "b: 17 of 30, from evidence that the student provided.\n".replace(".\n", "\n"),
    )
    a, b = results(RunFolder(tmp_path / "run"))
    assert (a.provided, len(a.attempts)) == (False, 1)
    assert (b.provided, b.score, b.attempts[1].kind) == (True, 17, "student-provided")


@pytest.mark.parametrize("pair", ["b", "b=", "x=e.json", "b=nowhere.json"])
def test_evidence_of_nobody_is_refused(tmp_path: Path, dockgrader: Dockgrader, pair: str) -> None:
    status, _, noted = dockgrader(
        "batch", "homework-1", "--roster", roster(tmp_path, b=DEAD), "--out", "run", "--accept", pair
    )

    assert status == 2
    assert noted.startswith("Error: ")
    assert not (tmp_path / "run/run.json").exists()


def test_wrong_rows_are_told_before_anything_starts(tmp_path: Path, dockgrader: Dockgrader) -> None:
    file = tmp_path / "students.csv"
    file.write_text("student,host\na,vm1\na,vm2\n,vm3\n")

    status, _, noted = dockgrader("batch", "homework-1", "--roster", str(file), "--out", "run")

    assert status == 2
    assert [line.partition(": student")[0] for line in noted.splitlines()] == [
        f"Error: {file}:3",
        f"Error: {file}:4",
    ]
    assert not (tmp_path / "run").exists()


def test_the_second_run_in_a_folder_is_refused(tmp_path: Path, dockgrader: Dockgrader) -> None:
    (tmp_path / "run").mkdir()
    with locked(tmp_path / "run"):
        status, _, noted = dockgrader(
            "batch", "homework-1", "--roster", roster(tmp_path, a=SOLVED), "--out", "run"
        )

    assert status == 2
    assert "another run" in noted


def test_a_changed_assignment_is_refused_unless_told(tmp_path: Path, dockgrader: Dockgrader) -> None:
    file = tmp_path / "homework-1.yaml"
    file.write_text(HOMEWORK.read_text())
    words = ("batch", str(file), "--roster", roster(tmp_path, a=SOLVED), "--out", "run")
    dockgrader(*words)
    file.write_text(HOMEWORK.read_text() + "#\n")

    status, _, noted = dockgrader(*words, "--resume")

    assert (status, "--changed-assignment" in noted) == (2, True)
    assert dockgrader(*words, "--resume", "--changed-assignment")[0] == 0


def test_a_folder_is_regraded_after_it_was_shown(tmp_path: Path, dockgrader: Dockgrader) -> None:
    dockgrader("batch", "homework-1", "--roster", roster(tmp_path, a=SOLVED, b=MISTAKEN), "--out", "run")
    corrected = tmp_path / "homework-1.yaml"
    corrected.write_text(HOMEWORK.read_text().replace("memory: 200MiB", "memory: 100MiB"))
    words = ("regrade", str(corrected), "run", "--check", "limits/memory")

    status, said, noted = dockgrader(*words)
    assert status == 2
    assert said.startswith("a: 30 -> 28 of 30\n  limits/memory: passed ok, 2 of 2 -> failed")
    assert "--yes" in noted
    assert results(RunFolder(tmp_path / "run"))[0].score == 30

    assert dockgrader(*words, "--yes")[0] == 0
    assert results(RunFolder(tmp_path / "run"))[0].score == 28


@pytest.mark.parametrize(
    "words",
    [
        ("run", "--check", "limits/nothing", "--yes"),
        ("run", "run"),
        ("run", "--format", "json"),
        (str(RECORDINGS / "recorded-solution.json.gz"), "--yes"),
    ],
)
def test_a_regrade_that_cannot_be_meant(
    tmp_path: Path,
    dockgrader: Dockgrader,
    words: tuple[str, ...],
) -> None:
    dockgrader("batch", "homework-1", "--roster", roster(tmp_path, a=SOLVED), "--out", "run")

    assert dockgrader("regrade", "homework-1", *words)[0] == 2


def started(folder: Path, *words: str, **more: object) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "dockgrader", "batch", "homework-1", *words]
    return subprocess.Popen(command, cwd=folder, **more)  # type: ignore[call-overload,no-any-return]


@pytest.mark.live
def test_on_a_terminal_there_is_a_bar(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    words = ("--roster", roster(tmp_path, a=SOLVED, b=DEAD), "--out", "run")
    with started(tmp_path, *words, stdout=subprocess.DEVNULL, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        while select.select([ours], [], [], 120)[0]:
            try:
                shown += os.read(ours, 65536)
            except OSError:
                break
    os.close(ours)

    assert process.returncode == 3
    assert b"2/2" in shown
    assert b"1 graded, 1 not observed, 0 left" in shown


def silent_machine() -> tuple[socket.socket, str]:
    """A machine that says nothing to who is connected."""
    listening = socket.create_server(("127.0.0.1", 0))
    listening.settimeout(90)
    return listening, f"ssh://student@127.0.0.1:{listening.getsockname()[1]}"


@pytest.mark.live
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_once_it_saves_what_is_in_flight(tmp_path: Path, number: signal.Signals) -> None:
    listening, host = silent_machine()
    words = ("--roster", roster(tmp_path, a=host, b=SOLVED), "--out", "run", "--jobs", "1", "--timeout", "4")
    with started(tmp_path, *words, stderr=subprocess.PIPE) as process:
        asked, _ = listening.accept()
        process.send_signal(number)
        _, noted = process.communicate(timeout=120)
    asked.close()
    listening.close()

    assert process.returncode == 130
    assert b"Stopping" in noted
    assert b"--resume" in noted
    assert [result.code for result in results(RunFolder(tmp_path / "run"))] == ["ssh.timeout", ""]


@pytest.mark.live
def test_stopped_twice_it_ends_at_once_and_the_folder_is_valid(tmp_path: Path) -> None:
    listening, host = silent_machine()
    words = (
        "--roster",
        roster(tmp_path, a=host, b=SOLVED),
        "--out",
        "run",
        "--jobs",
        "1",
        "--timeout",
        "600",
    )
    with started(tmp_path, *words, stderr=subprocess.PIPE) as process:
        asked, _ = listening.accept()
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert b"Stopping" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=120)
    asked.close()
    listening.close()

    assert process.returncode == 130
    assert [len(result.attempts) for result in results(RunFolder(tmp_path / "run"))] == [0, 0]


@pytest.mark.live
def test_with_few_descriptors_fewer_machines_are_asked_at_once(tmp_path: Path) -> None:
    hosts = {f"s{number}": SOLVED for number in range(60)}
    command = (
        f"ulimit -n 64; exec {sys.executable} -m dockgrader batch homework-1 --jobs 60 --roster "
        + roster(tmp_path, **hosts)
    )
    done = subprocess.run(
        ["bash", "-c", f"{command} --out run"], cwd=tmp_path, capture_output=True, timeout=300, check=False
    )

    assert done.returncode == 0, done.stderr
    assert b"at once instead of 60" in done.stderr
    assert len(json.loads((tmp_path / "run/run.json").read_text())["roster"]) == 60
