"""What an author reads about a wrong assignment: a model like the real one, a wrong file, the exact words."""

from __future__ import annotations

import dataclasses
import enum
from typing import Annotated, Any, Literal

import pydantic
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, RootModel, Tag
from pydantic_core import core_schema
from typing_extensions import TypeAliasType

from dockgrader.assignment.problems import Problem, problem_at, problems_from
from dockgrader.assignment.source import parse_source


def size(value: str | int) -> int:
    if isinstance(value, str) and not value.endswith("MiB"):
        raise ValueError(f"expected a size such as 200MiB, found {value!r}")
    return int(str(value).removesuffix("MiB"))


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Policy(enum.Enum):
    ALWAYS = "always"
    NEVER = "never"


class Comparison(Strict):
    one_of: list[str] | None = None
    not_: Comparison | str | None = Field(None, alias="not")


class Container(Strict):
    kind: Literal["container"]
    id: str
    points: int = Field(1, ge=0)
    container: str = ""
    memory: Annotated[str | int, AfterValidator(size)] = 0
    cpus: float | None = None
    restart: Policy | None = None
    state: Literal["running", "exited"] | int = 0
    inspect: dict[str, Comparison | bool | str] = {}
    volumes: list[Volume | Bind] = []


class Exec(Strict):
    kind: Literal["exec", "run"]
    id: str
    command: Annotated[list[str], Field(min_length=1)] | str


class Volume(Strict):
    volume: str
    target: str


class Bind(Strict):
    bind: str
    target: str
    read_only: bool = False


Check = Annotated[Container | Exec, Field(discriminator="kind")]


class Checks(RootModel[list[Check]]):
    pass


class Task(Strict):
    id: str
    title: str | dict[Literal["ru", "en"], str]
    checks: Checks


class Assignment(Strict):
    id: str
    title: str | dict[str, str]
    tasks: list[Task]

    @pydantic.model_validator(mode="after")
    def _not_reserved(self) -> Assignment:
        if self.id == "reserved":
            raise ValueError("this assignment's id is reserved")
        return self


def problems(text: str, model: type[BaseModel] = Assignment) -> list[Problem]:
    source = parse_source(text, "a.yaml")
    with pytest.raises(pydantic.ValidationError) as caught:
        model.model_validate(source.data)
    return problems_from(source, caught.value, model)


def said(text: str, model: type[BaseModel] = Assignment) -> list[str]:
    return [str(problem) for problem in problems(text, model)]


