"""Values in the place of `${name}`: everywhere, of the right type, and never by accident."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given as examples
from hypothesis import strategies as st

from dockgrader.assignment.loading import validated
from dockgrader.assignment.references import Unfilled, escape, fill, given, names_in
from dockgrader.assignment.source import Source, Values, parse_source
from dockgrader.errors import AssignmentError
from dockgrader.facts.commands import Exec, commands_of

VALUES: Values = {"memory": "64MiB", "port": 6000, "cpus": 0.5, "on": True, "name": "data"}
DECLARED = """\
id: own
parameters:
  memory: {from: 64MiB, to: 128MiB, step: 64MiB}
  port: {from: 6000, to: 6999}
  cpus: {from: 0.5, to: 1.0, step: 0.5}
  on: {one_of: [true, false]}
  name: {one_of: [data, state]}
used: "${memory} ${port} ${cpus} ${on} ${name}"
"""
TEXTS = st.text(st.sampled_from("$${}ab_ .:-\n")) | st.text()


def own(more: str) -> Source:
    return parse_source(DECLARED + more, "own.yaml")


def filled(more: str) -> Any:
    return given(own(f"it: {more}\n"), VALUES).data["it"]


@examples(TEXTS)
def test_an_escaped_text_stays_as_it_is(text: str) -> None:
    assert fill(escape(text), VALUES) == text
    assert list(names_in(escape(text))) == []


@examples(st.lists(st.tuples(TEXTS.map(lambda text: text.replace("$", "")), st.sampled_from(sorted(VALUES)))))
def test_a_text_is_filled_part_by_part(parts: list[tuple[str, str]]) -> None:
    text = "".join(f"{escape(before)}${{{name}}}" for before, name in parts)
    written = {"memory": "64MiB", "port": "6000", "cpus": "0.5", "on": "true", "name": "data"}
    assert fill(text, VALUES) == "".join(before + written[name] for before, name in parts)
    assert list(names_in(text)) == [name for _, name in parts]


@examples(TEXTS)
def test_any_text_is_filled_or_refused(text: str) -> None:
    try:
        made = fill(text, VALUES)
    except Unfilled:
        assert "${" in text
    else:
        assert made == text or "${" in text


@examples(st.text(), st.text(), st.sampled_from(["${name}", "$${", "x"]))
def test_what_a_value_says_is_not_filled_again(before: str, value: str, after: str) -> None:
    assert fill(f"${{v}}{after}", {"v": value, "name": before}) == value + fill(after, {"name": before})


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("${port}", 6000),
        ("${cpus}", 0.5),
        ("${on}", True),
        ("${memory}", "64MiB"),
        ("${memory.bytes}", 64 * 2**20),
        ('"${port}"', "6000"),
        ("'${on}'", "true"),
        ("on ${port}", "on 6000"),
        ("${port}${port}", "60006000"),
        ('["${port}", {"${name}": x}]', ["6000", {"data": "x"}]),
        ("echo $HOME $$ $${HOME} $$${x", "echo $HOME $$ ${HOME} $${x"),
        ("7", 7),
    ],
)
def test_a_number_stays_one_where_it_stands_alone_and_without_quotes(written: str, value: object) -> None:
    found = filled(written)
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (
            "${prt}",
            "own.yaml:9:5: it: unknown parameter 'prt'; did you mean 'port'? allowed: memory, port, cpus",
        ),
        (
            "echo ${HOME}",
            "allowed: memory, port, cpus, on, name; a literal ${ is written $${",
        ),
        ("${name:-x}", "unknown parameter 'name:-x'; did you mean 'name'?"),
        ("${}", "unknown parameter ''"),
        ("${port", "expected ${NAME} of a parameter; a literal ${ is written $${"),
        ("${name.bytes}", "name is no size, so there is no ${name.bytes}"),
        ('{"${name}": 1, data: 2}', "own.yaml:9:26: it.data: the field 'data' stands there already"),
    ],
)
def test_what_is_no_parameter_is_told_with_its_place(written: str, said: str) -> None:
    with pytest.raises(AssignmentError) as told:
        filled(written)
    assert said in str(told.value)


def test_all_is_told_at_once_in_the_files_order() -> None:
    with pytest.raises(AssignmentError) as told:
        given(own('b: "${beta}"\na: ["${alpha}", "${beta}"]\n'), VALUES)
    assert [line.split(": ")[1] for line in str(told.value).splitlines()] == ["b", "a[0]"]  # each text once


def test_a_parameter_that_stands_nowhere_is_told() -> None:
    source = parse_source(DECLARED.replace("${cpus}", "$${cpus}"), "own.yaml")
    with pytest.raises(
        AssignmentError, match=r"^own\.yaml:5:9: parameters\.cpus: it is used nowhere"
    ) as told:
        given(source, VALUES)
    assert len(str(told.value).splitlines()) == 1


@pytest.mark.parametrize(
    "field",
    [
        "id: x${port}",
        "kind: ${name}",
        "points: ${port}",
        "needs: ['${name}']",
        "visibility: ${name}",
        "mistakes: [{actual: 1, code: 'a${port}'}]",
    ],
)
def test_what_is_one_for_all_has_no_parameters(field: str) -> None:
    source = own(f"tasks:\n- id: t\n  title: t\n  checks:\n  - {field}\n")
    with pytest.raises(AssignmentError, match=r"own\.yaml:13:\d+: tasks\[0\]\.checks\[0\]\.\w+") as told:
        given(source, VALUES)
    assert "this is the same for every student; a parameter cannot stand here" in str(told.value)


CHECK = """\
tasks:
- id: t
  title: On ${port}
  checks:
  - {id: c, kind: container, container: server, memory: "${memory}", title: {en: "${memory}"}}
  - id: d
    kind: http
    container: server
    status: ${port}
