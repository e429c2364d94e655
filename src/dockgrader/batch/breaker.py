"""Is it the machines, or is it us? When many in a row fail alike, the answer is looked for before it is written down.

Without a network, a jump host or an agent every machine of the class fails, each as if it were its own fault. So
failures of these kinds are held back while they follow each other. When there are many, a machine that answered
before (the witness) is asked again: if it fails as well, it is us.
"""

from __future__ import annotations

import re

from dockgrader.batch.work import Job, Outcome
from dockgrader.frozen import dataclass

_NETWORK = frozenset(("ssh.unreachable", "ssh.timeout", "ssh.lost", "ssh.host-unknown"))
_LOGIN = frozenset(("ssh.no-key", "ssh.auth", "ssh.config"))
_JUMP = re.compile(r"(\S+) \(a jump host\)")

Likeness = tuple[str, str]
"""What failed (`network`, `login`, `jump`), and the jump host, if it was one."""


@dataclass(frozen=True)
class Failure:
    """A job that failed, with what came of it."""

    job: Job
    outcome: Outcome


def likeness(outcome: Outcome) -> Likeness | None:
    """Which kind of our own failures this may be; None when it surely is none, as when the machine said something."""
    if not outcome.code:
        return None
    if jump := _JUMP.search(outcome.reason):
        return "jump", jump[1]
    if outcome.code in _NETWORK:
        return "network", ""
    return ("login", "") if outcome.code in _LOGIN else None


class Breaker:
    """Holds failures that follow each other and are alike; `tripped` says when there are too many to believe."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: list[Failure] = []
        self._alike: Likeness | None = None
        self._believed: set[Likeness] = set()
        self.witness: Job | None = None
        """The last job whose machine answered."""
        self.ours = False
        """Whether it is known that what is held back failed for our sake: then nothing releases it but `release`."""

    @property
    def tripped(self) -> bool:
        """Whether to find out before going on."""
        return len(self._held) >= self._most

    @property
    def held(self) -> tuple[Failure, ...]:
        """What is held back, the oldest first."""
        return tuple(self._held)

    def take(self, job: Job, outcome: Outcome) -> list[Failure]:
        """Another job has ended; the outcomes that can be written down now, in their order."""
        failure, alike = Failure(job, outcome), likeness(outcome)
        if alike is None:
            if not outcome.code:
                self.witness = job
                self._believed.clear()
            return [failure] if self.ours else [*self.release(), failure]
        if alike in self._believed:
            return [failure]
        before = self.release() if not self.ours and self._alike not in (None, alike) else []
        self._alike = alike
        self._held.append(failure)
        return before

    def believe(self) -> list[Failure]:
        """It is the machines: what was held back, to be written down. More of the kind is believed from now on."""
        if self._alike:
            self._believed.add(self._alike)
        return self.release()

    def release(self) -> list[Failure]:
        """What was held back, which is forgotten here."""
        held, self._held, self._alike, self.ours = self._held, [], None, False
        return held

    def same(self, outcome: Outcome) -> bool:
        """Whether an outcome fails as those that are held."""
        return self._alike is not None and likeness(outcome) == self._alike
