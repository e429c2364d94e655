"""The shell parser: trees of the things that health commands are made of, and what is refused."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dockgrader.healthcheck.parser import parse
from dockgrader.healthcheck.syntax import (
    MAX_DEPTH,
    MAX_SCRIPT,
    AndOr,
    AnyCommand,
    Case,
    Command,
    Group,
    If,
    IfSet,
    Literal,
    Loop,
    Pipeline,
    Redirect,
    Script,
    ShellSyntaxError,
    Substitution,
    UnsupportedSyntax,
    Variable,
    Word,
)


def plain(*words: str) -> Command:
    return Command((), tuple(Word((Literal(word, False),)) for word in words), ())


def alone(command: AnyCommand, negated: bool = False) -> AndOr:
    return AndOr(Pipeline((command,), negated), ())


def one(script: str) -> AnyCommand:
    """The only command of a script."""
    tree, _ = parse(script)
    ((node, background),) = tree.items
    assert not background
    assert not node.rest
    (command,) = node.first.commands
    return command


def words(script: str) -> tuple[Word, ...]:
    command = one(script)
    assert isinstance(command, Command)
    return command.words


def word(text: str) -> Word:
    return Word((Literal(text, False),))


@pytest.mark.parametrize(
    "script",
    [
        "case a in b|c) d;; *) ;; esac",
        "case a in (b|c) d;; (*) esac",
        "case a in\nb | c )\n d\n ;;\n\n* )\nesac",
    ],
)
def test_case(script: str) -> None:
    body = Script(((alone(plain("d")), False),))
    branches = (((word("b"), word("c")), body), ((word("*"),), Script(())))
    assert one(script) == Case(word("a"), branches, ())


@pytest.mark.parametrize("script", ["until a; do b; done", "until a\ndo\nb\ndone"])
def test_loops(script: str) -> None:
    condition, body = (Script(((alone(plain(name)), False),)) for name in "ab")
    assert one(script) == Loop(condition, body, True, ())
    assert one(script.replace("until", "while")) == Loop(condition, body, False, ())


def test_words_that_stand_there_only_if_a_variable_has_a_value() -> None:
    (_, found) = words('a ${b:+-c "$d"}')
    inner = (word("-c"), Word((Literal("", True), Variable("d", True))))
    assert found == Word((IfSet("b", inner),))


def test_both_outputs_where_the_shell_knows_that() -> None:
    tree, _ = parse("a &> b || c &>>d", ampersand=True)
    ((node, background),) = tree.items
    assert not background
    commands = [node.first.commands[0], *(pipeline.commands[0] for _, pipeline in node.rest)]
    assert [command.redirects for command in commands] == [
        (Redirect(1, "&>", word("b")),),
        (Redirect(1, "&>", word("d")),),
    ]


@pytest.mark.parametrize("separator", [";", "\n", " ;\n\n ", " # comment\n"])
def test_a_list_of_commands(separator: str) -> None:
    tree, _ = parse(f"a b{separator}c")
    assert tree == Script(((alone(plain("a", "b")), False), (alone(plain("c")), False)))


def test_the_background_belongs_to_one_command() -> None:
    tree, _ = parse("a & b")
    assert tree == Script(((alone(plain("a")), True), (alone(plain("b")), False)))


def test_and_and_or_have_equal_rank_and_pipes_bind_closer() -> None:
    tree, _ = parse("a || b &&\n ! c | d")
    piped = Pipeline((plain("c"), plain("d")), True)
    expected = AndOr(Pipeline((plain("a"),), False), (("||", Pipeline((plain("b"),), False)), ("&&", piped)))
    assert tree == Script(((expected, False),))


@pytest.mark.parametrize(
    ("script", "parts"),
    [
        ("a'b c'", (Literal("a", False), Literal("b c", True))),
        ("''", (Literal("", True),)),
        (r"a\ b", (Literal("a", False), Literal(" ", True), Literal("b", False))),
        ("a\\\nb", (Literal("a", False), Literal("b", False))),
        (r"'a\n'", (Literal(r"a\n", True),)),
        ('"a b"', (Literal("", True), Literal("a b", True))),
        (r'"\$\a"', (Literal("", True), Literal("$", True), Literal(r"\a", True))),
        ("$x", (Variable("x", False),)),
        ('"${x}"', (Literal("", True), Variable("x", True))),
        ("$?", (Variable("?", False),)),
        ("${x:-6379}", (Variable("", False),)),
        ("a#b", (Literal("a#b", False),)),
        ("5$", (Literal("5", False), Literal("$", True))),
        ("a=b", (Literal("a=b", False),)),
        ("{a,b}", (Literal("{a,b}", False),)),
    ],
)
def test_words_and_quotes(script: str, parts: tuple[Literal | Variable, ...]) -> None:
    assert words(f"echo {script}")[1] == Word(parts)


@pytest.mark.parametrize("script", ["echo $(a b)", "echo `a b`", "echo $( a b; )", "echo $(\na b\n)"])
def test_substitutions(script: str) -> None:
    assert words(script)[1] == Word((Substitution(Script(((alone(plain("a", "b")), False),)), False),))


def test_quotes_start_anew_in_a_substitution() -> None:
    (_, word) = words('echo "$(a "b c")"')
    empty, substitution = word.parts
    assert empty == Literal("", True)
    assert isinstance(substitution, Substitution)
    assert substitution.quoted
    inner = parse('a "b c"')[0]
    assert substitution.body == inner


def test_backquotes_nest_by_backslashes() -> None:
    assert words(r"echo `a \`b\``") == words("echo $(a $(b))")
    assert words(r'echo "`a \"b\"`"') == words('echo "$(a "b")"')


def test_assignments_and_redirections_stand_around_the_words() -> None:
    command = one("A=1 >out a 2>&1 B=2 < /dev/null")
    assert command == Command(
        (("A", Word((Literal("1", False),))),),
        plain("a", "B=2").words,
        (
            Redirect(1, ">", Word((Literal("out", False),))),
            Redirect(2, ">&", Word((Literal("1", False),))),
            Redirect(0, "<", Word((Literal("/dev/null", False),))),
        ),
    )


def test_a_number_is_a_descriptor_only_right_before_a_redirection() -> None:
    assert words("echo 2 >x") == plain("echo", "2").words
    assert words("echo a2>x") == plain("echo", "a2").words


@pytest.mark.parametrize(
    ("script", "subshell"), [("( a )", True), ("(a)", True), ("{ a; }", False), ("{ a\n}", False)]
)
def test_groups(script: str, subshell: bool) -> None:
    body = Script(((alone(plain("a")), False),))
    out = Redirect(1, ">", Word((Literal("f", False),)))
    assert one(script) == Group(body, subshell, ())
    assert one(f"{script} > f") == Group(body, subshell, (out,))


def test_if_with_all_its_branches() -> None:
    def body(name: str) -> Script:
        return Script(((alone(plain(name)), False),))

    expected = If(((body("a"), body("b")), (body("c"), body("d"))), body("e"), ())
    assert one("if a; then b; elif c\nthen d; else e; fi") == expected
    assert one("if a; then b; fi") == If(((body("a"), body("b")),), None, ())


def test_reserved_words_are_plain_words_elsewhere() -> None:
    assert words("echo if then } {") == plain("echo", "if", "then", "}", "{").words
    assert words("iffy") == plain("iffy").words


def test_comments_are_kept_apart() -> None:
    tree, comments = parse("a # one\n# two\nb$(c # three\n)")
    assert comments == (" one", " two", " three")
    assert len(tree.items) == 2


def test_an_empty_script_has_no_commands() -> None:
    assert parse(" \n\t") == (Script(()), ())
    assert parse("# a") == (Script(()), (" a",))


SYNTAX_ERRORS = [
    "'a",
    '"a',
    "`a",
    "$(a",
    "(a",
    "a)",
    "{ a;",
    "{ a }",
    "()",
    "( )",
    "a &&",
    "&& a",
    "a | | b",
    "a |",
    "a ;; b",
    "; a",
    "a >",
    "> > a",
    "if a; then b",
    "if a; fi",
    "if; then a; fi",
    "then a",
    "fi",
    "do",
    "}",
    "(a) b",
    "echo a (b)",
    "a & & b",
    "!",
]


@pytest.mark.parametrize("script", SYNTAX_ERRORS)
def test_what_a_shell_refuses(script: str) -> None:
    with pytest.raises(ShellSyntaxError):
        parse(script)


@pytest.mark.skipif(not shutil.which("dash"), reason="no dash here")
@pytest.mark.parametrize("script", SYNTAX_ERRORS)
def test_dash_refuses_it_too(script: str) -> None:
    checked = subprocess.run(["dash", "-n", "-c", script], capture_output=True, timeout=10, check=False)
    assert checked.returncode == 2


@pytest.mark.parametrize(
    "script",
    [
        "for a in b; do c; done",
        "case a in b) c;;& esac",
        "echo ${a:+b ${c:+d}}",
        "echo ${a:+$(b)}",
        'echo "${a:+b}${a:+"c"}"',
        "f() { a; }",
        "function f { a; }",
        "a=(b c)",
        "a+=b",
        "echo $((1+1))",
        "((a))",
        "echo ${a#b}",
        "echo ${#a}",
        "echo $1",
        'echo "$@"',
        "echo $'a'",
        "a &> b",
        "a |& b",
        "a << b",
        "a <<< b",
        "a <> b",
        "a <(b)",
        "! ! a",
        "a" * (MAX_SCRIPT + 1),
        "(" * (MAX_DEPTH + 1) + "a" + ")" * (MAX_DEPTH + 1),
        "( " * (MAX_DEPTH + 1) + "a" + " )" * (MAX_DEPTH + 1),
    ],
)
def test_what_is_not_understood_is_not_guessed(script: str) -> None:
    with pytest.raises(UnsupportedSyntax):
        parse(script)


def test_nesting_up_to_the_limit_is_understood() -> None:
    assert parse("( " * MAX_DEPTH + "a" + " )" * MAX_DEPTH)[0].items


@settings(max_examples=300)
@given(st.one_of(st.text(), st.text(alphabet="ab \n;&|<>(){}$`\"'\\#!=12?if")))
def test_any_text_is_parsed_or_refused(script: str) -> None:
    try:
        tree, _ = parse(script)
    except (ShellSyntaxError, UnsupportedSyntax):
        return
    assert isinstance(tree, Script)


@given(st.lists(st.text(alphabet=st.characters(exclude_characters="'", codec="utf-8")), min_size=1))
def test_single_quotes_keep_any_text(texts: list[str]) -> None:
    script = " ".join(f"'{text}'" for text in texts)
    if len(script) <= MAX_SCRIPT:
        assert words(script) == tuple(Word((Literal(text, True),)) for text in texts)