"""


def test_validation_errors_stand_where_the_author_wrote() -> None:
    text = DECLARED.replace('used: "', 'title: "') + CHECK
    with pytest.raises(AssignmentError) as told:
        validated(given(parse_source(text, "own.yaml"), VALUES), None)  # type: ignore[arg-type]
    assert str(told.value) == "own.yaml:17:13: tasks[0].checks[1].status: expected 599 or less, found 6000"


def test_titles_can_keep_their_references() -> None:
    text = DECLARED.replace('used: "', 'title: "') + CHECK.replace("${port}", "$${port} ${name}", 1)
    data = given(parse_source(text, "own.yaml"), VALUES, titles=False).data
    check = data["tasks"][0]["checks"][0]
    assert data["tasks"][0]["title"] == "On ${port} ${name}"
    assert (check["title"]["en"], check["memory"]) == ("${memory}", "64MiB")


def test_commands_that_start_before_validation_have_the_values() -> None:
    source = own("""\
tasks:
- id: t
  checks:
  - {kind: exec, container: "web-${name}", command: [get, "${port}"]}
""")
    assert commands_of(given(source, VALUES).data, None) == [Exec("web-data", ("get", "6000"))]


def test_an_assignment_without_parameters_is_never_looked_at() -> None:
    text = (
        "id: x\ntitle: ${a}\ntasks: [{id: t, title: '$${b', checks: [{id: c, kind: http, container: s}]}]\n"
    )
    loaded = validated(parse_source(text, "x.yaml"), None)  # type: ignore[arg-type]
    assert (loaded.assignment.title, loaded.assignment.tasks[0].title) == ("${a}", "$${b")


def test_a_long_text_that_stands_very_often_is_filled_once() -> None:
    text = DECLARED + f'long: &long "${{name}}{"x" * 100_000}"\nmany: [{"*long," * 20_000}]\n'
    made = given(parse_source(text, "own.yaml"), VALUES).data["many"]
    assert len(made) == 20_000 and made[0] is made[-1]


@examples(
    st.recursive(st.none() | st.booleans() | st.integers() | TEXTS, lambda inner: st.lists(inner, max_size=3))
)
def test_plain_data_keeps_its_shape(data: Any) -> None:
    def literal(part: Any) -> Any:
        return [literal(each) for each in part] if isinstance(part, list) else _escaped(part)

    text = DECLARED + yaml.safe_dump({"it": literal(data)}, allow_unicode=False)
    source = parse_source(text, "own.yaml")
    assert given(source, VALUES).data["it"] == _unescaped(source.data["it"])


def _escaped(part: Any) -> Any:
    return escape(part) if isinstance(part, str) else part


def _unescaped(part: Any) -> Any:
    if isinstance(part, list):
        return [_unescaped(each) for each in part]
    return part.replace("$${", "${") if isinstance(part, str) else part
