"""A class of machines that fail in every way at once: each gets its reason, the others their grade, nobody a zero."""

from __future__ import annotations

import gzip
import os
import pickle
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dockgrader.batch.folder import RunFolder
from dockgrader.batch.jobs import job_of
from dockgrader.batch.results import StudentResult, results
from dockgrader.batch.roster import Student
from dockgrader.batch.work import PASSING, grade_student
from fakes.engine import FakeEngine
from fakes.tcp import Listener, dead, once, silent
from lab.sshd import Sshd
from tests.batch.givens import asked, work_of
from tests.ssh.conftest import Known

Batch = Callable[..., subprocess.CompletedProcess[str]]
GOOD = 20


@pytest.fixture
def batch(home: Path) -> Batch:
    """Runs the command, as an instructor does, on students and their hosts."""

    def run(hosts: dict[str, str], *words: str, before: str = "") -> subprocess.CompletedProcess[str]:
        file = home / "students.csv"
        file.write_text("student,host\n" + "".join(f"{name},{host}\n" for name, host in hosts.items()))
        command = f"{before}exec {sys.executable} -m dockgrader batch homework-1 --roster {file} --out run "
        env = {**os.environ, "HOME": str(home), "LANG": "C"}
        return subprocess.run(
            ["bash", "-c", command + " ".join(words)],
            cwd=home,
            env=env,
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )

    return run


def found(home: Path) -> dict[str, StudentResult]:
    return {result.student.id: result for result in results(RunFolder(home / "run"))}


