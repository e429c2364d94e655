"""Commands in containers, through the engine: bounded in time and size, each told from a machine that is slow.

Without an `Upgrade` header the engine sends an exec's output as a plain body until EOF; with it, the SDK may drop
output that arrives together with the headers.
"""

from __future__ import annotations

import contextlib
import shlex
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from dockgrader.hosts import failures
from dockgrader.hosts.base import Conflict, Missing, Output
from dockgrader.hosts.client import Client, refused
from dockgrader.hosts.deadline import background
from dockgrader.hosts.frames import Frames
from dockgrader.hosts.pace import SHORTEST, ended_in_time, too_slow
from dockgrader.hosts.wire import Answer

STDOUT_CAP = 64 << 10


@dataclass
class _Command:
    """An exec, and what it has printed so far."""

    id: str
    frames: Frames = field(default_factory=lambda: Frames(STDOUT_CAP))
    _answer: Answer | None = None
    _given_up: bool = False

    def begun(self, answer: Answer) -> None:
        """It runs; this is what it prints."""
        self._answer = answer
        if self._given_up:
            self.give_up()

    def give_up(self) -> None:
        """Wake whoever reads what it prints, whose connection is then free."""
        self._given_up = True
        if self._answer is not None:
            with contextlib.suppress(AttributeError, OSError, RuntimeError, ValueError):
                self._answer.give_up()


class Execs:
    """Commands over a client's connections, of which one is left for short calls, however many commands hang."""

    def __init__(self, client: Client, connections: int) -> None:
        self._client = client
        self._streams = threading.BoundedSemaphore(max(1, connections - 1))
        self._controlling = threading.Lock()
        self._ids: set[str] = set()

    def own(self, exec_id: str) -> bool:
        """Whether a command that ran in a container was ours."""
        return exec_id in self._ids

    def run(self, container: str, argv: Sequence[str], seconds: float) -> Output:
        """Run a command in a container; cut off when it hangs (hosts.pace), or after STDOUT_CAP bytes."""
        what = f"`{shlex.join(argv)[:100]}`"
        command = self._created(container, argv)
        if not self._streams.acquire(timeout=self._client.seconds()):
            raise too_slow(what)
        running = background(lambda: self._stream_and_release(command))
        control = partial(self.control, container)
        if not ended_in_time(running, what, self._client.seconds(seconds), self._client.deadline, control):
            command.give_up()
            return Output(None, command.frames.stdout, command.frames.stderr, timed_out=True)
        running.result()
        return self._ended(command, what)

    def control(self, container: str) -> float:
        """Seconds that the shortest command takes in a container. Raises Unobserved.

        One at a time, and beside all the commands that hang, which leave it a connection.
        """
        if not self._controlling.acquire(timeout=self._client.seconds()):
            raise too_slow("a command")
        try:
            begun = time.monotonic()
            try:
                command = self._created(container, SHORTEST)
                self._stream(command)
                if command.frames.timed_out:
                    raise too_slow("a command")
                self._client.get(f"/exec/{command.id}/json")
            except (Missing, Conflict):
                pass  # it has ended meanwhile, or was paused; this is how long the engine takes to say so
            return time.monotonic() - begun
        finally:
            self._controlling.release()

    def _created(self, container: str, argv: Sequence[str]) -> _Command:
        created = self._client.post(
            f"/containers/{container}/exec",
            {"AttachStdout": True, "AttachStderr": True, "Tty": False, "Cmd": list(argv)},
        )
        if not isinstance(created.get("Id"), str):
            raise self._client.garbage("an exec without an id")
        self._ids.add(created["Id"])
        return _Command(created["Id"])

    def _ended(self, command: _Command, what: str) -> Output:
        frames = command.frames
        if frames.timed_out:
            raise too_slow(what)
        if frames.flooded:
            self._client.introduction()
            return Output(None, frames.stdout, frames.stderr, flooded=True)
        if frames.broken:
            raise self._client.garbage("output without frames")
        ended = self._client.get(f"/exec/{command.id}/json")
        status = ended.get("ExitCode")
        if not isinstance(status, int) and ended.get("Running") is not True:
            raise self._client.garbage("no exit status")
        return Output(status if isinstance(status, int) else None, frames.stdout, frames.stderr)

    def _stream_and_release(self, command: _Command) -> None:
        try:
            self._stream(command)
        finally:
            self._streams.release()

    def _stream(self, command: _Command) -> None:
        """Read what a command prints, until it ends, floods or is given up, or the run is over."""
        frames = command.frames
        with self._client.taken() as wire:
            seconds = self._client.seconds()
            with failures.explained(self._client.name, seconds):
                body = {"Detach": False, "Tty": False}
                request = self._client.request("POST", f"/exec/{command.id}/start", body=body)
                try:
                    answer = wire.ask(request, seconds)
                except TimeoutError:
                    frames.timed_out = True
                    return
                with contextlib.closing(answer):
                    if answer.status >= 400:
                        said = self._client.body(answer, self._client.deadline)
                        refused(answer.status, said, exec_failure=True)
                        frames.failed_to_start(said)
                        return
                    command.begun(answer)
                    try:
                        frames.read(answer.read1, self._client.deadline)
                    except TimeoutError:
                        frames.timed_out = True
