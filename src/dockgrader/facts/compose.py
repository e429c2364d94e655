"""Compose projects by their labels, and what their files say."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any, ClassVar

from dockgrader.errors import Unobserved
from dockgrader.facts.base import Answer, Fact, Setting, dig, dig_list, dig_str
from dockgrader.facts.compose_paths import file_paths, possible_paths
from dockgrader.facts.containers import Container, Containers, Listed
from dockgrader.frozen import dataclass
from dockgrader.hosts.base import Missing

# What reads compose files is imported where it is used: a project of Compose v2 is often judged by its labels.
if TYPE_CHECKING:
    from dockgrader.facts.compose_spec import ServiceSpec

PREFIX = "com.docker.compose."
PROJECT, SERVICE, ONE_OFF = PREFIX + "project", PREFIX + "service", PREFIX + "oneoff"
CONFIG_HASH, DEPENDS_ON, VERSION = PREFIX + "config-hash", PREFIX + "depends_on", PREFIX + "version"
WORKING_DIR, CONFIG_FILES = PREFIX + "project.working_dir", PREFIX + "project.config_files"
ENV_FILE = PREFIX + "project.environment_file"
_PODMAN_HASH = "io.podman.compose.config-hash"
COMPOSE_SECONDS = 25.0


@dataclass(frozen=True)
class Project:
    """A Compose project: the ids of each service's containers, whether one of them runs, and all are settled."""

    name: str
    services: Mapping[str, tuple[str, ...]]
    running: bool
    settled: bool = False


def replicas(containers: Sequence[Listed]) -> list[Listed]:
    """The containers of Compose services, newest first.

    One-off containers (`run`) and hook containers (no config hash, Compose 5.3) are none.
    """
    return [
        item
        for item in containers
        if item.labels.get(PROJECT)
        and item.labels.get(SERVICE)
        and (CONFIG_HASH in item.labels or _PODMAN_HASH in item.labels)
        and item.labels.get(ONE_OFF, "").lower() != "true"
    ]


def projects(containers: Sequence[Listed]) -> list[Project]:
    """The projects on a host, newest first."""
    services: dict[str, dict[str, list[str]]] = {}
    running: set[str] = set()
    unsettled: set[str] = set()
    for item in replicas(containers):
        project = item.labels[PROJECT]
        services.setdefault(project, {}).setdefault(item.labels[SERVICE], []).append(item.id)
        if item.state == "running":
            running.add(project)
        if not item.settled:
            unsettled.add(project)
    return [
        Project(
            name,
            {service: tuple(ids) for service, ids in found.items()},
            name in running,
            name not in unsettled,
        )
        for name, found in services.items()
    ]


@dataclass(frozen=True)
class FilesSay:
    """What the files at these paths say of each service, or the `problem` for which they say nothing."""

    services: Mapping[str, ServiceSpec]
    problem: str = ""
    paths: tuple[str, ...] = ()
    whole: bool = True
    """Whether there are no other services; files may include others."""
    broken: bool = False
    """Whether one of them can be read, and no Compose could: it is not what was brought up."""


@dataclass(frozen=True)
class ComposeFiles(Fact[FilesSay]):
    """The effective compose file of a project: the files that its labels name, merged."""

    working_dir: str
    config_files: str
    name: ClassVar[str] = "compose-files"

    def read(self, setting: Setting) -> Any:
        """Only regular files under 1 MiB that parse as compose files, and of these only the relevant keys."""
        from dockgrader.facts.compose_file import NotCompose, NotYaml, relevant

        possible = possible_paths(self.working_dir, self.config_files)
        if not possible[0]:
            return {"problem": "the containers' labels name no compose file"}
        if not self._are_here(setting):
            return {
                "problem": "they are files of the machine on which the containers run, and that may be another one"
            }
        try:
            tried = [(paths, setting.host.read_files(paths, regular=True)) for paths in possible]
        except Unobserved as error:
            if error.code != "host.files":
                raise
            return {"problem": str(error)}
        there = (found for found in tried if all(file.problem != "missing" for file in found[1]))
        paths, files = next(there, tried[0])
        kept: list[Any] = []
        for path, file in zip(paths, files, strict=True):
            if file.data is None:
                return {"problem": f"{path} cannot be read: {file.problem}"}
            try:
                kept.append(relevant(file.data))
            except NotCompose as error:
                broken = {"broken": True} if isinstance(error, NotYaml) else {}
                return {"problem": f"{path} is no compose file", **broken}
        return {"files": kept, "paths": paths}

    def _are_here(self, setting: Setting) -> bool:
        """Whether a container that names these files runs on the machine whose files we read."""
        for listed in setting.see(Containers()):
            labels = (listed.labels.get(WORKING_DIR, ""), listed.labels.get(CONFIG_FILES, ""))
            if listed.state in ("running", "paused") and labels == (self.working_dir, self.config_files):
                inspected = setting.see(Container(listed.id))
                if inspected and inspected.pid > 0:
                    return setting.host.near(inspected.id, inspected.pid).files
        return False

    def parse(self, raw: Any) -> FilesSay:
        """Merged in order, as Compose does."""
        from dockgrader.facts.compose_spec import effective, incomplete

        problem = dig_str(raw, "problem")
        files = [file for file in dig_list(raw, "files") if isinstance(file, dict)]
        paths = tuple(str(path) for path in dig_list(raw, "paths"))
        broken = dig(raw, "broken") is True
        return FilesSay({} if problem else effective(files), problem, paths, not incomplete(files), broken)

    def shown_by(self) -> str:
        """As a person asks."""
        return "cat " + shlex.join(file_paths(self.working_dir, self.config_files))