def test_good_dead_freezing_penalising_refusing_and_garbage_mixed(
    batch: Batch, machine: Sshd, known: Known, home: Path
) -> None:
    known(machine)
    with (
        socket.socket() as closed,
        dead() as dead_port,
        Listener(silent) as frozen,
        Listener(once(b"")) as penalising,
        Listener(once(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as garbage,
        Listener(once(b"Exceeded MaxStartups\r\n")) as crowded,
    ):
        closed.bind(("127.0.0.1", 0))
        bad = {
            "ssh.refused": closed.getsockname()[1],
            "ssh.timeout": frozen.port,
            "ssh.penalised": penalising.port,
            "ssh.garbage": garbage.port,
            "ssh.max-startups": crowded.port,
        }
        hosts = {
            f"{code}.{number}": f"student@127.0.0.1:{port}"
            for number in range(2)
            for code, port in bad.items()
        }
        hosts |= {f"good{number}": machine.url() for number in range(6)}
        hosts |= {"ssh.auth.0": machine.url("ghost"), "engine.permission.0": machine.url("outsider")}
        hosts |= {"ssh.timeout.dead": f"student@127.0.0.1:{dead_port}"}
        mixed = dict(sorted(hosts.items(), key=lambda item: item[0][::-1]))

        done = batch(mixed, "--timeout 12", "--jobs 30")

    assert done.returncode == 3, done.stderr
    for name, result in found(home).items():
        if name.startswith("good"):
            assert (result.score, result.code) == (30, ""), result.reason
        else:
            assert (result.score, result.code) == (None, name.rsplit(".", 1)[0]), result.reason
        assert result.attempts[0].retries == 0 or result.code in PASSING
    assert "Graded: 6 of 19." in done.stdout
    machine_of_good = found(home)["good0"].attempts[0].machine
    assert machine_of_good["host_keys"] == [machine.fingerprint()]
    assert machine_of_good["machine_id"]


def test_a_key_and_a_port_of_the_roster(batch: Batch, machine: Sshd, known: Known, home: Path) -> None:
    known(machine)
    (home / ".ssh/id_ed25519").unlink()
    shutil.copy(machine.key, home / "course_key")
    file = home / "students.yaml"
    row = f"{{student: a, host: 127.0.0.1, port: {machine.port}, user: student, key: {home}/course_key}}"
    file.write_text(f"students:\n  - {row}\n")

    done = batch({}, f"--roster {file}")

    assert done.returncode == 0, done.stderr


def test_keys_are_those_of_the_worker_unless_they_are_sent(
    machine: Sshd, known: Known, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job goes from an instructor's home to a worker's, where nothing lies, and as little afterwards."""
    known(machine)
    key = home / ".ssh/id_ed25519"
    student = Student("a", "127.0.0.1", port=machine.port, user="student", key=str(key))
    given, asked_for = (
        job_of(student, work_of(asked([student])), "en", accept_new=False, send_keys=send)
        for send in (False, True)
    )
    secret = key.read_text().splitlines()[2]
    (home / "worker").mkdir()
    monkeypatch.setenv("HOME", str(home / "worker"))
    key.unlink()

    alone, sent = (grade_student(pickle.loads(pickle.dumps(job))) for job in (given, asked_for))

    assert (alone.code, alone.score) == ("ssh.host-key-unknown", None)
    assert (sent.code, sent.score) == ("", 30)
    assert list((home / "worker").iterdir()) == []
    assert secret.encode() not in pickle.dumps(given)
    assert secret not in repr(asked_for) + repr(sent)
    evidence = sent.evidence or b""
    evidence = gzip.decompress(evidence) if evidence.startswith(b"\x1f\x8b") else evidence
    assert evidence and secret.encode() not in sent.report + evidence


def test_a_key_that_is_not_there_is_a_wrong_row(batch: Batch, home: Path) -> None:
    file = home / "students.yaml"
    file.write_text("- {student: a, host: vm, key: nowhere}\n")

    done = batch({}, f"--roster {file}")

    assert done.returncode == 2
    assert "students.yaml:1: key 'nowhere': no such file" in done.stderr


def test_a_thousand_machines_with_256_descriptors(
    batch: Batch, machine: Sshd, known: Known, home: Path
) -> None:
    """Most of them are web servers, which costs least time; what is graded between them is graded right."""
    known(machine)
    with Listener(once(b"HTTP/1.1 400 Bad Request\r\n\r\n"), backlog=1000) as garbage:
        hosts = {f"s{number:03}": f"student@127.0.0.1:{garbage.port}" for number in range(1000)}
        hosts |= {f"s{number:03}": machine.url() for number in range(0, 1000, 1000 // GOOD)}

        done = batch(hosts, "--jobs 200", before="ulimit -n 256; ")

    assert done.returncode == 3, done.stderr
    assert "at once instead of 200" in done.stderr
    graded = [result for result in found(home).values() if result.score is not None]
    assert [result.score for result in graded] == [30] * GOOD
    codes = {result.code for result in found(home).values()}
    assert codes == {"", "ssh.garbage"}


def test_a_jump_host_of_the_roster(batch: Batch, machine: Sshd, known: Known, home: Path) -> None:
    """One student is behind it; the host of the other one, who is not, is not reached through it."""
    with Sshd(address="127.0.0.2") as hop:
        known(machine, hop)
        (home / ".ssh/hop").write_bytes(hop.key.read_bytes())
        (home / ".ssh/hop").chmod(0o600)
        keys = "  IdentityFile ~/.ssh/hop\n  IdentityFile ~/.ssh/id_ed25519\n"
        (home / ".ssh/config").write_text(f"Host 127.0.0.*\n{keys}")
        file = home / "class.csv"
        file.write_text(
            "student,host,port,user,jump\n"
            f"behind,127.0.0.1,{machine.port},student,student@127.0.0.2:{hop.port}\n"
            f"beside,127.0.0.1,{machine.port},student,\n"
        )
        with_it = batch({}, f"--roster {file}")
    without_it = batch({}, f"--roster {file} --out again --timeout 10")

    assert (with_it.returncode, without_it.returncode) == (0, 3), with_it.stderr
    assert {name: result.score for name, result in found(home).items()} == {"behind": 30, "beside": 30}
    again = {result.student.id: result for result in results(RunFolder(home / "again"))}
    assert (again["beside"].score, again["behind"].score) == (30, None)
    assert "jump host" in again["behind"].reason


def test_a_server_that_lets_few_log_in_at_once(
    batch: Batch, engine: FakeEngine, socket_path: Path, known: Known, home: Path
) -> None:
    """Its `MaxStartups` turns logins away at random; they are tried again, and all are graded in the end."""
    with Sshd(config=["MaxStartups 2:60:4"], docker_socket=socket_path) as crowded:
        known(crowded)
        done = batch({f"s{number:02}": crowded.url() for number in range(12)}, "--jobs 12")

    assert done.returncode == 0, done.stderr
    assert {result.score for result in found(home).values()} == {30}
