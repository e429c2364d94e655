"""The variables with which Compose v1 hashed a service, told by the container that it made.

`WEB_PORT=8080 docker-compose up -d` leaves no trace of the variable but the container: its published port, its
environment, the folders that are mounted. What stands in the file with a variable in it (`${WEB_PORT:-80}:5000`) is
laid over what the container shows (`8080:5000`). Such a value is a guess; that the hash agrees with it proves it.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any

import yaml

from dockgrader.facts.base import dig_dict, dig_list, dig_str
from dockgrader.facts.compose_file import NotCompose, entries_of, root_of
from dockgrader.frozen import dataclass

UNREADABLE = "(of another file)"
"""Stands for the variables of a file that a service extends, where that cannot be read."""
_VARIABLE = re.compile(r"\$(?:(\$)|([_a-z][_a-z0-9]*)|\{([_a-z][_a-z0-9]*)[^}]*\})", re.IGNORECASE)
_MOST = 2
"""Variables in one text that are told apart: more would take long on hostile texts."""
_LONGEST = 1000
_FILES = 10
_OF_HOME = re.compile(r"(/home/([^/]+)|/Users/([^/]+)|/(root))(?:/|$)")
_ENVIRONMENT = ("environment", "labels")
_UNSAFE = re.compile(
    r"_|LD_|DYLD_|PYTHON|DOCKER|COMPOSE|DOCKGRADER|GCONV|LOCPATH|NLSPATH|GLIBC|MALLOC|OPENSSL|SSL_|BASH|SHELLOPTS|XDG_"
    r"|TERMINFO|TMP|TEMP|IFS$|PS4$|ENV$|PATH$",
    re.IGNORECASE,
)
"""Names that change what a program does: a container's environment must not run anything in the grader's name."""


@dataclass(frozen=True)
class Template:
    """A text with variables in it, and the key of the service below which it stands."""

    key: str
    text: str

    @property
    def names(self) -> list[str]:
        """The variables, in their order."""
        return [match[2] or match[3] for match in _VARIABLE.finditer(self.text) if not match[1]]

    def over(self, shown: str) -> dict[str, str] | None:
        """The values that make this text what the container shows; None where none do."""
        if len(self.names) > _MOST or len(shown) > _LONGEST:
            return None
        pattern, end = "", 0
        groups: dict[str, str] = {}
        for match in _VARIABLE.finditer(self.text):
            pattern += re.escape(self.text[end : match.start()])
            end, name = match.end(), match[2] or match[3]
            if match[1]:
                pattern += re.escape("$")
            elif name in groups:
                pattern += f"(?P={groups[name]})"
            else:
                groups[name] = f"v{len(groups)}"
                pattern += f"(?P<{groups[name]}>.*)"
        found = re.fullmatch(pattern + re.escape(self.text[end:]), shown, re.DOTALL)
        return {name: found[group] for name, group in groups.items()} if found else None


@dataclass(frozen=True)
class Told:
    """Values of variables; None for one that was not set. `sure` are those that only one value explains."""

    values: Mapping[str, str | None] = field(default_factory=dict)
    sure: frozenset[str] = frozenset()


def templates(paths: Sequence[str], service: str, read: Callable[[str], bytes | None]) -> set[Template]:
    """All texts with variables of which Compose v1 makes the service, in these files and those that it extends."""
    found: set[Template] = set()
    waiting, seen = [(path, service) for path in paths], set[tuple[str, str]]()
    while waiting:
        path, name = here = waiting.pop()
        if here in seen:
            continue
        seen.add(here)
        data = read(path) if len(seen) <= _FILES else None
        try:
            top = entries_of(root_of(data or b""))
        except NotCompose:
            found.add(Template("extends", f"${{{UNREADABLE}}}"))
            continue
        services = entries_of(top["services"]) if "services" in top else top
        node = services.get(name)
        found.update(_of_service(node))
        for key in ("networks", "volumes"):
            found.update(Template(f"top {key}", text) for text in _texts(top.get(key)))
        waiting += _extended(node, path, name)
    return {item for item in found if item.names or UNREADABLE in item.text}


def variables(found: Iterable[Template]) -> set[str]:
    """The names of all variables in them."""
    return {name for item in found for name in (item.names or [UNREADABLE])}


def _extended(node: yaml.Node | None, path: str, service: str) -> list[tuple[str, str]]:
    extends = entries_of(node).get("extends") if node is not None else None
    if isinstance(extends, yaml.ScalarNode):
        return [(path, extends.value)]
    entries = entries_of(extends) if extends is not None else {}
    file, other = (str(entries[key].value) if key in entries else "" for key in ("file", "service"))
    return (
        [(posixpath.join(posixpath.dirname(path), file) if file else path, other or service)]
        if entries
        else []
    )


def _of_service(node: yaml.Node | None) -> Iterator[Template]:
    for key, value in entries_of(node).items() if node is not None else ():
        if key in _ENVIRONMENT:
            yield from (Template(key, text) for text in _named(value))
        else:
            for text in _texts(value):
                home = key == "volumes" and re.match("~(?=/|:|$)", text)
                yield Template(key, "${HOME}" + text[1:] if home else text)


def _named(node: yaml.Node) -> Iterator[str]:
    """`A=b` of a list or a mapping; `A` alone is the variable of that name."""
    if isinstance(node, yaml.MappingNode):
        for name, value in entries_of(node).items():
            null = value.tag == "tag:yaml.org,2002:null"
            yield f"{name}=" + (f"${{{name}}}" if null else str(value.value))
    else:
        for text in _texts(node):
            yield text if "=" in text else f"{text}=${{{text}}}"


def _texts(node: yaml.Node | None) -> Iterator[str]:
    """All values below a node; the tree is bounded when it is read."""
    if isinstance(node, yaml.ScalarNode):
        yield node.value
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _texts(item)
    elif isinstance(node, yaml.MappingNode):
        for item in entries_of(node).values():
            yield from _texts(item)


def told_by(raw: Mapping[str, Any], found: Iterable[Template], working_dir: str) -> Told:
    """The values that a container shows, as inspect does with its environment, and likely ones of the user's."""
    shown = _shown(raw)
    possible: dict[str, set[str | None]] = {}
    for item in found:
        laid = list(_laid(item, shown.get(item.key, ()), working_dir))
        for values in laid:
            for name, value in values.items():
                possible.setdefault(name, set()).add(value)
        passed_on = [name for name in item.names if item.text == f"{name}=${{{name}}}"]
        if passed_on and not laid and item.key == "environment":
            possible.setdefault(passed_on[0], set()).add(None)  # it was not set
    sure = frozenset(name for name, values in possible.items() if len(values) == 1)
    likely = {name: min(values, key=lambda value: value or "") for name, values in possible.items()}
    return Told({**_of_user(working_dir), **likely}, sure)


