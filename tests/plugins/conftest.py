"""Packages that add kinds: the example of the docs, really installed, and made-up ones."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from dockgrader import plugins
from dockgrader.assignment import extended

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "dockgrader-hostname"


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip has installed the example, from a copy of its own folder, without the network."""
    return installed_example(tmp_path_factory.mktemp("example"))


def installed_example(folder: Path) -> Path:
    """The example, installed below a folder; and the pytest plugin, as if dockgrader were installed beside it."""
    source, target = folder / "source", folder / "site"
    shutil.copytree(EXAMPLE, source)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    command += ["--no-build-isolation", "--disable-pip-version-check", "--target", str(target), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return registered(target)


def registered(site: Path) -> Path:
    """A folder in which pytest finds the plugin by the entry point that pyproject.toml declares."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    entries = project["entry-points"]["pytest11"]
    info = site / "dockgrader-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: dockgrader\nVersion: 0.1.0\n")
    lines = ["[pytest11]", *(f"{name} = {module}" for name, module in entries.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
    return site


def run(
    *arguments: str, site: Path | None = None, cwd: Path = ROOT, module: str = "dockgrader"
) -> subprocess.CompletedProcess[str]:
    """A command with the packages in `site`."""
    env = {name: text for name, text in os.environ.items() if not name.startswith(("DOCKER_", "PYTEST_"))}
    env["LC_ALL"] = "C.UTF-8"
    if site is not None:
        env["PYTHONPATH"] = str(site)
    return subprocess.run(
        [sys.executable, *(["-m", module] if module else []), *arguments],
        env=env,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def package(site: Path, name: str, files: Mapping[str, str], **groups: Mapping[str, str]) -> None:
    """Put a package into a folder as an installer does; `kinds` and `facts` are its entry points."""
    info = site / f"{name.replace('-', '_')}-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
    lines = []
    for group, entries in groups.items():
        lines += [f"[dockgrader.{group}]", *(f"{key} = {value}" for key, value in entries.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
    for file, text in files.items():
        (site / file).write_text(text)


Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Installs made-up packages into this process, for one test."""
    site = tmp_path / "site"
    site.mkdir()
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(site))
    _forget()

    def installed(name: str, files: Mapping[str, str], **groups: Any) -> None:
        package(site, name, files, **groups)
        _forget()

    yield installed
    for module in set(sys.modules) - before:
        if str(getattr(sys.modules[module], "__file__", "")).startswith(str(site)):
            del sys.modules[module]
    monkeypatch.undo()
    _forget()


def _forget() -> None:
    for cached in (plugins.offers, plugins.loaded, extended.model_with):
        cached.cache_clear()
