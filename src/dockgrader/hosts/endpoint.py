"""Which Docker endpoint is meant, and why that one: `--host`, DOCKER_HOST, DOCKER_CONTEXT, the current context.

The same order as the docker CLI's (docs.docker.com/reference/cli/docker/#environment-variables), resolved here
and not in the SDK's `from_env()`, so that the report and `doctor` can say it.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dockgrader.errors import UsageError
from dockgrader.frozen import dataclass

_NETWORK = ("tcp", "http", "https")
SCHEMES = ("unix", "npipe", "tcp", "http", "https", "ssh", "recorded")
DEFAULT_URL = "npipe:////./pipe/docker_engine" if sys.platform == "win32" else "unix:///var/run/docker.sock"


@dataclass(frozen=True)
class Tls:
    """Paths of a TLS set-up; `verify` false means that the engine's certificate is not checked."""

    ca: str | None
    cert: str | None
    key: str | None
    verify: bool = True


@dataclass(frozen=True)
class Endpoint:
    """Where the engine is, `why` that one was taken, TLS for tcp, and what ssh does with keys of new hosts.

    `ssh_key` and `ssh_known_hosts` (paths) and `ssh_jump` (as ProxyJump has it) come before what `~/.ssh/config` says.
    """

    url: str
    why: str
    tls: Tls | None = None
    accept_new_host_keys: bool = False
    ssh_key: str = ""
    ssh_jump: str = ""
    ssh_known_hosts: str = ""

    @property
    def scheme(self) -> str:
        """`unix`, `npipe`, `tcp`, `ssh` or `recorded`."""
        return self.url.split(":", 1)[0]

    @property
    def path(self) -> str:
        """What follows the scheme: the socket's path, or the recorded file's."""
        rest = self.url.split(":", 1)[1]
        return rest if self.scheme == "recorded" else rest.removeprefix("//")


def resolve(host: str | None, env: Mapping[str, str] | None = None) -> Endpoint:
    """The endpoint that `host` (a URL, a context's name, or None for the environment's) means.

    Raises UsageError for an unknown scheme or context.
    """
    env = os.environ if env is None else env
    if host and ":" in host:
        return _by_url(host, "--host", env)
    if host:
        return _by_context(host, f"--host names the context '{host}'", env)
    if env.get("DOCKER_HOST"):
        return _by_url(env["DOCKER_HOST"], "DOCKER_HOST", env)
    if name := env.get("DOCKER_CONTEXT"):
        return _by_context(name, f"DOCKER_CONTEXT names the context '{name}'", env)
    name = _json(_config_dir(env) / "config.json").get("currentContext")
    if isinstance(name, str) and name not in ("", "default"):
        return _by_context(name, f"the docker CLI's current context is '{name}'", env)
    return Endpoint(DEFAULT_URL, "the default: no --host, DOCKER_HOST or docker context says otherwise")


def _by_url(url: str, why: str, env: Mapping[str, str]) -> Endpoint:
    tls = _tls_from_env(env) if url.startswith(("tcp:", "https:")) else None
    return Endpoint(_sound(url, why), why, tls)


def _sound(url: str, why: str) -> str:
    scheme, _, rest = url.partition(":")
    if scheme not in SCHEMES or not rest.strip("/") or (scheme in _NETWORK and not _has_port(url)):
        raise UsageError(
            f"{why}: {url!r} is no Docker endpoint; expected unix:///path, tcp://host:port, "
            "ssh://user@host, recorded:FILE or the name of a docker context"
        )
    return url


def _has_port(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname and parts.port)
    except ValueError:
        return False


def _tls_from_env(env: Mapping[str, str]) -> Tls | None:
    if not (env.get("DOCKER_TLS_VERIFY") or env.get("DOCKER_TLS")):
        return None
    folder = Path(env.get("DOCKER_CERT_PATH") or _config_dir(env))
    return _tls_in(folder, verify=bool(env.get("DOCKER_TLS_VERIFY")))


def _tls_in(folder: Path, *, verify: bool) -> Tls:
    def path(name: str) -> str | None:
        return str(folder / name) if (folder / name).exists() else None

    return Tls(path("ca.pem"), path("cert.pem"), path("key.pem"), verify)


def _by_context(name: str, why: str, env: Mapping[str, str]) -> Endpoint:
    if name == "default":
        return Endpoint(DEFAULT_URL, why)
    folder = _config_dir(env) / "contexts"
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()
    meta = folder / "meta" / digest / "meta.json"
    endpoints = _json(meta).get("Endpoints")
    docker = endpoints.get("docker") if isinstance(endpoints, dict) else None
    url = docker.get("Host") if isinstance(docker, dict) else None
    if not isinstance(docker, dict) or not isinstance(url, str):
        broken = f"but {meta} is broken" if meta.exists() else "but there is no such docker context"
        raise UsageError(f"{why}, {broken}; `docker context ls` lists them")
    certificates = folder / "tls" / digest / "docker"
    verify = not docker.get("SkipTLSVerify")
    tls = _tls_in(certificates, verify=verify) if certificates.is_dir() or not verify else None
    return Endpoint(_sound(url, why), why, tls)


def _config_dir(env: Mapping[str, str]) -> Path:
    if env.get("DOCKER_CONFIG"):
        return Path(env["DOCKER_CONFIG"])
    home = env.get("HOME") or env.get("USERPROFILE")
    return Path(home) / ".docker" if home else Path(".docker-config-of-nobody")


def _json(path: Path) -> dict[str, Any]:
    """A JSON object in a file; {} where there is none, as the docker CLI does."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}