def test_a_whole_wrong_file() -> None:
    text = """\
id: 12
titel: Homework
tasks:
  - id: limits
    title: {ru: 5, fr: Limites}
    checks:
      - kind: container
        id: memory
        memory: 200 apples
        memmory: 200MiB
        points: ten
      - kind: contaner
        id: x
      - id: y
      - redis
taks: []
"""
    fields = "kind, id, points, container, memory, cpus, restart, state, inspect, volumes"
    check = "tasks[0].checks"
    assert said(text) == [
        "a.yaml:1:1: title: required field is missing; expected text or a mapping",
        "a.yaml:1:5: id: expected text, found 12; put it in quotes if it is text",
        "a.yaml:2:1: titel: unknown field; did you mean 'title'? allowed: id, title, tasks",
        "a.yaml:5:17: tasks[0].title.ru: expected text, found 5; put it in quotes if it is text",
        "a.yaml:5:20: tasks[0].title.fr: expected 'ru' or 'en', found 'fr'",
        f"a.yaml:9:17: {check}[0].memory: expected a size such as 200MiB, found '200 apples'",
        f"a.yaml:10:9: {check}[0].memmory: unknown field; did you mean 'memory'? allowed: {fields}",
        f"a.yaml:11:17: {check}[0].points: expected a whole number, found 'ten'",
        f"a.yaml:12:15: {check}[1].kind: unknown kind 'contaner'; did you mean 'container'? "
        "allowed: container, exec, run",
        f"a.yaml:14:9: {check}[2].kind: required field is missing; allowed: container, exec, run",
        f"a.yaml:15:9: {check}[3]: expected a mapping, found 'redis'",
        "a.yaml:16:1: taks: unknown field; did you mean 'tasks'? allowed: id, title, tasks",
    ]


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ("kind: container, points: ¦-1", ".points", "expected 0 or more, found -1"),
        ("kind: container, points: ¦1.5", ".points", "expected a whole number, found 1.5"),
        ("kind: container, cpus: ¦half", ".cpus", "expected a number, found 'half'"),
        (
            "kind: container, memory: ¦[1]",
            ".memory",
            "expected text or a whole number, found a list of 1",
        ),
        (
            "kind: container, restart: ¦Alway",
            ".restart",
            "expected 'always' or 'never', found 'Alway'; did you mean 'always'?",
        ),
        (
            "kind: container, state: ¦runing",
            ".state",
            "expected 'running' or 'exited' or a whole number, found 'runing'; did you mean 'running'?",
        ),
        (
            "kind: container, inspect: {A.B: {¦one_off: x}}",
            ".inspect['A.B'].one_off",
            "unknown field; did you mean 'one_of'? allowed: one_of, not",
        ),
        (
            "kind: container, inspect: {A: {not: {not: {¦nott: x}}}}",
            ".inspect.A.not.not.nott",
            "unknown field; did you mean 'not'? allowed: one_of, not",
        ),
        (
            "kind: container, volumes: [{bind: x, target: ¦[1]}]",
            ".volumes[0].target",
            "expected text, found a list of 1",
        ),
        (
            "kind: container, volumes: [¦{volume: x}]",
            ".volumes[0].target",
            "required field is missing; expected text",
        ),
        (
            "kind: run, command: ¦[]",
            ".command",
            "expected 1 or more entries or text, found an empty list",
        ),
        ("kind: run, command: [ls, ¦{}]", ".command[1]", "expected text, found an empty mapping"),
        ("kind: run, command: ls, ¦80: x", "[80]", "a field's name must be text; put it in quotes"),
        ("kind: ¦~", ".kind", "unknown kind nothing; allowed: container, exec, run"),
        ("kind: ¦[exec]", ".kind", "unknown kind a list of 1; allowed: container, exec, run"),
        ('kind: ¦"\\e[31m"', ".kind", "unknown kind '\\x1b[31m'; allowed: container, exec, run"),
        (f"kind: container, cpus: ¦{'x' * 99}", ".cpus", f"expected a number, found '{'x' * 60}…'"),
    ],
)
def test_a_wrong_check(fields: str, field: str, message: str) -> None:
    """The bar stands where the problem is said to be."""
    check = f"  - {{id: c, {fields}}}"
    text = "id: hw\ntitle: T\ntasks:\n- id: t\n  title: T\n  checks:\n" + check.replace("¦", "")
    assert problems(text) == [
        Problem("a.yaml", 7, check.index("¦") + 1, f"tasks[0].checks[0]{field}", message)
    ]


def test_a_validators_own_words_stay_as_they_are() -> None:
    assert said("id: reserved\ntitle: T\ntasks: []") == ["a.yaml:1:1: this assignment's id is reserved"]


def test_the_whole_file_is_wrong() -> None:
    assert said("x: 1", RootModel[list[str]]) == ["a.yaml:1:1: expected a list, found a mapping"]


