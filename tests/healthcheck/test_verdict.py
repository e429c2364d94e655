"""The judge of health commands: right and wrong ones, other forms, and hostile input."""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dockgrader.healthcheck import HEALTH_CODES, judge_health_command
from dockgrader.healthcheck.syntax import MAX_SCRIPT
from tests.healthcheck.scripts import RIGHT, WRONG


@pytest.mark.parametrize("script", RIGHT)
def test_a_right_script_is_right_in_both_shell_forms(script: str) -> None:
    assert judge_health_command(["CMD-SHELL", script]).code == "ok"
    assert judge_health_command(["CMD", "sh", "-c", script]).ok


@pytest.mark.parametrize(
    ("script", "code"), [(script, code) for code, scripts in WRONG.items() for script in scripts]
)
def test_a_wrong_script_has_the_code_of_its_mistake(script: str, code: str) -> None:
    verdict = judge_health_command(["CMD-SHELL", script])
    assert (verdict.ok, verdict.code) == (False, f"healthcheck.{code}")
    assert verdict.detail


@pytest.mark.parametrize(
    "argv",
    [
        ["redis-cli", "ping"],
        ["redis-cli", "PING"],
        ["/usr/bin/redis-cli", "-p", "6380", "ping"],
        ["redis-cli", "-a", "p|w;d&", "ping"],
        ["sh", "-c", "redis-cli ping || exit 1"],
        ["sh", "-c", "redis-cli ping", "||", "exit", "1"],  # $0, $1, $2: useless but harmless
        ["/bin/bash", "-c", "redis-cli ping | grep PONG"],
        ["timeout", "3", "redis-cli", "ping"],
    ],
)
def test_right_exec_forms(argv: list[str]) -> None:
    assert judge_health_command(["CMD", *argv]).code == "ok"


@pytest.mark.parametrize(
    ("test", "code"),
    [
        (None, "none"),
        ([], "none"),
        (["redis-cli", "ping"], "none"),
        (["cmd", "redis-cli", "ping"], "none"),
        (["NONE"], "disabled"),
        (["CMD"], "empty"),
        (["CMD", ""], "empty"),
        (["CMD-SHELL"], "empty"),
        (["CMD-SHELL", " "], "empty"),
        (["CMD", "redis-cli", "ping", "||", "exit", "1"], "shell-syntax-in-exec"),
        (["CMD", "redis-cli", "ping", "|", "grep", "PONG"], "shell-syntax-in-exec"),
        (["CMD", "redis-cli", "ping", ">/dev/null"], "shell-syntax-in-exec"),
        (["CMD", "redis-cli", "ping;", "exit", "0"], "shell-syntax-in-exec"),
        (["CMD", "redis-cli ping"], "shell-syntax-in-exec"),
        (["CMD", "redis-cli ping || exit 1"], "shell-syntax-in-exec"),
        (["CMD", "[", "$(redis-cli ping)", "=", "PONG", "]"], "shell-syntax-in-exec"),
        (["CMD", "“redis-cli”", "“ping”"], "typographic-quotes"),
        (["CMD", "echo", "redis-cli", "ping"], "echo"),
        (["CMD", "true"], "true"),
        (["CMD", "exit", "0"], "other-command"),  # there is no such program
        (["CMD", "redis-cli", "--raw", "incr", "ping"], "other-command"),
        (["CMD", "redis-cli"], "other-command"),
        (["CMD", "curl", "-f", "http://localhost"], "other-command"),
        (["CMD", "sh", "-c", "redis-cli ping || true"], "always-passes-or-true"),
        (["CMD", "sh", "healthcheck-redis-cli.sh"], "unclear"),
        (["CMD-SHELL", "redis-cli", "ping"], "split-shell-form"),
        (["CMD", "sh", "-c", "redis-cli", "ping"], "split-shell-form"),
        (["CMD", "redis-cli", "ping", "x" * 5000], "unclear"),
        (["CMD-SHELL", "redis-cli ping" + " " * 5000], "unclear"),
    ],
)
def test_other_forms_and_wrong_exec_forms(test: list[str] | None, code: str) -> None:
    assert judge_health_command(test).code == f"healthcheck.{code}"


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("until redis-cli ping; do sleep 1; done", "ok"),
        ("while ! redis-cli ping | grep PONG; do sleep 1; done; exit 0", "ok"),
        ("until redis-cli ping; do sleep 1; done || true", "ok"),
        ("timeout 5 sh -c 'while ! redis-cli ping | grep -q PONG; do sleep 1; done' || exit 1", "ok"),
        ("until nc -z localhost 6379; do sleep 1; done; redis-cli ping", "ok"),
        ("while redis-cli ping; do sleep 1; done", "healthcheck.never-passes"),
        ("until redis-cli ping; do sleep 1; done & true", "healthcheck.always-passes"),
        ("until redis-cli ping | cat; do sleep 1; done", "healthcheck.always-passes"),
        ("until ! redis-cli ping; do sleep 1; done; exit 1", "healthcheck.never-passes"),
        ("while true; do sleep 1; done", "healthcheck.other-command"),
        ("while true; do echo redis-cli ping; done", "healthcheck.echo"),
    ],
)
def test_a_loop_that_never_ends_is_cut_off_which_is_a_failure(script: str, code: str) -> None:
    assert judge_health_command(["CMD-SHELL", script]).code == code


