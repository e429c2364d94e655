import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from dockgrader import safe_yaml
from dockgrader.safe_yaml import YamlTooBig, compose_bounded

BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join(['*' + before] * 10)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    "text",
    [
        "a: {b: [1, 'two', null, 3.5, true], c: !reset [], d: !!str 5}\n",
        "base: &base {x: 1}\nsame: *base\nmerged: {<<: *base, y: 2}\n",
        "? [complex, key]\n: |\n  block\n  text\n",
        "! non-specific\n",
    ],
)
def test_the_tree_is_the_one_that_pyyaml_composes(text: str) -> None:
    assert yaml.serialize(compose_bounded(text)) == yaml.serialize(yaml.compose(text, Loader=yaml.SafeLoader))


def test_marks_say_where_a_node_stands() -> None:
    root = compose_bounded("title: x\ntasks:\n  - id: one\n")
    (_, _), (_, tasks) = root.value  # type: ignore[union-attr]
    assert (tasks.value[0].start_mark.line, tasks.value[0].start_mark.column) == (2, 4)
    assert tasks.end_mark.line == 3


def test_an_anchor_may_be_given_again() -> None:  # as YAML and Compose have it; PyYAML refuses it
    root = compose_bounded("[&x one, &x two, *x]")
    assert [node.value for node in root.value] == ["one", "two", "two"]  # type: ignore[union-attr]


def test_no_document_is_none() -> None:
    assert compose_bounded("# only a comment\n") is None


@pytest.mark.parametrize(
    "text",
    [
        BOMB,
        "[" * 61 + "]" * 61,
        "- " * 61 + "x",
        "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 70)),
        "a: &a " + "x" * 100_000 + "\nb: [" + "*a, " * 100 + "]",
        "[" + "x, " * 100_001 + "]",
        "".join(f"%TAG !t{n}! tag:example.org:\n" for n in range(50)) + "--- x\n",
    ],
    ids=["bomb", "deep flow", "deep blocks", "deep through aliases", "long text repeated", "wide", "tags"],
)
def test_what_is_too_big_is_refused(text: str) -> None:
    with pytest.raises(YamlTooBig):
        compose_bounded(text)


@pytest.mark.parametrize("depth", [59, 60])
def test_sixty_levels_are_allowed(depth: int) -> None:
    assert compose_bounded("[" * depth + "]" * depth) is not None


def test_size_counts_every_alias() -> None:
    text = "a: &a [x, y]\nb: *a\n"  # the mapping, two keys, twice a list of two
    assert compose_bounded(text, max_nodes=9) is not None
    with pytest.raises(YamlTooBig):
        compose_bounded(text, max_nodes=8)


@pytest.mark.parametrize(
    "text", ["a: [", "&a [*a]", "*nowhere", "--- a\n--- b\n", "a: \0", "a: \ud800", "[" * 100_000]
)
def test_what_is_no_single_document_is_a_yaml_error(text: str) -> None:
    with pytest.raises((yaml.YAMLError, YamlTooBig)) as caught:
        compose_bounded(text)
    if len(text) < 100:
        assert isinstance(caught.value, yaml.YAMLError)


@given(st.text(alphabet=st.sampled_from("ab:-[]{}*&!?|>'\"%# \n\t~<=,\ud800\0"), max_size=200))
def test_no_text_raises_anything_else(text: str) -> None:
    try:
        root = compose_bounded(text, max_depth=5, max_nodes=50)
    except (YamlTooBig, yaml.YAMLError):
        return
    assert root is None or _written_out(root) <= 50


@pytest.mark.parametrize("text", [BOMB, "- " * 61 + "x", "&a [*a]"])
def test_the_bounds_hold_without_libyaml(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(safe_yaml, "_LOADER", yaml.SafeLoader)
    with pytest.raises((YamlTooBig, yaml.YAMLError)):
        compose_bounded(text)


def _written_out(node: yaml.Node) -> int:
    match node:
        case yaml.MappingNode():
            return 1 + sum(_written_out(key) + _written_out(value) for key, value in node.value)
        case yaml.SequenceNode():
            return 1 + sum(_written_out(item) for item in node.value)
    return 1


@pytest.mark.parametrize("text", ['a: "\\UFFFFFFFF"', "%YAML " + "9" * 5000 + ".1\n---\na: 1", "a: \ud800"])
def test_what_only_breaks_a_parser_is_no_yaml(text: str) -> None:
    with pytest.raises((yaml.YAMLError, YamlTooBig)):
        compose_bounded(text)