class Everything(Strict):
    flag: bool = False
    ratio: float = Field(0.5, gt=0, lt=1, allow_inf_nan=False)
    even: int = Field(2, multiple_of=2, le=10)
    name: str = Field("abc", min_length=2, max_length=4, pattern="^[a-c]+$")
    nothing: None = None
    pair: tuple[int, str] = (1, "")
    few: list[int] = Field([], max_length=1)
    table: dict[int, bool] = {}
    when: Annotated[Any, pydantic.AfterValidator(lambda v: v)] = None
    address: pydantic.IPvAnyAddress | None = None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("flag: maybe", "expected true or false, found 'maybe'"),
        ("flag: ~", "expected true or false, found nothing"),
        ("ratio: 0", "expected more than 0, found 0"),
        ("ratio: 1", "expected less than 1, found 1"),
        ("ratio: .nan", "expected a finite number, found nan"),
        ("even: 3", "expected a multiple of 2, found 3"),
        ("even: 12", "expected 10 or less, found 12"),
        ("name: a", "expected text of 2 or more characters, found 'a'"),
        ("name: abcab", "expected text of 4 or fewer characters, found 'abcab'"),
        ("name: xyz", "expected text that matches ^[a-c]+$, found 'xyz'"),
        ("name: true", "expected text, found true; put it in quotes if it is text"),
        ("nothing: 1", "expected nothing, found 1"),
        ("pair: {}", "expected a list, found an empty mapping"),
        ("few: [1, 2]", "expected 1 or fewer entries, found a list of 2"),
        ("few: ~", "expected a list, found nothing"),
        ("table: {a: true}", "expected a whole number, found 'a'"),
        ("table: {1: maybe}", "expected true or false, found 'maybe'"),
        ('address: "x\\ny"', "value is not a valid IPv4 or IPv6 address, found 'x\\ny'"),
    ],
)
def test_plain_words(text: str, message: str) -> None:
    (problem,) = problems(text, Everything)
    assert problem.message == message


def shape(value: Any) -> str:
    return "many" if isinstance(value, list) else "one"


class Shaped(Strict):
    """A union whose branch a function chooses."""

    part: Annotated[Annotated[Volume, Tag("one")] | Annotated[list[Bind], Tag("many")], Discriminator(shape)]


def test_a_union_chosen_by_a_function() -> None:
    assert said("part: {volume: x, target: y, tarket: z}", Shaped) == [
        "a.yaml:1:30: part.tarket: unknown field; did you mean 'target'? allowed: volume, target"
    ]
    assert said("part: [{bind: x, target: y, readonly: z}]", Shaped) == [
        "a.yaml:1:29: part[0].readonly: unknown field; did you mean 'read_only'? "
        "allowed: bind, target, read_only"
    ]


Row = TypeAliasType("Row", dict[str, int])


@dataclasses.dataclass
class Point:
    """pydantic validates dataclasses too; here nothing is known about their fields."""

    x: int


class Odd(Strict):
    row: Row = {}
    points: list[Point] = []
    either: Point | list[int] = []
    nested: Annotated[Check | Annotated[Swarm, Tag("swarm")], Field(discriminator="kind")] | None = None
    spelled: Check | None = Field(None, discriminator=Discriminator("kind"))


class Swarm(Strict):
    kind: Literal["swarm"]


@pytest.mark.parametrize(
    ("text", "said_of_it"),
    [
        ("row: {a: ¦x}", "row.a: expected a whole number, found 'x'"),
        ("points: [{x: 1}, {x: ¦y}]", "points[1].x: expected a whole number, found 'y'"),
        ("points: [{x: 1}, ¦2]", "points[1]: expected a mapping, found 2"),
        ("either: {x: ¦y}", "either.x: expected a whole number, found 'y'"),
        ("either: [1, ¦y]", "either[1]: expected a whole number, found 'y'"),
        (
            "nested: {kind: run, id: c, ¦comand: ls, command: ls}",
            "nested.comand: unknown field; did you mean 'command'? allowed: kind, id, command",
        ),
        (
            "nested: {kind: ¦swam}",
            "nested.kind: unknown kind 'swam'; did you mean 'swarm'? allowed: container, exec, run, swarm",
        ),
        (
            "nested: {kind: swarm, ¦king: 1}",
            "nested.king: unknown field; did you mean 'kind'? allowed: kind",
        ),
        ("spelled: {kind: run, id: c, command: ¦3}", "spelled.command: expected a list or text, found 3; "),
    ],
)
def test_unusual_annotations(text: str, said_of_it: str) -> None:
    (problem,) = said(text.replace("¦", ""), Odd)
    assert problem.startswith(f"a.yaml:1:{text.index('¦') + 1}: {said_of_it}")