def _laid(item: Template, shown: Iterable[str], working_dir: str) -> Iterator[dict[str, str]]:
    """What each of the things shown would make of the variables, as Compose writes it down."""
    text = item.text.removesuffix("/tcp") if item.key == "ports" else item.text
    if item.key == "volumes" and text.startswith("./"):
        text = working_dir + text[1:]
    for each in shown:
        values = Template(item.key, text).over(each)
        if values is not None:
            yield values


def _of_user(working_dir: str) -> dict[str, str | None]:
    """Whose folder the project is in. Who grades may be somebody else."""
    match = _OF_HOME.match(working_dir)
    if not match:
        return {"PWD": working_dir}
    user = match[2] or match[3] or match[4]
    return {"PWD": working_dir, "HOME": match[1], "USER": user, "LOGNAME": user}


def _shown(raw: Mapping[str, Any]) -> dict[str, list[str]]:
    """What a container shows of each key of its service, as Compose files write it."""
    config, host = dig_dict(raw, "Config"), dig_dict(raw, "HostConfig")
    return {
        "environment": [str(entry) for entry in dig_list(config, "Env")],
        "labels": [f"{name}={value}" for name, value in dig_dict(config, "Labels").items()],
        "ports": list(_ports(dig_dict(host, "PortBindings"))),
        "volumes": [str(bind).removesuffix(":rw") for bind in dig_list(host, "Binds")],
        "image": [dig_str(config, "Image")],
        "user": [dig_str(config, "User")],
        "hostname": [dig_str(config, "Hostname")],
        "container_name": [dig_str(raw, "Name").lstrip("/")],
    }


def _ports(bindings: Mapping[str, Any]) -> Iterator[str]:
    for port, places in bindings.items():
        for place in places if isinstance(places, list) else []:
            parts = [dig_str(place, "HostIp"), dig_str(place, "HostPort"), port.removesuffix("/tcp")]
            yield ":".join(part for part in parts if part)


def as_environment(values: Mapping[str, str | None], used: Iterable[str]) -> list[str]:
    """The words after `env` that set and unset these variables, as far as they are used and do no harm."""
    safe = [name for name in sorted(set(used) & values.keys()) if not _UNSAFE.match(name)]
    unset = [word for name in safe if values[name] is None for word in ("-u", name)]
    given = [f"{name}={value}" for name in safe if (value := values[name]) is not None and "\0" not in value]
    # Another's home may hold modules of theirs, which Python would load.
    return [*unset, *(["PYTHONNOUSERSITE=1"] if "HOME" in safe else []), *given]


def named_in(env_file: bytes) -> set[str]:
    """The variables that an environment file (`.env`) sets."""
    lines = (line.strip() for line in env_file.decode("utf-8", "replace").splitlines())
    return {
        line.partition("=")[0].removeprefix("export ").strip()
        for line in lines
        if "=" in line and line[0] != "#"
    }
