"""Writes docs/reference/generated/: kinds, facts, codes, commands and schemas, as the code has them.

`mkdocs build` runs it first (a hook of mkdocs.yml), and so does `python docs/generate.py`. Nothing of it is kept in
the repository: what is made anew with each build cannot drift.
"""

from __future__ import annotations

import dataclasses
import html
import importlib
import inspect
import json
import pkgutil
import re
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import yaml

import dockgrader.facts
from dockgrader.assignment import loading
from dockgrader.assignment import schema as assignment_schema
from dockgrader.cli import cli
from dockgrader.facts.base import Fact
from dockgrader.kinds.base import Check
from dockgrader.report import schema as report_schema
from dockgrader.selftest import schema as cases_schema
from dockgrader.texts import LANGUAGES, of_code, picked
from dockgrader.texts.en import TEXTS

DOCS = Path(__file__).resolve().parent
FOLDER = "reference/generated"
_MADE = "<!-- Made by docs/generate.py; changes are lost. -->\n\n"
_REASON = "{reason}"
_NAMES = {"en": "English", "ru": "Русский"}


def pages() -> dict[str, str]:
    """Each file's text by its path below docs/."""
    schemas = {
        "assignment": assignment_schema.schema(),
        "cases": cases_schema.schema(),
        "report": report_schema.schema(),
    }
    made = {
        "kinds.md": _MADE + "\n".join(_kinds(schemas["assignment"], schemas["cases"])),
        "facts.md": _MADE + "\n".join(_facts()),
        "codes.md": _MADE + "\n".join(_codes()),
        "commands.md": _MADE + "\n".join(_commands()),
        "schemas.md": _MADE + "\n".join(_schemas(schemas)),
        **{f"{name}.schema.json": _json(schema) for name, schema in schemas.items()},
    }
    return {f"{FOLDER}/{name}": text for name, text in made.items()}


def on_pre_build(**_: Any) -> None:
    """MkDocs's hook."""
    write()


def write(docs: Path = DOCS) -> None:
    """Write the files that are not as they should be; `mkdocs serve` looks for files that change."""
    for name, text in pages().items():
        file = docs / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")


# Kinds.


def _kinds(schema: dict[str, Any], cases: dict[str, Any]) -> Iterator[str]:
    defs = schema["$defs"]
    shared = set(Check.model_fields) - {"kind"}
    yield "# Kinds, fields and matchers\n"
    yield "What an assignment may have; [Writing an assignment](../../assignments.md) is the introduction.\n"
    yield from _model("Assignment", schema)
    before = "What stands under `parameters`: [Individual tasks](../../how-to/individual-tasks.md). "
    yield from _model("Parameter", defs["Parameter"], before)
    yield from _model("Task", defs["Task"])
    mapping = defs["Task"]["properties"]["checks"]["items"]["discriminator"]["mapping"]
    kinds = {kind: defs[ref.rpartition("/")[2]] for kind, ref in mapping.items()}
    first = next(iter(kinds.values()))
    yield "## Every check\n\nBesides `kind`, and what its kind has:\n"
    yield from _fields(first, shared)
    yield from _model("Mistake", defs["Mistake"], "What stands in `mistakes`. ")
    yield "## Kinds\n"
    for kind, model in kinds.items():
        yield f"### `{kind}` {{ #kind-{kind} }}\n\n{escaped(model['description'])}\n"
        yield from _fields(model, set(model["properties"]) - shared - {"kind"})
        yield from _example(model)
    told = {
        "Task",
        "Parameter",
        "Mistake",
        "Comparison",
        *(ref.rpartition("/")[2] for ref in mapping.values()),
    }
    for name in sorted(name for name in _named_in(list(kinds.values())) - told if "properties" in defs[name]):
        yield from _model(name, defs[name], "What some fields of kinds have. ")
    yield from _model("Matchers", defs["Comparison"], "A plain value means equal; otherwise an object. ")
    yield "## Cases\n\nWhat stands in `checks/NAME/cases.yaml`, for `dockgrader selftest`.\n"
    for title, model in (("The file", cases), *cases["$defs"].items()):
        yield f"### {title}\n\n{escaped(model['description'])}\n"
        yield from _fields(model, set(model["properties"]))


