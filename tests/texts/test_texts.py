"""Every code that can be raised has its own message and hint, in both languages, with what the judge tells it."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import dockgrader
from dockgrader.facts.namespaces import KINDS
from dockgrader.healthcheck import HEALTH_CODES
from dockgrader.texts import LANGUAGES, en, filled, language, of_code, picked, ru

SOURCES = Path(dockgrader.__file__).parent
HOMEWORK = Path(__file__).parents[2] / "checks" / "homework-1.yaml"
PRACTICE = HOMEWORK.with_name("practice-1.yaml")
TEXTS: dict[str, dict[str, tuple[str, str]]] = {"en": en.TEXTS, "ru": ru.TEXTS}
HOSTS_FAULT = [code for code, texts in en.TEXTS.items() if texts == ("{reason}", "")]
UNOBSERVED = ("Unobserved", "NoShell")
FAMILIES = {code.partition(".")[0] for code in en.TEXTS}

# Codes that the source does not spell out where it raises them, by module and function.
COMPUTED: dict[tuple[str, str], set[str]] = {
    # f"container.{status}", after a test of the status.
    ("missing", "not_running"): {
        *("container.exited", "container.paused", "container.restarting"),
        *("container.created", "container.dead"),
    },
    # f"exec.{answer.problem}": the problems that facts.commands.Answered names.
    ("exec", "judge"): {"exec.missing", "exec.stopped", "exec.timeout", "exec.flood"},
    # f"http.{page.problem}": the problems that facts.http.Page names.
    ("http", "_refuse"): {
        *("http.refused", "http.empty", "http.timeout", "http.garbage", "http.unreachable"),
    },
    # What judge_health_command says, or that the file is newer than the container.
    ("health", "_judge_command"): {*HEALTH_CODES, "healthcheck.not-brought-up"} - {"ok"},
    ("health", "_judge_status"): {"health.unhealthy", "health.still-starting", "health.none"},
    # A variable, set by what stands where the limit or the volume should be.
    ("limits", "memory"): {
        *("memory.unlimited", "memory.only-reserved", "memory.decimal-megabytes", "memory.different"),
        *("memory.on-other-service", "memory.not-brought-up"),
    },
    ("limits", "cpus"): {
        *("cpu.unlimited", "cpu.only-shares", "cpu.only-cpuset", "cpu.different"),
        *("cpu.on-other-service", "cpu.not-brought-up"),
    },
    ("volume", "_mistake"): {
        *("volume.none", "volume.other-path", "volume.anonymous", "volume.another"),
        *("volume.bind", "volume.tmpfs", "volume.other-type"),
    },
    # f"namespace.{kind}-of-host" and f"unshare.{kind}-of-host", of each kind that an author may name.
    ("namespace", "_own"): {f"namespace.{kind}-of-host" for kind in KINDS},
    ("unshare", "_rules"): {"unshare.no-fork", *(f"unshare.{kind}-of-host" for kind in KINDS)},
    # What _mistake of the same module returns.
    ("compose", "_miss"): {
        *("depends.missing", "depends.other-condition"),
        *("depends.plain-list", "depends.service-started"),
    },
    # An engine's failure in the words of the host that it is behind.
    ("host", "explained"): {"engine.timeout", "engine.lost", "engine.down", "engine.garbage"},
    # An error that a fact met is raised again, now or from a recording.
    ("seeing", "__call__"): {"fact.broken"},
    ("evidence", "__call__"): {"fact.broken"},
    ("world", "__call__"): {"fact.broken"},
    ("world", "_absent"): {"evidence.missing"},
    # Whatever the kind of an installed package lets through: its code is its own.
    ("plugged", "judge"): {"plugin.broken"},
    ("observe_command", "command"): {"engine.down"},
}
# Parameters that are handed on as a whole (`**where`), by module.
STARRED = {
    "file": {"name", "path", "place"},
    "http": {"name", "address"},
    "restart": {"name", "command", "wanted"},
    "unshare": {"shell", "pid", "number", "hostname", "host", "devices"},
    "volume": {"name", "path", "volume", "found"},
}
# Codes of verdicts that the grading itself makes, with the parameters that it and the wording give.
GRADING = {
    "skipped": {"cause"},
    "active.not-asked": {"cause"},
    "prerequisite.error": {"cause"},
    "check.broken": {"reason"},
}


@dataclass(frozen=True)
class Raised:
    """One place that raises: its codes, and the names of the parameters that their texts may use."""

    place: str
    codes: frozenset[str]
    params: frozenset[str]


def name_of(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


def calls(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    """Each call of Failed or Unobserved with the name of the function that it stands in."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and name_of(node) in ("Failed", *UNOBSERVED):
                    yield function.name, node


