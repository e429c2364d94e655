"""Sizes and CPUs as authors write them and as people read them."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dockgrader.units import exact_size, human_cpus, human_size, parse_cpus, parse_size, trimmed


@pytest.mark.parametrize(
    ("written", "size"),
    [
        (0, 0),
        (209715200, 209715200),
        ("209715200", 209715200),
        ("200MiB", 209715200),
        ("200 mib", 209715200),
        (" 200MIB ", 209715200),
        ("200MB", 200000000),
        ("0.5KiB", 512),
        ("1.5GiB", 1610612736),
        ("1TB", 10**12),
        ("12b", 12),
    ],
)
def test_a_size_is_bytes_or_has_a_unit(written: object, size: int) -> None:
    assert parse_size(written) == size


@pytest.mark.parametrize(
    "written",
    [
        "200m",
        "200M",
        "200g",
        "0.3B",
        "-1",
        -1,
        "MiB",
        "",
        "1 2",
        "1e3",
        "٢MiB",
        True,
        None,
        1.5,
        [],
        "9" * 19,
    ],
)
def test_a_size_that_could_mean_two_things_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match="expected a size such as 200MiB"):
        parse_size(written)


@pytest.mark.parametrize(
    ("written", "nano"),
    [
        (0.5, 500_000_000),
        ("0.5", 500_000_000),
        (".5", 500_000_000),
        (2, 2 * 10**9),
        (0.1, 100_000_000),
        ("1e-9", 1),
    ],
)
def test_cpus_are_billionths(written: object, nano: int) -> None:
    assert parse_cpus(written) == nano


@pytest.mark.parametrize(
    "written", [0, -1, "half", "", None, True, "nan", "inf", 10_001, "1e-10", "1e999999999", []]
)
def test_what_is_no_number_of_cpus_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match=r"expected a number of CPUs such as 0\.5"):
        parse_cpus(written)


@given(st.text() | st.integers() | st.floats())
@example("1e-9999999")
def test_whatever_an_author_writes_gives_a_number_or_a_value_error(written: object) -> None:
    for parse in (parse_size, parse_cpus):
        try:
            assert parse(written) >= 0
        except ValueError as error:
            assert "expected a" in str(error)


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, "0 B"),
        (512, "512 B"),
        (4096, "4 KiB"),
        (200_000_000, "190.73 MiB"),
        (209_715_200, "200 MiB"),
        (209_815_200, "200.1 MiB"),
        (1 << 30, "1 GiB"),
        (-4096, "-4 KiB"),
    ],
)
def test_sizes_are_shown_in_binary_units(size: int, shown: str) -> None:
    assert human_size(size) == shown


@given(st.integers(1, 10**13))
def test_shown_cpus_can_be_read_back(nano: int) -> None:
    assert parse_cpus(human_cpus(nano)) == nano


@pytest.mark.parametrize(("number", "shown"), [(2, "2"), (0.5, "0.5"), (190.734, "190.73"), (100, "100")])
def test_needless_zeros_are_left_out(number: float, shown: str) -> None:
    assert trimmed(number) == shown


@pytest.mark.parametrize(
    ("size", "like", "written"),
    [
        (96 * 1024**2, "64MiB", "96MiB"),
        (2 * 1024**3, "64MiB", "2GiB"),
        (1536 * 1024**2, "0.5GiB", "1536MiB"),
        (2 * 10**9, "500 MB", "2GB"),
        (10**6 + 1, "1mb", "1000001B"),
        (1024, "512", "1024B"),
        (0, "64MiB", "0B"),
    ],
)
def test_a_size_is_written_exactly_in_units_of_its_like(size: int, like: str, written: str) -> None:
    assert exact_size(size, like) == written


@given(st.integers(0, 10**17), st.sampled_from(["1MiB", "1 GB", "7", "7b", "0.5kib"]))
def test_what_is_written_exactly_is_read_back(size: int, like: str) -> None:
    assert parse_size(exact_size(size, like)) == size
