"""The grader's own container, when it runs in one: it is none of the student's.

By its id, never by a label or a name: those a student could give to a container of theirs, to hide it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from dockgrader.hosts.base import Engine, Missing, NotBack, Output, ToRestart

# The engine mounts these files of the container's own folder (/var/lib/docker/containers/ID/hosts; Podman's is
# …/overlay-containers/ID/userdata/hosts); fields 4 and 5 of mountinfo are the file's place and where it is mounted.
_OWN_FILE = re.compile(r"containers/([0-9a-f]{64})/\S+ /etc/(?:hosts|hostname|resolv\.conf) ")
_CONTAINER = re.compile(r"/containers/([^/]+)/json")


def own_container(mountinfo: Path = Path("/proc/self/mountinfo")) -> str:
    """The id of the container in which this process runs, by its mount table; empty outside of one."""
    try:
        found = _OWN_FILE.search(mountinfo.read_text(encoding="utf-8", errors="replace"))
    except OSError:  # no Linux
        return ""
    return found[1] if found else ""


class WithoutOwn:
    """An engine on which the grader's own container is not there."""

    def __init__(self, engine: Engine, own: str) -> None:
        self._engine = engine
        self._own = own

    @property
    def version(self) -> str:
        """The engine's own version."""
        return self._engine.version

    @property
    def api(self) -> str:
        """The API version that is spoken."""
        return self._engine.api

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        """The answer without the own container. Raises Missing when it is asked for."""
        answer = self._engine.get(path, params)
        if path == "/containers/json" and isinstance(answer, list):
            return [item for item in answer if not self._is_own(item)]
        if _CONTAINER.fullmatch(unquote(path)) and self._is_own(answer):
            raise Missing
        return answer

    def exec(self, container: str, argv: Sequence[str], seconds: float) -> Output:
        """Run a command in a container."""
        return self._engine.exec(container, argv, seconds)

    def control(self, container: str) -> float:
        """Seconds that the shortest command takes."""
        return self._engine.control(container)

    def restart(self, container: ToRestart) -> None:
        """Stop a container and start it again."""
        self._engine.restart(container)

    def put_back(self) -> list[NotBack]:
        """Start what was stopped."""
        return self._engine.put_back()

    def own(self, exec_id: str) -> bool:
        """Whether a command that ran in a container was ours."""
        return self._engine.own(exec_id)

    def events(self, since: str | None, quiet: float) -> Iterator[Mapping[str, Any]]:
        """What happens from now on."""
        return self._engine.events(since, quiet)

    def ping(self) -> None:
        """Raise Unobserved unless the engine answers."""
        self._engine.ping()

    def _is_own(self, item: Any) -> bool:
        return isinstance(item, dict) and item.get("Id") == self._own