def codes_of(module: str, function: str, call: ast.Call) -> set[str]:
    first = call.args[0]
    choices = [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]
    codes = {str(choice.value) for choice in choices if isinstance(choice, ast.Constant)}
    return codes if len(codes) == len(choices) else COMPUTED[module, function]


def params_of(module: str, call: ast.Call) -> set[str]:
    if name_of(call) in UNOBSERVED:
        return {"reason"}
    named = {keyword.arg for keyword in call.keywords if keyword.arg}
    starred = any(keyword.arg is None for keyword in call.keywords)
    return named | (STARRED[module] if starred else set())


def all_raised() -> list[Raised]:
    found = [Raised("grading", frozenset({code}), frozenset(params)) for code, params in GRADING.items()]
    for path in sorted(SOURCES.rglob("*.py")):
        for function, call in calls(ast.parse(path.read_text(encoding="utf-8"))):
            found.append(
                Raised(
                    f"{path.relative_to(SOURCES)}:{call.lineno}",
                    frozenset(codes_of(path.stem, function, call)),
                    frozenset(params_of(path.stem, call)),
                )
            )
    return found


RAISED = all_raised()
RAISED_CODES = {code for raised in RAISED for code in raised.codes}


def placeholders(*texts: str) -> set[str]:
    return {name for text in texts for name in re.findall(r"\{([a-z_]+)\}", text)}


def test_the_collection_sees_the_sources() -> None:
    assert {"container.near-name", "engine.timeout", "cgroup.cpu-different", "image.other"} <= RAISED_CODES
    assert len(RAISED) > 50


@pytest.mark.parametrize("lang", LANGUAGES)
def test_each_raised_code_has_a_text(lang: str) -> None:
    assert [code for code in sorted(RAISED_CODES) if not of_code(code, lang)[0]] == []


def test_a_students_mistake_has_a_hint() -> None:
    mistakes = {code for raised in RAISED if "reason" not in raised.params for code in raised.codes}
    for lang, texts in TEXTS.items():
        assert [code for code in sorted(mistakes - set(GRADING)) if not texts[code][1]] == [], lang


def test_each_code_that_a_kind_spells_out_is_one_that_is_raised() -> None:
    """Guards COMPUTED: a code that a judge puts into a variable is seen here."""
    spelled = set()
    for path in (SOURCES / "kinds").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                match = re.fullmatch(r"([a-z]+)\.[a-z-]+", node.value)
                if match and match[1] in FAMILIES:
                    spelled.add(node.value)
    assert spelled >= {"memory.only-reserved", "volume.tmpfs", "depends.plain-list"}
    prefixes = {"memory.only", "cpu.only"}  # limits.py asks whether a code starts with them
    assert sorted(spelled - RAISED_CODES - prefixes) == []


def test_no_text_is_for_a_code_that_nothing_raises() -> None:
    families = {code.partition(".")[0] for code in HOSTS_FAULT}
    assert sorted(set(en.TEXTS) - RAISED_CODES - families - {"ok"}) == []


