"""What a command in a container answers."""

from __future__ import annotations

import math
import re
import shlex
import threading
import time
from typing import Any, ClassVar

from dockgrader.facts.base import Fact, Setting, dig, dig_list, dig_str
from dockgrader.frozen import dataclass
from dockgrader.hosts.base import Conflict, Missing, Output
from dockgrader.hosts.pace import FACTOR, enough, too_slow

EXEC_SECONDS = 10.0
_PAUSE = 0.3


@dataclass(frozen=True)
class Answered:
    """A command's answer. `problem` is empty, or `missing`, `stopped`, `timeout`, `flood`.

    `stdout` and `stderr` are text; bytes that are no UTF-8 stand as replacement characters.
    """

    exit: int | None
    stdout: str
    stderr: str
    problem: str


@dataclass(frozen=True)
class Exec(Fact[Answered]):
    """A command run in a container, again while its output matches `retry_while`, for ten seconds in all.

    On a slow machine (hosts.pace) it has more.
    """

    container: str
    argv: tuple[str, ...]
    retry_while: str = ""
    name: ClassVar[str] = "exec"

    def read(self, setting: Setting) -> Any:
        """Run it; the last answer counts, and how many were needed is kept."""
        begun, quickest = time.monotonic(), math.inf
        deadline = setting.deadline.sooner(EXEC_SECONDS)
        pause, tries = threading.Event(), 0
        while True:
            tries += 1
            start = time.monotonic()
            answer = self._once(setting, max(1.0, deadline.remaining()))
            quickest = min(quickest, time.monotonic() - start)
            if not (self.retry_while and _matches(self.retry_while, answer)) or tries >= 50:
                return {**answer, "tries": tries}
            if deadline.passed():
                waited = time.monotonic() - begun
                if enough(waited, quickest):
                    return {**answer, "tries": tries}
                if setting.deadline.passed():
                    raise too_slow(self.shown_by(), quickest)
                deadline = setting.deadline.sooner(FACTOR * quickest - waited)
            pause.wait(min(_PAUSE, deadline.remaining()))

    def _once(self, setting: Setting, seconds: float) -> dict[str, Any]:
        try:
            output = setting.host.engine.exec(self.container, self.argv, seconds)
        except Missing:
            return _answer(Output(None, b"", b""), "missing")
        except Conflict:
            return _answer(Output(None, b"", b""), "stopped")
        return _answer(output, "timeout" if output.timed_out else "flood" if output.flooded else "")

    def parse(self, raw: Any) -> Answered:
        """As it was read."""
        status = dig(raw, "exit")
        return Answered(
            status if isinstance(status, int) else None,
            dig_str(raw, "stdout"),
            dig_str(raw, "stderr"),
            dig_str(raw, "problem"),
        )

    def shown_by(self) -> str:
        """As a person asks."""
        name = self.container[:12] if len(self.container) == 64 else self.container
        return f"docker exec {shlex.quote(name)} {shlex.join(self.argv)}"


def commands_of(data: Any, task: str | None) -> list[Exec]:
    """The commands that an assignment's checks will run, from its plain data, before it is validated.

    They take longest, so they start first. What is no command of a check is left to the validation.
    """
    found = []
    for item in dig_list(data, "tasks"):
        for check in dig_list(item, "checks") if task is None or dig(item, "id") == task else []:
            argv, retry = dig_list(check, "command"), dig(check, "retry_while")
            words = bool(argv) and all(isinstance(word, str) for word in argv)
            if dig(check, "kind") == "exec" and words and isinstance(retry, str | None):
                found.append(Exec(dig_str(check, "container"), tuple(argv), retry or ""))
    return [fact for fact in found if fact.container]


def _answer(output: Output, problem: str) -> dict[str, Any]:
    return {
        "exit": output.exit,
        "stdout": output.stdout.decode("utf-8", "replace"),
        "stderr": output.stderr[:4096].decode("utf-8", "replace"),
        "problem": problem,
    }


def _matches(pattern: str, answer: dict[str, Any]) -> bool:
    return any(re.search(pattern, answer[stream]) for stream in ("stdout", "stderr"))
