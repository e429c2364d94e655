"""A place in the text of a shell script: the blanks, comments and reserved words that stand there."""

from __future__ import annotations

import re

from dockgrader.healthcheck.syntax import ShellSyntaxError

_RESERVED = re.compile(
    r"(then|elif|else|fi|\}|\{|!|if|while|until|for|case|esac|do|done|function|select)(?=[ \t\n;&|<>()]|\Z)"
)


class Cursor:
    """`at` is the place in `text`; the comments that were skipped are added to `comments`.

    `ampersand` says that this shell takes `&>` for a redirection.
    """

    def __init__(self, text: str, comments: list[str], *, ampersand: bool = False) -> None:
        self.text = text
        self.ampersand = ampersand
        self.at = 0
        self.comments = comments

    def starts(self, token: str) -> bool:
        """Does `token` stand here?"""
        return self.text.startswith(token, self.at)

    def take(self, token: str) -> bool:
        """Go past `token` if it stands here."""
        if self.starts(token):
            self.at += len(token)
            return True
        return False

    def skip(self, *, newlines: bool = False) -> None:
        """Go past blanks, continued lines and comments. Only between tokens: there `#` starts a comment."""
        while self.at < len(self.text):
            if self.text[self.at] in " \t" or (newlines and self.text[self.at] == "\n"):
                self.at += 1
            elif self.starts("\\\n"):
                self.at += 2
            elif self.text[self.at] == "#":
                end = self.text.find("\n", self.at)
                end = len(self.text) if end < 0 else end
                self.comments.append(self.text[self.at + 1 : end])
                self.at = end
            else:
                return

    def reserved(self) -> str:
        """The reserved word that stands here, or an empty string."""
        match = _RESERVED.match(self.text, self.at)
        return match.group(1) if match else ""

    def expect(self, token: str) -> None:
        """Go past blanks and `token`; raises ShellSyntaxError if something else stands there."""
        self.skip(newlines=True)
        if self.reserved() not in ("", token) or not self.take(token):
            raise ShellSyntaxError(f"missing {token!r}")
