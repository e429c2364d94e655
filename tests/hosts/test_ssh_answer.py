"""An engine's answers as they come over a channel, cut anywhere."""

from __future__ import annotations

import contextlib
import http.client
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockgrader.hosts.ssh.answer import HttpAnswer

OK = b"HTTP/1.1 200 OK\r\n"


class Dripping(io.RawIOBase):
    """Gives so many bytes at a time."""

    def __init__(self, data: bytes, step: int) -> None:
        self._data = data
        self._step = step

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        size = min(self._step, len(buffer), len(self._data))
        buffer[:size], self._data = self._data[:size], self._data[size:]
        return size


def answer(data: bytes, step: int = 1 << 16) -> HttpAnswer:
    return HttpAnswer(io.BufferedReader(Dripping(data, step)))


def body(answer: HttpAnswer) -> bytes:
    return b"".join(iter(lambda: answer.read1(7), b""))


@given(st.binary(max_size=60), st.integers(1, 20), st.sampled_from(["length", "chunked", "end"]))
def test_a_body_arrives_whole_however_it_is_sent(content: bytes, step: int, kind: str) -> None:
    sent = {
        "length": OK + b"content-length: %d\r\n\r\n%b" % (len(content), content),
        "chunked": OK
        + b"Transfer-Encoding: chunked\r\n\r\n"
        + b"".join(
            b"%x;name=value\r\n%b\r\n" % (len(part), part) for part in (content[:9], content[9:]) if part
        )
        + b"0\r\nTrailer: x\r\n\r\n",
        "end": OK + b"\r\n" + content,
    }[kind]
    found = answer(sent, step)
    assert (found.status, body(found)) == (200, content)
    assert found.read1(5) == b""
    assert found.whole is (kind != "end")


def test_the_connection_is_not_used_again_when_the_engine_says_so_or_something_is_left() -> None:
    closed = answer(OK + b"Connection: close\r\nContent-Length: 2\r\n\r\nhi")
    assert body(closed) == b"hi"
    assert not closed.whole
    half_read = answer(OK + b"Content-Length: 2\r\n\r\nhi")
    assert half_read.read1(1) == b"h"
    assert not half_read.whole


def test_a_promise_of_an_answer_is_none() -> None:
    assert answer(b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"\r\n").status == 200


@pytest.mark.parametrize("status", [204, 304])
def test_some_have_no_body(status: int) -> None:
    found = answer(b"HTTP/1.1 %d No\r\n\r\n" % status)
    assert (found.read1(9), found.whole) == (b"", True)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", http.client.RemoteDisconnected),
        (b"SSH-2.0-OpenSSH\r\n", http.client.BadStatusLine),
        (b"HTTP/1.1 2000 x\r\n\r\n", http.client.BadStatusLine),
        (OK + b"a" * 70_000, http.client.LineTooLong),
        (OK + b"a: b\r\n" * 200, http.client.HTTPException),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 200, http.client.HTTPException),
        (OK + b"Content-Length: 5\r\n\r\nhi", http.client.IncompleteRead),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhi", http.client.IncompleteRead),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nmany\r\nhi", http.client.IncompleteRead),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nhi", http.client.IncompleteRead),
    ],
)
def test_what_is_no_answer(data: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        body(answer(data))


PARTS = st.sampled_from([OK, b"\r\n", b"Content-Length: ", b"9", b"Transfer-Encoding: chunked\r\n"])


@given(st.lists(PARTS | st.binary(max_size=9)))
def test_no_bytes_break_the_reading(parts: list[bytes]) -> None:
    with contextlib.suppress(http.client.HTTPException):
        body(answer(b"".join(parts)))