@pytest.mark.parametrize(
    ("test", "file", "code"),
    [
        (["CMD", "/h.sh"], "#!/bin/sh\nredis-cli ping\n", "ok"),
        (["CMD", "./h"], "#!/bin/sh\nset -e\nredis-cli ping | grep -q PONG\nexit 0\n", "ok"),
        (["CMD", "/usr/local/bin/healthcheck"], "#!/usr/bin/env bash\nredis-cli ping &>/dev/null\n", "ok"),
        (["CMD", "/h.sh"], "#!/bin/sh\nredis-cli ping &>/dev/null\n", "unclear"),
        (["CMD", "/h.sh"], "#!/bin/sh -e\nredis-cli ping\ntrue\n", "ok"),
        (["CMD", "/h.sh"], "#!/bin/sh\nredis-cli ping\ntrue\n", "always-passes"),
        (["CMD", "timeout", "3", "/h.sh"], "#!/bin/sh\nuntil redis-cli ping; do sleep 1; done\n", "ok"),
        (
            ["CMD-SHELL", "timeout 3 /h.sh || true"],
            "#!/bin/sh\nuntil redis-cli ping; do sleep 1; done\n",
            "always-passes-or-true",
        ),
        (["CMD-SHELL", "/h.sh"], "#!/bin/sh\nredis-cli ping\nexit 0\n", "always-passes-exit"),
        (["CMD", "sh", "-e", "/h.sh"], "redis-cli ping\ntrue", "ok"),
        (["CMD", "sh", "/h.sh"], "redis-cli ping $1", "unclear"),
        (["CMD", "/h.sh"], "#!/bin/sh\n# redis-cli ping\n", "comment"),
        (["CMD", "/h.sh"], "#!/bin/sh\ncurl -f localhost\n", "other-command"),
        (["CMD", "/h.sh"], "#!/usr/bin/python3\nimport redis\n", "other-command"),
        (["CMD", "/h.sh"], "redis-cli ping\n", "unclear"),  # Docker runs no file without a first line
        (["CMD", "/h.sh"], "#!/bin/sh\n" + "#" * MAX_SCRIPT, "other-command"),
        (["CMD", "/h.sh"], None, "other-command"),
        (["CMD", "/bin/redis-cli", "ping"], "#!/bin/sh\ntrue\n", "ok"),  # which is not looked at
    ],
)
def test_a_script_in_the_container(test: list[str], file: str | None, code: str) -> None:
    found = judge_health_command(test, read=lambda path: file).code
    assert found.removeprefix("healthcheck.") == code


def test_a_script_that_is_called_by_its_name() -> None:
    """As docker-library has it: HEALTHCHECK CMD ["docker-healthcheck"]."""
    library = """\
#!/bin/bash
set -eo pipefail

host="$(hostname -i || echo '127.0.0.1')"

if ping="$(redis-cli -h "$host" ping)" && [ "$ping" = 'PONG' ]; then
	exit 0
fi

exit 1
"""
    files = {"/usr/local/bin/docker-healthcheck": library, "/usr/local/bin/health.sh": "#!/bin/sh\ntrue\n"}
    asked: list[str] = []

    def read(path: str) -> str | None:
        asked.append(path)
        return files.get(path)

    for name, code in (("docker-healthcheck", "ok"), ("health.sh", "true"), ("health", "other-command")):
        assert judge_health_command(["CMD", name], read=read).code.removeprefix("healthcheck.") == code
    asked.clear()
    assert judge_health_command(["CMD-SHELL", "date && curl x && redis-cli ping"], read=read).ok
    assert asked == []  # none of them is called like a script


