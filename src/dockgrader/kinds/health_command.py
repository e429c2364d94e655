"""Is a container's healthcheck really the expected command, such as `redis-cli ping`? Nothing is run.

A healthcheck is right if it runs the expected command, passes (exit status 0) while that command succeeds,
and fails while it fails. So the script is parsed (shell.py) and followed twice on paper: in a world in which
the service is up (`redis-cli ping` prints PONG and exits 0) and in one in which it is down (it complains on
standard error and exits 1). A command that is not known here has an unknown exit status; a healthcheck that
hangs on one is `healthcheck.unclear`, which is a failure: it cannot be seen to be the expected command.

Some readings are generous; where they are wrong the container is never healthy, and another check says so.
A variable that the script does not set is one word, a file that is written to can be written, and the shell
is one that knows `[[`, `==` and pipefail (busybox ash and bash do, dash does not).

Top down in this file: the verdict, the shell on paper, the programs it knows, the patterns of grep.
Sources: the Docker engine's healthcheck probe, redis-cli's option parser, POSIX.1-2017 and dash.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from dockgrader.kinds import shell

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


@dataclass(frozen=True)
class HealthVerdict:
    """`ok`, a code of HEALTH_CODES, and what decided it, for a person (short, printable)."""

    ok: bool
    code: str
    detail: str


def judge_health_command(
    test: Sequence[str] | None, expected: Sequence[str] = ("redis-cli", "ping")
) -> HealthVerdict:
    """Judge `Config.Healthcheck.Test` of a container's inspect answer; never raises, whatever is in `test`.

    `expected` is the program and the words that it must be given. redis-cli's option grammar is known:
    options may stand before the command, whose name has no case, and `ping` may carry a message. For any
    other program the words must follow each other; further words may stand before or after them if these
    start with an option.
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
        return _wrong("none", f"Docker ignores a healthcheck that starts with {_show(form)}")
    if not any(word.strip() for word in words):
        return _wrong("empty", "the command is empty")
    if sum(map(len, words)) > shell.MAX_SCRIPT:
        return _wrong("unclear", f"longer than {shell.MAX_SCRIPT} characters")
    if form == "CMD":
        return _judge_exec(words, expected)
    return _judge_shell(words, expected)


def _judge_exec(argv: list[str], expected: Sequence[str]) -> HealthVerdict:
    """The exec form: the words go to the program as they are, and no shell looks at them."""
    shells = [n for n, word in enumerate(argv) if _basename(word) in _SHELLS]
    own_words = argv[: shells[0]] if shells else argv
    syntax = next((word for word in own_words if _OPERATOR.fullmatch(word)), None)
    if syntax:
        return _wrong("shell-syntax-in-exec", f"without a shell {_show(syntax)} is only an argument")
    verdict = _decide(lambda sh, io: sh.external(list(argv), io), " ".join(argv), expected)
    if verdict.ok or verdict.code == "healthcheck.typographic-quotes":
        return verdict
    if shells and "-c" in argv[shells[0] :]:
        script, *more = argv[argv.index("-c", shells[0]) + 1 :] or [""]
        return _split(script, more[0]) if more else verdict
    syntax = next((word for word in own_words if _SHELL_SIGN.search(word)), None)
    if not syntax and any(char.isspace() for char in argv[0]):
        syntax = argv[0]
    if syntax and expected[0] in " ".join(own_words):
        return _wrong("shell-syntax-in-exec", f"no shell reads {_show(syntax)}")
    return verdict


def _judge_shell(words: list[str], expected: Sequence[str]) -> HealthVerdict:
    """The shell form: `/bin/sh -c` runs the first string; more of them would only be its $0, $1, …"""
    script = words[0]
    try:
        tree, comments = shell.parse(script)
    except shell.ShellSyntaxError as error:
        code = "typographic-quotes" if _TYPOGRAPHIC.search(script) else "unparsable"
        return _wrong(code, _show(str(error)))
    except shell.UnsupportedSyntax as error:
        return _wrong("unclear", _show(str(error)))
    verdict = _decide(lambda sh, io: sh.script(tree, io), script, expected, comments)
    if verdict.ok or verdict.code == "healthcheck.typographic-quotes":
        return verdict
    if len(words) > 1:
        return _split(script, words[1])
    if _LIST_AS_TEXT.match(script) and expected[0] in script:
        return _wrong("list-as-text", f"the shell is asked to run {_show(script)}")
    return verdict


def _split(script: str, more: str) -> HealthVerdict:
    return _wrong("split-shell-form", f"only {_show(script)} is run, {_show(more)} is not part of it")


_OPERATOR = re.compile(r"\|\|?|&&?|;|[0-9&]?>>?(&[0-9]|/\S*)?|<")
_SHELL_SIGN = re.compile(r"[;|&`]|\$\(|[<>]")
_TYPOGRAPHIC = re.compile("[“”„‟‘’‚‛«»″′]")
_LIST_AS_TEXT = re.compile(r"\s*(\[['\"\w]|CMD(-SHELL)?\b)")


