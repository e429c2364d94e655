"""The commands of the gradebook's page run as they stand there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from tests.batch.a_class import SOLUTION, a_folder, graded

from dockgrader.batch.roster import Student
from dockgrader.cli import main

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "gradebook.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^```bash\n(dockgrader .*)\n```$", PAGE, re.MULTILINE)


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = a_folder(tmp_path / "autumn-hw1", [Student("ivanov", "10.0.0.1")])
    graded(folder, "ivanov", SOLUTION)
    monkeypatch.chdir(tmp_path)
    _, *words = shlex.split(line)
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 0
    files = [word.partition(":")[2] for word in words if ":" in word]
    assert files and all((tmp_path / file).stat().st_size for file in files)


def test_there_are_commands() -> None:
    assert len(COMMANDS) == 4
