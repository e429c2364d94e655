"""awk, as far as health commands use it: lines that match a plain word, which are printed, or decide the status."""

from __future__ import annotations

import re

from dockgrader.healthcheck.filters import lines_of, nth
from dockgrader.healthcheck.world import UNKNOWN, Input, Outcome

_PRINT = r"(?:(!?)/([^/]*)/)?(?:\{print ?(?:\$([0-9]))?;?\})?"
_FOUND = (
    r"/([^/]*)/\{(f|p|x|n|ok|up|pong|seen|found)(?:=1|\+\+);?\}"
    r"END\{exit ?(?:!\2|\(!\2\)|\2\?0:1|\2==0);?\}"
)


def awk(args: list[str], stdin: Input) -> Outcome:
    """`/x/{print $1}`, whose status is 0 whatever is found, and `/x/{f=1} END{exit !f}`."""
    text = stdin.read()
    if len(args) != 1 or not args[0].strip() or len(args[0]) > 200:
        return UNKNOWN
    program = re.sub(r"\s*([{}();=!?:]|\+\+)\s*", r"\1", args[0].strip())
    if match := re.fullmatch(_FOUND, program, re.ASCII):
        hits = _hits(match[1], "", text)
        return UNKNOWN if hits is None else (int(not hits), "")
    match = re.fullmatch(_PRINT, program, re.ASCII)
    if not match or not _word(match[2] or ""):
        return UNKNOWN
    hits = _hits(match[2] or "", match[1], text)
    if hits is None:
        return 0, None
    field = int(match[3] or 0)
    return 0, "".join(f"{nth(line.split(), field) if field else line}\n" for line in hits)


def _word(pattern: str) -> re.Match[str] | None:
    return re.fullmatch(r"(\^?)([A-Za-z0-9 ]*)(\$?)", pattern, re.ASCII)


def _hits(pattern: str, negated: str | None, text: str | None) -> list[str] | None:
    """The lines that match, or do not; None if that is not known."""
    word = _word(pattern)
    if not word or text is None or re.search(r"[^\n -~]", text):
        return None
    regex = re.compile(("\\A" if word[1] else "") + word[2] + ("\\Z" if word[3] else ""))
    return [line for line in lines_of(text) if bool(regex.search(line)) != bool(negated)]