def _decide(
    program: Callable[[_Shell, _IO], int | None],
    text: str,
    expected: Sequence[str],
    comments: Sequence[str] = (),
) -> HealthVerdict:
    """Run the program on paper in both worlds and compare."""
    up, status_up = _follow(program, expected, comments, up=True)
    down, status_down = _follow(program, expected, comments, up=False)
    name = _show(" ".join(expected))
    if up.ran and status_up == 0 and status_down not in (0, None):
        return HealthVerdict(True, "ok", f"passes and fails with {name}")
    if _TYPOGRAPHIC.search(text):
        return _wrong("typographic-quotes", _show(text))
    if not (up.ran or down.ran):
        return _not_run(up, status_up, text, expected)
    if status_down == 0 and status_up in (0, None):
        code, why = down.masked or ("always-passes", "its exit status is 0")
        return _wrong(code, f"{why} even when {name} fails")
    if status_up not in (0, None):
        return _wrong("never-passes", f"its exit status is {status_up} even when {name} succeeds")
    return _wrong("unclear", up.unknown or down.unknown or "its exit status cannot be seen")


def _not_run(log: _Log, status: int | None, text: str, expected: Sequence[str]) -> HealthVerdict:
    """The expected command was not run: say what stands there instead."""
    name = _basename(expected[0])
    if any(name in comment for comment in log.comments):
        return _wrong("comment", "it stands in a comment only")
    if log.echoed:
        return _wrong("echo", f"{_show(log.echoed)} is only printed")
    if log.other:
        return _wrong("other-command", _show(log.other))
    if not log.commands and status == 0:
        return _wrong("empty", "there is no command")
    if name in text and (status is None or name in log.commands):
        return _wrong("unclear", log.unknown or _show(text))
    if name in text and status == 0:
        return _wrong("always-passes", f"{_show(' '.join(expected))} is never reached")
    if status == 0 and set(log.commands) <= {"true", ":", "exit", *_SHELLS}:
        return _wrong("true", _show(text))
    return _wrong("other-command", _show(text))


def _follow(
    program: Callable[[_Shell, _IO], int | None],
    expected: Sequence[str],
    comments: Sequence[str],
    *,
    up: bool,
) -> tuple[_Log, int | None]:
    log = _Log(up, tuple(expected), list(comments))
    io = _IO(_Input(""), _Sink(), _Sink())
    return log, _Shell(log).contained(lambda sh: program(sh, io), io)


def _wrong(code: str, detail: str) -> HealthVerdict:
    return HealthVerdict(False, f"healthcheck.{code}", detail)


def _show(text: str) -> str:
    """Student-made text for a person: short, and nothing in it that could move a cursor."""
    shown = "".join(char if char.isprintable() else "?" for char in text[:61])
    return f"'{shown if len(text) <= 60 else shown[:59] + '…'}'"


# --- the shell on paper -----------------------------------------------------------------------------------


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_MAX_TEXT = 1000  # characters of a text that is followed; longer ones count as unknown
_MAX_STEPS = 1000  # a command, an expansion and 64 characters of text are a step each
_MAX_DEPTH = 30  # commands inside each other, by groups, substitutions or nested shells
_SHELLS = ("sh", "ash", "dash", "bash")
_STATEFUL = _words(
    ". source eval trap alias unalias shift return break continue read local declare typeset readonly "
    "builtin enable shopt let getopts hash mapfile fg bg"
)
_SENSITIVE = _words("PATH IFS ENV BASH_ENV SHELLOPTS LD_PRELOAD LD_LIBRARY_PATH")
_BUILTIN_ONLY = _STATEFUL | {":", "exit", "set", "export", "unset", "exec", "command", "[["}

Field = str | None
"""A word after expansion; None is one whose text is unknown."""


class _Unclear(Exception):
    """What happens next hangs on something unknown."""


class _Exit(Exception):
    """The shell that is followed ends here."""

    def __init__(self, status: int | None) -> None:
        super().__init__()
        self.status = status


class _Sink:
    """What was written to a descriptor; None once something unknown was."""

    def __init__(self) -> None:
        self.text: str | None = ""

    def write(self, text: str | None) -> None:
        if self.text is not None:
            self.text = None if text is None or len(self.text) + len(text) > _MAX_TEXT else self.text + text


class _Input:
    """A standard input, which whoever reads it empties."""

    def __init__(self, text: str | None) -> None:
        self.text = text

    def read(self) -> str | None:
        text, self.text = self.text, ""
        return text


@dataclass
class _IO:
    stdin: _Input
    out: _Sink
    err: _Sink

    def spoil(self) -> None:
        """Something unknown read and wrote here."""
        self.stdin.text = None
        self.out.write(None)
        self.err.write(None)


@dataclass
class _Log:
    """One world, and what happened in it; shared by a shell and its subshells."""

    up: bool
    expected: tuple[str, ...]
    comments: list[str]
    ran: bool = False
    echoed: str = ""  # a printed text that names the expected program
    other: str = ""  # the expected program with other words
    unknown: str = ""  # what could not be followed
    masked: tuple[str, str] | None = None  # code and cause of a status that was made 0
    commands: list[str] = field(default_factory=list)
    steps: int = 0
    depth: int = 0

    def spend(self, steps: int) -> None:
        self.steps += steps
        if self.steps > _MAX_STEPS:
            raise self.unclear("too long to follow")

    def unclear(self, reason: str) -> _Unclear:
        self.unknown = self.unknown or reason
        return _Unclear(reason)


