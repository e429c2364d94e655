"""Parameters as authors declare them: what the values are, and what is said of wrong ones."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockgrader.assignment.parameters import Parameter, declared
from dockgrader.assignment.source import parse_source
from dockgrader.errors import AssignmentError
from dockgrader.units import parse_cpus, parse_size


def a_parameter(**fields: Any) -> Parameter:
    return Parameter.model_validate(
        {"from" if name == "from_" else name: value for name, value in fields.items()}
    )


def values(parameter: Parameter) -> list[object]:
    return [parameter.value(place) for place in range(parameter.count)]


@pytest.mark.parametrize(
    ("fields", "drawn"),
    [
        ({"one_of": ["a", 1, 2.5, True]}, ["a", 1, 2.5, True]),
        ({"from_": 6000, "to": 6002}, [6000, 6001, 6002]),
        ({"from_": -4, "to": 4, "step": 4}, [-4, 0, 4]),
        ({"from_": "64MiB", "to": "192MiB", "step": "64MiB"}, ["64MiB", "128MiB", "192MiB"]),
        ({"from_": "512MiB", "to": "1.5GiB", "step": "0.5GiB"}, ["512MiB", "1GiB", "1536MiB"]),
        ({"from_": "500MB", "to": "1GB", "step": "500MB"}, ["500MB", "1GB"]),
        ({"from_": 0, "to": "2KiB", "step": 1024}, ["0B", "1KiB", "2KiB"]),
        ({"from_": 0.25, "to": 1, "step": 0.25}, [0.25, 0.5, 0.75, 1]),
    ],
)
def test_the_values_are_written_as_an_author_writes_them(fields: dict[str, Any], drawn: list[object]) -> None:
    found = values(a_parameter(**fields))
    assert found == drawn
    assert [type(value) for value in found] == [type(value) for value in drawn]  # 1 is neither 1.0 nor true


def test_a_range_knows_its_values_however_they_are_written() -> None:
    memory, cpus, port = (
        a_parameter(from_="64MiB", to="1GiB", step="64MiB"),
        a_parameter(from_=0.25, to=2, step=0.25),
        a_parameter(from_=6000, to=6999),
    )
    assert [memory.place(value) for value in ("64MiB", "65536KiB", 2**30, "1GiB")] == [0, 0, 15, 15]
    assert [memory.place(value) for value in ("32MiB", "65MiB", "2GiB", "apple", None)] == [None] * 5
    assert [cpus.place(value) for value in (0.25, "0.50", 2, 3, True)] == [0, 1, 7, None, None]
    assert [port.place(value) for value in (6000, 6999, 7000, "6000", 6000.0)] == [0, 999, None, None, None]


def test_a_list_knows_its_values_by_their_text() -> None:
    mixed = a_parameter(one_of=["7", True, 0.5])
    assert [mixed.place(value) for value in (7, "7", "true", True, 1, "0.5")] == [0, 0, 1, 1, None, 2]


@given(
    st.integers(0, 10**6),
    st.integers(1, 10**6),
    st.integers(1, 1000),
    st.sampled_from(["KiB", "MB", "GiB", "B"]),
)
def test_each_value_of_a_range_of_sizes_is_that_size(first: int, step: int, steps: int, unit: str) -> None:
    sizes = a_parameter(from_=f"{first}{unit}", to=f"{first + step * steps}{unit}", step=f"{step}{unit}")
    for place in {0, 1, steps // 2, steps}:
        assert parse_size(sizes.value(place)) == (first + place * step) * parse_size(f"1{unit}")
        assert sizes.place(sizes.value(place)) == place


@given(st.integers(1, 400), st.integers(1, 100))
def test_each_value_of_a_range_of_cpus_is_so_many(first: int, steps: int) -> None:
    cpus = a_parameter(from_=first / 100, to=(first + steps) / 100, step=0.01)
    assert [parse_cpus(value) for value in values(cpus)] == [
        n * 10**7 for n in range(first, first + steps + 1)
    ]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("p: {}", "4:6: parameters.p: expected one_of: [VALUE, …], or from: and to:"),
        ("p: {from: 1}", "parameters.p: expected one_of: [VALUE, …], or from: and to:"),
        ("p: {one_of: [a]}", "4:15: parameters.p.one_of: expected 2 or more entries"),
        (
            "p: {one_of: [a, [b]]}",
            "parameters.p.one_of[1]: expected true or false or a whole number or",
        ),
        ("p: {one_of: [a, 1, a]}", "parameters.p: one_of: 'a' stands there twice"),
        ('p: {one_of: [1, "1"]}', "parameters.p: one_of: '1' stands there twice"),
        ("p: {one_of: [a, b], to: 1}", "parameters.p: expected either one_of, or from and to"),
        ("p: {one_of: [a, .inf]}", "parameters.p.one_of[1]: expected true or false or a finite number"),
        ("p: {from: 3, to: 3}", "to: expected more than 3, found 3"),
        ("p: {from: 1, to: 10, step: 4}", "to: the steps do not reach 10; the last one before it is 9"),
        ("p: {from: 1, to: 9, step: 0}", "step: expected more than 0, found 0"),
        ("p: {from: 64MiB, to: 128MiB}", "step: is needed for sizes and CPUs"),
        ("p: {from: 64MiB, to: 128, step: 64MiB}", "to: expected more than '64MiB', found 128"),
        ("p: {from: 64m, to: 128m, step: 64m}", "expected a size such as 200MiB, 200MB or a number of bytes"),
        ("p: {from: 0, to: 2000000000}", "expected at most 1000000000 values, found 2000000001"),
        (
            "p: {from: 1, to: 2, every: 1}",
            "4:23: parameters.p.every: unknown field; allowed: one_of, from, to",
        ),
        (
            "Port: {from: 1, to: 2}",
            "4:3: parameters.Port: expected small letters, digits and '_', a letter first",
        ),
        ("p.x: {from: 1, to: 2}", "expected small letters, digits and '_'"),
    ],
)
def test_a_wrong_declaration_is_told_with_its_place(wrong: str, said: str) -> None:
    source = parse_source(f"id: own\ntitle: x\nparameters:\n  {wrong}\ntasks: []\n", "own.yaml")
    with pytest.raises(AssignmentError) as told:
        declared(source)
    assert str(told.value).startswith("own.yaml:4:")
    assert said in str(told.value)


@pytest.mark.parametrize("wrong", ["", " {}", " [a]", " text"])
def test_something_must_be_declared(wrong: str) -> None:
    source = parse_source(f"id: own\nparameters:{wrong}\n", "own.yaml")
    with pytest.raises(AssignmentError, match=r"own\.yaml:2:\d+: parameters: expected "):
        declared(source)
