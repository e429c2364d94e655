"""Shells inside of a script: `sh -c SCRIPT`, `sh FILE`, and files that are scripts."""

from __future__ import annotations

import re
from abc import ABC

from dockgrader.healthcheck import syntax
from dockgrader.healthcheck.compound import Compound
from dockgrader.healthcheck.names import AMPERSAND_SHELLS, SHELLS, basename
from dockgrader.healthcheck.parser import parse
from dockgrader.healthcheck.world import IO, Field, show

_SHEBANG = re.compile(r"#! ?(?:/usr/bin/env )?([\w/]+)(?: (-[euxv]+))?[ ]*\n")
_NAMED_LIKE_A_SCRIPT = r"\.sh\Z|health[^/]*\Z"
_LIKE_A_SCRIPT = rf"{_NAMED_LIKE_A_SCRIPT}|\A(?!/(?:usr/)?s?bin/)"
_OWN_PROGRAMS = "/usr/local/bin"
"""Where images put scripts that are called by their names, as `docker-healthcheck` of docker-library."""


class Nested(Compound, ABC):
    """A shell that was begun by another one, or by Docker."""

    def script_file(self, path: str) -> tuple[str, str, str] | None:
        """Shell, options and text of a program that is a script, None if it is not seen to be one."""
        if not re.search(_LIKE_A_SCRIPT if "/" in path else _NAMED_LIKE_A_SCRIPT, path):
            return None  # not worth a look
        if "/" not in path:
            path = f"{_OWN_PROGRAMS}/{path}"
        text = self.log.read(path) or ""
        self.log.spend(len(text) // 16)
        match = _SHEBANG.match(text)
        return (basename(match[1]), match[2] or "", text) if match and basename(match[1]) in SHELLS else None

    def run_file(self, name: str, options: str, text: str, io: IO) -> int | None:
        """This shell runs a script that names it in its first line."""
        if options:
            self.set_options([options])
        return self._run_text(text, io, ampersand=name in AMPERSAND_SHELLS)

    def run_shell(self, name: str, args: list[Field], io: IO) -> int | None:
        """This shell is `sh -c SCRIPT` or `sh FILE`, with the few options that health commands use."""
        words = iter(args)
        for arg in words:
            if arg is None or not re.fullmatch(
                r"-[eulxv]*c[euxv]*|-[euxv]+o?|-l|[-+]o|[^-+].*", arg, re.DOTALL
            ):
                break
            if arg[0] not in "-+":
                return self._run_text(self.log.read(arg), io, ampersand=name in AMPERSAND_SHELLS)
            if flags := re.sub("[lc]", "", arg[1:]):
                self.set_options([f"{arg[0]}{flags}", *([next(words, None)] if flags.endswith("o") else [])])
            if "c" in arg:
                return self._run_text(next(words, None), io, ampersand=name in AMPERSAND_SHELLS)
        raise self.log.unclear("a shell that is not given its script by -c")

    def _run_text(self, text: Field, io: IO, *, ampersand: bool) -> int | None:
        if text is None:
            raise self.log.unclear("the script of a shell is not known")
        self.log.spend(len(text) // 64)
        try:
            tree, comments = parse(text, ampersand=ampersand)
        except syntax.ShellSyntaxError:
            return 2
        except syntax.UnsupportedSyntax as error:
            raise self.log.unclear(show(str(error))) from error
        self.log.comments.extend(comments)
        return self.script(tree, io)
