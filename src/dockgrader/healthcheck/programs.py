"""The programs that are known."""

from __future__ import annotations

import re
from collections.abc import Callable

from dockgrader.healthcheck import conditions, filters
from dockgrader.healthcheck.awk import awk
from dockgrader.healthcheck.expected import run_expected
from dockgrader.healthcheck.grep import grep
from dockgrader.healthcheck.world import IO, UNKNOWN, Field, Input, Log, Outcome, show


def run_program(name: str, args: list[Field], io: IO, log: Log) -> int | None:
    """Run a program that is no shell on paper; its status, None for one that is not known."""
    log.commands.append(name)
    if name == log.program:
        return run_expected(args, io, log)
    if name in ("echo", "printf"):
        return _print(name, args, io, log)
    if name == "which":
        return look_up(["-v", *args], io, log)
    program = _PROGRAMS.get(name)
    texts = [arg for arg in args if arg is not None]
    status, out = program(texts, io.stdin) if program and len(texts) == len(args) else UNKNOWN
    touches = name == "tee" or (status is None and name not in ("test", "["))
    if touches and any(log.program in text for text in texts):
        log.touched = True
        raise log.unclear(f"what {show(name)} does to {show(log.expected[0])} is not known")
    if status is None:
        io.spoil()
        log.cannot_tell(name)
        return None
    io.out.write(out)
    if status > 1:
        io.err.write(None)  # its complaint
    return status


def look_up(args: list[Field], io: IO, log: Log) -> int | None:
    """`command -v NAME`: the expected program is there, of others nobody knows."""
    io.out.write(None)
    if args == ["-v", log.program]:
        return 0
    log.cannot_tell("command")
    return None


def _print(name: str, args: list[Field], io: IO, log: Log) -> int | None:
    shown = " ".join("…" if arg is None else arg for arg in args)
    if log.program in shown:
        log.echoed = shown
    texts = [arg for arg in args if arg is not None]
    known = len(texts) == len(args)
    if name == "echo":
        io.out.write(_echo(texts) if known else None)
        return 0
    if texts[:1] == ["-v"]:
        raise log.unclear("'printf -v' sets a variable")
    text = _printf(texts) if known else None
    io.out.write(text)
    if text is None:
        log.cannot_tell("printf")
        return None
    return 0


def _echo(args: list[str]) -> str | None:
    newline = "\n"
    if args[:1] == ["-n"]:
        args, newline = args[1:], ""
    if args and (args[0].startswith("-") or any("\\" in arg for arg in args)):
        return None  # shells differ
    return " ".join(args) + newline


def _printf(args: list[str]) -> str | None:
    if not args or not re.fullmatch(r"(?:[^%\\-]|%s|%%|\\n)(?:[^%\\]|%s|%%|\\n)*", args[0]):
        return None
    values = iter(args[1:])
    if re.findall(r"%[s%]", args[0]).count("%s") < len(args) - 1:
        return None  # the format would be used again
    text = {"%%": "%", "\\n": "\n"}
    return re.sub(r"%s|%%|\\n", lambda m: text.get(m.group()) or next(values, ""), args[0])


def _sleep(args: list[str], _stdin: Input) -> Outcome:
    return (0 if len(args) == 1 and re.fullmatch(r"[0-9]+(\.[0-9]+)?", args[0]) else None), ""


_PROGRAMS: dict[str, Callable[[list[str], Input], Outcome]] = {
    "true": lambda _args, _stdin: (0, ""),
    "false": lambda _args, _stdin: (1, ""),
    "test": lambda args, _stdin: (conditions.test(args), ""),
    "[": conditions.bracket,
    "grep": grep,
    "egrep": lambda args, stdin: grep(args, stdin, "E"),
    "fgrep": lambda args, stdin: grep(args, stdin, "F"),
    "cat": filters.cat,
    "tee": filters.tee,
    "head": lambda args, stdin: filters.first_or_last(args, stdin, first=True),
    "tail": lambda args, stdin: filters.first_or_last(args, stdin, first=False),
    "tr": filters.tr,
    "cut": filters.cut,
    "xargs": filters.xargs,
    "awk": awk,
    "wc": filters.wc,
    "sleep": _sleep,
}