class _Shell:
    """A shell or subshell: its variables, its last status and its options."""

    def __init__(self, log: _Log) -> None:
        self.log = log
        self.variables: dict[str, Field] = {}
        self.status: int | None = 0
        self.errexit = False
        self.pipefail = False
        self.substituted: int | None = 0  # status of the last command substitution

    def fork(self) -> _Shell:
        self.log.spend(1)
        child = _Shell(self.log)
        child.variables = dict(self.variables)
        child.status, child.errexit, child.pipefail = self.status, self.errexit, self.pipefail
        return child

    def contained(self, action: Callable[[_Shell], int | None], io: _IO) -> int | None:
        """Run to the end of this (sub)shell: an exit, and what cannot be followed, go no further."""
        try:
            return action(self)
        except _Exit as end:
            return end.status
        except _Unclear:
            io.spoil()
            return None

    def script(self, script: shell.Script, io: _IO, tested: bool = False) -> int | None:
        """The status of a list of commands; `tested` says that `set -e` is off, as in a condition."""
        self.status = self.status if script.items else 0
        for node, background in script.items:
            if background:
                self._background(node)
                io.out.write(None)
                io.err.write(None)
                self.status = 0
            else:
                self._and_or(node, io, tested)
        return self.status

    def _background(self, node: shell.AndOr) -> None:
        io = _IO(_Input(""), _Sink(), _Sink())
        self.fork().contained(lambda sh: sh._and_or(node, io, False), io)

    def _and_or(self, node: shell.AndOr, io: _IO, tested: bool) -> int | None:
        self._pipeline(node.first, io, tested or bool(node.rest))
        for n, (op, pipeline) in enumerate(node.rest, 1):
            if self.status is None:
                raise self.log.unclear("a status that is not known decides")
            if (self.status == 0) == (op == "&&"):
                self._pipeline(pipeline, io, tested or n < len(node.rest))
                if op == "||" and self.status == 0 and _is_just_true(pipeline):
                    self.log.masked = ("always-passes-or-true", "'|| true' makes its exit status 0")
        return self.status

    def _pipeline(self, node: shell.Pipeline, io: _IO, tested: bool) -> None:
        quiet = tested or node.negated
        if len(node.commands) == 1:
            status = self._command(node.commands[0], io, quiet)
        else:
            status = self._piped(node.commands, io, quiet)
        if node.negated and status is not None:
            status = int(status == 0)
        self.status = status
        grouped = len(node.commands) == 1 and not _fails_alone(node.commands[0])
        if self.errexit and not quiet and not grouped and status != 0:
            if status is None:
                raise self.log.unclear("a status that is not known decides under 'set -e'")
            raise _Exit(status)

    def _piped(self, commands: Sequence[shell.AnyCommand], io: _IO, tested: bool) -> int | None:
        statuses: list[int | None] = []
        stdin = io.stdin
        for n, command in enumerate(commands, 1):
            out = io.out if n == len(commands) else _Sink()
            part = _IO(stdin, out, io.err)
            statuses.append(self._apart(command, part, tested))
            stdin = _Input(out.text)
        if self.pipefail:
            return next((status for status in reversed(statuses) if status != 0), 0)
        return statuses[-1]

    def _apart(self, command: shell.AnyCommand, io: _IO, tested: bool) -> int | None:
        return self.fork().contained(lambda sh: sh._command(command, io, tested), io)

    def _command(self, node: shell.AnyCommand, io: _IO, tested: bool) -> int | None:
        self.log.depth += 1
        try:
            if self.log.depth > _MAX_DEPTH:
                raise self.log.unclear("nested too deeply")
            return self._any_command(node, io, tested)
        finally:
            self.log.depth -= 1

    def _any_command(self, node: shell.AnyCommand, io: _IO, tested: bool) -> int | None:
        if isinstance(node, shell.Command):
            return self._simple(node, io)
        io = self._redirect(node.redirects, io)
        if isinstance(node, shell.If):
            return self._if(node, io, tested)
        if node.subshell:
            return self.fork().contained(lambda sh: sh.script(node.body, io, tested), io)
        return self.script(node.body, io, tested)

    def _if(self, node: shell.If, io: _IO, tested: bool) -> int | None:
        for condition, body in node.branches:
            status = self.script(condition, io, True)
            if status is None:
                raise self.log.unclear("a condition that is not known decides")
            if status == 0:
                return self.script(body, io, tested)
        return self.script(node.otherwise, io, tested) if node.otherwise else 0

    def _simple(self, node: shell.Command, io: _IO) -> int | None:
        self.log.spend(1)
        self.substituted = 0
        whole = bool(node.words) and _literal(node.words[0]) == "[["
        fields = [found for word in node.words for found in self._expand(word, io, split=not whole)]
        io = self._redirect(node.redirects, io)
        values = {name: self._text(word, io) for name, word in node.assignments}
        if _SENSITIVE & values.keys():
            raise self.log.unclear(f"{_show(min(_SENSITIVE & values.keys()))} is changed")
        if not fields:
            self.variables.update(values)
            return self.substituted
        name = fields[0]
        if name in _BUILTIN_ONLY and values and name != "exec":
            raise self.log.unclear(f"variables before {_show(name)}")
        if name == "exit" and len(node.words) == 2 and _literal(node.words[1]) == "0":
            self.log.masked = ("always-passes-exit", "'exit 0' makes its exit status 0")
        return self._builtin(fields, io)

    # --- redirections and expansions ---------------------------------------------------------------------

    def _redirect(self, redirects: Sequence[shell.Redirect], io: _IO) -> _IO:
        io = _IO(io.stdin, io.out, io.err)
        for redirect in redirects:
            target = self._text(redirect.target, io)
            if redirect.op == "<" and redirect.fd == 0 and target == "/dev/null":
                io.stdin = _Input("")
                continue
            places = {"1": io.out, "2": io.err} if redirect.op == ">&" else _device_files(io)
            if redirect.op.startswith("<") or redirect.fd not in (1, 2) or target is None:
                raise self.log.unclear("a redirection that is not followed here")
            if (redirect.op == ">&" and target not in places) or self._names_expected(target):
                raise self.log.unclear("a redirection that is not followed here")
            sink = places.get(target, _Sink())
            if redirect.fd == 1:
                io.out = sink
            else:
                io.err = sink
        return io

    def _text(self, word: shell.Word, io: _IO) -> Field:
        """A word where it is not split: the value of an assignment, the target of a redirection."""
        fields = self._expand(word, io, split=False)
        return fields[0] if fields else ""

    def _expand(self, word: shell.Word, io: _IO, *, split: bool) -> list[Field]:
        done: list[Field] = []
        current: list[Field] = []  # the pieces of the field that is being put together

        def close() -> None:
            if current:
                texts = [text for text in current if text is not None]
                joined = "".join(texts)
                known = len(texts) == len(current) and len(joined) <= _MAX_TEXT
                done.append(joined if known else None)
                current.clear()

        if _literal(word) in ("[", "[[", "{", "}"):
            return [_literal(word)]
        for part in word.parts:
            if isinstance(part, shell.Literal):
                plain = part.quoted or not _is_pattern(part.text, first=part is word.parts[0])
                current.append(part.text if plain else None)
                continue
            text = self._value(part, io)
            self.log.spend(1 + len(text or "") // 64)
            if part.quoted or not split or text is None:
                current.append(text)
                continue
            for piece in re.findall(r"[ \t\n]+|[^ \t\n]+", text):
                if piece[0] in " \t\n":
                    close()
                else:
                    current.append(None if _is_pattern(piece, first=False) else piece)
        close()
        return done

    def _value(self, part: shell.Variable | shell.Substitution, io: _IO) -> Field:
        if isinstance(part, shell.Variable):
            if part.name == "?":
                return None if self.status is None else str(self.status)
            return self.variables.get(part.name)
        inner = _IO(io.stdin, _Sink(), io.err)
        child = self.fork()
        self.substituted = child.contained(lambda sh: sh.script(part.body, inner), inner)
        return None if inner.out.text is None else inner.out.text.rstrip("\n")

    # --- commands ----------------------------------------------------------------------------------------

    def _builtin(self, fields: list[Field], io: _IO) -> int | None:
        """Commands that only the shell itself can carry out; all others are programs."""
        while fields[0] == "command" and len(fields) > 1 and fields[1] not in ("-v", "-V", "-p"):
            fields = fields[1:]
        name, args = fields[0], fields[1:]
        if name is None:
            raise self.log.unclear("which command is run is not known")
        if name in _STATEFUL:
            raise self.log.unclear(f"{_show(name)} is not followed here")
        if name not in _BUILTIN_ONLY:
            return self.external(fields, io)
        self.log.commands.append(name)
        if name == "exit":
            raise _Exit(self._exit_status(args))
        if name == "exec":
            if not args or (args[0] or "-").startswith("-"):
                raise self.log.unclear("'exec' without a command")
            raise _Exit(self.external(args, io))
        if name == "set":
            return self._set(args)
        if name in ("export", "unset"):
            return self._export(name, args)
        if name == "command":
            return self._look_up(args, io)
        if name == "[[":
            return _double_bracket(args)
        return 0  # the colon

    def _exit_status(self, args: list[Field]) -> int | None:
        if not args:
            return self.status
        if args[0] is None or not re.fullmatch(r"-?[0-9]{1,9}", args[0]):
            raise self.log.unclear("an exit status that is no number")
        # Shells differ on a negative number, but it is never a zero.
        return int(args[0]) & 255 if args[0][0] != "-" else 255

    def _set(self, args: list[Field]) -> int:
        words = iter(args)
        for arg in words:
            if not arg or not re.fullmatch(r"[-+](?:[eu]+o?|o)", arg):
                raise self.log.unclear("'set' with something that is not followed here")
            on = arg[0] == "-"
            long = next(words, None) if arg.endswith("o") else ""
            if long not in ("", "errexit", "nounset", "pipefail"):
                raise self.log.unclear("'set' with something that is not followed here")
            if "e" in arg or long == "errexit":
                self.errexit = on
            if long == "pipefail":
                self.pipefail = on
        return 0

    def _export(self, name: str, args: list[Field]) -> int:
        for arg in args:
            variable, equals, value = (arg or "").partition("=")
            if not re.fullmatch(r"[A-Za-z_]\w*", variable, re.ASCII) or variable in _SENSITIVE:
                raise self.log.unclear(f"{_show(name)} with something that is not followed here")
            if equals or name == "unset":
                self.variables[variable] = value
        return 0

    def _look_up(self, args: list[Field], io: _IO) -> int | None:
        """`command -v NAME`: the expected program is there, of others nobody knows."""
        io.out.write(None)
        if args[:1] == ["-v"] and args[1:] == [_basename(self.log.expected[0])]:
            return 0
        return self._unknown("command")

    def external(self, fields: list[Field], io: _IO) -> int | None:
        """Run a program, the first field; this is also how Docker runs the exec form."""
        while (rest := _unwrap(fields)) is not None:
            fields = rest
            self.log.spend(1)
        if not fields or fields[0] is None:
            raise self.log.unclear("which program is run is not known")
        name, args = _basename(fields[0]), fields[1:]
        self.log.commands.append(name)
        if name == _basename(self.log.expected[0]):
            return self._expected_program(args, io)
        if name in _SHELLS:
            child = _Shell(self.log)
            return child.contained(lambda sh: sh._nested(args, io), io)
        if name in ("echo", "printf"):
            return self._print(name, args, io)
        if name == "which":
            return self._look_up(["-v", *args], io)
        program = _PROGRAMS.get(name)
        texts = [arg for arg in args if arg is not None]
        status, out = program(texts, io.stdin) if program and len(texts) == len(args) else _UNKNOWN
        if (status is None or name == "tee") and any(self._names_expected(text) for text in texts):
            raise self.log.unclear(f"what {_show(name)} does to {_show(self.log.expected[0])} is not known")
        if status is None:
            io.spoil()
            return self._unknown(name)
        io.out.write(out)
        if status > 1:
            io.err.write(None)  # its complaint
        return status

    def _names_expected(self, text: str) -> bool:
        return _basename(self.log.expected[0]) in text

    def _unknown(self, name: str) -> int | None:
        self.log.unknown = self.log.unknown or f"what {_show(name)} does is not known"
        return None

    def _expected_program(self, args: list[Field], io: _IO) -> int | None:
        call = " ".join([self.log.expected[0], *("…" if arg is None else arg for arg in args)])
        answer = _match_call(args, self.log.expected)
        if not isinstance(answer, _Answer):
            if answer:
                self.log.unknown = self.log.unknown or answer
            else:
                self.log.other = self.log.other or call
            io.spoil()
            return self._unknown(self.log.expected[0])
        self.log.ran = True
        if answer.reads_stdin:
            io.stdin.read()
        if self.log.up:
            io.out.write(answer.out)
            return 0
        io.err.write(answer.err)
        return 1

    def _nested(self, args: list[Field], io: _IO) -> int | None:
        """This shell is `sh -c SCRIPT`, with the few options that health commands use."""
        words = iter(args)
        for arg in words:
            if arg is None or not re.fullmatch(r"-[eul]*c|-[eu]+|-l|[-+]o", arg):
                break
            if flags := arg.strip("lc-"):
                self._set(
                    [f"{arg[0]}{flags.strip('+')}", *([next(words, None)] if flags.endswith("o") else [])]
                )
            if arg.endswith("c"):
                return self._run_text(next(words, None), io)
        raise self.log.unclear("a shell that is not given its script by -c")

    def _run_text(self, text: Field, io: _IO) -> int | None:
        if text is None:
            raise self.log.unclear("the script of a shell is not known")
        self.log.spend(len(text) // 64)
        try:
            tree, comments = shell.parse(text)
        except shell.ShellSyntaxError:
            return 2
        except shell.UnsupportedSyntax as error:
            raise self.log.unclear(_show(str(error))) from error
        self.log.comments.extend(comments)
        return self.script(tree, io)

    def _print(self, name: str, args: list[Field], io: _IO) -> int | None:
        shown = " ".join("…" if arg is None else arg for arg in args)
        if self._names_expected(shown):
            self.log.echoed = shown
        texts = [arg for arg in args if arg is not None]
        known = len(texts) == len(args)
        if name == "echo":
            io.out.write(_echo(texts) if known else None)
            return 0
        if texts[:1] == ["-v"]:
            raise self.log.unclear("'printf -v' sets a variable")
        text = _printf(texts) if known else None
        io.out.write(text)
        return 0 if text is not None else self._unknown("printf")


def _literal(word: shell.Word) -> str | None:
    """The text of a word that is one piece of plain text, else None."""
    if len(word.parts) == 1 and isinstance(word.parts[0], shell.Literal):
        return word.parts[0].text
    return None


def _is_pattern(text: str, *, first: bool) -> bool:
    """Would a shell look for files, a home or alternatives here? Then nobody knows what becomes of it."""
    alternatives = "{" in text and ("," in text or ".." in text)
    return bool(re.search(r"[*?\[]", text)) or alternatives or (first and text.startswith("~"))


def _is_just_true(node: shell.Pipeline) -> bool:
    command = node.commands[0]
    if len(node.commands) > 1 or not isinstance(command, shell.Command) or not command.words:
        return False
    return _basename(_literal(command.words[0]) or "") in ("true", ":")


def _fails_alone(node: shell.AnyCommand) -> bool:
    """Does `set -e` look at this command? What is in braces or after `then` was looked at already."""
    return isinstance(node, shell.Command) or (isinstance(node, shell.Group) and node.subshell)


def _device_files(io: _IO) -> dict[str, _Sink]:
    return {
        "/dev/stdout": io.out,
        "/dev/stderr": io.err,
        "/dev/fd/1": io.out,
        "/dev/fd/2": io.err,
        "/proc/self/fd/1": io.out,
        "/proc/self/fd/2": io.err,
    }


# --- programs ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Answer:
    """What the expected command prints: `out` where it succeeds, `err` where it fails."""

    out: str | None
    err: str | None
    reads_stdin: bool = False


_REDIS_FLAGS = _words(
    "--raw --no-raw --no-auth-warning --tls --insecure --json --csv --quoted-json --quoted-input "
    "--verbose -2 -3 -4 -6 -c -e -x"
)
_REDIS_OPTIONS = _words(
    "-h -p -s -a -u -n -t -r -i -d -D -X --user --pass --sni --cacert --cacertdir --cert --key --tls- "
    "ciphers --tls-ciphersuites --show-pushes"
)
_REDIS_MODES = _words(
    "--help --version -v --latency --latency-dist --latency-history --lru-test --stat --replica --slave "
    "--scan --pattern --count --intrinsic-latency --rdb --pipe --functions-rdb --bigkeys --memkeys "
    "--hotkeys --eval --ldb --cluster --askpass"
)
_REDIS_RESHAPES = _words("-r -i -x -X -d -D --json --quoted-json --csv --no-raw --quoted-input")
_REDIS_DOWN = "Could not connect to Redis at 127.0.0.1:6379: Connection refused\n"


def _match_call(args: list[Field], expected: Sequence[str]) -> _Answer | str:
    """What the expected program answers; why nobody knows it; or "" if it is asked for something else."""
    if _basename(expected[0]) == "redis-cli" and len(expected) > 1:
        return _match_redis(args, expected[1:])
    words = list(expected[1:])
    if any(arg in ("--help", "--version", "-V") for arg in args if arg not in words):
        return ""
    for start in range(len(args) - len(words) + 1):
        before, after = args[:start], args[start + len(words) :]
        if args[start : start + len(words)] == words and all(
            not extra or (extra[0] or "").startswith("-") for extra in (before, after)
        ):
            return _Answer(None, None)
    return "its words are not known" if None in args else ""


def _match_redis(args: list[Field], words: Sequence[str]) -> _Answer | str:
    options: set[str] = set()
    at = 0
    while at < len(args) and (args[at] is None or (args[at] or "").startswith("-")):
        option = args[at]
        takes_value = option in _REDIS_OPTIONS
        if option is None or not (takes_value or option in _REDIS_FLAGS | _REDIS_MODES):
            return (
                f"the option {_show(option)} of redis-cli is not known"
                if option
                else "an option is not known"
            )
        if option in _REDIS_MODES or (takes_value and at + 1 == len(args)):
            return ""
        options.add(option)
        at += 2 if takes_value else 1
    command = args[at:]
    if None in command[: len(words)]:
        return "its command is not known"
    said = [word or "" for word in command[: len(words)]]
    pings = len(words) == 1 and words[0].lower() == "ping"
    if not said or said[0].lower() != words[0].lower() or said[1:] != list(words[1:]):
        return ""
    if len(command) > len(words) + pings:
        return ""
    message = command[len(words)] if len(command) > len(words) else "PONG"
    plain = pings and not options & _REDIS_RESHAPES
    return _Answer(f"{message}\n" if plain and message is not None else None, _REDIS_DOWN, "-x" in options)


def _basename(program: str) -> str:
    """The name of a program; one outside the folders of programs keeps its path, for it may be anything."""
    folder, slash, name = program.rpartition("/")
    return name if slash and re.fullmatch(r"(/[\w.+-]+)*/s?bin", folder) else program


_WRAPPERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "timeout": (
        r"--foreground|--preserve-status|--(signal|kill-after)=.*",
        ("-s", "-k", "--signal", "--kill-after"),
    ),
    "nice": (r"--adjustment=.*", ("-n",)),
    "env": (r"[A-Za-z_]\w*=.*", ()),
}
"""Programs that run another one: what may stand before it, and their options that take a value."""


def _unwrap(fields: list[Field]) -> list[Field] | None:
    """What a program that runs another one (`timeout 3`, `env A=b`, `nice`) runs, else None."""
    name = _basename(fields[0] or "") if fields else ""
    if name not in _WRAPPERS:
        return None
    alone, with_value = _WRAPPERS[name]
    at = 1
    while at < len(fields) and (fields[at] in with_value or re.fullmatch(alone, fields[at] or "", re.DOTALL)):
        if (fields[at] or "").partition("=")[0] in _SENSITIVE:
            return None
        at += 2 if fields[at] in with_value else 1
    if name == "timeout":
        if at >= len(fields) or not re.fullmatch(r"[0-9]+(\.[0-9]+)?[smhd]?", fields[at] or ""):
            return None
        at += 1
    program = fields[at] if at < len(fields) else None
    return None if program is None or program.startswith("-") or program in _BUILTIN_ONLY else fields[at:]


Outcome = tuple[int | None, str | None]
"""Exit status and standard output of a program; None is unknown."""

_UNKNOWN: Outcome = (None, None)


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


def _test(args: list[str]) -> int | None:
    """`test` by the number of arguments, as POSIX has it; 2 is a complaint, None what is not known."""
    if len(args) < 2:
        return int(not (args and args[0]))
    if len(args) == 3 and args[1] in _COMPARISONS:
        return _compare(*args)
    if args[0] == "!" and len(args) <= 4:
        status = _test(args[1:])
        return status if status in (None, 2) else 1 - (status or 0)
    if len(args) == 2:
        if args[0] in ("-n", "-z"):
            return int(bool(args[1]) == (args[0] == "-z"))
        return None if re.fullmatch("-[A-Za-z]", args[0]) else 2
    return None


_COMPARISONS = ("=", "==", "!=", "-eq", "-ne", "-lt", "-le", "-gt", "-ge")


def _compare(left: str, op: str, right: str) -> int | None:
    if op in ("=", "==", "!="):
        return int((left == right) == (op == "!="))
    if not all(re.fullmatch(r"-?[0-9]{1,9}", side) for side in (left, right)):
        # Every shell complains about plain letters and about nothing; blanks and signs they read differently.
        return 2 if any(re.fullmatch(r"[A-Za-z]*", side) for side in (left, right)) else None
    order = (int(left) > int(right)) - (int(left) < int(right))
    true_for = {"-eq": (0,), "-ne": (-1, 1), "-lt": (-1,), "-le": (-1, 0), "-gt": (1,), "-ge": (0, 1)}
    return int(order not in true_for[op])


def _bracket(args: list[str], _stdin: _Input) -> Outcome:
    return (_test(args[:-1]) if args and args[-1] == "]" else 2), ""


def _double_bracket(args: list[Field]) -> int | None:
    texts = [arg for arg in args if arg is not None]
    if len(texts) != len(args) or len(texts) < 2 or texts[-1] != "]]":
        return None
    if len(texts) == 4 and texts[1] == "=~":
        return int(texts[2] not in texts[0]) if re.fullmatch(r"\w+", texts[2], re.ASCII) else None
    # The right side is a pattern, of which only plain text is followed, and numbers may be sums.
    status = None if re.search(r"[*?\[\\]", texts[-2]) else _test(texts[:-1])
    return None if status == 2 else status


def _cat(args: list[str], stdin: _Input) -> Outcome:
    return (0, stdin.read()) if set(args) <= {"-"} else _UNKNOWN


def _tee(args: list[str], stdin: _Input) -> Outcome:
    files = [arg for arg in args if arg not in ("-a", "/dev/null")]
    return _UNKNOWN if any(file.startswith(("-", "/dev/", "/proc/")) for file in files) else (0, stdin.read())


def _lines_of(text: str) -> list[str]:
    lines = text.split("\n")
    return lines if lines[-1] else lines[:-1]


def _first_or_last(args: list[str], stdin: _Input, *, first: bool) -> Outcome:
    match = re.fullmatch(r"|-(?:n ?)?([0-9]{1,4})", " ".join(args))
    text = stdin.read()
    if not match or text is None:
        return (0 if match else None), None
    count = int(match.group(1) or 10)
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    return 0, "".join(lines[:count] if first else lines[max(0, len(lines) - count) :])


def _tr(args: list[str], stdin: _Input) -> Outcome:
    text = stdin.read()
    if len(args) != 2 or args[0] != "-d" or not re.fullmatch(r"(?:[\w ]|\\[rn])+", args[1], re.ASCII):
        return _UNKNOWN
    gone = args[1].replace("\\r", "\r").replace("\\n", "\n")
    return 0, None if text is None else "".join(char for char in text if char not in gone)


def _wc(args: list[str], stdin: _Input) -> Outcome:
    text = stdin.read()
    if args != ["-l"]:
        return _UNKNOWN
    return 0, None if text is None else f"{text.count(chr(10))}\n"


def _sleep(args: list[str], _stdin: _Input) -> Outcome:
    return (0 if len(args) == 1 and re.fullmatch(r"[0-9]+(\.[0-9]+)?", args[0]) else None), ""


def _grep(args: list[str], stdin: _Input, syntax: str = "G") -> Outcome:
    """grep on its standard input, as far as `_grep_options` and `_pattern` understand it."""
    options = _grep_options(args)
    text = stdin.read()
    if options is None or text is None or len(text) > 200 or not text.isascii():
        return _UNKNOWN
    flags, patterns = options
    syntax = next((flag for flag in "FEG" if flag in flags), syntax)
    compiled = [_pattern(pattern, syntax, flags) for pattern in patterns]
    known = [pattern for pattern in compiled if pattern]
    if len(known) != len(compiled):
        return _UNKNOWN
    inverted = "v" in flags
    lines = _lines_of(text)
    found = [line for line in lines if any(pattern.search(line) for pattern in known) != inverted]
    return int(not found), _grep_output(flags, known, found)


def _grep_output(flags: set[str], patterns: list[re.Pattern[str]], found: list[str]) -> str | None:
    if "q" in flags:
        return None if "c" in flags else ""  # busybox counts all the same
    if "c" in flags:
        return f"{len(found)}\n"
    if "o" in flags:
        if len(patterns) > 1:
            return None
        found = [match.group() for line in found for match in patterns[0].finditer(line) if match.group()]
    return "".join(f"{line}\n" for line in found)


_GREP_LONG = {
    "--quiet": "q",
    "--silent": "q",
    "--ignore-case": "i",
    "--invert-match": "v",
    "--count": "c",
    "--only-matching": "o",
    "--line-regexp": "x",
    "--word-regexp": "w",
    "--fixed-strings": "F",
    "--extended-regexp": "E",
    "--no-messages": "s",
}


def _grep_options(args: list[str]) -> tuple[set[str], list[str]] | None:
    """The flags and patterns of a grep that reads its standard input, None if it is not understood."""
    flags: set[str] = set()
    patterns: list[str] = []
    rest: list[str] = []
    words = iter(args)
    for word in words:
        if word == "--":
            rest.extend(words)
        elif word in _GREP_LONG:
            flags.add(_GREP_LONG[word])
        elif len(word) > 1 and (match := re.fullmatch(r"-([qivcoxwFEGs]*)(e(.*))?", word, re.DOTALL)):
            flags.update(match.group(1))
            if match.group(2):
                patterns.append(match.group(3) or next(words, "\\"))
        elif len(word) > 1 and word.startswith("-"):
            return None
        else:
            rest.append(word)
    if not patterns and rest:
        patterns.append(rest.pop(0))
    if not patterns or rest not in ([], ["-"]) or len(flags & {"F", "E", "G"}) > 1:
        return None
    if {"o", "v"} <= flags:
        return None  # busybox 1.35 dies of it
    return flags, [line for pattern in patterns for line in pattern.split("\n")]


_ATOM = re.compile(
    r"\\(?P<escaped>.)|(?P<set>\[\^?(?:A-Z|a-z|0-9|[A-Za-z0-9_ .:,])+\])|(?P<char>.)", re.DOTALL
)


def _pattern(pattern: str, syntax: str, flags: set[str]) -> re.Pattern[str] | None:
    """A grep pattern (G basic, E extended, F fixed) as a Python one; None if it is not surely the same.

    At most two quantifiers, none on a group, and three `|`: a pattern of the student's must not take forever.
    """
    source = re.escape(pattern) if syntax == "F" else _translate(pattern, extended=syntax == "E")
    if source is None or not pattern.isascii() or ("w" in flags and not pattern):
        return None
    if "x" in flags:
        source = rf"\A(?:{source})\Z"
    elif "w" in flags:
        source = rf"(?<!\w)(?:{source})(?!\w)"
    try:
        return re.compile(source, re.ASCII | (re.IGNORECASE if "i" in flags else 0))
    except re.error:
        return None


def _translate(pattern: str, *, extended: bool) -> str | None:
    """A basic or extended regular expression as a Python one, None if it is not surely the same."""
    out: list[str] = []
    repeatable = False  # does something stand before that a quantifier can repeat?
    for match in _ATOM.finditer(pattern):
        char, escaped = match.group("char") or "", match.group("escaped") or ""
        operator = char if extended else char.strip("|+?(){}")
        if escaped and escaped in "|+?" and not extended:
            operator = escaped
        at_start = not out or out[-1] in ("|", "(")
        literal = ""
        if operator and operator in "*+?" and repeatable:
            out.append(operator)
        elif operator == "*" and not extended and (at_start or out == ["^"]):
            literal = "*"
        elif operator in ("|", "(", ")"):
            out.append(operator)
        elif operator == "^" and (extended or at_start):
            out.append("^")
        elif operator == "$" and (extended or match.end() == len(pattern)):
            out.append(r"\Z")
        elif escaped and escaped in _EDGES:
            out.append(_EDGES[escaped])
        elif match.group("set") or operator == ".":
            literal = match.group()
        elif (operator and operator in "*+?[\\{}$") or (escaped and escaped not in _ESCAPABLE[extended]):
            return None
        else:
            literal = escaped or char
        if literal:
            out.append(literal if match.group("set") or operator == "." else re.escape(literal))
        repeatable = bool(literal)
    signs = "".join(piece if piece in ("|", "(", ")") else "x" for piece in out)
    quantifiers = sum(piece in ("*", "+", "?") for piece in out)
    if quantifiers > 2 or signs.count("|") > 3 or (pattern and re.search(r"(?:^|[|(])(?:$|[|)])", signs)):
        return None
    return "".join(out)


_EDGES = {"<": r"\b(?=\w)", ">": r"\b(?<=\w)", "b": r"\b"}
_ESCAPABLE = {False: "].*[^$/\\", True: "].*[^$/\\|+?(){}"}
"""Whom a backslash makes plain characters, in a basic and in an extended expression."""


_PROGRAMS: dict[str, Callable[[list[str], _Input], Outcome]] = {
    "true": lambda _args, _stdin: (0, ""),
    "false": lambda _args, _stdin: (1, ""),
    "test": lambda args, _stdin: (_test(args), ""),
    "[": _bracket,
    "grep": _grep,
    "egrep": lambda args, stdin: _grep(args, stdin, "E"),
    "fgrep": lambda args, stdin: _grep(args, stdin, "F"),
    "cat": _cat,
    "tee": _tee,
    "head": lambda args, stdin: _first_or_last(args, stdin, first=True),
    "tail": lambda args, stdin: _first_or_last(args, stdin, first=False),
    "tr": _tr,
    "wc": _wc,
    "sleep": _sleep,
}
