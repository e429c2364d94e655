"""The programs that are known, and those that run another one."""

from __future__ import annotations

import re
from collections.abc import Callable

from dockgrader.healthcheck import conditions
from dockgrader.healthcheck.expected import run_expected
from dockgrader.healthcheck.grep import grep
from dockgrader.healthcheck.names import BUILTIN_ONLY, SENSITIVE, basename
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


_WRAPPERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "timeout": (
        r"--foreground|--preserve-status|--(signal|kill-after)=.*",
        ("-s", "-k", "--signal", "--kill-after"),
    ),
    "nice": (r"--adjustment=.*", ("-n",)),
    "env": (r"[A-Za-z_]\w*=.*", ()),
}
"""Programs that run another one: what may stand before it, and their options that take a value."""


def unwrap(fields: list[Field]) -> list[Field] | None:
    """What a program that runs another one (`timeout 3`, `env A=b`, `nice`) runs, else None."""
    name = basename(fields[0] or "") if fields else ""
    if name not in _WRAPPERS:
        return None
    alone, with_value = _WRAPPERS[name]
    at = 1
    while at < len(fields) and (fields[at] in with_value or re.fullmatch(alone, fields[at] or "", re.DOTALL)):
        if (fields[at] or "").partition("=")[0] in SENSITIVE:
            return None
        at += 2 if fields[at] in with_value else 1
    if name == "timeout":
        if at >= len(fields) or not re.fullmatch(r"[0-9]+(\.[0-9]+)?[smhd]?", fields[at] or ""):
            return None
        at += 1
    program = fields[at] if at < len(fields) else None
    return None if program is None or program.startswith("-") or program in BUILTIN_ONLY else fields[at:]


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


def _cat(args: list[str], stdin: Input) -> Outcome:
    return (0, stdin.read()) if set(args) <= {"-"} else UNKNOWN


def _tee(args: list[str], stdin: Input) -> Outcome:
    files = [arg for arg in args if arg not in ("-a", "/dev/null")]
    return UNKNOWN if any(file.startswith(("-", "/dev/", "/proc/")) for file in files) else (0, stdin.read())


def _first_or_last(args: list[str], stdin: Input, *, first: bool) -> Outcome:
    match = re.fullmatch(r"|-(?:n ?)?([0-9]{1,4})", " ".join(args))
    text = stdin.read()
    if not match or text is None:
        return (0 if match else None), None
    count = int(match.group(1) or 10)
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    return 0, "".join(lines[:count] if first else lines[max(0, len(lines) - count) :])


def _tr(args: list[str], stdin: Input) -> Outcome:
    text = stdin.read()
    if len(args) != 2 or args[0] != "-d" or not re.fullmatch(r"(?:[\w ]|\\[rn])+", args[1], re.ASCII):
        return UNKNOWN
    gone = args[1].replace("\\r", "\r").replace("\\n", "\n")
    return 0, None if text is None else "".join(char for char in text if char not in gone)


def _wc(args: list[str], stdin: Input) -> Outcome:
    text = stdin.read()
    if args != ["-l"]:
        return UNKNOWN
    return 0, None if text is None else f"{text.count(chr(10))}\n"


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
    "cat": _cat,
    "tee": _tee,
    "head": lambda args, stdin: _first_or_last(args, stdin, first=True),
    "tail": lambda args, stdin: _first_or_last(args, stdin, first=False),
    "tr": _tr,
    "wc": _wc,
    "sleep": _sleep,
}
