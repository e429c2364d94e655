"""The engine's frames, cut anywhere, broken, or without an end."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from dockgrader.hosts.deadline import Deadline
from dockgrader.hosts.frames import Frames

CAP = 1000


def frame(stream: int, data: bytes) -> bytes:
    return bytes([stream, 0, 0, 0]) + len(data).to_bytes(4, "big") + data


def read(*chunks: bytes, cap: int = CAP, seconds: float = 60) -> Frames:
    frames = Frames(cap)
    coming = iter([*chunks, b""])
    frames.read(lambda _: next(coming), Deadline(seconds))
    return frames


def test_both_streams_are_told_apart() -> None:
    frames = read(frame(1, b"out") + frame(2, b"err") + frame(1, b"put"))
    assert (frames.stdout, frames.stderr) == (b"output", b"err")
    assert not (frames.flooded or frames.timed_out or frames.broken)


OUTPUT = st.lists(st.tuples(st.sampled_from((1, 2)), st.binary(max_size=60)), max_size=12)


@given(output=OUTPUT, cuts=st.lists(st.integers(0, 800), max_size=30))
def test_frames_cut_anywhere_give_the_same(output: list[tuple[int, bytes]], cuts: list[int]) -> None:
    data = b"".join(frame(stream, part) for stream, part in output)
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    frames = read(*(data[start:end] for start, end in pairwise(places)))
    assert frames.stdout == b"".join(part for stream, part in output if stream == 1)
    assert frames.stderr == b"".join(part for stream, part in output if stream == 2)
    assert not (frames.flooded or frames.broken)


@given(output=OUTPUT.filter(lambda parts: any(part for _, part in parts)), size=st.integers(1, 9))
def test_output_that_ends_within_a_frame_is_broken(output: list[tuple[int, bytes]], size: int) -> None:
    data = b"".join(frame(stream, part) for stream, part in output if part)
    last = len([part for _, part in output if part][-1])
    assert read(data[: -min(size, last)]).broken


@given(st.integers(0, 3 * CAP), st.integers(1, 200))
def test_no_more_than_the_cap_is_kept(size: int, piece: int) -> None:
    data = b"y" * size
    cut = [data[start : start + piece] for start in range(0, size, piece)]
    frames = read(*(frame(1, part) for part in cut))
    assert frames.stdout == data[:CAP]
    assert frames.flooded == (size > CAP)


def test_a_flood_is_left_at_once() -> None:
    """A gigabyte is announced, more than the cap has come: nothing more is read."""

    def endless() -> Iterator[bytes]:
        yield b"\x01\0\0\0\x40\0\0\0"
        for _ in range(3):
            yield b"y" * (CAP // 2)
        raise AssertionError("read on after the cap")

    coming = endless()
    frames = Frames(CAP)
    frames.read(lambda _: next(coming), Deadline(60))
    assert frames.flooded
    assert frames.stdout == b"y" * CAP


@given(
    st.binary(min_size=8, max_size=40).filter(lambda data: data[0] not in (1, 2) or data[1:4] != b"\0\0\0")
)
def test_what_are_no_frames(data: bytes) -> None:
    frames = read(data)
    assert frames.broken
    assert frames.stdout == b""


def test_time_runs_out_between_chunks() -> None:
    frames = read(frame(1, b"a"), frame(1, b"b"), seconds=0)
    assert frames.timed_out
    assert frames.stdout == b"a"


def test_a_runtimes_reason_stands_for_the_error_output() -> None:
    frames = Frames(5)
    frames.failed_to_start(b"no such file")
    assert frames.stderr == b"no su"
