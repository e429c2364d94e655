"""The seam of the kinds of check: what the author gives, which facts it needs, and the judge."""

from __future__ import annotations

import shlex
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from dockgrader.errors import Unobserved
from dockgrader.facts.base import Answer, Fact, See
from dockgrader.facts.commands import Exec
from dockgrader.kinds.matchers import Matcher
from dockgrader.report.model import Status, Verdict
from dockgrader.units import parse_cpus, parse_size

CORE = frozenset(("cgroup", "compose", "container", "exec", "health", "http", "image", "volume"))
"""The kinds that every assignment may have at hand: their models stand in `assignment.model`."""
SELDOM = {
    "cleanup": "CleanupCheck",
    "file": "FileCheck",
    "namespace": "NamespaceCheck",
    "restart": "RestartCheck",
    "unshare": "UnshareCheck",
}
"""Kinds with the class of each in its module `kinds.KIND`, which is imported only for an assignment that has it."""
BUILT_IN = CORE | SELDOM.keys()
"""The kinds that come with dockgrader; other ones are looked for in installed packages."""


def _languages(value: Any) -> Any:
    if isinstance(value, dict) and not value:
        raise ValueError("expected at least one language, such as en: or ru:")
    return value


def identifier(value: str) -> str:
    """The name as it is. Raises ValueError for one that is no identifier."""
    if not value or len(value) > 80 or not all(part.isalnum() or part in "-_." for part in value):
        raise ValueError(f"expected letters, digits, '-', '_' and '.', found {value!r}")
    return value


Text = Annotated[
    str | dict[str, str],
    AfterValidator(_languages),
    Field(description="A text, or one a language: {en: …, ru: …}"),
]
Identifier = Annotated[
    str, AfterValidator(identifier), WithJsonSchema({"type": "string", "pattern": r"^[\w.-]{1,80}$"})
]
Size = Annotated[
    int,
    BeforeValidator(parse_size),
    Field(description="Bytes, or a size such as 200MiB"),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0},
                {"type": "string", "pattern": r"^\s*\d{1,18}(\.\d{1,9})?\s*([KkMmGgTt][Ii]?)?[Bb]?\s*$"},
            ],
            "examples": ["200MiB", "500MB", 209715200],
        }
    ),
]
Cpus = Annotated[
    int,
    BeforeValidator(parse_cpus),
    Field(description="A number of CPUs such as 0.5"),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0, "maximum": 10_000},
                {"type": "string", "pattern": r"^[0-9]*\.?[0-9]+$"},
            ],
            "examples": [0.5, 2],
        }
    ),
]


class Spec(BaseModel):
    """Any part of an assignment: unknown fields are errors, and nothing changes once it is loaded."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Mistake(Spec):
    """A mistake that an author expects: when what was found matches, this code and these texts are given."""

    actual: Matcher = Field(description="What was found, as a value or a matcher")
    code: Identifier = Field(description="The stable name of this mistake")
    instead_of: str | list[str] | None = Field(
        None, description="Only where the kind's own code would be this one, or one of these"
    )
    message: Text | None = Field(None, description="What was expected and found")
    hint: Text | None = Field(None, description="How to get on")


class Check(Spec):
    """What every check has."""

    id: Identifier = Field(description="The check's name in its task")
    kind: str
    title: Text = Field("", description="What is checked, as a student reads it")
    points: float = Field(1, ge=0, le=1000, description="Points for passing")
    needs: list[Identifier] = Field([], description="Checks of this task that must have passed")
    hint: Text | None = Field(None, description="A hint for any failure")
    hints: dict[str, Text] = Field({}, description="Hints by code, before those that come with the kind")
    messages: dict[str, Text] = Field({}, description="Messages by code")
    mistakes: list[Mistake] = Field([], description="Mistakes told apart by what was found")
    visibility: Literal["visible", "hidden", "after_due_date", "after_published"] = Field(
        "visible", description="When students see this check on Gradescope"
    )

    texts: ClassVar[Mapping[str, Mapping[str, tuple[str, str]]]] = {}
    """Message and hint of a code by language, for kinds whose texts are not in `dockgrader.texts`:
    {"hostname.other": {"en": ("… {found}", "…"), "ru": (…)}}; `{found}` is a parameter of the verdict.
    """

    def asks(self) -> Iterable[Fact[Any]]:
        """Facts that `judge` will surely need, so that all can be read at once."""
        return ()

    def acts(self) -> Iterable[Fact[Any]]:
        """Facts whose reading changes something on the host: read with `--active` only, after all others."""
        return ()

    def untold(self) -> Iterable[Fact[Any]]:
        """Facts of `asks` that change without an event of the engine's: `--watch` reads them every few seconds."""
        return ()

    @abstractmethod
    def judge(self, see: See) -> Verdict:
        """The verdict. Raises Failed for the student's mistakes, Unobserved for the host's."""
        raise NotImplementedError

    def runs(self) -> list[str]:
        """What is run on the student's host for this check, for `dockgrader show`."""
        commands = [fact for fact in self.asks() if isinstance(fact, Exec)]
        return [f"runs in {fact.container}: {shlex.join(fact.argv)}" for fact in commands]

    def shown_by(self, see: See) -> list[str]:
        """Commands by which a person sees the same."""
        return []


class Failed(Exception):
    """The student's work is not as expected."""

    def __init__(self, code: str, expected: Any = None, actual: Any = None, **params: Any) -> None:
        super().__init__(code)
        self.verdict = Verdict(Status.FAILED, code, expected, actual, params)


def passed(expected: Any = None, actual: Any = None, **params: Any) -> Verdict:
    """The verdict of a check that holds."""
    return Verdict(Status.PASSED, "ok", expected, actual, params)


def glimpse(see: See, fact: Fact[Answer]) -> Answer | None:
    """A fact that only helps to name a mistake more exactly: None where the host hides it."""
    try:
        return see(fact)
    except Unobserved:
        return None
