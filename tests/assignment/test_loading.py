"""Assignments are found on the search path, and loaded or refused with a reason."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from dockgrader.assignment.loading import (
    PATH_VARIABLE,
    Loaded,
    Wanted,
    find,
    found,
    load,
    search_path,
    shipped,
    tasks_of,
)
from dockgrader.errors import AssignmentError, UsageError

YAML = """\
id: {name}
title: {name}
tasks:
  - id: one
    title: One
    checks: [{{id: a, kind: container, container: x, state: running}}]
  - id: two
    title: Two
    checks: [{{id: a, kind: container, container: x, state: running}}]
"""


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(PATH_VARIABLE, raising=False)


def write(file: str, name: str = "") -> Path:
    path = Path(file)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(YAML.format(name=name or path.stem))
    return path


def loaded() -> Loaded:
    return load(write("checks/mine.yaml"))


def test_folders_are_searched_in_order() -> None:
    env = {PATH_VARIABLE: os.pathsep.join(["/one", "", "/two"])}
    assert search_path(env) == [Path("checks"), Path("/one"), Path("/two"), shipped()]
    assert search_path({}) == [Path("checks"), shipped()]


def test_what_ships_is_found_without_any_folder_and_can_be_loaded() -> None:
    wanted = find("homework-1", {})
    assert wanted == Wanted(shipped() / "homework-1.yaml", None)
    assert [task.id for task in load(wanted.file).assignment.tasks] == ["limits", "volume", "compose"]


def test_the_nearest_folder_wins() -> None:
    write("checks/homework-1.yaml")
    write("more/homework-1.yaml")
    write("more/extra.yml")
    files = dict(found({PATH_VARIABLE: "more"}))
    assert files["homework-1"] == Path("checks/homework-1.yaml")
    assert files["extra"] == Path("more/extra.yml")


def test_what_is_no_assignment_is_not_listed() -> None:
    write("checks/mine.yaml")
    write("checks/notes.txt")
    Path("checks/folder.yaml").mkdir()
    assert [name for name, file in found({}) if file.parent == Path("checks")] == ["mine"]
    assert dict(found({PATH_VARIABLE: "/nowhere"}))


@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("mine", None),
        ("mine/one", "one"),
        ("checks/mine.yaml", None),
        ("./checks/mine.yaml", None),
        ("checks/mine.yaml/two", "two"),
    ],
)
def test_an_assignment_is_a_name_or_a_path_perhaps_with_a_task(name: str, task: str | None) -> None:
    write("checks/mine.yaml")
    wanted = find(name, {})
    assert wanted.file.samefile("checks/mine.yaml")
    assert wanted.task == task


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("homework1", "did you mean 'homework-1'?"),
        ("homewrk-1/limits", "did you mean 'homework-1'?"),
        ("zzz", "`dockgrader list` shows"),
        ("nowhere/mine.yaml", "there is no assignment"),
        ("../mine", "there is no assignment"),
        ("mine/", "there is no assignment"),
        ("/one", "there is no assignment"),
        ("", "there is no assignment"),
        ("a\0b.yaml", "there is no assignment"),
    ],
)
def test_what_is_not_there_gives_a_near_name(name: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        find(name, {})
    assert says in str(caught.value)


def test_the_digest_is_that_of_the_text() -> None:
    text = Path(loaded().file).read_bytes()
    assert loaded().digest == "sha256:" + hashlib.sha256(text).hexdigest()


def test_one_task_or_all() -> None:
    assert [task.id for task in tasks_of(loaded(), None)] == ["one", "two"]
    assert [task.id for task in tasks_of(loaded(), "two")] == ["two"]


@pytest.mark.parametrize(("name", "says"), [("on", "did you mean 'one'?"), ("zzz", "it has one, two")])
def test_an_unknown_task_gives_a_near_name(name: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        tasks_of(loaded(), name)
    assert says in str(caught.value)


def test_a_wrong_field_is_told_with_file_and_line() -> None:
    path = write("checks/mine.yaml")
    path.write_text(path.read_text().replace("state: running}]\n  - id: two", "stat: running}]\n  - id: two"))
    with pytest.raises(AssignmentError) as caught:
        load(path)
    assert str(caught.value).startswith("checks/mine.yaml:6:")
    assert "stat" in str(caught.value)


def test_a_broken_neighbour_does_not_matter() -> None:
    write("checks/mine.yaml")
    Path("checks/broken.yaml").write_text("id: [")
    assert load(find("mine", {}).file).assignment.id == "mine"


def test_a_folder_that_is_called_like_a_file_is_refused_as_one() -> None:
    Path("folder.yaml").mkdir()
    with pytest.raises(AssignmentError, match="not a file"):
        load(find("folder.yaml", {}).file)