def _named_in(schema: Any) -> set[str]:
    """The definitions to which a part of a JSON Schema refers."""
    if isinstance(schema, list):
        return set().union(*map(_named_in, schema))
    if not isinstance(schema, dict):
        return set()
    own = {schema["$ref"].rpartition("/")[2]} if isinstance(schema.get("$ref"), str) else set()
    return own.union(*map(_named_in, schema.values()))


def _model(title: str, model: dict[str, Any], before: str = "") -> Iterator[str]:
    yield f"## {title}\n\n{before}{escaped(model['description'])}\n"
    yield from _fields(model, set(model["properties"]))
    yield from _example(model)


def _fields(model: dict[str, Any], wanted: set[str]) -> Iterator[str]:
    yield "| field | value | meaning |\n| --- | --- | --- |"
    for name, about in model["properties"].items():
        if name not in wanted:
            continue
        default = about.get("default")
        needed = "; needed" if name in model.get("required", ()) else ""
        usual = f"; `{json.dumps(default)}` if left out" if default not in (None, "", [], {}) else ""
        meaning = escaped(about.get("description", ""))
        yield f"| `{name}` | {_shape(about)}{needed}{usual} | {meaning} |"
    yield ""


def _example(model: dict[str, Any]) -> Iterator[str]:
    for example in model.get("examples", ()):
        text = yaml.safe_dump(example, sort_keys=False, allow_unicode=True, default_flow_style=None)
        yield f"```yaml\n{text}```\n"


def _shape(about: dict[str, Any]) -> str:
    """What a JSON Schema allows, in words."""
    if "$ref" in about:
        name = about["$ref"].rpartition("/")[2]
        return "[matcher](#matchers)" if name == "Comparison" else f"[{name}](#{name.lower()})"
    if "discriminator" in about:
        return "[check](#kinds)"
    if "enum" in about or "const" in about:
        return " or ".join(f"`{value}`" for value in about.get("enum", [about.get("const")]))
    if "examples" in about:
        return "such as " + ", ".join(f"`{value}`" for value in about["examples"])
    if "anyOf" in about:
        shapes = [
            _shape(one)
            for one in about["anyOf"]
            if one.get("type") != "null" and one != {"$ref": "#/$defs/Reference"}
        ]
        if "[matcher](#matchers)" in shapes:
            return "[matcher](#matchers)"
        return ", or ".join(dict.fromkeys(shapes))
    kind = about.get("type")
    if kind == "array":
        return f"list: {_shape(about.get('items', {}))}"
    if kind == "object":
        of = about.get("additionalProperties")
        return f"object: {_shape(of)}" if isinstance(of, dict) else "object"
    words = {"string": "text", "integer": "whole number", "number": "number", "boolean": "`true` or `false`"}
    return words.get(str(kind), "anything")


# Facts.


def facts() -> list[type[Fact[Any]]]:
    """Every fact that can be read, by name."""
    for module in pkgutil.iter_modules(dockgrader.facts.__path__):
        importlib.import_module(f"dockgrader.facts.{module.name}")
    found: dict[str, type[Fact[Any]]] = {}
    waiting = list(Fact.__subclasses__())
    while waiting:
        fact = waiting.pop()
        waiting += fact.__subclasses__()
        if "name" in vars(fact) and fact.__module__.startswith("dockgrader."):
            found[fact.name] = fact
    return [found[name] for name in sorted(found)]


def _facts() -> Iterator[str]:
    yield "# Facts\n"
    yield (
        "A fact is a question to a host. It is read once a run, and stands in the evidence under its name, with the "
        "fields of the question, the answer, the time and a command that shows the same "
        "([Evidence](../../explanation/evidence.md)).\n"
    )
    for fact in facts():
        yield f"## `{fact.name}`\n\n{escaped(_doc(fact))}\n"
        yield f"* **Read**: {escaped(_doc(fact.read))}"
        fields = dataclasses.fields(fact)
        if fields:
            yield "* **Question**: " + ", ".join(f"`{field.name}` ({_words(field.type)})" for field in fields)
        answer = typing.get_type_hints(fact.parse).get("return")
        about = [escaped(_doc(model)) for model in _models_in(answer)]
        if about:
            yield f"* **Answer**: {' '.join(about)}"
        yield ""


def _words(kind: Any) -> str:
    return escaped(kind if isinstance(kind, str) else getattr(kind, "__name__", str(kind)))


def _models_in(kind: Any) -> list[type]:
    """Our own types in an annotation."""
    if isinstance(kind, type) and getattr(kind, "__module__", "").startswith("dockgrader."):
        return [kind]
    return [model for part in typing.get_args(kind) for model in _models_in(part)]