@pytest.mark.parametrize("raised", RAISED, ids=lambda raised: raised.place)
def test_a_text_uses_only_what_the_judge_passes(raised: Raised) -> None:
    for code in raised.codes:
        for lang in LANGUAGES:
            assert placeholders(*of_code(code, lang)) <= raised.params, (code, lang)


def test_both_languages_have_the_same_codes_in_the_same_order() -> None:
    assert list(en.TEXTS) == list(ru.TEXTS)


@pytest.mark.parametrize("code", en.TEXTS)
def test_both_languages_use_the_same_placeholders(code: str) -> None:
    for english, russian in zip(en.TEXTS[code], ru.TEXTS[code], strict=True):
        assert placeholders(english) == placeholders(russian)
        assert bool(english) == bool(russian)


@pytest.mark.parametrize("code", HOSTS_FAULT)
def test_russian_says_the_hosts_fault_and_then_the_reason(code: str) -> None:
    assert re.search(r"[а-я].* \(\{reason\}\)$", ru.TEXTS[code][0])


def mistakes_in(file: Path) -> list[Mapping[str, Any]]:
    tasks = yaml.safe_load(file.read_text(encoding="utf-8"))["tasks"]
    return [mistake for task in tasks for check in task["checks"] for mistake in check.get("mistakes", [])]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("part", [0, 1], ids=["message", "hint"])
def test_no_two_mistakes_share_a_text(lang: str, part: int) -> None:
    """A student, and statistics, must be able to tell them apart; the homework's own mistakes count too."""
    own = [texts[part] for code, texts in TEXTS[lang].items() if code not in HOSTS_FAULT and texts[part]]
    own += [picked(mistake[("message", "hint")[part]], lang) for mistake in mistakes_in(HOMEWORK)]
    assert [text for text, times in Counter(own).items() if times > 1] == []


def test_russian_texts_are_russian_and_without_long_dashes() -> None:
    for message, hint in ru.TEXTS.values():
        assert re.search("[А-Яа-я]", message)
        assert "—" not in message + hint


