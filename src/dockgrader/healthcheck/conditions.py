"""`test`, `[` and `[[`. Source: POSIX.1-2017."""

from __future__ import annotations

import re

from dockgrader.healthcheck.world import Field, Input, Outcome


def test(args: list[str]) -> int | None:
    """`test` by the number of arguments, as POSIX has it; 2 is a complaint, None what is not known."""
    if len(args) < 2:
        return int(not (args and args[0]))
    if len(args) == 3 and args[1] in _COMPARISONS:
        return _compare(*args)
    if args[0] == "!" and len(args) <= 4:
        status = test(args[1:])
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


def bracket(args: list[str], _stdin: Input) -> Outcome:
    """`[ … ]`."""
    return (test(args[:-1]) if args and args[-1] == "]" else 2), ""


def double_bracket(args: list[Field]) -> int | None:
    """The status of `[[ … ]]`, None if it is not known."""
    texts = [arg for arg in args if arg is not None]
    if len(texts) != len(args) or len(texts) < 2 or texts[-1] != "]]":
        return None
    if len(texts) == 4 and texts[1] == "=~":
        return int(texts[2] not in texts[0]) if re.fullmatch(r"\w+", texts[2], re.ASCII) else None
    # The right side is a pattern, of which only plain text is followed, and numbers may be sums.
    status = None if re.search(r"[*?\[\\]", texts[-2]) else test(texts[:-1])
    return None if status == 2 else status
