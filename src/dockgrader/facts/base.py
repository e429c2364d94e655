"""A fact is a frozen question to a host: small, hashable, read once a run, its answer plain JSON.

`read` asks the host and returns JSON, which goes into the evidence as it is; `parse` gives the typed answer, for
live and recorded hosts alike. So a new kind of fact is recorded, replayed, bounded and cached without more code.
"""

from __future__ import annotations

import dataclasses
import json
from abc import ABC, abstractmethod
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from dockgrader.frozen import dataclass
from dockgrader.hosts.base import Host
from dockgrader.hosts.deadline import Deadline

Answer = TypeVar("Answer")
Given = TypeVar("Given", covariant=True)


class See(Protocol):
    """Reads facts: each question once, whoever asks. Raises Unobserved when the host's failure hides the answer."""

    def __call__(self, fact: Fact[Answer]) -> Answer:
        """The typed answer to a question."""


@dataclass(frozen=True)
class Setting:
    """What a reading may use: the host, other facts, and the bounds of the run.

    `deadline` is the run's, less what the engine needs for a last word. Waiting for a container to become healthy
    takes `wait` seconds at the most, and leaves the last `reserve` seconds to what is asked after it.
    """

    host: Host
    see: See
    deadline: Deadline
    wait: float
    reserve: float = 0.0

    def patience(self) -> float:
        """Seconds that are left for waiting."""
        return max(0.0, self.deadline.remaining() - self.reserve)


class Fact(ABC, Generic[Given]):
    """A question: a frozen dataclass whose fields are JSON values, so that it can be written into evidence.

    One without fields needs no decorator.
    """

    name: ClassVar[str]

    @abstractmethod
    def read(self, setting: Setting) -> Any:
        """Ask the host; a JSON value. Raises Unobserved."""

    @abstractmethod
    def parse(self, raw: Any) -> Given:
        """The typed answer in what was read, now or in another run."""

    @abstractmethod
    def shown_by(self) -> str:
        """The command by which a person sees the same."""

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and vars(other) == vars(self)

    def __hash__(self) -> int:
        return hash(self.name)

    def question(self) -> dict[str, Any]:
        """The question as JSON."""
        fields: dict[str, Any] = dataclasses.asdict(self) if dataclasses.is_dataclass(self) else {}
        return {"fact": self.name, **fields}

    def key(self) -> str:
        """The question as one string, the same in every run."""
        return json.dumps(self.question(), sort_keys=True, default=list)


def built_in(fact: Fact[Any]) -> bool:
    """Whether a fact comes with dockgrader, and not with a package that was installed beside it."""
    return type(fact).__module__.partition(".")[0] == "dockgrader"


def dig(data: Any, *path: str) -> Any:
    """The value at a path of nested objects, None where there is none; engines leave out what is empty."""
    for step in path:
        data = data.get(step) if isinstance(data, dict) else None
    return data


def dig_int(data: Any, *path: str) -> int:
    """A whole number at a path, 0 where there is none."""
    value = dig(data, *path)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def dig_str(data: Any, *path: str) -> str:
    """A string at a path, empty where there is none."""
    value = dig(data, *path)
    return value if isinstance(value, str) else ""


def dig_list(data: Any, *path: str) -> list[Any]:
    """A list at a path, empty where there is none."""
    value = dig(data, *path)
    return value if isinstance(value, list) else []


def dig_dict(data: Any, *path: str) -> dict[str, Any]:
    """An object at a path, empty where there is none."""
    value = dig(data, *path)
    return value if isinstance(value, dict) else {}
