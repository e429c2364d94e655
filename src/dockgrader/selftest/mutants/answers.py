"""Named changes of what the kernel, a command or a page answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from dockgrader.facts.base import dig, dig_list, dig_str
from dockgrader.facts.cgroup import Cgroup
from dockgrader.facts.commands import Exec
from dockgrader.facts.http import HttpSeries
from dockgrader.selftest.mutants.base import PAGE, Mutant, Path, field_name, other_text, replaced
from dockgrader.selftest.world import World

_OTHER_PAGE: Mapping[str, Callable[[str], str]] = {
    "other-words": lambda text: re.sub(r"\w+", r"\g<0>x", text),
    "no-punctuation": lambda text: re.sub(r"[,.;:!?]", "", text),
    "other-case": str.swapcase,
    "empty": lambda text: "",
}
"""Texts of a page that a person may take for the right one. More text around it is left out: it may be on the page."""
_NOTHING_HEARD = {"status": None, "body": ""}


def answer_mutants(world: World) -> Iterator[Mutant]:
    """Cgroup files, output of commands, pages."""
    for name, changes in ((Cgroup.name, _cgroup), (Exec.name, _exec), (HttpSeries.name, _http)):
        for key, question, answer in world.facts(name):
            if answer:
                for mutant, path, value in changes(answer):
                    spoilt = replaced(answer, path, value)
                    before = _at(answer, path)
                    yield Mutant(
                        mutant, world.of(question), _called(question, path), before, value, {key: spoilt}
                    )


def _called(question: Mapping[str, Any], path: Path) -> str:
    return f"{question['fact']}: {field_name(path)}".removesuffix(": ")


def _at(data: Any, path: Path) -> Any:
    for step in path:
        data = data[step]
    return data


def _cgroup(answer: Any) -> Iterator[tuple[str, Path, Any]]:
    unlimited = "max\n" if answer.get("version") == 2 else "-1\n"
    memory = dig_str(answer, "files", "memory", "content").strip()
    path: Path = ("files", "memory", "content")
    if memory.isdecimal() and int(memory) < 1 << 62:
        for name, other in (
            ("page-more", int(memory) + PAGE),
            ("page-less", int(memory) - PAGE),
            ("doubled", 2 * int(memory)),
        ):
            yield f"cgroup-memory.{name}", path, f"{other}\n"
        yield (
            "cgroup-memory.removed",
            path,
            unlimited if answer.get("version") == 2 else f"{(1 << 63) - PAGE}\n",
        )
    quota, _, period = dig_str(answer, "files", "quota", "content").strip().partition(" ")
    path = ("files", "quota", "content")
    if quota.isdecimal():
        for name, number in (("little-more", int(quota) + 1000), ("little-less", int(quota) - 1000)):
            yield f"cgroup-cpu.{name}", path, f"{number} {period}".strip() + "\n"
        yield "cgroup-cpu.removed", path, f"{unlimited.strip()} {period}".strip() + "\n"
        if period:
            yield "cgroup-cpu.other-period", path, f"{quota} {int(period) // 2}\n"
    own_period = dig_str(answer, "files", "period", "content").strip()
    if own_period.isdecimal():
        yield "cgroup-cpu.other-period", ("files", "period", "content"), f"{int(own_period) // 2}\n"


def _exec(answer: Any) -> Iterator[tuple[str, Path, Any]]:
    silent = {**answer, "exit": None, "stdout": "", "stderr": ""}
    for problem in ("timeout", "flood", "missing", "stopped"):
        yield f"command.{problem}", (), {**silent, "problem": problem}
    status = answer.get("exit")
    yield "command.failed", (), {**answer, "exit": 1 if status == 0 else 0}
    yield "command.not-there", (), {**silent, "exit": 127, "stderr": "no such file or directory"}
    for name, text in other_text(dig_str(answer, "stdout")).items():
        yield f"command.{name}", ("stdout",), text


def _http(answer: Any) -> Iterator[tuple[str, Path, Any]]:
    def pages(change: Any) -> list[Any]:
        return [
            {**series, "pages": [change(page) for page in dig_list(series, "pages")]} for series in answer
        ]

    if not any(dig_list(series, "pages") for series in answer):
        return
    for problem in ("refused", "empty", "timeout", "garbage"):
        yield (
            f"http.{problem}",
            (),
            [{**series, "pages": [{**_NOTHING_HEARD, "problem": problem}]} for series in answer],
        )
    for status in (500, 404, 302):
        yield f"http.status-{status}", (), pages(lambda page, status=status: {**page, "status": status})
    for name, other in _OTHER_PAGE.items():
        spoilt = pages(lambda page, other=other: {**page, "body": other(dig_str(page, "body"))})
        if spoilt != answer:
            yield f"http.{name}", (), spoilt
    if any(len({dig(page, "body") for page in dig_list(series, "pages")}) > 1 for series in answer):
        yield (
            "http.stands-still",
            (),
            [
                {**series, "pages": [dig_list(series, "pages")[0]] * len(dig_list(series, "pages"))}
                for series in answer
            ],
        )
        yield (
            "http.runs-backwards",
            (),
            [{**series, "pages": dig_list(series, "pages")[::-1]} for series in answer],
        )
    if any(
        re.search("[0-9]", dig_str(page, "body")) for series in answer for page in dig_list(series, "pages")
    ):
        yield (
            "http.no-number",
            (),
            pages(lambda page: {**page, "body": re.sub("[0-9]+", "many", dig_str(page, "body"))}),
        )
