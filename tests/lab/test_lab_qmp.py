"""Speaking to qemu, which here is a few lines that somebody has written."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from lab.command import LabError
from lab.qmp import Qmp

Said = Callable[..., Path]


@pytest.fixture
def qemu(tmp_path: Path) -> Said:
    """Starts one that greets, and gives these answers one after the other; the path of its socket."""

    def start(*answers: str) -> Path:
        path = tmp_path / "qmp"
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(str(path))
        listening.listen()

        def answer() -> None:
            connection, _ = listening.accept()
            with connection, listening, connection.makefile("rw") as lines:
                lines.write('{"QMP": {}}\n')
                lines.flush()
                for text in ('{"return": {}}', *answers):
                    lines.readline()
                    lines.write(text + "\n")
                    lines.flush()

        threading.Thread(target=answer, daemon=True).start()
        return path

    return start


def test_what_happens_meanwhile_is_no_answer(qemu: Said) -> None:
    with Qmp(qemu('{"event": "STOP"}\n{"return": {"status": "paused"}}')) as qmp:
        assert qmp.call("query-status") == {"status": "paused"}


def test_a_refusal_is_told(qemu: Said) -> None:
    path = qemu('{"error": {"class": "GenericError", "desc": "State blocked"}}')
    with Qmp(path) as qmp, pytest.raises(LabError, match="migrate: State blocked"):
        qmp.call("migrate")


def test_its_end_is_told(qemu: Said) -> None:
    with Qmp(qemu()) as qmp, pytest.raises(LabError, match="cont: "):
        qmp.call("cont")


def test_a_status_is_waited_for(qemu: Said) -> None:
    path = qemu('{"return": {"status": "inmigrate"}}', '{"return": {"status": "paused"}}')
    with Qmp(path) as qmp:
        qmp.wait("query-status", "paused", during=("inmigrate",), seconds=10)


def test_another_status_is_not_waited_out(qemu: Said) -> None:
    path = qemu('{"return": {"status": "failed"}}')
    with Qmp(path) as qmp, pytest.raises(LabError, match="failed, not completed"):
        qmp.wait("query-migrate", "completed", during=("active",), seconds=10)


def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="qemu does not answer"):
        Qmp(tmp_path / "qmp")
