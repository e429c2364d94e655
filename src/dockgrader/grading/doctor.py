"""Is this host ready to be graded? Each finding with what to do when it is not."""

from __future__ import annotations

from collections.abc import Iterator

from dockgrader.errors import Unobserved
from dockgrader.facts.base import See
from dockgrader.facts.cgroup import Cgroup
from dockgrader.facts.containers import Containers
from dockgrader.facts.engine import Info
from dockgrader.frozen import dataclass
from dockgrader.grading.seeing import LiveSee
from dockgrader.hosts.base import Host, Missing
from dockgrader.hosts.deadline import Deadline
from dockgrader.hosts.endpoint import Endpoint
from dockgrader.hosts.opening import open_host


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; what is not `needed` may be missing without harm."""

    what: str
    ok: bool
    found: str
    advice: str = ""
    needed: bool = True


def examine(endpoint: Endpoint, seconds: float) -> Iterator[Finding]:
    """Endpoint, engine, cgroups and Compose of a host, within so many seconds. Never raises for the host's sake."""
    yield Finding("endpoint", True, f"{endpoint.url} ({endpoint.why})")
    if endpoint.scheme == "recorded":
        yield Finding("recording", True, "graded from the file; no engine is asked")
        return
    deadline = Deadline(seconds)
    try:
        host = open_host(endpoint, deadline)
    except Unobserved as hidden:
        what = "ssh" if hidden.code.startswith("ssh.") else "engine"
        yield Finding(what, False, f"{hidden.code}: {hidden.reason}")
        return
    see = LiveSee(host, deadline, 0)
    try:
        if way := getattr(host, "way", ""):
            yield Finding("ssh", True, f"logged in; the engine is reached by {way}")
        yield Finding("engine", True, _engine(host))
        yield _limits(see)
        yield _cgroup_files(see)
        yield from _compose(host)
    except Unobserved as hidden:
        yield Finding("engine", False, f"{hidden.code}: {hidden.reason}")
    finally:
        host.close()


def _engine(host: Host) -> str:
    version = host.engine.get("/version")
    return (
        f"{host.engine.version}, API {host.engine.api} spoken "
        f"(it has {version.get('MinAPIVersion', '?')} to {version.get('ApiVersion')})"
    )


def _limits(see: See) -> Finding:
    info = see(Info())
    found = f"cgroup v{info.cgroup_version}, driver {info.cgroup_driver or 'unknown'}"
    if info.memory_limit and info.cpu_quota:
        return Finding("limits", True, found)
    lacking = [name for name, there in (("memory", info.memory_limit), ("CPU", info.cpu_quota)) if not there]
    return Finding(
        "limits",
        False,
        f"{found}; its kernel cannot limit {' and '.join(lacking)}",
        "Checks of these limits will be errors, not zeros. On Debian and Ubuntu, boot with "
        "`cgroup_enable=memory swapaccount=1`; for rootless engines, delegate the controllers to the user.",
    )


def _cgroup_files(see: See) -> Finding:
    running = next((item for item in see(Containers()) if item.state == "running"), None)
    if running is None:
        return Finding("cgroup files", True, "not tried: no container is running", needed=False)
    try:
        limits = see(Cgroup(running.id))
    except Unobserved as hidden:
        return Finding("cgroup files", False, hidden.reason, "Grade on the host itself.")
    if limits is None:
        return Finding("cgroup files", True, "not tried: the container has just stopped", needed=False)
    if limits.via == "host":
        return Finding("cgroup files", True, f"those of the host, v{limits.version}")
    return Finding(
        "cgroup files",
        True,
        f"only the containers' own view, v{limits.version}",
        "The host's files cannot be read from here (tcp://, Docker Desktop or another namespace); "
        "this needs `cat` in the student's images.",
    )


def _compose(host: Host) -> Iterator[Finding]:
    for words in (["docker", "compose", "version", "--short"], ["docker-compose", "version", "--short"]):
        name = " ".join(words[:-2])
        try:
            output = host.run(words, 10)
        except (Missing, Unobserved) as error:
            found = "not there" if isinstance(error, Missing) else str(error)
        else:
            found = output.stdout.decode("utf-8", "replace").strip() if output.exit == 0 else "not there"
        there = found[:1].isdigit() or found.startswith("v")
        advice = (
            ""
            if there
            else "Grading needs it only for compose files with extends or include, and for projects of v1."
        )
        yield Finding(name, there, found, advice, needed=False)
