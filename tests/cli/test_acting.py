"""`--active`: no signal keeps what was stopped from being started again, and the report is not lost with it."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dockgrader.cli import acting, main
from dockgrader.hosts.base import NotBack
from fakes.engine import IDS, FakeEngine
from fakes.server import page, value

ENDING = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
ASSIGNMENT = """\
id: a
title: A key
tasks:
  - id: volume
    title: A volume
    checks:
      - {id: running, kind: container, container: redis_1, state: running}
      - {id: outlives, kind: restart, points: 0, container: redis_1, command: [redis-cli, get, mykey], stdout: foobar}
"""


@pytest.fixture(autouse=True)
def minded() -> Iterator[None]:
    """Signals are minded even where the tests run in the background, or under nohup."""
    usual: list[Any] = [signal.default_int_handler, signal.SIG_DFL, signal.SIG_DFL]
    before = [signal.signal(number, handler) for number, handler in zip(ENDING, usual, strict=True)]
    yield
    for number, handler in zip(ENDING, before, strict=True):
        signal.signal(number, handler)


@pytest.mark.parametrize("number", ENDING)
def test_the_first_signal_ends_the_run_and_no_other_what_is_put_back(
    number: signal.Signals, capsys: pytest.CaptureFixture[str]
) -> None:
    done = []

    def put_back() -> list[NotBack]:
        for more in (*ENDING, signal.SIGINT):
            signal.raise_signal(more)
        done.append("all")
        return []

    with (
        pytest.raises((KeyboardInterrupt, SystemExit)) as ended,
        acting.allowed([], "en") as allowed,
    ):
        try:
            signal.raise_signal(number)
        finally:
            allowed.put_back(put_back)
    assert done == ["all"]
    assert ended.type is KeyboardInterrupt or ended.value.args == (128 + number,)
    assert "please wait" in capsys.readouterr().err


def test_afterwards_signals_end_it_as_ever() -> None:
    with acting.allowed([], "en") as allowed:
        allowed.put_back(list)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@pytest.mark.parametrize("lang", ["en", "ru"])
@pytest.mark.parametrize(("problem", "unseen"), [("gone", False), ("refused", False), ("unseen", True)])
def test_what_does_not_run_again_is_said(
    lang: str, problem: str, unseen: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    with acting.allowed([], lang) as allowed:
        allowed.put_back(lambda: [NotBack("redis_1", problem, "no\x1b space")])
    *_, said = capsys.readouterr().err.splitlines()
    assert "redis_1" in said and "\x1b" not in said
    assert allowed.unseen is unseen


@pytest.mark.parametrize(("seen", "status"), [(True, 0), (False, 3)])
def test_a_report_is_not_lost_when_it_cannot_be_seen_whether_all_runs_again(
    seen: bool, status: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.yaml").write_text(ASSIGNMENT)
    container = f"/containers/{IDS['redis_1']}"
    broken = value({"message": "the disk is broken"}, "500 Internal Server Error")
    with FakeEngine(tmp_path / "d.sock") as fake, pytest.raises(SystemExit) as ended:
        fake.answers |= {f"{container}/restart": page("", "204 No Content")}
        fake.answers |= {} if seen else {f"{container}/json": broken}
        words = [str(tmp_path / "a.yaml"), "--host", f"unix://{tmp_path}/d.sock", "--format", "json"]
        main(["check", "--active", "--lang", "en", *words])
    out, err = capsys.readouterr()
    assert json.loads(out)["score"] == 1
    assert ended.value.code == status
    assert ("the disk is broken" in err) is not seen