def _doc(of: Any) -> str:
    return " ".join((inspect.getdoc(of) or "").split())


# Codes.


def _codes() -> Iterator[str]:
    yield "# Verdict codes\n"
    yield (
        "A code is the stable name of what was found. Its message and hint are those below, unless the assignment "
        "has its own (`messages`, `hints`, `mistakes`). Names in braces are filled in.\n"
    )
    hosts = [code for code in TEXTS if of_code(code, "en")[0] == _REASON]
    yield "## The host's\n\nErrors, never the student's: there is no score. The message is the reason, a sentence in"
    yield "English; in Russian it has another one before it. Those over SSH are explained in"
    yield "[Grade a machine over SSH](../../how-to/grade-over-ssh.md).\n"
    yield from (f"* `{code}`: {filled_in(of_code(code, 'ru')[0])}" for code in hosts)
    groups: dict[str, list[str]] = {}
    for code in TEXTS:
        if code not in hosts:
            groups.setdefault(code.partition(".")[0], []).append(code)
    for group, codes in groups.items():
        yield f"\n## {group}\n"
        for code in codes:
            yield from _code(code, {lang: of_code(code, lang) for lang in LANGUAGES})
    for file in sorted(loading.shipped().glob("*.yaml")):
        yield from _own_codes(file.stem, file)


def _own_codes(name: str, file: Path) -> Iterator[str]:
    yield f"\n## Mistakes of {name}\n"
    for task in loading.load_outline(file).assignment.tasks:
        for check in task.checks:
            for mistake in check.mistakes:
                texts = {
                    lang: (picked(mistake.message, lang), picked(mistake.hint, lang)) for lang in LANGUAGES
                }
                yield from _code(f"{mistake.code}", texts, f" in {task.id}/{check.id}")


def _code(code: str, texts: Mapping[str, tuple[str, str]], where: str = "") -> Iterator[str]:
    yield f"### `{code}`{where}" + ("" if where else f" {{ #{code} }}") + "\n"
    for lang, (message, hint) in texts.items():
        yield f"* {_NAMES[lang]}: {filled_in(message)}"
        if hint:
            yield f"    * {filled_in(hint)}"
    yield ""


# Commands and schemas.


def commands() -> Iterator[tuple[str, click.Command, click.Context]]:
    """The group itself, then each command, with a context to ask for its help."""
    root = click.Context(cli, info_name="dockgrader", terminal_width=100, **cli.context_settings)
    yield "dockgrader", cli, root
    for name in cli.list_commands(root):
        command = cli.get_command(root, name)
        assert command is not None, name  # noqa: S101 - what is listed is there
        yield f"dockgrader {name}", command, click.Context(command, parent=root, info_name=name)


def _commands() -> Iterator[str]:
    yield "# Commands\n\n## Exit statuses\n"
    readme = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    table = re.search(r"^\| exit status .*?\n\n", readme, re.MULTILINE | re.DOTALL)
    if table is None:
        raise ValueError("README.md has no table of exit statuses")
    yield table[0]
    for name, command, context in commands():
        yield f"## {name}\n\n```text\n{command.get_help(context)}\n```\n"


def _schemas(schemas: Mapping[str, dict[str, Any]]) -> Iterator[str]:
    yield "# JSON Schemas\n\nWhat `dockgrader schema` prints. See [Reports](../reports.md) for the report in words.\n"
    for name, schema in schemas.items():
        yield f"## {name}\n\n[{name}.schema.json]({name}.schema.json)\n\n```json\n{_json(schema)}```\n"


def _json(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


# Text as Markdown.


def escaped(text: str) -> str:
    """A text in which only code stays Markdown."""
    parts = re.split(r"(`[^`]+`)", text)
    return "".join(
        part.replace("|", r"\|") if part.startswith("`") else _plain(part) for part in parts if part
    )


def filled_in(text: str) -> str:
    """The same, with what is filled in as code."""
    parts = re.split(r"(`[^`]+`)", text)
    return escaped(
        "".join(part if part.startswith("`") else re.sub(r"(\{[a-z_]+\})", r"`\1`", part) for part in parts)
    )


def _plain(text: str) -> str:
    return re.sub(r"([\\*_\[\]|])", r"\\\1", html.escape(text, quote=False))


if __name__ == "__main__":
    write()