@dataclass(frozen=True)
class ComposeSays(Fact[Answer]):
    """What Compose itself says of a project, called with the files that were found."""

    project: str
    working_dir: str
    config_files: str
    env_file: str = field(default="", kw_only=True)

    def call(self, paths: Sequence[str] = ()) -> list[str]:
        """Compose's options that name the project, and the files at these paths or at the likeliest ones."""
        files = list(paths) or file_paths(self.working_dir, self.config_files)
        named = [word for path in files for word in ("-f", path)]
        return ["-p", self.project, "--project-directory", self.working_dir, *self._env(files), *named]

    def _env(self, files: list[str]) -> list[str]:
        path = self.env_path(files)
        return ["--env-file", path] if path else []

    def env_path(self, files: Sequence[str]) -> str:
        """The path of `--env-file`, which Compose v1 writes down relative to the folder in which it was run, like the
        files; empty where there is none.
        """
        if not self.env_file:
            return ""
        possible = possible_paths(self.working_dir, f"{self.config_files},{self.env_file}")
        return next((paths[-1] for paths in possible if paths[:-1] == list(files)), "")

    def found(self, setting: Setting) -> tuple[str, ...]:
        """The paths at which the files are."""
        return setting.see(ComposeFiles(self.working_dir, self.config_files)).paths

    def question(self) -> dict[str, Any]:
        """Without what is not there, so that evidence from before `env_file` answers the same question."""
        asked = super().question()
        return asked if self.env_file else {key: asked[key] for key in asked if key != "env_file"}


@dataclass(frozen=True)
class ComposeConfig(ComposeSays[FilesSay]):
    """The same from Compose itself on the host, for files whose merging needs it (extends, include, variables)."""

    name: ClassVar[str] = "compose-config"

    def read(self, setting: Setting) -> Any:
        """`docker compose config`, else Compose v1's."""
        from dockgrader.facts.compose_file import NotCompose, relevant

        call = self.call(self.found(setting))
        for program in (["docker", "compose"], ["docker-compose"]):
            try:
                output = setting.host.run([*program, *call, "config"], COMPOSE_SECONDS)
                if output.exit == 0:
                    return {"files": [relevant(output.stdout)]}
            except (Missing, NotCompose):
                continue
            except Unobserved as error:
                return {"problem": str(error)}
        return {"problem": "Compose on this host cannot show the effective file (`docker compose config`)"}

    def parse(self, raw: Any) -> FilesSay:
        """Compose has merged them and put in the variables."""
        from dockgrader.facts.compose_spec import from_config_json

        files = [file for file in dig_list(raw, "files") if isinstance(file, dict)]
        return FilesSay(from_config_json(files[0]) if files else {}, dig_str(raw, "problem"))

    def shown_by(self) -> str:
        """As a person asks."""
        return shlex.join(["docker", "compose", *self.call(), "config"])


def label_conditions(label: str) -> dict[str, str]:
    """`redis:service_healthy:false,db:service_started:true` as {service: condition}."""
    entries = (entry.split(":") for entry in label.split(",") if entry.strip())
    return {entry[0].strip(): entry[1] if len(entry) > 1 else "service_started" for entry in entries}