class Rewritten(Strict):
    """A validator that changes the data hides from us where its errors come from."""

    part: Any = None

    @pydantic.model_validator(mode="before")
    @classmethod
    def _rewrite(cls, data: Any) -> Any:
        return {"part": data, "gone": 1, "inner": {}}

    @pydantic.field_validator("part")
    @classmethod
    def _validated(cls, part: Any) -> Any:
        return Volume.model_validate(part)


def test_rewritten_data_is_said_where_it_came_from() -> None:
    lines = said("{volume: x, target: y}", Rewritten)
    assert lines == [
        "a.yaml:1:1: gone: unknown field; allowed: part",
        "a.yaml:1:1: inner: unknown field; allowed: part",
    ]


class Opaque:
    """A type with a schema of its own, whose branches no annotation shows."""

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> core_schema.CoreSchema:
        return core_schema.union_schema(
            [core_schema.list_schema(core_schema.int_schema()), core_schema.int_schema()]
        )


def test_a_type_with_its_own_schema() -> None:
    model = pydantic.create_model("Opaques", part=(Opaque, ...))
    assert "a.yaml:1:11: part[1]: expected a whole number, found 'x'" in said("part: [1, x]", model)


def test_names_like_those_of_branches_are_fields_all_the_same() -> None:
    text = "{kind: container, id: c, container: {container: x}}"
    (problem,) = problems(text, Container)
    assert (problem.field, problem.column) == ("container", 37)


def test_a_part_validated_by_itself() -> None:
    source = parse_source("tasks:\n- checks:\n  - {kind: container, id: c, cpu: 1}\n", "a.yaml")
    at = ("tasks", 0, "checks", 0)
    with pytest.raises(pydantic.ValidationError) as caught:
        Container.model_validate(source.data["tasks"][0]["checks"][0])
    (problem,) = problems_from(source, caught.value, Container, at)
    assert str(problem).startswith(
        "a.yaml:3:30: tasks[0].checks[0].cpu: unknown field; did you mean 'cpus'? allowed: kind, id, points"
    )


def test_each_problem_once_even_where_an_alias_repeats_it() -> None:
    text = "{id: a, title: T, tasks: [&t {id: a, title: 1, checks: []}, *t]}"
    assert [(each.column, each.field) for each in problems(text)] == [
        (45, "tasks[0].title"),
        (45, "tasks[1].title"),
    ]


def test_problem_at() -> None:
    source = parse_source("tasks:\n- id: a\n- id: a\n", "a\x1b.yaml")
    problem = problem_at(source, ("tasks", 1, "id"), "two tasks have the id 'a'")
    assert (problem.line, problem.column, problem.field) == (3, 7, "tasks[1].id")
    assert str(problem) == "a\\x1b.yaml:3:7: tasks[1].id: two tasks have the id 'a'"
    assert str(problem_at(source, ("x y",), "no")) == "a\\x1b.yaml:1:1: ['x y']: no"


KEYS = st.sampled_from(
    ["id", "title", "tasks", "checks", "kind", "container", "exec", "inspect", "not", "volumes", "[key]", "1"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=3) | KEYS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(max_size=3), inner, max_size=4)
    ),
)


@given(st.dictionaries(KEYS, VALUES), st.sampled_from([Assignment, Task, Container, Exec, Checks, Shaped]))
def test_any_data_gives_printable_problems_inside_the_file(data: Any, model: type[BaseModel]) -> None:
    source = parse_source(yaml.safe_dump(data), "a.yaml")
    try:
        model.model_validate(source.data)
    except pydantic.ValidationError as error:
        found = problems_from(source, error, model)
        assert found
        assert len(set(found)) == len(found)
        for problem in found:
            assert str(problem).isprintable()
            assert 1 <= problem.line <= source.text.count("\n") + 1
            assert "union" not in problem.message
            assert "Input" not in problem.message
