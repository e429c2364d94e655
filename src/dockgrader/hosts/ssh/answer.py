"""An engine's HTTP answer as it comes over a channel.

http.client reads heads with the parser for mail, which takes longer than all else that an answer needs. Its exceptions
are raised here as well.
"""

from __future__ import annotations

import re
from http.client import BadStatusLine, HTTPException, IncompleteRead, LineTooLong, RemoteDisconnected
from io import BufferedReader

_LINE = 65536
_HEADERS = 100
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-9][0-9]{2})(?:\s|$)")
_NUMBER = re.compile(rb"[0-9]{1,18}", re.ASCII)
_CHUNK = re.compile(rb"([0-9a-fA-F]{1,15})\s*(?:;.*)?", re.ASCII)


class HttpAnswer:
    """The head is read when it is made. Raises HTTPException, and what the file raises."""

    def __init__(self, file: BufferedReader) -> None:
        self._file = file
        self.status = self._status()
        self._head = self._headers()
        self._chunked = self.header("transfer-encoding").lower() == "chunked"
        length = self._head.get(b"content-length", b"")
        self._left = int(length) if not self._chunked and _NUMBER.fullmatch(length) else None
        """Bytes of the body, or of a chunk, that are still to come; None for all until the connection ends."""
        if self._chunked or self.status in (204, 304):
            self._left = 0
        self._ended = not self._chunked and self._left == 0
        self._kept = self.header("connection").lower() != "close"

    def header(self, name: str) -> str:
        """As an Answer's."""
        return self._head.get(name.encode(), b"").decode("latin-1")

    @property
    def whole(self) -> bool:
        """Whether all of it was read, and the connection can be used again."""
        return self._ended and self._kept

    def read1(self, size: int) -> bytes:
        """What comes next of the body, empty at its end. Raises IncompleteRead when it is cut off."""
        if self._chunked and not self._left:
            self._next_chunk()
        if self._ended:
            return b""
        data = self._file.read1(size if self._left is None else min(size, self._left))
        if self._left is None:
            self._ended, self._kept = not data, False
        elif not data:
            raise IncompleteRead(b"", self._left)
        else:
            self._left -= len(data)
            self._ended = not self._left and not self._chunked
        if self._chunked and not self._left:
            self._line()  # the end of the chunk's line
        return data

    def _next_chunk(self) -> None:
        if self._ended:
            return
        size = _CHUNK.fullmatch(self._line().strip())
        if not size:
            raise IncompleteRead(b"")
        self._left = int(size[1], 16)
        if not self._left:
            self._headers()
            self._ended = True

    def _line(self) -> bytes:
        line = self._file.readline(_LINE + 1)
        if len(line) > _LINE:
            raise LineTooLong("header line")
        return line

    def _status(self) -> int:
        for _ in range(_HEADERS):
            line = self._line()
            if not line:
                raise RemoteDisconnected("closed without an answer")
            found = _STATUS.match(line)
            if not found:
                raise BadStatusLine(repr(line[:100]))
            if not found[1].startswith(b"1"):
                return int(found[1])
            self._headers()
        raise HTTPException("no answer after all")

    def _headers(self) -> dict[bytes, bytes]:
        headers: dict[bytes, bytes] = {}
        for _ in range(_HEADERS):
            line = self._line()
            if line in (b"\r\n", b"\n", b""):
                return headers
            name, _, value = line.partition(b":")
            headers[name.strip().lower()] = value.strip()
        raise HTTPException("more headers than an engine sends")