def test_a_script_that_runs_itself_costs_little() -> None:
    verdict = judge_health_command(["CMD", "/h.sh"], read=lambda path: "#!/bin/sh\n" + "/h.sh\n" * 500)
    assert not verdict.ok


def test_few_files_are_read_and_each_once() -> None:
    read: list[str] = []

    def empty(path: str) -> str:
        read.append(path)
        return ""

    judge_health_command(["CMD-SHELL", ";".join(f"/h{n % 9}.sh" for n in range(50))], read=empty)
    assert read == ["/h0.sh", "/h1.sh", "/h2.sh"]


def test_every_code_has_an_example() -> None:
    seen = {f"healthcheck.{code}" for code in WRONG}
    seen |= {"ok", "healthcheck.none", "healthcheck.disabled", "healthcheck.shell-syntax-in-exec"}
    assert seen | {"healthcheck.split-shell-form"} == set(HEALTH_CODES)


@pytest.mark.parametrize(
    ("expected", "script", "code"),
    [
        (["pg_isready"], "pg_isready -U postgres || exit 1", "ok"),
        (["pg_isready"], "pg_isready", "ok"),
        (["pg_isready"], "pg_isready || true", "healthcheck.always-passes-or-true"),
        (["pg_isready"], "pg_isready --version", "healthcheck.other-command"),
        (["pg_isready"], "redis-cli ping", "healthcheck.other-command"),
        (
            ["pg_isready"],
            "pg_isready | grep localhost",
            "healthcheck.unclear",
        ),  # it says so when it fails, too
        (["mysqladmin", "ping"], "mysqladmin ping -h localhost", "ok"),
        (["mysqladmin", "ping"], "mysqladmin -u root -p$PASSWORD ping", "ok"),
        (["mysqladmin", "ping"], "mysqladmin status ping", "healthcheck.other-command"),
        (["mysqladmin", "ping"], "mysqladmin $WHAT", "healthcheck.unclear"),
        (["redis-cli"], "redis-cli", "ok"),
        (["curl", "-f", "http://localhost"], "curl -s -f http://localhost > /dev/null || exit 1", "ok"),
        (["curl", "-f", "http://localhost"], "curl http://localhost", "healthcheck.other-command"),
        (["curl", "-f", "http://localhost"], "curl -f http://localhost | grep up", "healthcheck.unclear"),
        (["/usr/bin/redis-cli", "ping"], "redis-cli ping | grep PONG", "ok"),
        (["redis-cli", "get", "ready"], "redis-cli -n 1 GET ready", "ok"),
        (["redis-cli", "get", "ready"], "redis-cli get other", "healthcheck.other-command"),
    ],
)
def test_an_author_can_expect_any_command(expected: list[str], script: str, code: str) -> None:
    assert judge_health_command(["CMD-SHELL", script], expected).code == code


def test_an_empty_expectation_is_the_authors_mistake() -> None:
    with pytest.raises(ValueError, match="empty"):
        judge_health_command(["CMD", "x"], [])


def test_the_detail_is_short_and_printable() -> None:
    verdict = judge_health_command(["CMD-SHELL", "redis-cli \x1b[2J\r\n" + "x" * 500])
    assert verdict.detail.isprintable()
    assert len(verdict.detail) < 120


# --- hostile input ----------------------------------------------------------------------------------------

SNIPPETS = r"""
redis-cli ping PONG grep -q -E echo true false exit 0 1 $? $x x= " ' ` \ $( ) ( { } ; & | && || ! > < >& 2>&1
# if then else fi while do done [ ] [[ ]] = == -eq sh -c set -e -o pipefail timeout 3 env exec test ${x:-y}
$(( * ? ~ “ printf %s cat head tr -d wc -l export unset . eval
"""
PIECES = st.sampled_from([*SNIPPETS.split(), "\n", "\x00", "\ud800"])
SCRIPTS = st.lists(st.tuples(PIECES, st.sampled_from([" ", " ", ""])), max_size=30).map(
    lambda pieces: "".join(itertools.chain.from_iterable(pieces))
)


