"""A host that answers from dictionaries, for the facts that are read from it; its ports are this machine's."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dockgrader.errors import Unobserved
from dockgrader.facts.base import Answer, Fact, Setting
from dockgrader.grading.seeing import LiveSee
from dockgrader.hosts.base import HERE, Missing, Nearness, NotBack, Output, ReadFile, ToRestart
from dockgrader.hosts.deadline import Deadline
from tests.givens import Raw, an_engine, listing

Reply = Any
"""A value, an exception that is raised, a function that is called, or a list of these for one call after another."""


class MadeUpHost:
    """Containers as `a_container` makes them, files by path, commands by their words; it is its own engine."""

    name = "unix:///made-up.sock"
    version = "20.10.24"
    api = "1.41"
    nearness = HERE

    def __init__(
        self,
        *containers: Raw,
        answers: Mapping[str, Reply] | None = None,
        files: Mapping[str, Reply] | None = None,
        execs: Mapping[str, Reply] | None = None,
        programs: Mapping[str, Reply] | None = None,
    ) -> None:
        self.calls: list[str] = []
        self.params: dict[str, Mapping[str, str]] = {}
        self._files, self._execs, self._programs = dict(files or {}), dict(execs or {}), dict(programs or {})
        self._answers: dict[str, Reply] = {"/info": an_engine(), "/containers/json": listing(containers)}
        self._answers["/events"] = []
        self._answers["/version"] = {"Version": "20.10.24", "MinAPIVersion": "1.12", "ApiVersion": "1.41"}
        for raw in containers:
            for ref in (raw["Id"], raw["Name"].lstrip("/")):
                self._answers[f"/containers/{ref}/json"] = raw
        self._answers.update(answers or {})

    @property
    def engine(self) -> MadeUpHost:
        return self

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        self.calls.append(path)
        self.params[path] = params or {}
        return _reply(self._answers, path, Missing())

    def exec(self, container: str, argv: Sequence[str], seconds: float) -> Output:
        self.calls.append(" ".join(argv))
        return _output(_reply(self._execs, " ".join(argv), Output(127, b"", b"no such program")))

    def control(self, container: str) -> float:
        self.calls.append("control")
        return float(_reply(self._execs, "control", 0.0))

    def restart(self, container: ToRestart) -> None:
        self.calls.append(f"restart {container.id}")
        self.restarted = container
        _reply(self._answers, "restart", None)

    def put_back(self) -> list[NotBack]:
        self.calls.append("put back")
        return []

    def near(self, container_id: str, pid: int) -> Nearness:
        return self.nearness

    def run(self, argv: Sequence[str], seconds: float) -> Output:
        self.calls.append(" ".join(argv))
        return _output(_reply(self._programs, " ".join(argv), Missing()))

    def read_files(self, paths: Sequence[str], *, regular: bool = False) -> list[ReadFile]:
        self.calls += paths
        found = [_reply(self._files, path, ReadFile(None, "missing")) for path in paths]
        return [ReadFile(file.encode()) if isinstance(file, str) else file for file in found]

    def connect(self, address: str, port: int, seconds: float) -> socket.socket:
        return socket.create_connection(("127.0.0.1", port), timeout=seconds)

    def ping(self) -> None:
        """It always answers."""

    def own(self, exec_id: str) -> bool:
        return False

    def events(self, since: str | None, quiet: float) -> Iterator[Mapping[str, Any]]:
        return iter(())

    def close(self) -> None:
        """Nothing is open."""


def _reply(replies: dict[str, Reply], key: str, otherwise: Any) -> Any:
    reply = replies.get(key, otherwise)
    if isinstance(reply, Turns):
        reply = reply.next()
    if isinstance(reply, BaseException):
        raise reply
    return reply() if callable(reply) else reply


def _output(found: Any) -> Output:
    return Output(0, found.encode(), b"") if isinstance(found, str) else found


class Turns:
    """One reply after another; the last one stays."""

    def __init__(self, *replies: Reply) -> None:
        self._replies = list(replies)

    def next(self) -> Reply:
        return self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]


def read(fact: Fact[Answer], host: MadeUpHost, *, seconds: float = 5, wait: float = 5) -> Answer:
    """The answer to a question that is put to a host."""
    return fact.parse(raw_answer(fact, host, seconds=seconds, wait=wait))


def raw_answer(fact: Fact[Any], host: MadeUpHost, *, seconds: float = 5, wait: float = 5) -> Any:
    """What goes into the evidence."""
    see = LiveSee(host, Deadline(seconds), wait)
    return fact.read(Setting(host, see, Deadline(seconds), wait))


NO_FILES = Unobserved("host.files", "The files of this host cannot be read")
