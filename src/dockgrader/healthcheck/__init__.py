"""Is a container's healthcheck really the expected command, such as `redis-cli ping`? Nothing is run.

A healthcheck is right if it runs the expected command, passes (exit status 0) while that command succeeds,
and fails while it fails. So the script is parsed and followed twice on paper: in a world in which the service
is up (`redis-cli ping` prints PONG and exits 0) and in one in which it is down (it complains on standard error
and exits 1). A command that is not known here has an unknown exit status; a healthcheck that hangs on one is
`healthcheck.unclear`, which is a failure: it cannot be seen to be the expected command.

Some readings are generous; where they are wrong the container is never healthy, and another check says so.
A variable that the script does not set is one word, a file that is written to can be written, and the shell
is one that knows `[[`, `==` and pipefail (busybox ash and bash do, dash does not).

To read it: `verdict` compares the two worlds. `parser` (with `words`, `cursor`) makes the tree of `syntax`,
`paper_shell` (with `state`, `expansion`) follows it in a `world`, `programs` (with `expected`, `conditions`,
`grep`, `patterns`) has the commands that are known.
Sources: the Docker engine's healthcheck probe, redis-cli's option parser, POSIX.1-2017 and dash.
"""

from __future__ import annotations

from dockgrader.healthcheck.verdict import HEALTH_CODES, HealthVerdict, judge_health_command

__all__ = ["HEALTH_CODES", "HealthVerdict", "judge_health_command"]
