"""Where the engine is looked for, in order, and why that one was taken."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockgrader.errors import UsageError
from dockgrader.hosts.endpoint import DEFAULT_URL, Endpoint, resolve


def config(folder: Path, **settings: Any) -> dict[str, str]:
    """The environment of a docker CLI with these settings."""
    (folder / "config.json").write_text(json.dumps(settings))
    return {"DOCKER_CONFIG": str(folder)}


def context(folder: Path, name: str, meta: Any, *certificates: str) -> None:
    """A context as `docker context create` leaves it."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    home = folder / "contexts" / "meta" / digest
    home.mkdir(parents=True)
    (home / "meta.json").write_text(meta if isinstance(meta, str) else json.dumps(meta))
    for certificate in certificates:
        tls = folder / "contexts" / "tls" / digest / "docker"
        tls.mkdir(parents=True, exist_ok=True)
        (tls / certificate).write_text("certificate")


def leads_to(url: str, **more: Any) -> dict[str, Any]:
    return {"Name": "any", "Endpoints": {"docker": {"Host": url, **more}}}


def test_every_source_in_its_order(tmp_path: Path) -> None:
    for name in ("named", "ambient", "current"):
        context(tmp_path, name, leads_to(f"unix:///{name}.sock"))
    env = config(tmp_path, currentContext="current")
    env |= {"DOCKER_CONTEXT": "ambient", "DOCKER_HOST": "unix:///host.sock"}

    def found(host: str | None) -> tuple[str, str]:
        endpoint = resolve(host, env)
        return endpoint.url, endpoint.why

    assert found("tcp://given:2375") == ("tcp://given:2375", "--host")
    assert found("named") == ("unix:///named.sock", "--host names the context 'named'")
    assert found(None) == ("unix:///host.sock", "DOCKER_HOST")
    del env["DOCKER_HOST"]
    assert found(None) == ("unix:///ambient.sock", "DOCKER_CONTEXT names the context 'ambient'")
    del env["DOCKER_CONTEXT"]
    assert found(None) == ("unix:///current.sock", "the docker CLI's current context is 'current'")
    (tmp_path / "config.json").unlink()
    assert found(None)[0] == DEFAULT_URL
    assert found(None)[1].startswith("the default")


def test_empty_variables_are_none(tmp_path: Path) -> None:
    """As in `DOCKER_HOST= dockgrader check …`."""
    env = config(tmp_path) | {"DOCKER_HOST": "", "DOCKER_CONTEXT": ""}
    assert resolve(None, env).url == DEFAULT_URL
    assert resolve("", env).url == DEFAULT_URL


def test_the_context_called_default_is_the_default_socket(tmp_path: Path) -> None:
    assert resolve("default", config(tmp_path)).url == DEFAULT_URL
    assert resolve(None, config(tmp_path, currentContext="default")).url == DEFAULT_URL
    assert resolve(None, config(tmp_path) | {"DOCKER_CONTEXT": "default"}).url == DEFAULT_URL


def test_the_settings_are_in_the_home_folder(tmp_path: Path) -> None:
    (tmp_path / ".docker").mkdir()
    context(tmp_path / ".docker", "mine", leads_to("unix:///mine.sock"))
    config(tmp_path / ".docker", currentContext="mine")
    assert resolve(None, {"HOME": str(tmp_path)}).url == "unix:///mine.sock"
    assert resolve(None, {"USERPROFILE": str(tmp_path)}).url == "unix:///mine.sock"
    assert resolve(None, {}).url == DEFAULT_URL


def test_a_context_with_tls(tmp_path: Path) -> None:
    env = config(tmp_path)
    context(tmp_path, "far", leads_to("tcp://far:2376"), "ca.pem", "cert.pem", "key.pem")
    tls = resolve("far", env).tls
    assert tls is not None and tls.verify
    paths = [Path(path or "") for path in (tls.ca, tls.cert, tls.key)]
    assert [path.name for path in paths] == ["ca.pem", "cert.pem", "key.pem"]
    assert all(path.is_file() for path in paths)


def test_a_context_with_half_of_its_certificates(tmp_path: Path) -> None:
    context(tmp_path, "far", leads_to("tcp://far:2376"), "ca.pem")
    tls = resolve("far", config(tmp_path)).tls
    assert tls is not None and tls.verify and tls.ca
    assert (tls.cert, tls.key) == (None, None)


def test_a_context_that_skips_verification(tmp_path: Path) -> None:
    context(tmp_path, "lax", leads_to("tcp://lax:2376", SkipTLSVerify=True))
    tls = resolve("lax", config(tmp_path)).tls
    assert tls is not None and not tls.verify


