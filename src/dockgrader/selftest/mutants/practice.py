"""Named changes of namespaces, shells, images' commands, files in volumes and leftovers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from dockgrader.facts.base import dig, dig_dict, dig_list, dig_str
from dockgrader.facts.cgroup_process import CgroupProcess
from dockgrader.facts.containers import Image
from dockgrader.facts.namespaces import KINDS, Namespaces
from dockgrader.facts.shells import Shells
from dockgrader.facts.volumes import FileInVolume, UnusedVolumes
from dockgrader.selftest.mutants.base import Mutant, replaced
from dockgrader.selftest.world import World

Changes = Iterator[tuple[str, Any]]
"""Names of mutants with the whole answer as it is then."""

_ANONYMOUS = "f" * 64


def practice_mutants(world: World) -> Iterator[Mutant]:
    """Each answer in each way that has a name."""
    for fact, changes in _CHANGES.items():
        for key, question, answer in world.facts(fact):
            for name, after in changes(answer) if answer or fact == UnusedVolumes.name else ():
                yield Mutant(name, world.of(question), fact, "", "", {key: after})


def _namespaces(answer: Any) -> Changes:
    for kind in KINDS:
        for link in dig_list(answer, "host", kind)[:1]:
            yield f"namespace.{kind}-of-host", replaced(answer, ("own", kind), link)
    if host := dig_str(answer, "host_hostname"):
        yield "namespace.same-hostname", {**answer, "hostname": host}
    yield "namespace.other-process", {**answer, "inside": f"{dig_str(answer, 'inside')}x"}
    yield "namespace.shared-pid", {**answer, "number": 7}


def _shells(answer: Any) -> Changes:
    def each(**change: Any) -> dict[str, Any]:
        return {**answer, "shells": [{**shell, **change} for shell in dig_list(answer, "shells")]}

    if not dig_list(answer, "shells"):
        return
    yield "shell.gone", {**answer, "shells": []}
    for kind in sorted({kind for shell in answer["shells"] for kind in shell["own"]}):
        shells = [
            {**shell, "own": [own for own in shell["own"] if own != kind]} for shell in answer["shells"]
        ]
        yield f"shell.{kind}-of-host", {**answer, "shells": shells}
    yield "shell.same-hostname", each(hostname=dig_str(answer, "hostname"))
    static = {"hostname": dig_str(answer, "hostname"), "since": 1}
    renamed = each(hostname=static["hostname"], started=2)
    yield "shell.host-renamed", {**renamed, "hostname": f"{static['hostname']}x", "static": static}
    yield "shell.not-first", each(number=7)
    yield "shell.proc-of-host", each(proc=dig_str(answer, "proc"))


def _cgroup_process(answer: Any) -> Changes:
    moved = dig_str(answer, "proc_cgroup").replace(dig_str(answer, "id"), "elsewhere")
    yield "process.moved", {**answer, "proc_cgroup": moved, "private": False}
    if dig_dict(answer, "listed"):
        yield "process.not-listed", {**answer, "listed": dict.fromkeys(answer["listed"], False)}


def _file(answer: Any) -> Changes:
    yield "file.removed", {**answer, "there": False, "begins": ""}
    yield "file.other-format", {**answer, "begins": "other"}
    yield "file.not-in-a-volume", {**answer, "mount": None}


def _unused(answer: Any) -> Changes:
    yield "leftover.anonymous-volume", [*answer, _ANONYMOUS]


def _image(answer: Any) -> Changes:
    for part in ("Entrypoint", "Cmd"):
        words = [str(word) for word in dig_list(answer, "Config", part)]
        if words:
            name, path = f"config.{part.lower()}", ("Config", part)
            quoted = ", ".join(f"“{word}”" for word in words)
            yield f"{name}-removed", replaced(answer, path, None)
            yield f"{name}-other-word", replaced(answer, path, [*words[:-1], f"{words[-1]}x"])
            yield f"{name}-shell-form", replaced(answer, path, ["/bin/sh", "-c", " ".join(words)])
            yield f"{name}-typographic", replaced(answer, path, ["/bin/sh", "-c", f"[{quoted}]"])
    if dig(answer, "Config", "Volumes"):
        yield "config.volumes-removed", replaced(answer, ("Config", "Volumes"), None)


_CHANGES: Mapping[str, Callable[[Any], Changes]] = {
    Namespaces.name: _namespaces,
    Shells.name: _shells,
    CgroupProcess.name: _cgroup_process,
    FileInVolume.name: _file,
    UnusedVolumes.name: _unused,
    Image.name: _image,
}