@given(st.lists(st.one_of(st.sampled_from(["CMD", "CMD-SHELL", "NONE"]), st.text(), SCRIPTS), max_size=6))
def test_the_judge_never_raises(test: list[str]) -> None:
    assert judge_health_command(test).code in HEALTH_CODES


@settings(max_examples=500)
@given(SCRIPTS)
def test_the_judge_never_raises_on_shell_like_text(script: str) -> None:
    assert judge_health_command(["CMD-SHELL", script]).code in HEALTH_CODES


def _nested_shells(levels: int) -> str:
    script = "redis-cli ping"
    while len(script) < 1500 and levels:
        script = "{ { { { sh -c '" + script.replace("'", "'\\''") + "'; }; }; }; }"
        levels -= 1
    return script


BOMBS: Mapping[str, str] = {
    "braces": "{ " * 1300 + "redis-cli ping",
    "subshells": "( " * 2000,
    "substitutions": "$(" * 2000,
    "quoted substitutions": '"$(' * 1300,
    "ifs": "if " * 1300,
    "backquotes": "`" * 4000,
    "escaped backquotes": "`" + "\\`" * 2000,
    "backslashes": "`" + "\\" * 4000 + "`",
    "wrappers": "env " * 1000 + "redis-cli ping",
    "exec": "exec " * 800 + "redis-cli ping",
    "command": "command " * 500 + "redis-cli ping",
    "negated tests": "[ " + "! " * 2000 + "x ]",
    "doubling": "x=aaaaaaaa;" + "x=$x$x;" * 500 + "redis-cli ping",
    "fields": "x='a b c d e f';" + "x=$x$x;" * 7 + "echo " + "$x" * 1900,
    "regular expression": "echo " + "a" * 150 + " | grep -E '" + "(a|a)" * 100 + "b'",
    "stars": "echo " + "a" * 150 + " | grep -E '" + "a*" * 100 + "b'",
    "class": "echo a | grep '[" + "a" * 4000,
    "open braces": "echo " + "{" * 4000,
    "nested shells": _nested_shells(30),
    "many shells": "a='sh -c \"redis-cli ping\"';" + 'sh -c "$a;$a;$a;$a;$a;$a;$a;$a";' * 90,
    "pipeline": "redis-cli ping" + "|cat" * 1000,
    "empty substitutions": "echo " + "$()" * 1300,
    "choices": "a && b || " * 350 + "redis-cli ping",
    "choices in shells": "sh -c '" + "a && b || " * 100 + "c'; d || " * 3 + "redis-cli ping",
    "loops": "while a; do " * 200 + "b" + "; done" * 200,
    "loops that change": "until redis-cli ping; do " + "x=x$x; " * 400 + "done",
    "cases": "case a in " + "a) b;; " * 500 + "esac",
    "patterns": "x=" + "a" * 900 + "; case $x in " + ("*a" * 3 + "b) c;; ") * 200 + "esac",
    "if set": "echo " + "${a:+b}" * 300 + " ${a:+'b" + '"' * 1000,
    "digits": "1" * 4000,
}


def test_what_is_too_long_or_too_deep_is_not_followed() -> None:
    def nested(levels: int) -> str:
        opened, closed = "{ " * levels, "; }" * levels
        return f"{opened} sh -c '{opened} redis-cli ping {closed}' {closed}"

    assert judge_health_command(["CMD-SHELL", nested(10)]).code == "ok"
    assert "nested too deeply" in judge_health_command(["CMD-SHELL", nested(18)]).detail
    piped = "redis-cli ping" + "|cat" * 100
    assert judge_health_command(["CMD-SHELL", piped]).code == "healthcheck.always-passes"
    assert "too long" in judge_health_command(["CMD-SHELL", piped + "|cat" * 900]).detail


@pytest.mark.parametrize("script", BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb_costs_little(script: str) -> None:
    assert len(script) <= MAX_SCRIPT
    started = time.process_time()
    assert judge_health_command(["CMD-SHELL", script]).code in HEALTH_CODES
    assert judge_health_command(["CMD", *script.split()]).code in HEALTH_CODES
    assert time.process_time() - started < 1.0  # seconds; each takes a few hundredths
