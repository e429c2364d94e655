"""What the judge claims about a script is what dash, bash and busybox do, wherever these are installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dockgrader.healthcheck.parser import parse
from dockgrader.healthcheck.paths import follow
from dockgrader.healthcheck.syntax import UnsupportedSyntax
from dockgrader.healthcheck.world import FAILURE
from tests.healthcheck.scripts import RIGHT, WRONG

FAKE_REDIS_CLI = """#!/bin/sh
if [ "$REDIS" = up ]; then
    for word do last=$word; done
    case $last in hello) echo hello ;; *) echo PONG ;; esac
else
    echo 'Could not connect to Redis at 127.0.0.1:6379: Connection refused' >&2
    exit 1
fi
"""
# Programs that the judge knows nothing of, or that run another one.
FAKES = {
    "redis-cli": FAKE_REDIS_CLI,
    "nc": "#!/bin/sh\nexit 0\n",
    "pgrep": "#!/bin/sh\nexit 0\n",
    "unknown": "#!/bin/sh\necho $REDIS\nexit 3\n",
    "gosu": '#!/bin/sh\nshift\nexec "$@"\n',
    "su-exec": '#!/bin/sh\nshift\nexec "$@"\n',
    "docker-entrypoint.sh": '#!/bin/sh\nexec "$@"\n',
}
SHELLS = [name for name in ("dash", "bash", "busybox") if shutil.which(name)]
NOT_IN_DASH = ("[[", "==", "pipefail")
needs_shells = pytest.mark.skipif(not SHELLS, reason="no dash, bash or busybox here")


class Machine:
    """A folder with programs, of which a redis-cli plays a server which is up or down, and shells to run scripts in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name, text in FAKES.items():
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)
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
nc -z localhost 6379
unknown
unknown 2>&1
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
tr -d '[:space:]'
tr A-Z a-z
tr '[:upper:]' '[:lower:]'
head -c 3
tail -c 3
cut -c 2-3
cut -c-2
cut -d O -f 2
xargs
awk '/PONG/'
awk '!/PONG/ { print $1 }'
awk '{print $2}'
awk '/NG$/{f=1} END{exit !f}'
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
set -ex
set +e
return
return 2
export x="$x"
${x:+echo "$x" PONG}
${nothing:+exit 4}""".splitlines()
)
JOINED = (
    "{} && {}",
    "{} || {}",
    "{}; {}",
    "{} | {}",
    "{}\n{}",
    "! {} || {}",
    "if {}; then {}; fi",
    'case "$({})" in P*) {} ;; (x|"") false; esac',
)
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
    ('[[ "$(redis-cli ping)" == PONG ]]', 0, 1),
]


@needs_shells
@pytest.mark.parametrize(("script", "up", "down"), KNOWN)
def test_subtle_scripts_end_as_in_real_shells(machine: Machine, script: str, up: int, down: int) -> None:
    assert (_claimed_status(script, up=True), _claimed_status(script, up=False)) == (up, down)
    for outcome in machine.outcomes(script):
        assert outcome[1:] == (up, down), outcome[0]


@st.composite
def greps(draw: st.DrawFn) -> str:
    flags = draw(st.lists(st.sampled_from("qivcxwsFEoPnahH"), max_size=3, unique=True))
    most = draw(st.sampled_from(["", "", "-m1 ", "-m 2 ", "--color=never "]))
    return f"grep {'-' if flags else ''}{''.join(flags)} {most}-e '{draw(PATTERNS)}'"


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
# The same scripts each time: what a shell of tomorrow does otherwise should not fail somebody else's change.
@settings(derandomize=True)
@given(scripts())
def test_what_it_claims_to_know_is_what_real_shells_do(machine: Machine, script: str) -> None:
    script = f"x=start; {script}"
    for up in (True, False):
        claimed = _claimed_status(script, up=up)
        for name in SHELLS if claimed is not None else ():
            found = machine.run(name, script, up=up)
            assert (name, FAILURE if claimed == FAILURE and found else found) == (name, claimed)


def _claimed_status(script: str, *, up: bool) -> int | None:
    try:
        tree, _ = parse(script)
    except UnsupportedSyntax:
        return None  # two `!`
    _, status = follow(lambda sh, io: sh.script(tree, io), ("redis-cli", "ping"), (), up=up)
    return status