def test_a_context_without_tls(tmp_path: Path) -> None:
    context(tmp_path, "plain", leads_to("tcp://plain:2375"))
    assert resolve("plain", config(tmp_path)).tls is None


def test_tls_from_the_environment(tmp_path: Path) -> None:
    for name in ("ca.pem", "cert.pem", "key.pem"):
        (tmp_path / name).write_text("certificate")
    env = {"DOCKER_HOST": "tcp://far:2376", "DOCKER_CERT_PATH": str(tmp_path)}
    assert resolve(None, env).tls is None
    verified = resolve(None, env | {"DOCKER_TLS_VERIFY": "1"}).tls
    assert verified is not None and verified.verify and verified.ca == str(tmp_path / "ca.pem")
    unverified = resolve(None, env | {"DOCKER_TLS": "1"}).tls
    assert unverified is not None and not unverified.verify
    local = resolve("unix:///docker.sock", env | {"DOCKER_TLS_VERIFY": "1"})
    assert local.tls is None  # there is nothing to encrypt on a socket


@pytest.mark.parametrize(
    "url",
    [
        *("unix://", "unix:///", "tcp:", "tcp://", "tcp://host", "tcp://:2375", "tcp://host:port"),
        *(
            "tcp://host:99999",
            "tcp://[::1:2375",
            "ftp://host:21",
            "fd://3",
            "/var/run/docker.sock:",
            ":",
            "::1",
        ),
        *("http+unix:///sock", "recorded:", "UNIX:///docker.sock"),
    ],
)
def test_what_is_no_endpoint(url: str) -> None:
    for host, env in ((url, {}), (None, {"DOCKER_HOST": url})):
        with pytest.raises(UsageError, match="is no Docker endpoint; expected unix:///path"):
            resolve(host, env)


def test_a_context_that_is_not_there(tmp_path: Path) -> None:
    env = config(tmp_path, currentContext="nope")
    for host, more in (
        *(("nope", {}), ("../../etc", {}), ("no\udcff", {})),
        *((None, {"DOCKER_CONTEXT": "nope"}), (None, {})),
    ):
        with pytest.raises(UsageError, match="no such docker context; `docker context ls`"):
            resolve(host, env | more)


@pytest.mark.parametrize(
    "meta",
    [
        *(
            "",
            "no json",
            "[]",
            "null",
            "{}",
            '{"Endpoints": []}',
            '{"Endpoints": {"docker": 5}}',
            "[" * 100_000,
        ),
        *('{"Endpoints": {"docker": {}}}', '{"Endpoints": {"docker": {"Host": 7}}}', '{"Endpoints": null}'),
    ],
)
def test_a_context_whose_file_is_broken(tmp_path: Path, meta: str) -> None:
    context(tmp_path, "bad", meta)
    with pytest.raises(UsageError, match=r"meta\.json is broken"):
        resolve("bad", config(tmp_path))


def test_a_context_that_leads_nowhere(tmp_path: Path) -> None:
    context(tmp_path, "odd", leads_to("gopher://host"))
    with pytest.raises(UsageError, match="'gopher://host' is no Docker endpoint"):
        resolve("odd", config(tmp_path))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"currentContext": 5}', "[" * 100_000, "\0"])
def test_broken_settings_count_as_none(tmp_path: Path, text: str) -> None:
    """As the docker CLI does, which warns and goes on."""
    (tmp_path / "config.json").write_text(text)
    assert resolve(None, {"DOCKER_CONFIG": str(tmp_path)}).url == DEFAULT_URL


def test_settings_that_are_no_file(tmp_path: Path) -> None:
    (tmp_path / "config.json").mkdir()
    assert resolve(None, {"DOCKER_CONFIG": str(tmp_path)}).url == DEFAULT_URL
    assert resolve(None, {"DOCKER_CONFIG": str(tmp_path / "config.json" / "deeper")}).url == DEFAULT_URL


@given(st.text(max_size=40))
def test_any_host_gives_an_endpoint_or_says_why_not(text: str) -> None:
    try:
        endpoint = resolve(text, {"DOCKER_CONFIG": "/nonexistent"})
    except UsageError:
        return
    assert endpoint.scheme and endpoint.path


def test_the_parts_of_an_endpoint() -> None:
    assert Endpoint("unix:///run/docker.sock", "").path == "/run/docker.sock"
    assert Endpoint("recorded:a/b.json", "").path == "a/b.json"
    assert Endpoint("recorded:/a/b.json", "").path == "/a/b.json"
    assert Endpoint("ssh://me@host:22", "").scheme == "ssh"
