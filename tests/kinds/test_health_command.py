"""The judge of health commands: right and wrong ones as tables, hostile input, and real shells beside it."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dockgrader.kinds import health_command, shell
from dockgrader.kinds.health_command import HEALTH_CODES, judge_health_command

RIGHT = [
    "redis-cli ping",
    "redis-cli PING",
    "  redis-cli   ping  # is it there?",
    "/usr/local/bin/redis-cli ping",
    "redis-cli ping hello",
    "redis-cli --raw ping",
    "redis-cli -h otherhost ping",
    "redis-cli -h 127.0.0.1 -p 6379 ping",
    "redis-cli -u redis://localhost:6379/0 ping",
    "redis-cli --tls --cacert /certs/ca.crt ping",
    'redis-cli -a "$REDIS_PASSWORD" --no-auth-warning ping | grep PONG',
    "redis-cli -a $REDIS_PASSWORD ping",
    "redis-cli -p ${REDIS_PORT:-6379} ping",
    "REDISCLI_AUTH=secret redis-cli ping",
    "redis-cli ping || exit 1",
    "redis-cli ping || exit -1",
    "redis-cli ping || false",
    "redis-cli ping | grep PONG",
    "redis-cli ping | grep -q PONG",
    "redis-cli ping | grep -q PONG || exit 1",
    "redis-cli ping | grep -q PONG; exit $?",
    "redis-cli ping 2>&1 | grep -i pong",
    "redis-cli ping 2>/dev/null | grep -qx PONG",
    "redis-cli ping | grep -E '^(PONG|OK)$'",
    "redis-cli ping | egrep -w 'PO?NG'",
    "redis-cli ping | fgrep PONG",
    "redis-cli ping | grep -c PONG",
    "redis-cli ping | grep '^PON[A-Z]$'",
    r"redis-cli ping | grep '\bPONG\b'",
    r"redis-cli ping | grep 'PING\|PONG'",
    "redis-cli ping 2>&1 | grep -v 'Could not connect'",
    "redis-cli ping | tee answer | grep PONG",
    "redis-cli ping | head -n1 | grep PONG",
    "redis-cli ping | tr -d '\\r\\n' | grep -x PONG",
    "redis-cli ping | grep PONG > /dev/null 2>&1",
    "redis-cli ping > /dev/null && echo ok || exit 1",
    "redis-cli ping && exit 0 || exit 1",
    "redis-cli ping && exit 0; exit 1",
    "redis-cli ping\n",
    "redis-cli ping || (echo down; exit 1)",
    "redis-cli ping || { echo down >&2; exit 1; }",
    "(redis-cli ping)",
    "{ redis-cli ping; }",
    "false || redis-cli ping",
    "if redis-cli ping; then exit 0; else exit 1; fi",
    "if ! redis-cli ping; then exit 1; fi",
    "if redis-cli ping; then exit 0; else exit $?; fi",
    "if redis-cli ping | grep -q PONG\nthen true\nelse false\nfi",
    "redis-cli ping; [ $? -eq 0 ]",
    "redis-cli ping; if [ $? -ne 0 ]; then exit 1; fi",
    '[ "$(redis-cli ping)" = PONG ]',
    '[ "$(redis-cli ping)" = "PONG" ] || exit 1',
    "[ $(redis-cli ping) = PONG ]",
    '[ "`redis-cli ping`" = "PONG" ]',
    'test "$(redis-cli ping)" = PONG',
    'test "PONG" = "$(redis-cli ping)"',
    'test -n "$(redis-cli ping)"',
    "redis-cli ping; echo $? | grep 0",
    '[ "$(redis-cli ping | wc -l)" -eq 1 ]',
    '[[ "$(redis-cli ping)" == "PONG" ]]',
    "[[ $(redis-cli ping) =~ PONG ]]",
    'answer=$(redis-cli ping); [ "$answer" = PONG ]',
    'answer=$(redis-cli ping) && test "$answer" = PONG',
    "answer=$(redis-cli ping)",
    "echo $(redis-cli ping) | grep PONG",
    'echo "$(redis-cli ping)" | grep -q ^PONG$',
    "sh -c 'redis-cli ping'",
    'sh -c "redis-cli ping || exit 1"',
    "bash -ec 'redis-cli ping; true'",
    "timeout 3 redis-cli ping",
    "timeout -s KILL 3s redis-cli ping",
    "env REDISCLI_AUTH=x nice -n 5 redis-cli ping",
    "exec redis-cli ping",
    "exec timeout 3 sh -c 'redis-cli ping'",
    "command redis-cli ping",
    "command -v redis-cli > /dev/null && redis-cli ping",
    "set -e; redis-cli ping; echo ok",
    "set -e\nredis-cli ping\nexit 0",
    "set -o pipefail; redis-cli ping | cat",
    "sleep 0; redis-cli ping",
    "date; redis-cli ping",
    "redis-cli -h $(hostname) ping",
    "export REDISCLI_AUTH=x; redis-cli ping",
    "cli=redis-cli; $cli ping",
    "redis-cli \\\n  ping",
    "'redis-cli' \"ping\"",
    # The script that the maintainers of the official images publish.
    'host="$(hostname -i || echo 127.0.0.1)"\n'
    'if ping="$(redis-cli -h "$host" ping)" && [ "$ping" = PONG ]; then\n exit 0\nfi\nexit 1',
]

WRONG = {
    "always-passes-or-true": [
        "redis-cli ping || true",
        "redis-cli ping || :",
        "redis-cli ping | grep -q PONG || /bin/true",
        "sh -c 'redis-cli ping || true'",
        "(redis-cli ping) || true > /dev/null",
    ],
    "always-passes-exit": [
        "redis-cli ping; exit 0",
        "redis-cli ping || exit 0",
        "redis-cli ping\nexit 0",
        "redis-cli ping & exit 0",
        "if redis-cli ping; then exit 0; else exit 0; fi",
        "redis-cli ping || { echo down; exit 0; }",
        "set -e; if redis-cli ping; then echo up; fi; exit 0",
    ],
    "always-passes": [
        "redis-cli ping | cat",
        "redis-cli ping | tee /dev/null",
        "redis-cli ping &",
        "redis-cli ping; true",
        "redis-cli ping; echo $?",
        "redis-cli ping || echo down",
        'echo "$(redis-cli ping)"',
        "redis-cli ping && true || redis-cli ping | cat",
        "[ \"$(redis-cli ping)\" != ERROR ]",
        "test -n \"$(redis-cli ping 2>&1)\"",
        "redis-cli ping 2>&1 | grep -v PANG",
        "redis-cli ping | grep -c '' | grep '[01]'",
        "if redis-cli ping; then echo up; fi",
        "true || redis-cli ping",
    ],
    "never-passes": [
        "! redis-cli ping",
        "redis-cli ping | grep -q pong",
        "redis-cli ping | grep -v PONG",
        "redis-cli ping | grep -x PON",
        "redis-cli ping > /dev/null | grep PONG",
        "redis-cli ping && exit 1",
        "redis-cli ping; exit 1",
        "redis-cli ping && false",
        '[ "$(redis-cli ping)" = pong ]',
        '[ "$(redis-cli ping)x" = PONG ]',
        "redis-cli ping hello | grep PONG",
        "redis-cli --json ping; false",
    ],
    "echo": [
        "echo redis-cli ping",
        'echo "redis-cli ping"',
        "printf 'redis-cli ping\\n'",
        "echo redis-cli ping || exit 1",
        "sh -c 'echo redis-cli ping'",
    ],
    "true": ["true", ":", "exit 0", "exit", "/bin/true", "true && true", "sh -c true"],
    "comment": ["# redis-cli ping", "true # redis-cli ping", "exit 0 # redis-cli ping", "curl x # redis-cli"],
    "empty": ["", "   ", "\n", "# nothing"],
    "other-command": [
        "redis-cli --raw incr ping",
        "redis-cli info",
        "redis-cli info && redis-cli ping",
        "redis-cli",
        "redis-cli -h ping",
        "redis-cli --version ping",
        "redis-cli --help",
        "redis-cli --latency ping",
        "redis-cli ping a b",
        "redis-cli get ping || exit 1",
        "echo ping | redis-cli",
        "curl -f http://localhost:6379 || exit 1",
        "curl http://localhost",
        "echo ok",
        "echo PONG | grep PONG",
        "nc -z localhost 6379",
        "redis-server --version",
        "ping redis",
        "exit 1",
    ],
    "typographic-quotes": [
        "“redis-cli” ping",
        "redis-cli ping | grep “PONG”",
        "[“redis-cli”, “ping”]",
        "sh -c ‘redis-cli ping’",
        "«redis-cli ping",
    ],
    "list-as-text": [
        "['redis-cli', 'ping']",
        "[redis-cli, ping]",
        "CMD redis-cli ping",
        "CMD-SHELL redis-cli ping",
    ],
    "unparsable": [
        "redis-cli ping 'x",
        'redis-cli "ping',
        "(redis-cli ping",
        "redis-cli ping)",
        "redis-cli ping ||",
        "| redis-cli ping",
        "redis-cli ping ;; true",
        "if redis-cli ping; then exit 0",
        "$(redis-cli ping",
        "`redis-cli ping",
        "redis-cli ping >",
        "done",
    ],
    "unclear": [
        "redis-cli ping || kill 1",
        "redis-cli ping && redis-cli get key",
        "redis-cli ping | xargs test PONG =",
        "redis-cli ping | awk '/PONG/'",
        "redis-cli $OPTIONS ping",
        "redis-cli --no-such-option ping",
        "redis-cli $COMMAND",
        "$CLI ping; redis-cli ping",
        "eval redis-cli ping",
        "trap 'exit 0' EXIT; redis-cli ping",
        "alias redis-cli=true\nredis-cli ping",
        "redis-cli() { true; }; redis-cli ping",
        "PATH=/tmp redis-cli ping",
        "export PATH=/tmp; redis-cli ping",
        "env PATH=/tmp redis-cli ping",
        "/tmp/redis-cli ping",
        "./redis-cli ping",
        "until redis-cli ping; do sleep 1; done",
        "for i in 1 2; do redis-cli ping; done",
        "redis-cli ping &> /dev/null || exit 1",
        "redis-cli ping |& grep PONG",
        "redis-cli ping < /etc/passwd",
        "redis-cli ping & wait $!",
        "[ $(($(redis-cli ping | wc -l))) = 1 ]",
        "exec > /dev/null; redis-cli ping",
        "[[ $(redis-cli ping) == PONG || 1 == 1 ]]",
        "ln -sf /bin/true /usr/bin/redis-cli; redis-cli ping",
        "echo exit > /usr/bin/redis-cli; redis-cli ping",
        "hash -p /bin/true redis-cli; redis-cli ping",
        "printf -v PATH /tmp; redis-cli ping",
        "set -x; redis-cli ping",
        "set -n; redis-cli ping",
        "echo redis-cli ping | sh; redis-cli ping | sh",
        "redis-cli ping | grep -P PONG",
        "redis-cli ping | grep P*",
        "gosu redis redis-cli ping",
        "redis-cli ping; exit $code",
    ],
}  # fmt: skip


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
    assert len(script) <= shell.MAX_SCRIPT
    started = time.process_time()
    assert judge_health_command(["CMD-SHELL", script]).code in HEALTH_CODES
    assert judge_health_command(["CMD", *script.split()]).code in HEALTH_CODES
    assert time.process_time() - started < 1.0  # seconds; each takes a few hundredths


# --- the same scripts in real shells ----------------------------------------------------------------------

FAKE_REDIS_CLI = """#!/bin/sh
if [ "$REDIS" = up ]; then
    for word do last=$word; done
    case $last in hello) echo hello ;; *) echo PONG ;; esac
