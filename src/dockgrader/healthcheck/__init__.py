"""Is a container's healthcheck really the expected command, such as `redis-cli ping`? Nothing is run.

A healthcheck is right if it runs the expected command, passes (exit status 0) while that command succeeds,
and fails while it fails. So the script is parsed and followed twice on paper: in a world in which the service
is up (`redis-cli ping` prints PONG and exits 0) and in one in which it is down (it complains on standard error
and exits 1). A command that is not known here has an unknown exit status, and where that decides, both ways are
followed. A healthcheck is right if it surely fails while the service is down, and can pass while it is up: that it
does, its container shows. One of which neither can be seen is `healthcheck.unclear`, which is a failure.

Some readings are generous; where they are wrong the container is never healthy, and another check says so.
A variable that the script does not set is one word, a file that is written to can be written, and the shell
is one that knows `[[`, `==` and pipefail (busybox ash and bash do, dash does not).

To read it: `verdict` compares the two worlds. `parser` (with `words`, `cursor`) makes the tree of `syntax`,
`paths` follows it on all its ways in a `world`, each with a `paper_shell` (with `nested`, `compound`, `redirections`,
`expanding`, `expansion`, `state`), `programs` (with `wrappers`, `expected`, `conditions`, `filters`, `awk`, `grep`,
`patterns`) has the commands that are known.
Sources: the Docker engine's healthcheck probe, redis-cli's option parser, POSIX.1-2017 and dash.
"""

from __future__ import annotations

from dockgrader.healthcheck.verdict import HEALTH_CODES, HealthVerdict, judge_health_command

__all__ = ["HEALTH_CODES", "HealthVerdict", "judge_health_command"]
