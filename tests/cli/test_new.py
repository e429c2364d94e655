"""`dockgrader new`: what it writes is valid, and nothing is overwritten."""

from __future__ import annotations

from pathlib import Path

import pytest

from dockgrader.cli import main


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    captured = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return ended.value.code, captured.out, captured.err


def test_what_it_writes_validates_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    status, out, _ = run(capsys, "new", "my-homework")
    assert status == 0
    written = [line.removeprefix("wrote ") for line in out.splitlines()]
    assert written == [
        *("checks/my-homework.yaml", "checks/my-homework/cases.yaml"),
        *("checks/schema/assignment.json", "checks/schema/cases.json"),
    ]
    assert run(capsys, "validate", *written[:2])[0] == 0
    assert "my-homework" in run(capsys, "list")[1]
    for file in written[:2]:
        schema = Path(file).read_text().splitlines()[0].split("$schema=")[1]
        assert (Path(file).parent / schema).is_file()
    # No case yet, so nothing shows that its checks can fail.
    assert run(capsys, "selftest", "my-homework")[0] == 1
    before = Path("checks/my-homework.yaml").read_text()
    status, _, err = run(capsys, "new", "my-homework")
    assert status == 2 and "is there already" in err
    assert Path("checks/my-homework.yaml").read_text() == before


@pytest.mark.parametrize("name", ["a/b", "..", "two words", "", ".hidden"])
def test_names_that_are_none(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    status, _, err = run(capsys, "new", name, "--folder", str(tmp_path / "checks"))
    assert status == 2 and "NAME: " in err
    assert not (tmp_path / "checks").exists()
