"""The expected command: is a program that is called by its name asked for the same, and what does it answer?

Sources: redis-cli's option parser and what it prints.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from dockgrader.healthcheck.names import basename, words
from dockgrader.healthcheck.world import IO, Field, Log, show


class _Answer(NamedTuple):
    """What the expected command prints: `out` where it succeeds, `err` and `failing_out` where it fails."""

    out: str | None
    err: str | None
    failing_out: str | None = ""
    reads_stdin: bool = False


def run_expected(args: list[Field], io: IO, log: Log) -> int | None:
    """Run the expected program on paper; its status, None for one that is not known."""
    call = " ".join([log.expected[0], *("…" if arg is None else arg for arg in args)])
    answer = _match_call(args, log.expected)
    if not isinstance(answer, _Answer):
        if answer:
            log.unknown = log.unknown or answer
        else:
            log.other = log.other or call
        io.spoil()
        log.cannot_tell(log.expected[0])
        return None
    log.ran = True
    if answer.reads_stdin:
        io.stdin.read()
    if log.up:
        io.out.write(answer.out)
        return 0
    io.out.write(answer.failing_out)
    io.err.write(answer.err)
    return 1


_REDIS_FLAGS = words(
    """
    --raw --no-raw --no-auth-warning --tls --insecure --json --csv --quoted-json --quoted-input
    --verbose -2 -3 -4 -6 -c -e -x
    """
)
_REDIS_OPTIONS = words(
    """
    -h -p -s -a -u -n -t -r -i -d -D -X --user --pass --sni --cacert --cacertdir --cert --key
    --tls-ciphers --tls-ciphersuites --show-pushes
    """
)
_REDIS_MODES = words(
    """
    --help --version -v --latency --latency-dist --latency-history --lru-test --stat --replica --slave
    --scan --pattern --count --intrinsic-latency --rdb --pipe --functions-rdb --bigkeys --memkeys
    --hotkeys --eval --ldb --cluster --askpass
    """
)
_REDIS_RESHAPES = words("-r -i -x -X -d -D --json --quoted-json --csv --no-raw --quoted-input")
_REDIS_DOWN = "Could not connect to Redis at 127.0.0.1:6379: Connection refused\n"


def _match_call(args: list[Field], expected: Sequence[str]) -> _Answer | str:
    """What the expected program answers; why nobody knows it; or "" if it is asked for something else."""
    if basename(expected[0]) == "redis-cli" and len(expected) > 1:
        return _match_redis(args, expected[1:])
    wanted = list(expected[1:])
    if any(arg in ("--help", "--version", "-V") for arg in args if arg not in wanted):
        return ""
    for start in range(len(args) - len(wanted) + 1):
        before, after = args[:start], args[start + len(wanted) :]
        if args[start : start + len(wanted)] == wanted and all(
            not extra or (extra[0] or "").startswith("-") for extra in (before, after)
        ):
            return _Answer(None, None, None)
    return "its words are not known" if None in args else ""


def _match_redis(args: list[Field], wanted: Sequence[str]) -> _Answer | str:
    options: set[str] = set()
    at = 0
    while at < len(args) and (args[at] is None or (args[at] or "").startswith("-")):
        option = args[at]
        takes_value = option in _REDIS_OPTIONS
        if option is None or not (takes_value or option in _REDIS_FLAGS | _REDIS_MODES):
            return (
                f"the option {show(option)} of redis-cli is not known" if option else "an option is not known"
            )
        if option in _REDIS_MODES or (takes_value and at + 1 == len(args)):
            return ""
        options.add(option)
        at += 2 if takes_value else 1
    command = args[at:]
    if None in command[: len(wanted)]:
        return "its command is not known"
    said = [word or "" for word in command[: len(wanted)]]
    pings = len(wanted) == 1 and wanted[0].lower() == "ping"
    if not said or said[0].lower() != wanted[0].lower() or said[1:] != list(wanted[1:]):
        return ""
    if len(command) > len(wanted) + pings:
        return ""
    message = command[len(wanted)] if len(command) > len(wanted) else "PONG"
    plain = pings and not options & _REDIS_RESHAPES
    return _Answer(
        f"{message}\n" if plain and message is not None else None, _REDIS_DOWN, reads_stdin="-x" in options
    )
