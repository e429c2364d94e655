"""A shell on paper: follows the tree of a script and runs nothing.

A status of None is one that is not known. Sources: POSIX.1-2017 and dash.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence

from dockgrader.healthcheck import syntax
from dockgrader.healthcheck.conditions import double_bracket
from dockgrader.healthcheck.expansion import literal
from dockgrader.healthcheck.names import BUILTIN_ONLY, SENSITIVE, SHELLS, STATEFUL, basename
from dockgrader.healthcheck.nested import Nested
from dockgrader.healthcheck.programs import look_up, run_program
from dockgrader.healthcheck.redirections import redirected
from dockgrader.healthcheck.world import (
    FAILURE,
    IO,
    MAX_DEPTH,
    Field,
    Hangs,
    Input,
    ShellExit,
    Sink,
    Unclear,
    nothing,
    show,
)
from dockgrader.healthcheck.wrappers import unwrap


class Shell(Nested):
    """A shell or subshell."""

    def fork(self) -> Shell:
        """A subshell."""
        self.log.spend(1)
        child = Shell(self.log)
        child.inherit(self)
        return child

    def contained(self, action: Callable[[Shell], int | None], io: IO) -> int | None:
        """Run to the end of this (sub)shell: an exit, and what cannot be followed, go no further."""
        try:
            return action(self)
        except ShellExit as end:
            return end.status
        except Unclear:
            io.spoil()
            return None

    def script(self, script: syntax.Script, io: IO, tested: bool = False) -> int | None:
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

    def _background(self, node: syntax.AndOr) -> None:
        io = nothing()
        with contextlib.suppress(Hangs):
            self.fork().contained(lambda sh: sh._and_or(node, io, False), io)

    def _and_or(self, node: syntax.AndOr, io: IO, tested: bool) -> int | None:
        self._pipeline(node.first, io, tested or bool(node.rest))
        for n, (op, pipeline) in enumerate(node.rest, 1):
            if (self.decided() == 0) == (op == "&&"):
                self._pipeline(pipeline, io, tested or n < len(node.rest))
                if op == "||" and self.status == 0 and _is_just_true(pipeline):
                    self.log.masked = ("always-passes-or-true", "'|| true' makes its exit status 0")
        return self.status

    def _pipeline(self, node: syntax.Pipeline, io: IO, tested: bool) -> None:
        quiet = tested or node.negated
        if len(node.commands) == 1:
            status = self._command(node.commands[0], io, quiet)
        else:
            status = self._piped(node.commands, io, quiet)
        if node.negated and status is not None:
            status = int(status == 0)
        self.status = status
        grouped = len(node.commands) == 1 and not _fails_alone(node.commands[0])
        if self.errexit and not quiet and not grouped and self.decided() != 0:
            raise ShellExit(self.status)

    def _piped(self, commands: Sequence[syntax.AnyCommand], io: IO, tested: bool) -> int | None:
        statuses: list[int | None] = []
        stdin = io.stdin
        for n, command in enumerate(commands, 1):
            out = io.out if n == len(commands) else Sink()
            part = IO(stdin, out, io.err)
            try:
                statuses.append(self._apart(command, part, tested))
            except Hangs:
                raise self.log.unclear("a loop in a pipeline") from None
            stdin = Input(out.text)
        if self.pipefail:
            last = next((status for status in reversed(statuses) if status != 0), 0)
            return FAILURE if last is None and set(statuses) - {0, None} else last
        return statuses[-1]

    def _apart(self, command: syntax.AnyCommand, io: IO, tested: bool) -> int | None:
        return self.fork().contained(lambda sh: sh._command(command, io, tested), io)

    def _command(self, node: syntax.AnyCommand, io: IO, tested: bool) -> int | None:
        self.log.depth += 1
        try:
            if self.log.depth > MAX_DEPTH:
                raise self.log.unclear("nested too deeply")
            if self.xtrace:
                io.err.write(None)
            return self._any_command(node, io, tested)
        finally:
            self.log.depth -= 1

    def _any_command(self, node: syntax.AnyCommand, io: IO, tested: bool) -> int | None:
        if isinstance(node, syntax.Command):
            return self._simple(node, io)
        io = redirected(node.redirects, io, self)
        if isinstance(node, syntax.If):
            return self.branch(node, io, tested)
        if isinstance(node, syntax.Case):
            return self.case(node, io, tested)
        if isinstance(node, syntax.Loop):
            return self.loop(node, io, tested)
        if node.subshell:
            return self.fork().contained(lambda sh: sh.script(node.body, io, tested), io)
        return self.script(node.body, io, tested)

    def _simple(self, node: syntax.Command, io: IO) -> int | None:
        self.log.spend(1)
        self.substituted = 0
        fields = self.fields(node.words, io)
        io = redirected(node.redirects, io, self)
        if self.xtrace:
            io.err.write(None)
        values = {name: self.text(word, io) for name, word in node.assignments}
        if SENSITIVE & values.keys():
            raise self.log.unclear(f"{show(min(SENSITIVE & values.keys()))} is changed")
        if not fields:
            self.variables.update(values)
            return self.substituted
        name = fields[0]
        if name in BUILTIN_ONLY and values and name != "exec":
            raise self.log.unclear(f"variables before {show(name)}")
        if name == "exit" and len(node.words) == 2 and literal(node.words[1]) == "0":
            self.log.masked = ("always-passes-exit", "'exit 0' makes its exit status 0")
        return self._builtin(fields, io)

    def output(self, script: syntax.Script, io: IO) -> Field:
        """What a command substitution stands for."""
        inner = IO(io.stdin, Sink(), io.err)
        child = self.fork()
        self.substituted = child.contained(lambda sh: sh.script(script, inner), inner)
        return None if inner.out.text is None else inner.out.text.rstrip("\n")

    def _builtin(self, fields: list[Field], io: IO) -> int | None:
        """Commands that only the shell itself can carry out; all others are programs."""
        while fields[0] == "command" and len(fields) > 1 and fields[1] not in ("-v", "-V", "-p"):
            fields = fields[1:]
        name, args = fields[0], fields[1:]
        if name is None:
            raise self.log.unclear("which command is run is not known")
        if name in STATEFUL:
            raise self.log.unclear(f"{show(name)} is not followed here")
        if name not in BUILTIN_ONLY:
            return self.external(fields, io)
        self.log.commands.append(name)
        if name == "exit":
            raise ShellExit(self.exit_status(args))
        if name == "return":
            status = self.exit_status(args)
            if self.log.choose("shells differ on 'return'"):
                raise ShellExit(status)  # dash and busybox
            return FAILURE  # bash complains and goes on
        if name == "exec":
            if not args or (args[0] or "-").startswith("-"):
                raise self.log.unclear("'exec' without a command")
            raise ShellExit(self.external(args, io))
        if name == "set":
            return self.set_options(args)
        if name in ("export", "unset"):
            return self.export(name, args)
        if name == "command":
            return look_up(args, io, self.log)
        if name == "[[":
            return double_bracket(args)
        return 0  # the colon

    def external(self, fields: list[Field], io: IO) -> int | None:
        """Run a program, the first field; this is also how Docker runs the exec form."""
        timed = False
        while (rest := unwrap(fields)) is not None:
            timed = timed or basename(fields[0] or "") == "timeout"
            fields = rest
            self.log.spend(1)
        if not fields or fields[0] is None:
            raise self.log.unclear("which program is run is not known")
        name, args = basename(fields[0]), fields[1:]
        file = None if name == self.log.program else self.script_file(fields[0])
        if file is None and (name not in SHELLS or name == self.log.program):
            return run_program(name, args, io, self.log)
        child = Shell(self.log)
        try:
            if file is not None:
                return child.contained(lambda sh: sh.run_file(*file, io), io)
            self.log.commands.append(name)
            return child.contained(lambda sh: sh.run_shell(name, args, io), io)
        except Hangs:
            if not timed:
                raise
            io.spoil()
            return FAILURE


def _is_just_true(node: syntax.Pipeline) -> bool:
    command = node.commands[0]
    if len(node.commands) > 1 or not isinstance(command, syntax.Command) or not command.words:
        return False
    return basename(literal(command.words[0]) or "") in ("true", ":")


def _fails_alone(node: syntax.AnyCommand) -> bool:
    """Does `set -e` look at this command? What is in braces or after `then` was looked at already."""
    return isinstance(node, syntax.Command) or (isinstance(node, syntax.Group) and node.subshell)
