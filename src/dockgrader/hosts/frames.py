"""The engine's multiplexed output: frames of an 8-byte header (stream, 3 zero bytes, big-endian size) and data.

Source: the engine's API, "Attach to a container", stream format.
"""

from __future__ import annotations

from collections.abc import Callable

from dockgrader.hosts.deadline import Deadline

STDERR = 2


class Frames:
    """Standard output and error of one exec, `cap` bytes each at the most."""

    def __init__(self, cap: int) -> None:
        self._cap = cap
        self._buffers = {1: bytearray(), STDERR: bytearray()}
        self._pending = bytearray()
        self.timed_out = False
        self.flooded = False
        self.broken = False

    @property
    def stdout(self) -> bytes:
        """What came on standard output."""
        return bytes(self._buffers[1])

    @property
    def stderr(self) -> bytes:
        """What came on standard error."""
        return bytes(self._buffers[STDERR])

    def failed_to_start(self, body: bytes) -> None:
        """The runtime's reason, where the command could not be started, stands for its error output."""
        self._buffers[STDERR] += body[: self._cap]

    def read(self, read1: Callable[[int], bytes], deadline: Deadline) -> None:
        """Read until EOF, the cap or the deadline."""
        while not (self.flooded or self.broken):
            chunk = read1(1 << 16)
            if not chunk:
                self.broken = bool(self._pending)
                return
            self.feed(chunk)
            if deadline.passed():
                self.timed_out = True
                return

    def feed(self, chunk: bytes) -> None:
        """Take bytes as they come, frames cut anywhere; `broken` tells that they are none."""
        self._pending += chunk
        while len(self._pending) >= 8:
            size = int.from_bytes(self._pending[4:8], "big")
            buffer = self._buffers.get(self._pending[0])
            if buffer is None or self._pending[1:4] != b"\0\0\0":
                self.broken = True
                return
            room = self._cap - len(buffer)
            if size > room and len(self._pending) >= 8 + room:
                buffer += self._pending[8 : 8 + room]
                self.flooded = True
                self._pending.clear()
                return
            if len(self._pending) < 8 + size:
                return
            buffer += self._pending[8 : 8 + size]
            del self._pending[: 8 + size]
