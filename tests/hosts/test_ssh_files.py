"""The script that shows files, in the shells that are here, and its output however it is spoilt."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockgrader.hosts.base import FILE_CAP, ReadFile
from dockgrader.hosts.ssh.files import FilesScript
from dockgrader.hosts.ssh.script import encoded

SHELLS = [
    shell
    for shell in (["sh"], ["dash"], ["bash"], ["bash", "--posix"], ["busybox", "sh"])
    if shutil.which(shell[0])
]
pytestmark = pytest.mark.skipif(os.name != "posix", reason="there is no sh here")


def output(script: FilesScript, shell: list[str]) -> bytes:
    done = subprocess.run(shell, input=encoded(script.text), capture_output=True, timeout=20, check=True)
    assert done.stderr == b""
    return done.stdout


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_each_file_as_it_is(shell: list[str], tmp_path: Path) -> None:
    contents = {"a": b"text\n", "b": b"", "c'$(x)\n`": bytes(range(256)) * 300, "d": b"no end of line"}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    script = FilesScript([str(tmp_path / name) for name in contents], regular=True)
    assert script.parse(output(script, shell)) == [ReadFile(content) for content in contents.values()]


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_files_of_the_kernel_are_read_by_one_process(shell: list[str], tmp_path: Path) -> None:
    contents = {"a": b"1:cpu:/x\n", "b": b"", "c'$(x)\n`": b"no end", "d": b"\n", "e": b"x" * FILE_CAP}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    script = FilesScript([str(tmp_path / name) for name in contents], regular=False)
    shown = output(script, shell)
    assert script.parse(shown) == [ReadFile(content) for content in contents.values()]
    assert shown.endswith(b" together\n")


def test_a_file_that_cannot_be_told_from_two_is_no_answer(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text(f"a\n\n==> {second} <==\n209715200\n")
    second.write_text("1\n")
    script = FilesScript([str(first), str(second)], regular=False)
    assert script.parse(output(script, ["sh"])) is None


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_what_cannot_be_read(shell: list[str], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to("fifo")
    (tmp_path / "large").write_bytes(b"x" * (FILE_CAP + 1))
    paths = [str(tmp_path / name) for name in ("fifo", "link", "none", "large", "")]
    problems = ["irregular", "irregular", "missing", "too large", "irregular"]
    for regular in (True, False):
        script = FilesScript(paths, regular=regular)
        read = script.parse(output(script, shell))
        assert read is not None
        if regular:
            assert [file.problem for file in read] == problems
        else:
            assert read[3].data == b"x" * FILE_CAP


@pytest.mark.skipif(
    hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read anything; tests/ssh tries it"
)
def test_what_may_not_be_read(tmp_path: Path) -> None:
    (tmp_path / "closed").touch(0)
    (tmp_path / "folder").mkdir(0)
    script = FilesScript([str(tmp_path / "closed"), str(tmp_path / "folder" / "file")], regular=True)
    read = script.parse(output(script, ["sh"]))
    (tmp_path / "folder").chmod(0o700)
    assert [file.problem for file in read or []] == ["denied", "denied"]


def test_paths_that_no_shell_can_be_asked_for() -> None:
    script = FilesScript(["relative", "", "C:\\file", "/nul\0", "/\ud800"], regular=True)
    assert script.parse(b"") == [ReadFile(None, "missing")] * 5


def test_a_file_that_holds_an_earlier_answer(tmp_path: Path) -> None:
    """Its marks are not those of this one."""
    first = FilesScript(["/etc/passwd"], regular=True)
    (tmp_path / "copy").write_bytes(output(first, ["sh"]))
    script = FilesScript([str(tmp_path / "copy")], regular=True)
    assert script.parse(output(script, ["sh"])) == [ReadFile((tmp_path / "copy").read_bytes())]


def test_an_output_that_was_cut_off_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to("file")
    for paths, regular in ((["file", "file"], True), (["file", "none"], False), (["file", "link"], False)):
        script = FilesScript([str(tmp_path / path) for path in paths], regular=regular)
        whole = output(script, ["sh"])
        assert script.parse(whole) is not None
        for end in range(len(whole)):
            assert script.parse(whole[:end]) is None


@given(st.binary(max_size=300), st.booleans())
def test_garbage_is_no_answer(garbage: bytes, regular: bool) -> None:
    assert FilesScript(["/a"], regular=regular).parse(garbage) is None
    assert FilesScript(["/a", "/b"], regular=regular).parse(garbage) is None
