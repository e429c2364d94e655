"""What the README and the docs show is true: commands, examples, kinds."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
import yaml

from dockgrader.assignment.loading import load, shipped
from dockgrader.assignment.model import AnyCheck
from dockgrader.report.model import total
from dockgrader.selftest.loading import load_cases
from dockgrader.selftest.model import Cases
from dockgrader.selftest.mutants import mutants_of
from dockgrader.selftest.world import world_of
from dockgrader.texts.en import TEXTS

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "assignments.md").read_text(encoding="utf-8")


def fenced(text: str) -> list[str]:
    return [
        line
        for block in re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
        for line in block.splitlines()
    ]


def test_the_readme_begins_with_the_two_commands() -> None:
    first, second = fenced((ROOT / "README.md").read_text(encoding="utf-8"))[:2]
    assert (first, second) == ("bash scripts/try", "bash scripts/test")
    assert all((ROOT / line.split()[1]).is_file() for line in (first, second))


def test_ci_calls_the_second_command() -> None:
    assert "bash scripts/test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_each_input_and_output_of_the_action_is_in_its_page() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    page = (ROOT / "docs" / "how-to" / "github.md").read_text(encoding="utf-8")
    rows = "\n".join(line.split(" | ")[0] for line in page.splitlines() if line.startswith("| `"))
    assert all(f"`{name}`" in rows for name in [*action["inputs"], *action["outputs"]])


def test_each_right_of_the_container_is_explained() -> None:
    page = (ROOT / "docs" / "how-to" / "container.md").read_text(encoding="utf-8")
    (line,) = [line for line in page.splitlines() if line.startswith("docker run ")]
    rows = "\n".join(line for line in page.splitlines() if line.startswith("| `"))
    options = set(re.findall(r" (--[a-z-]+)", line.partition(" dockgrader ")[0])) - {"--rm"}
    assert options and all(f"`{option}" in rows for option in options)
    assert {"-v", "-e"} <= set(re.findall(r"`(-[a-z]) ", rows))


def test_the_guides_example_is_an_assignment(tmp_path: Path) -> None:
    block = re.search(r"^```yaml\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)
    assert block is not None
    file = tmp_path / "my-homework.yaml"
    file.write_text(block[1], encoding="utf-8")
    task = load(file).assignment.tasks[0]
    assert total(check.points for check in task.checks) == 4


def test_the_guides_cases_are_cases() -> None:
    blocks = re.findall(r"^```yaml\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)
    (found,) = [block for block in blocks if "\ncases:" in block]
    assert Cases.model_validate(yaml.safe_load(found)).cases[0].mutate


def test_every_named_mutant_of_homework_1_is_in_the_guide() -> None:
    homework = load(shipped() / "homework-1.yaml")
    world = world_of(load_cases(homework).recorded[0].evidence)
    aspects = {mutant.name.partition(".")[0] for mutant in mutants_of(world, {})} - {"field"}
    assert len(aspects) >= 12 and all(f"`{aspect}.*`" in GUIDE for aspect in aspects)


@pytest.mark.parametrize("model", get_args(get_args(AnyCheck)[0]))
def test_every_kind_and_its_fields_are_in_the_guide(model: type) -> None:
    kind = get_args(model.model_fields["kind"].annotation)[0]  # type: ignore[attr-defined]
    row = next((line for line in GUIDE.splitlines() if line.startswith(f"| `{kind}`")), "")
    shared = {"id", "kind", "title", "points", "needs", "hint", "hints", "messages", "mistakes", "visibility"}
    target = {"container", "service", "project"}
    fields = set(model.model_fields) - shared - target  # type: ignore[attr-defined]
    missing = [field for field in fields if f"`{field}" not in row]
    assert row and not missing


PAGES = sorted(
    str(page.relative_to(ROOT))
    for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md"))
    if "generated" not in page.parts
)


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    links = [link for link in links if "reference/generated/" not in link]  # made when the site is built
    assert all((ROOT / page).parent.joinpath(link).exists() for link in links)


def test_every_reason_of_a_host_over_ssh_is_in_its_guide() -> None:
    guide = (ROOT / "docs" / "how-to" / "grade-over-ssh.md").read_text(encoding="utf-8")
    codes = [code for code in TEXTS if code.startswith(("ssh.", "host.slow", "host.http"))]
    assert [code for code in codes if f"`{code}`" not in guide] == []
