"""The generated reference holds everything that the code has."""

from __future__ import annotations

import importlib.util
import json
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import get_args

import pytest
import yaml
from markdown_it import MarkdownIt

from dockgrader.assignment.model import AnyCheck
from dockgrader.cli import cli
from dockgrader.kinds.matchers import Comparison
from dockgrader.report.schema import schema
from dockgrader.texts import LANGUAGES, of_code
from dockgrader.texts.en import TEXTS

ROOT = Path(__file__).resolve().parents[2]


@cache
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def page(name: str) -> str:
    text: str = generate().pages()[f"reference/generated/{name}"]
    return text


def as_read(name: str) -> str:
    """What a reader sees, without marks."""
    tokens = MarkdownIt("commonmark").enable("table").parse(page(name))
    return " ".join(
        "".join(child.content or " " for child in token.children or []) or token.content for token in tokens
    )


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_code_is_there_with_message_and_hint(lang: str) -> None:
    read = as_read("codes.md")
    missing = [
        code
        for code in TEXTS
        if f"`{code}`" not in page("codes.md")
        or not all(text.replace("`", "") in read for text in of_code(code, lang) if text != "{reason}")
    ]
    assert TEXTS and missing == []


def test_the_codes_of_homework_1_are_there() -> None:
    assert "`key.wrong-type` in volume/key" in page("codes.md")
    assert "Какой командой конспекта" in page("codes.md")


@pytest.mark.parametrize("model", get_args(get_args(AnyCheck)[0]))
def test_every_kind_and_field_is_there(model: type) -> None:
    fields = model.model_fields  # type: ignore[attr-defined]
    kind = get_args(fields["kind"].annotation)[0]
    _, _, part = page("kinds.md").partition(f"{{ #kind-{kind} }}")
    part = part.partition("\n##")[0]
    every = page("kinds.md").partition("## Every check")[2].partition("\n## ")[0]
    assert part and all(f"| `{name}` |" in part + every for name in fields if name != "kind")


def test_every_matcher_is_there() -> None:
    part = page("kinds.md").partition("## Matchers")[2].partition("\n## ")[0]
    names = [field.alias or name for name, field in Comparison.model_fields.items()]
    assert names and all(f"| `{name}` |" in part for name in names)


def test_every_fact_is_there() -> None:
    names = {fact.name for fact in generate().facts()}
    assert {"container", "cgroup", "compose-hash", "exec", "http-series", "health-within"} <= names
    assert all(f"## `{name}`" in page("facts.md") for name in names)


def test_every_command_and_option_is_there() -> None:
    for name, command, _ in generate().commands():
        part = page("commands.md").partition(f"## {name}\n")[2].partition("\n## ")[0]
        options = [option for parameter in command.params for option in parameter.opts if option[:2] == "--"]
        assert part and all(option in part for option in options)
    assert all(f"## dockgrader {name}\n" in page("commands.md") for name in cli.list_commands(None))  # type: ignore[arg-type]


def test_exit_statuses_are_there() -> None:
    assert all(f"| {status} | " in page("commands.md") for status in range(4))


def test_the_schema_is_the_commands() -> None:
    assert json.loads(page("report.schema.json")) == schema()


def test_only_what_changed_is_written(tmp_path: Path) -> None:
    generate().write(tmp_path)
    file = tmp_path / "reference" / "generated" / "codes.md"
    before = file.stat().st_mtime_ns
    (file.parent / "kinds.md").write_text("old")
    generate().write(tmp_path)
    assert file.stat().st_mtime_ns == before
    assert (file.parent / "kinds.md").read_text(encoding="utf-8") == page("kinds.md")


def test_every_page_is_in_the_navigation() -> None:
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    named = set(_leaves(yaml.safe_load(text)["nav"]))
    pages = {str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").glob("**/*.md")}
    assert pages | {name for name in generate().pages() if name.endswith(".md")} == named


def _leaves(nav: object) -> list[str]:
    if isinstance(nav, str):
        return [nav]
    parts = nav if isinstance(nav, list) else list(nav.values()) if isinstance(nav, dict) else []
    return [leaf for part in parts for leaf in _leaves(part)]
