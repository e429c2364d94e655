"""A point in time by which something must have ended."""

from __future__ import annotations

import time


class Deadline:
    """So many seconds from now, on the monotonic clock."""

    def __init__(self, seconds: float) -> None:
        self.end = time.monotonic() + seconds

    def remaining(self) -> float:
        """Seconds that are left; 0 when it has passed."""
        return max(0.0, self.end - time.monotonic())

    def passed(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() >= self.end

    def sooner(self, seconds: float) -> Deadline:
        """The earlier of this one and `seconds` from now."""
        other = Deadline(seconds)
        other.end = min(self.end, other.end)
        return other
