"""The verdict on a healthcheck: what `docker inspect` shows is followed in both worlds, and the two are compared.

Source of the forms of a healthcheck: the Docker engine's healthcheck probe.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from dockgrader.frozen import dataclass
from dockgrader.healthcheck.names import SHELLS, basename
from dockgrader.healthcheck.parser import parse
from dockgrader.healthcheck.paths import Program, follow
from dockgrader.healthcheck.syntax import MAX_SCRIPT, ShellSyntaxError, UnsupportedSyntax
from dockgrader.healthcheck.world import FAILURE, Log, show

HEALTH_CODES = (
    "ok",
    "healthcheck.none",
    "healthcheck.disabled",
    "healthcheck.empty",
    "healthcheck.always-passes-or-true",
    "healthcheck.always-passes-exit",
    "healthcheck.always-passes",
    "healthcheck.never-passes",
    "healthcheck.echo",
    "healthcheck.true",
    "healthcheck.comment",
    "healthcheck.other-command",
    "healthcheck.shell-syntax-in-exec",
    "healthcheck.list-as-text",
    "healthcheck.split-shell-form",
    "healthcheck.typographic-quotes",
    "healthcheck.unparsable",
    "healthcheck.unclear",
)
"""Every code that a verdict can have. Two names do not say enough: `list-as-text` is an exec form that
reached Docker as text (`['redis-cli', 'ping']`, or `CMD redis-cli ping` in a compose file),
`split-shell-form` is `["CMD-SHELL", "redis-cli", "ping"]`, of which the shell runs only the first."""

MAX_FILES = 3
Read = Callable[[str], str | None]


@dataclass(frozen=True)
class HealthVerdict:
    """`ok`, a code of HEALTH_CODES, and what decided it, for a person (short, printable)."""

    ok: bool
    code: str
    detail: str


def judge_health_command(
    test: Sequence[str] | None,
    expected: Sequence[str] = ("redis-cli", "ping"),
    read: Read = lambda path: None,
) -> HealthVerdict:
    """Judge `Config.Healthcheck.Test` of a container's inspect answer; never raises, whatever is in `test`.

    `expected` is the program and the words that it must be given. redis-cli's option grammar is known:
    options may stand before the command, whose name has no case, and `ping` may carry a message. For any
    other program the words must follow each other; further words may stand before or after them if these
    start with an option. `read` gives the text of a file of the container, None if there is none; it is asked for
    the scripts that the command runs, MAX_FILES at the most, and what it raises goes through.
    Raises ValueError if `expected` is empty.
    """
    if not expected:
        raise ValueError("the expected health command is empty")
    if not test:
        return _wrong("none", "no healthcheck is set")
    form, words = test[0], list(test[1:])
    if form == "NONE":
        return _wrong("disabled", "the healthcheck is NONE")
    if form not in ("CMD", "CMD-SHELL"):
        return _wrong("none", f"Docker ignores a healthcheck that starts with {show(form)}")
    if not any(word.strip() for word in words):
        return _wrong("empty", "the command is empty")
    if sum(map(len, words)) > MAX_SCRIPT:
        return _wrong("unclear", f"longer than {MAX_SCRIPT} characters")
    if form == "CMD":
        return _judge_exec(words, expected, _each_once(read))
    return _judge_shell(words, expected, _each_once(read))


def _each_once(read: Read) -> Read:
    texts: dict[str, str | None] = {}

    def once(path: str) -> str | None:
        if path not in texts and len(texts) < MAX_FILES:
            texts[path] = read(path)
        return texts.get(path)

    return once


def _judge_exec(argv: list[str], expected: Sequence[str], read: Read) -> HealthVerdict:
    """The exec form: the words go to the program as they are, and no shell looks at them."""
    shells = [n for n, word in enumerate(argv) if basename(word) in SHELLS]
    own_words = argv[: shells[0]] if shells else argv
    syntax = next((word for word in own_words if re.fullmatch(_OPERATOR, word)), None)
    if syntax:
        return _wrong("shell-syntax-in-exec", f"without a shell {show(syntax)} is only an argument")
    verdict = _decide(lambda sh, io: sh.external(list(argv), io), " ".join(argv), expected, read)
    if verdict.ok or verdict.code == "healthcheck.typographic-quotes":
        return verdict
    if shells and "-c" in argv[shells[0] :]:
        script, *more = argv[argv.index("-c", shells[0]) + 1 :] or [""]
        return _split(script, more[0]) if more else verdict
    syntax = next((word for word in own_words if re.search(_SHELL_SIGN, word)), None)
    if not syntax and any(char.isspace() for char in argv[0]):
        syntax = argv[0]
    if syntax and expected[0] in " ".join(own_words):
        return _wrong("shell-syntax-in-exec", f"no shell reads {show(syntax)}")
    return verdict


def _judge_shell(words: list[str], expected: Sequence[str], read: Read) -> HealthVerdict:
    """The shell form: `/bin/sh -c` runs the first string; more of them would only be its $0, $1, …"""
    script = words[0]
    try:
        tree, comments = parse(script)
    except ShellSyntaxError as error:
        code = "typographic-quotes" if re.search(_TYPOGRAPHIC, script) else "unparsable"
        return _wrong(code, show(str(error)))
    except UnsupportedSyntax as error:
        return _wrong("unclear", show(str(error)))
    verdict = _decide(lambda sh, io: sh.script(tree, io), script, expected, read, comments)
    if verdict.ok or verdict.code == "healthcheck.typographic-quotes":
        return verdict
    if len(words) > 1:
        return _split(script, words[1])
    if re.match(_LIST_AS_TEXT, script) and expected[0] in script:
        return _wrong("list-as-text", f"the shell is asked to run {show(script)}")
    return verdict


def _split(script: str, more: str) -> HealthVerdict:
    return _wrong("split-shell-form", f"only {show(script)} is run, {show(more)} is not part of it")


# Compiled when they are needed, which is seldom: importing all this has to be quick.
_OPERATOR = r"\|\|?|&&?|;|[0-9&]?>>?(&[0-9]|/\S*)?|<"
_SHELL_SIGN = r"[;|&`]|\$\(|[<>]"
_TYPOGRAPHIC = "[“”„‟‘’‚‛«»″′]"
_LIST_AS_TEXT = r"\s*(\[['\"\w]|CMD(-SHELL)?\b)"


def _decide(
    program: Program,
    text: str,
    expected: Sequence[str],
    read: Read,
    comments: Sequence[str] = (),
) -> HealthVerdict:
    """Run the program on paper in both worlds and compare."""
    files: list[str] = []

    def remembering(path: str) -> str | None:
        files.append(read(path) or "")
        return files[-1] or None

    up, status_up = follow(program, expected, comments, up=True, read=remembering)
    down, status_down = follow(program, expected, comments, up=False, read=remembering)
    name = show(" ".join(expected))
    if up.passed and status_down not in (0, None):
        return HealthVerdict(True, "ok", f"passes and fails with {name}")
    if re.search(_TYPOGRAPHIC, text):
        return _wrong("typographic-quotes", show(text))
    if not (up.ran or down.ran):
        return _not_run(up, status_up, text, expected, files)
    if status_down == 0 and status_up in (0, None):
        code, why = down.masked or ("always-passes", "its exit status is 0")
        return _wrong(code, f"{why} even when {name} fails")
    if status_up not in (0, None):
        ends = "it fails" if status_up == FAILURE else f"its exit status is {status_up}"
        return _wrong("never-passes", f"{ends} even when {name} succeeds")
    return _wrong("unclear", up.unknown or down.unknown or "its exit status cannot be seen")


def _not_run(
    log: Log, status: int | None, text: str, expected: Sequence[str], files: Sequence[str]
) -> HealthVerdict:
    """The expected command was not run: say what stands there instead."""
    name = basename(expected[0])
    named = any(name in part for part in (text, *files))
    if any(name in comment for comment in log.comments):
        return _wrong("comment", "it stands in a comment only")
    if log.echoed:
        return _wrong("echo", f"{show(log.echoed)} is only printed")
    if log.other:
        return _wrong("other-command", show(log.other))
    if not log.commands and status == 0:
        return _wrong("empty", "there is no command")
    if named and (status is None or name in log.commands):
        return _wrong("unclear", log.unknown or show(text))
    if named and status == 0:
        return _wrong("always-passes", f"{show(' '.join(expected))} is never reached")
    if status == 0 and set(log.commands) <= {"true", ":", "exit", *SHELLS}:
        return _wrong("true", show(text))
    return _wrong("other-command", show(text))


def _wrong(code: str, detail: str) -> HealthVerdict:
    return HealthVerdict(False, f"healthcheck.{code}", detail)
