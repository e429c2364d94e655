"""How the benchmark of a batch reads what its contenders say."""

from __future__ import annotations

import json
from pathlib import Path

import batch
from batch import Sample


def test_only_full_marks_count(tmp_path: Path) -> None:
    for student, score in (("a", 30), ("b", 29), ("c", None)):
        folder = tmp_path / "students" / student
        folder.mkdir(parents=True)
        (folder / "0001.report.json").write_text(json.dumps({"score": score, "max_score": 30}))
    assert batch._full_marks("", tmp_path) == 1


def test_the_tuned_scripts_lines(tmp_path: Path) -> None:
    assert batch._lines(" of ")("19 of 19\n18 of 19\n19 of 19\n", tmp_path) == 2


def test_ansibles_summary(tmp_path: Path) -> None:
    recap = """\
127.1.0.1 : ok=1 changed=1 unreachable=0 failed=0 skipped=0
127.1.0.2 : ok=0 changed=0 unreachable=1 failed=0 skipped=0
127.1.0.3 : ok=0 changed=0 unreachable=0 failed=1 skipped=0
"""
    assert batch._lines("failed=0")(recap, tmp_path) == 1


def test_the_table_compares_and_says_how_cpu_grows() -> None:
    samples = {
        (batch.OWN, 20): [Sample(20, 2.0, 1.0, 1024)],
        (batch.OWN, 300): [Sample(300, 20.0, 18.0, 2048, 102400, 400)],
        ("other", 20): [Sample(20, 5.0, 4.0, 1024)],
    }
    _, _, own, other = batch.table(samples, [20, 300], 50).splitlines()
    assert own == "| **dockgrader** | 10.0 | 1.00 | 50 | 15.0 | 1.00 | 60 | 1.20 | 2 | 100 | 8.0 |"
    assert other == "| other | 4.0 | 2.50 | 200 | – | – | – | – | 1 | – | – |"