def texts_in(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each title, message and hint of an assignment with its path."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("title", "message", "hint"):
                yield f"{path}/{key}", value
            elif key in ("hints", "messages"):
                yield from ((f"{path}/{key}/{code}", text) for code, text in value.items())
            else:
                yield from texts_in(value, f"{path}/{key}")
    elif isinstance(node, list):
        for item in node:
            name = item.get("id") or item.get("code") if isinstance(item, dict) else ""
            yield from texts_in(item, f"{path}/{name}")


SHIPPED_TEXTS = [
    found
    for file in (HOMEWORK, PRACTICE)
    for found in texts_in(yaml.safe_load(file.read_text(encoding="utf-8")), file.stem)
]


@pytest.mark.parametrize(("path", "text"), SHIPPED_TEXTS, ids=[path for path, _ in SHIPPED_TEXTS])
def test_each_text_of_what_ships_is_in_both_languages(path: str, text: Any) -> None:
    assert isinstance(text, dict), path
    assert sorted(text) == sorted(LANGUAGES)
    assert all(found.strip() for found in text.values())
    assert placeholders(text["en"]) == placeholders(text["ru"])
    assert re.search("[А-Яа-я]", text["ru"]) and not re.search("[А-Яа-я]", text["en"])


@pytest.mark.parametrize("file", [HOMEWORK, PRACTICE], ids=lambda file: file.stem)
def test_each_check_and_each_mistake_of_what_ships_has_texts(file: Path) -> None:
    assignment = yaml.safe_load(file.read_text(encoding="utf-8"))
    checks = [check for task in assignment["tasks"] for check in task["checks"]]
    assert all("title" in part for part in [assignment, *assignment["tasks"], *checks])
    assert all({"message", "hint"} <= set(mistake) for mistake in mistakes_in(file))


def test_a_template_is_filled_and_unknown_placeholders_stay() -> None:
    assert (
        filled("{name} has {found} of {other}", {"name": "redis_2", "found": 0}) == "redis_2 has 0 of {other}"
    )


def test_a_go_template_in_a_text_stays_as_it_is() -> None:
    assert (
        filled("docker inspect -f '{{.State.Pid}}' {name}", {"name": "x"})
        == "docker inspect -f '{{.State.Pid}}' x"
    )


# Small alphabets: what matters is braces, and what re.sub or str.format would take for their own.
NAMES = st.text("abc_", min_size=1, max_size=4)
HOSTILE = st.one_of(
    st.text("{}ab_\\%1é\n", max_size=8),
    st.sampled_from([r"\g<0>", "%s", "{0}", "{a.__class__}", "{a!r}"]),
    st.integers(),
    st.none(),
)
PARAMS = st.dictionaries(NAMES, HOSTILE, max_size=5)
PARTS = st.lists(st.tuples(st.text("ab_\\%1é \n", max_size=5), NAMES), max_size=5)


@given(PARTS, PARAMS)
def test_parameters_stand_in_the_text_exactly_as_they_are(
    parts: list[tuple[str, str]], params: dict[str, Any]
) -> None:
    template = "".join(f"{text}{{{name}}}" for text, name in parts)
    expected = "".join(text + str(params.get(name, "{" + name + "}")) for text, name in parts)
    assert filled(template, params) == expected


@given(st.text("{}ab_$", max_size=20), PARAMS)
def test_filling_never_raises_and_leaves_other_braces_alone(template: str, params: dict[str, Any]) -> None:
    unknown = {name: value for name, value in params.items() if f"{{{name}}}" not in template}
    assert filled(template, unknown) == template


def test_an_authors_text_is_picked_by_language() -> None:
    both = {"en": "memory", "ru": "память"}
    assert [picked(both, lang) for lang in ("ru", "en")] == ["память", "memory"]


def test_an_authors_text_in_another_language_is_better_than_none() -> None:
    assert picked({"de": "Speicher", "en": "memory"}, "ru") == "memory"
    assert picked({"de": "Speicher"}, "ru") == "Speicher"
    assert picked({"en": "memory", "ru": ""}, "ru") == "memory"


def test_an_authors_plain_text_is_for_every_language() -> None:
    assert [picked("memory", "ru"), picked(None, "ru"), picked({}, "en")] == ["memory", "", ""]


@pytest.mark.parametrize(
    ("asked", "env", "expected"),
    [
        (None, {}, "en"),
        (None, {"LC_ALL": "C"}, "en"),
        (None, {"LC_ALL": "POSIX"}, "en"),
        (None, {"LANG": "C.UTF-8"}, "en"),
        (None, {"LANG": "ru_RU.UTF-8"}, "ru"),
        (None, {"LANG": "RU"}, "ru"),
        (None, {"LANG": "de_DE.UTF-8"}, "en"),
        (None, {"LC_ALL": "C", "LANG": "ru_RU.UTF-8"}, "en"),
        (None, {"LC_ALL": "", "LC_MESSAGES": "ru_RU.UTF-8", "LANG": "en_US.UTF-8"}, "ru"),
        ("en", {"LC_ALL": "ru_RU.UTF-8"}, "en"),
        ("ru", {"LC_ALL": "C"}, "ru"),
    ],
)
def test_the_language_is_the_one_asked_for_else_the_locales(
    asked: str | None, env: dict[str, str], expected: str
) -> None:
    assert language(asked, env) == expected


def test_the_language_comes_from_the_process_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    assert language(None) == "en"
    monkeypatch.setenv("LANG", "ru_RU.UTF-8")
    assert language(None) == "ru"


def test_a_code_without_a_text_speaks_for_its_family() -> None:
    assert of_code("engine.something-new", "en") == ("{reason}", "")
    assert of_code("engine.something-new", "ru") == ru.TEXTS["engine"]
    assert of_code("container.something-new", "en") == ("", "")