else
    echo 'Could not connect to Redis at 127.0.0.1:6379: Connection refused' >&2
    exit 1
fi
"""
SHELLS = [name for name in ("dash", "bash", "busybox") if shutil.which(name)]
NOT_IN_DASH = ("[[", "==", "pipefail")
needs_shells = pytest.mark.skipif(not SHELLS, reason="no dash, bash or busybox here")


class Machine:
    """A folder with a redis-cli that plays a server which is up or down, and shells to run scripts in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        fake = folder / "redis-cli"
        fake.write_text(FAKE_REDIS_CLI)
        fake.chmod(0o755)
        for name in SHELLS:  # called `sh`, bash and busybox behave as /bin/sh does
            (folder / f"as-{name}").mkdir()
            (folder / f"as-{name}" / "sh").symlink_to(str(shutil.which(name)))

    def run(self, shell_name: str, script: str, *, up: bool) -> int:
        place = self.folder / f"as-{shell_name}"
        return subprocess.run(
            [place / "sh", "-c", script],
            cwd=self.folder,
            env={
                "PATH": f"{place}:{self.folder}:{os.defpath}",
                "REDIS": "up" if up else "down",
                "LC_ALL": "C",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=10,
            check=False,
        ).returncode

    def outcomes(self, script: str) -> Iterator[tuple[str, int, int]]:
        """Shell, exit status with a server that is up, exit status with one that is down."""
        for name in SHELLS:
            if name != "dash" or not any(word in script for word in NOT_IN_DASH):
                yield name, self.run(name, script, up=True), self.run(name, script, up=False)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    return Machine(tmp_path_factory.mktemp("machine"))


@needs_shells
@pytest.mark.parametrize("script", [script for script in RIGHT if "/redis-cli" not in script])
def test_the_right_table_is_right_in_real_shells(machine: Machine, script: str) -> None:
    for name, up, down in machine.outcomes(script):
        assert (name, up == 0, down == 0) == (name, True, False)


@needs_shells
@pytest.mark.parametrize(
    ("script", "passes_up"),
    [
        (script, code != "never-passes")
        for code, scripts in WRONG.items()
        if code in ("never-passes", "true", "comment", "empty") or code.startswith("always-passes")
        for script in scripts
        if script.strip() and "curl" not in script
    ],
)
def test_the_wrong_table_is_wrong_in_real_shells(machine: Machine, script: str, passes_up: bool) -> None:
    for name, up, down in machine.outcomes(script):
        if passes_up:
            assert (name, up, down) == (name, 0, 0)
        else:
            assert (name, up != 0) == (name, True)


# All of it is harmless: these scripts are really run.
EXPRESSIONS = r"""
PONG pong PON ^PONG$ ^P G$ P.NG P.*G PO*NG P[A-Z]NG [^a-z] x Could PING|PONG PING\|PONG P(O|I)NG PO?NG PO\?NG
PO+NG \bPONG \<ON PONG\> P\.NG * ^*P a^b a$b ON ^$ (PONG) [0-9] .
"""
PATTERNS = st.sampled_from([*EXPRESSIONS.split(), "", "not connect", "O\nx"])
VALUES = st.sampled_from(
    ["PONG", '"$x"', "'PO'NG", '""', "$(redis-cli ping)", '"`redis-cli ping`"', "1", "$?"]
)
SIMPLE = st.sampled_from(
    r"""redis-cli ping
redis-cli ping 2>&1
redis-cli ping > /dev/null
redis-cli -p 1 ping hello
timeout 3 redis-cli ping
env A=b redis-cli ping
exec redis-cli ping
command -v redis-cli
command true
nice true
true
false
:
(exit 3)
exit
exit 0
exit 2
exit $?
exit 300
echo PONG
echo -n PONG x
echo $x
echo "$x"
echo x >&2
printf '%s\n' PONG y
cat
head -n 1
tail -1
tr -d G
wc -l
tee /dev/null
sleep 0
x=
x=PONG
x=' a  b '
x=$?
unset x
export x=PONG
set -e
set +e""".splitlines()
)
JOINED = ("{} && {}", "{} || {}", "{}; {}", "{} | {}", "{}\n{}", "! {} || {}", "if {}; then {}; fi")
AROUND = ("( {} )", "{{ {}; }}", "x=$({})", 'echo "$({})"', "( {} ) 2>&1", "{{ {}; }} > /dev/null")


KNOWN = [
    # script, exit status with a server that is up, with one that is down
    ("set -o pipefail; (exit 3) | (exit 4) | true", 4, 4),
    ("set -o pipefail; redis-cli ping | cat", 0, 1),
    ("set -e; false || true; false && true; exit 3", 3, 3),
    ("set -e; ! true; exit 3", 3, 3),
    ("set -e; { false && true; }; exit 3", 3, 3),
    ("set -e; (false && true); exit 3", 1, 1),
    ("set -e; if false; then :; fi; redis-cli ping; exit 3", 3, 1),
    ("set -e; x=$(redis-cli ping); exit 3", 3, 1),
    ("x=1; (x=2); [ $x = 1 ]", 0, 0),
    ("x=1; { x=2; }; [ $x = 1 ]", 1, 1),
    ("x=1; x=2 | cat; [ $x = 1 ]", 0, 0),
    ("(exit 0); exit 3", 3, 3),
    ("exit 0 | cat; exit 3", 3, 3),
    ("exit 300", 44, 44),
    ("redis-cli ping; (exit $?)", 0, 1),
    ("[ $(redis-cli ping) = PONG ]", 0, 2),
    ('[ ! -n "$(redis-cli ping)" ]', 1, 0),
    ("x=' PONG '; [ $x = PONG ]", 0, 0),
    ("echo PONGS | grep -x -E 'PONG|S'", 1, 1),
    ("echo PONG | { cat > /dev/null; grep PONG; }", 1, 1),
    ("redis-cli ping 2>&1 > /dev/null | grep -c .", 1, 0),
    ("{ redis-cli ping; echo x; } 2>&1 | wc -l | grep 2", 0, 0),
    ("sh -c 'exit 3'; [ $? -eq 3 ]", 0, 0),
    ('sh -c "\'"', 2, 2),
    ("exec redis-cli ping; exit 3", 0, 1),
    ("[[ $(redis-cli ping) == PONG ]]", 0, 1),
]


@needs_shells
@pytest.mark.parametrize(("script", "up", "down"), KNOWN)
def test_subtle_scripts_end_as_in_real_shells(machine: Machine, script: str, up: int, down: int) -> None:
    assert (_claimed_status(script, up=True), _claimed_status(script, up=False)) == (up, down)
    for outcome in machine.outcomes(script):
        assert outcome[1:] == (up, down), outcome[0]


@st.composite
def greps(draw: st.DrawFn) -> str:
    flags = draw(st.lists(st.sampled_from("qivcxwsFEo"), max_size=3, unique=True))
    return f"grep {'-' if flags else ''}{''.join(flags)} -e '{draw(PATTERNS)}'"


@st.composite
def comparisons(draw: st.DrawFn) -> str:
    if draw(st.booleans()):
        operator = draw(st.sampled_from(["=", "!=", "-eq", "-ne", "-gt", "-le"]))
        return f"[ {draw(VALUES)} {operator} {draw(VALUES)} ]"
    return f"test {draw(st.sampled_from(['', '-n', '-z', '!', '! -n']))} {draw(VALUES)}"


@st.composite
def scripts(draw: st.DrawFn, depth: int = 3) -> str:
    """A script of known commands only, with everything that shells can do to them."""
    if depth == 0 or draw(st.integers(0, 4)) == 0:
        return draw(st.one_of(SIMPLE, greps(), comparisons()))
    inner = draw(scripts(depth - 1))
    form = draw(st.sampled_from(("join", "join", "around", "around", "grep", "else", "backquotes", "sh -c")))
    if form == "join":
        return draw(st.sampled_from(JOINED)).format(inner, draw(scripts(depth - 1)))
    if form == "around":
        return draw(st.sampled_from(AROUND)).format(inner)
    if form == "grep":
        return f"{inner} | {draw(greps())}"
    if form == "else":
        return f"if {inner}; then {draw(scripts(depth - 1))}; else {draw(scripts(depth - 1))}; fi"
    if form == "backquotes":
        return "x=`" + inner.replace("\\", "\\\\").replace("`", "\\`").replace("$", "\\$") + "`"
    return "sh -c 'x=in; " + inner.replace("'", "'\\''") + "'"


@needs_shells
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scripts())
def test_what_it_claims_to_know_is_what_real_shells_do(machine: Machine, script: str) -> None:
    script = f"x=start; {script}"
    for up in (True, False):
        claimed = _claimed_status(script, up=up)
        for name in SHELLS if claimed is not None else ():
            assert (name, machine.run(name, script, up=up)) == (name, claimed)


def _claimed_status(script: str, *, up: bool) -> int | None:
    try:
        tree, _ = shell.parse(script)
    except shell.UnsupportedSyntax:
        return None  # two `!`
    _, status = health_command._follow(lambda sh, io: sh.script(tree, io), ("redis-cli", "ping"), (), up=up)
    return status
