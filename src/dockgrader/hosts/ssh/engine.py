"""Where the engine is on the host, and how it is reached: its socket, or a program that speaks to it.

The default socket is tried without asking. Only when that fails, one command looks around; to the wire a missing
socket, a forbidden one, a dead one and forwarding that is off all look the same.
"""

from __future__ import annotations

from collections.abc import Iterator

from dockgrader.errors import Unobserved
from dockgrader.frozen import dataclass
from dockgrader.hosts.ssh.errors import clean
from dockgrader.hosts.ssh.script import quoted

DEFAULT_SOCKET = "/var/run/docker.sock"
SURVEY_CAP = 64 << 10

# One line for a fact; the bound paths of /proc/net/unix say who listens. Rootless engines listen in a network
# namespace of their own and are not in there, so that `silent` is only a hint.
SURVEY = """\
listening=$(while read -r _ _ _ flags _ _ _ path; do
    if [ "$flags" = 00010000 ]; then echo "$path"; fi
done </proc/net/unix 2>/dev/null)
look() {
    if [ -z "$1" ]; then return; fi
    if [ ! -e "$1" ]; then echo "missing silent $1"; return; fi
    access=denied; if [ -r "$1" ] && [ -w "$1" ]; then access=open; fi
    real=$(readlink -f "$1" 2>/dev/null); voice=silent
    for name in "$1" "$real" "/var$1"; do
        case "
$listening
" in *"
$name
"*) voice=listening ;; esac
    done
    echo "$access $voice $1"
}
for program in docker podman sudo dockerd; do
    if command -v $program >/dev/null 2>&1; then echo "has $program"; fi
done
echo "groups $(id -Gn 2>/dev/null || id -G)"
"""
_USUAL = """\
run=${XDG_RUNTIME_DIR:-/run/user/$(id -u)}
look /var/run/docker.sock
case ${DOCKER_HOST-} in unix://*) look "${DOCKER_HOST#unix://}" ;; esac
if command -v docker >/dev/null 2>&1; then
    context=$(docker context inspect -f '{{.Endpoints.docker.Host}}' </dev/null 2>/dev/null)
    case $context in unix://*) look "${context#unix://}" ;; esac
fi
look "$run/docker.sock"
look "$HOME/.docker/run/docker.sock"
look "$HOME/.docker/desktop/docker.sock"
look /run/podman/podman.sock
look "$run/podman/podman.sock"
"""


@dataclass(frozen=True)
class Socket:
    """A socket's path, whether this user may open it (`open`, `denied`, `missing`), and whether somebody listens."""

    path: str
    access: str
    listening: bool


@dataclass(frozen=True)
class Survey:
    """What there is on the host: programs by name, the user's groups, sockets in the order of preference."""

    programs: frozenset[str]
    groups: tuple[str, ...]
    sockets: tuple[Socket, ...]


@dataclass(frozen=True)
class Route:
    """A way to the engine at `socket`: forwarded, or by a command that speaks to it."""

    socket: str
    command: str = ""
    sudo: bool = False


def survey_script(socket: str | None) -> str:
    """A look at one socket, or at all the usual ones."""
    return SURVEY + (f"look {quoted(socket)}" if socket else _USUAL)


def parse_survey(output: bytes) -> Survey:
    """What the script found; lines of another form are somebody else's."""
    programs: set[str] = set()
    groups: tuple[str, ...] = ()
    sockets: dict[str, Socket] = {}
    for line in output.decode("utf-8", "surrogateescape").splitlines():
        word, _, rest = line.partition(" ")
        if word == "has":
            programs.add(rest)
        elif word == "groups":
            groups = tuple(rest.split())
        elif word in ("open", "denied", "missing"):
            voice, _, path = rest.partition(" ")
            sockets.setdefault(path, Socket(path, word, voice == "listening"))
    return Survey(frozenset(programs), groups, tuple(sockets.values()))


def routes(survey: Survey, tried: str) -> Iterator[Route]:
    """Ways that may work although forwarding the socket `tried` did not, the best first."""
    usable = [socket for socket in survey.sockets if socket.access == "open"]
    for socket in usable:
        if socket.path != tried:
            yield Route(socket.path)
    for socket in usable:
        yield from _programs(survey, socket.path, sudo=False)
    if "sudo" in survey.programs:
        for socket in survey.sockets:
            if socket.access == "denied":
                yield from _programs(survey, socket.path, sudo=True)


def _programs(survey: Survey, path: str, *, sudo: bool) -> Iterator[Route]:
    # Podman's own client for Podman's socket, docker's for every other one, if it is there.
    program = "podman" if "podman" in path or "docker" not in survey.programs else "docker"
    if program not in survey.programs:
        return
    option = "--url" if program == "podman" else "-H"
    call = f"{program} {option} {quoted(f'unix://{path}')} system dial-stdio"
    yield Route(path, f"sudo -n {call}" if sudo else call, sudo)


def reason(url: str, survey: Survey, said: bytes) -> Unobserved:
    """Why no way led to an engine. `said` is the last complaint of a program that was to speak to it."""
    usable = [socket for socket in survey.sockets if socket.access == "open"]
    denied = [socket for socket in survey.sockets if socket.access == "denied"]
    if usable:
        return _dead(url, usable[0], survey, said)
    if denied:
        return _denied(url, denied[0], survey, said)
    if len(survey.sockets) == 1:
        return Unobserved(
            "engine.no-socket",
            f"{url}: there is no socket {survey.sockets[0].path} on this machine. Is Docker running there, and is "
            "that its socket?",
        )
    if survey.programs & {"docker", "dockerd"}:
        advice = "Docker is installed but not running. Start it there (`sudo systemctl start docker`)."
    else:
        advice = "Docker is not installed there, or not for this user."
    return Unobserved("engine.no-socket", f"{url}: there is no Docker socket on this machine. {advice}")


def _dead(url: str, socket: Socket, survey: Survey, said: bytes) -> Unobserved:
    if socket.listening and b"Is the docker daemon running" not in said:
        lacks = (
            "" if survey.programs & {"docker", "podman"} else " and there is no docker client to go around it"
        )
        return Unobserved(
            "ssh.forwarding-refused",
            f"{url}: an engine listens at {socket.path}, but the SSH server forwards no sockets{lacks}. Allow it "
            "there (AllowStreamLocalForwarding, and no `restrict` before the key)." + _complaint(said),
        )
    return Unobserved(
        "engine.down",
        f"{url}: nothing answers at {socket.path}. Start the engine there (`sudo systemctl start docker`).",
    )


def _denied(url: str, socket: Socket, survey: Survey, said: bytes) -> Unobserved:
    groups = " ".join(clean(group) for group in survey.groups[:20]) or "none"
    sudo = _about_sudo(said) if "sudo" in survey.programs else "and there is no sudo"
    return Unobserved(
        "engine.permission",
        f"{url}: this user may not open {socket.path} (groups: {groups}) {sudo}. Add the user to the group docker "
        "there (`sudo usermod -aG docker USER`) and let the user log in again.",
    )


def _about_sudo(said: bytes) -> str:
    if not said or b"password" in said.lower():
        return "and may not sudo without a password"
    return f"and sudo does not lead to the engine either: {clean(said.decode('utf-8', 'replace'))}."


def _complaint(said: bytes) -> str:
    words = clean(said.decode("utf-8", "replace"))
    return f" The docker client there says: {words}" if words else ""
