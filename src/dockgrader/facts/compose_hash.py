"""Compose v1's hash of a service: whether its compose files are what runs."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from dockgrader.errors import Unobserved
from dockgrader.facts.base import Setting, dig_dict, dig_str
from dockgrader.facts.compose import COMPOSE_SECONDS, CONFIG_HASH, PROJECT, SERVICE, ComposeSays, replicas
from dockgrader.facts.containers import Containers, Image
from dockgrader.frozen import dataclass
from dockgrader.hosts.base import Missing, Output

if TYPE_CHECKING:
    from dockgrader.facts.compose_variables import Template


@dataclass(frozen=True)
class HashSays:
    """Compose v1's hash of a service as its files are now, or the `problem` for which it cannot be told."""

    hash: str
    problem: str = ""
    version: str = ""
    """Of the Compose that was asked, where its hash differs; empty in evidence from before it was kept."""


@dataclass(frozen=True)
class ComposeHash(ComposeSays[HashSays]):
    """`docker-compose config --hash SERVICE` of Compose v1; equal to the label when the file is what runs.

    Where the image was built again meanwhile, no file's hash is. What runs was made of files that are older, then.
    `running` is the label's hash: when it comes out at once, Compose's version need not be asked.
    """

    service: str
    running: str
    name: ClassVar[str] = "compose-hash"

    def read(self, setting: Setting) -> Any:
        """Another Compose generation hashes otherwise, so that a difference counts only from v1."""
        problem = {
            "problem": "Compose v1 (`docker-compose`), which started this project, cannot be asked on this host"
        }
        argv = self._argv(self.found(setting))
        try:
            output = setting.host.run(argv, COMPOSE_SECONDS)
            found = _hash(output)
            if found == self.running or self._hash_in_folder(setting, argv) == self.running:
                return {"hash": self.running}
            version = setting.host.run(["docker-compose", "version", "--short"], COMPOSE_SECONDS)
            if not found or not version.stdout.startswith(b"1."):
                return problem
            return self._with_variables(setting, argv, output, version)
        except Missing:
            return problem
        except Unobserved as error:
            return {"problem": str(error)}

    def _with_variables(self, setting: Setting, argv: list[str], output: Output, version: Output) -> Any:
        """Once more with the variables that the container tells. With others in the file the hash tells nothing."""
        from dockgrader.facts.compose_variables import as_environment, named_in, told_by, variables

        paths = self.found(setting)
        container = self._container(setting)
        if _built_again(setting, container) and _older(setting, paths, dig_str(container, "Created")):
            return {"hash": self.running, "image": "built again"}
        found = self._templates(setting, paths)
        used, told = variables(found), told_by(container, found, self.working_dir)
        words = as_environment(told.values, used)
        if words:
            output = setting.host.run(["env", *words, *argv], COMPOSE_SECONDS)
            if _hash(output) == self.running:
                return {"hash": self.running}
        unknown = used - told.sure
        if unknown:
            env_file = self.env_path(paths) or f"{self.working_dir}/.env"
            unknown -= named_in(_file(setting, env_file) or b"")
        if unknown or not _hash(output) or b"variable is not set" in output.stderr:
            return {
                "problem": "the compose file has variables that are not set here, so its hash tells nothing"
                + (f": {', '.join(sorted(unknown))}" if unknown else "")
            }
        return {"hash": _hash(output), "version": version.stdout.decode("utf-8", "replace").strip()}

    def _templates(self, setting: Setting, paths: Sequence[str]) -> set[Template]:
        from dockgrader.facts.compose_variables import templates

        return templates(paths, self.service, partial(_file, setting))

    def _container(self, setting: Setting) -> dict[str, Any]:
        """One that has this hash, with its environment, of which nothing is kept."""
        wanted = {PROJECT: self.project, SERVICE: self.service, CONFIG_HASH: self.running}
        for item in replicas(Containers().parse(Containers().read(setting))):
            if wanted.items() <= item.labels.items():
                try:
                    return dig_dict({"it": setting.host.engine.get(f"/containers/{item.id}/json")}, "it")
                except Missing:
                    continue
        return {}

    def _hash_in_folder(self, setting: Setting, argv: list[str]) -> str:
        """The file may name ${PWD}, and the grader may stand elsewhere than the student did."""
        try:
            return _hash(setting.host.run(["env", f"PWD={self.working_dir}", *argv], COMPOSE_SECONDS))
        except Missing:
            return ""

    def parse(self, raw: Any) -> HashSays:
        """As it was read."""
        return HashSays(dig_str(raw, "hash"), dig_str(raw, "problem"), dig_str(raw, "version"))

    def _argv(self, paths: Sequence[str] = ()) -> list[str]:
        return ["docker-compose", *self.call(paths), "config", "--hash", self.service]

    def shown_by(self) -> str:
        """As a person asks."""
        return shlex.join(self._argv())


def _hash(output: Output) -> str:
    """The hash in `web 0123…`, empty where there is none."""
    words = output.stdout.decode("utf-8", "replace").split() if output.exit == 0 else []
    return words[1] if len(words) > 1 else ""


def _built_again(setting: Setting, container: dict[str, Any]) -> bool:
    """Whether the image's name means another image by now, or none. Its id is in the hash, so that none can agree."""
    name, mine = dig_str(container, "Config", "Image"), dig_str(container, "Image")
    return bool(name and mine) and dig_str(Image(name).read(setting), "Id") != mine


def _older(setting: Setting, paths: Sequence[str], created: str) -> bool:
    """Whether the files were last written before the container was made, so that they are what it was made of."""
    try:
        made = datetime.fromisoformat(created).timestamp()
        output = setting.host.run(["stat", "-c", "%Y", "--", *paths], COMPOSE_SECONDS)
    except (Missing, ValueError):
        return False
    times = output.stdout.split()
    return len(times) == len(paths) > 0 and all(time.isdigit() and int(time) + 1 <= made for time in times)


def _file(setting: Setting, path: str) -> bytes | None:
    """A regular file of the host; None where there is none, or it cannot be read."""
    return setting.host.read_files([path], regular=True)[0].data
