"""Kinds `namespace`, `unshare`, `file`, `cleanup` and `restart`: each likely mistake has its code."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from dockgrader.errors import Unobserved
from dockgrader.facts.cgroup_process import CgroupProcess
from dockgrader.facts.commands import Exec
from dockgrader.facts.namespaces import KINDS, Namespaces
from dockgrader.facts.restarting import Restarted
from dockgrader.facts.shells import Shells
from dockgrader.facts.volumes import FileInVolume, UnusedVolumes
from dockgrader.kinds.base import Failed
from dockgrader.kinds.cgroup import CgroupCheck
from dockgrader.kinds.cleanup import CleanupCheck
from dockgrader.kinds.file import FileCheck
from dockgrader.kinds.namespace import NamespaceCheck
from dockgrader.kinds.restart import RestartCheck
from dockgrader.kinds.unshare import UnshareCheck
from dockgrader.kinds.volume import VolumeCheck
from tests.givens import Given, a_container, a_service, a_volume, code, hex_id, hidden

TEST = a_container("test")


def namespaces(**fields: Any) -> NamespaceCheck:
    return NamespaceCheck.model_validate({"id": "n", "kind": "namespace", "container": "test", **fields})


def seen(**change: Any) -> dict[str, Any]:
    """What is read of a container all of whose namespaces are its own; `pid=…` gives it another link."""
    links = {kind: change.pop(kind, f"{kind}:[2]") for kind in KINDS}
    usual = {
        "host": {kind: [f"{kind}:[1]"] for kind in KINDS},
        "own": links,
        "host_hostname": "vm",
        "hostname": "c0ffee",
        "process": "ping",
        "inside": "ping",
    }
    return {**usual, **change}


@pytest.mark.parametrize("kind", KINDS)
def test_each_namespace_of_the_host_has_its_code(kind: str) -> None:
    check = namespaces(own=[kind])
    right, wrong = seen(), seen(**{kind: f"{kind}:[1]"})
    assert code(check, Given(TEST, facts={Namespaces("test"): right})) == "ok"
    assert code(check, Given(TEST, facts={Namespaces("test"): wrong})) == f"namespace.{kind}-of-host"


@pytest.mark.parametrize(
    ("kind", "field"),
    [("pid", "PidMode"), ("net", "NetworkMode"), ("uts", "UTSMode"), ("ipc", "IpcMode")],
)
def test_where_the_host_is_out_of_reach_the_engines_word_counts(kind: str, field: str) -> None:
    nothing = seen(host={})
    for mode, expected in (("host", f"namespace.{kind}-of-host"), ("container:x", "ok"), ("", "ok")):
        see = Given(a_container("test", host={field: mode}), facts={Namespaces("test"): nothing})
        assert code(namespaces(own=[kind]), see) == expected


def test_hostname_and_first_process() -> None:
    hostname, process = namespaces(own_hostname=True), namespaces(same_process=True)
    for check, change, expected in (
        (hostname, {}, "ok"),
        (hostname, {"hostname": "vm"}, "namespace.same-hostname"),
        (hostname, {"host_hostname": None}, "ok"),
        (process, {}, "ok"),
        (process, {"inside": "systemd"}, "namespace.other-process"),
        (process, {"process": None}, "ok"),
    ):
        assert code(check, Given(TEST, facts={Namespaces("test"): seen(**change)})) == expected
    for check, change in ((hostname, {"hostname": None}), (process, {"inside": None})):
        assert (
            hidden(check, Given(TEST, facts={Namespaces("test"): seen(**change)})) == "namespace.unreadable"
        )


def test_programs_of_one_name_are_not_one_process() -> None:
    """As with --pid=container:other, where both run ping."""
    check = namespaces(own=["pid"], same_process=True)
    shared = a_container("test", host={"PidMode": f"container:{hex_id('other')}"})
    for container, number, expected in (
        (TEST, 1, "ok"),
        (TEST, 0, "ok"),
        (TEST, 7, "namespace.shared-pid"),
        (shared, 7, "namespace.shared-pid"),
        (shared, 0, "namespace.shared-pid"),  # where the host is out of reach
    ):
        see = Given(container, facts={Namespaces("test"): seen(number=number)})
        assert code(check, see) == expected


def test_a_container_that_does_not_run() -> None:
    see = Given(a_container("test", status="paused"), facts={Namespaces("test"): None})
    assert code(namespaces(own=["pid"]), see) == "container.paused"
    assert code(namespaces(own=["pid"]), Given(facts={Namespaces("test"): None})) == "container.missing"


def shell(**change: Any) -> dict[str, Any]:
    usual = {
        "pid": 700,
        "name": "bash",
        "own": ["pid", "net", "mnt", "uts"],
        "own_for_children": True,
        "number": 1,
        "proc": "0:57",
        "devices": ["lo"],
        "hostname": "testhost",
    }
    return {**usual, **change}


def there(*shells: dict[str, Any], all_seen: bool = True) -> Given:
    found = {"hostname": "vm", "proc": "0:21", "all_seen": all_seen, "shells": list(shells)}
    return Given(facts={Shells(): found})


def unshared(*own: str, **fields: Any) -> UnshareCheck:
    return UnshareCheck.model_validate({"id": "u", "kind": "unshare", "own": list(own), **fields})


PID = {"first": True}
WITHOUT_PID = {"own": ["net"], "number": 700}


@pytest.mark.parametrize(
    ("check", "change", "expected"),
    [
        (unshared("uts"), {"own": ["mnt"]}, "unshare.none"),
        (unshared("uts", "ipc"), {}, "unshare.ipc-of-host"),
        (unshared("pid", "net"), {"own": ["pid"]}, "unshare.net-of-host"),
        (unshared("net", "pid"), {"own": ["net"], "own_for_children": False}, "unshare.pid-of-host"),
        (unshared("pid", "mnt"), {"own": ["pid"]}, "unshare.mnt-of-host"),
        (unshared("pid", "uts"), {"own": ["pid"]}, "unshare.uts-of-host"),
        (unshared("pid", **PID), WITHOUT_PID, "unshare.no-fork"),
        (unshared("pid", **PID), {"number": 2}, "unshare.not-first"),
        (unshared("pid", own_proc=True), {"proc": "0:21"}, "unshare.proc-of-host"),
        (unshared("uts", own_hostname=True), {"hostname": "vm"}, "unshare.same-hostname"),
    ],
)
def test_each_mistake_with_unshare_has_its_code(
    check: UnshareCheck, change: dict[str, Any], expected: str
) -> None:
    wrong = shell(**change)
    if expected != "unshare.ipc-of-host":
        assert code(check, there(shell())) == code(check, there(wrong, shell())) == "ok"
    assert code(check, there(wrong)) == expected


RENAMED = {"hostname": "testhost", "static": {"hostname": "vm", "since": 100}}


def on_a_renamed_host(*shells: dict[str, Any], **change: Any) -> Given:
    return Given(
        facts={Shells(): {"proc": "0:21", "all_seen": True, "shells": list(shells), **RENAMED, **change}}
    )


def test_a_hostname_that_was_changed_in_the_wrong_console() -> None:
    """The host is called otherwise than in /etc/hostname, which the shell was started with."""
    check = unshared("uts", own_hostname=True)
    kept = shell(hostname="vm", started=200)
    assert code(check, on_a_renamed_host(kept)) == "unshare.host-renamed"
    assert code(check, on_a_renamed_host(kept, shell(hostname="other", started=200))) == "ok"
    # Written after the shell was started, the file tells nothing: a student may have edited it there.
    later = {"hostname": "vm", "since": 300}
    assert code(check, on_a_renamed_host(kept, static=later)) == "ok"
    assert code(check, on_a_renamed_host(kept, static={"hostname": "", "since": 0})) == "ok"


def test_what_cannot_be_read_of_one_shell_is_asked_of_the_next() -> None:
    check = unshared("uts", own_hostname=True)
    unread, right, wrong = shell(hostname=None), shell(), shell(hostname="vm")
    assert code(check, there(unread, right)) == code(check, there(wrong, unread, right)) == "ok"
    assert hidden(check, there(unread, wrong)) == hidden(check, there(wrong, unread)) == "host.files"
    nameless = Given(facts={Shells(): {"hostname": "", "all_seen": True, "shells": [right]}})
    assert hidden(check, nameless) == "host.files"


def test_a_number_that_the_kernel_does_not_tell_is_no_failure() -> None:
    assert hidden(unshared("pid", **PID), there(shell(number=0))) == "host.files"


def test_of_several_shells_the_nearest_is_told() -> None:
    check = unshared("pid", "net", first=True, own_proc=True)
    near, far = shell(proc="0:21"), shell(own=["net"], own_for_children=False, number=90)
    assert code(check, there(far, near)) == code(check, there(near, far)) == "unshare.proc-of-host"


def test_who_may_not_look_everywhere_has_not_seen_that_there_is_none() -> None:
    assert code(unshared("uts"), there(shell(), all_seen=False)) == "ok"
    assert hidden(unshared("uts"), there(all_seen=False)) == "host.files"
    assert hidden(unshared("uts", own_hostname=True), there(shell(hostname=None))) == "host.files"


@pytest.mark.parametrize("field", ["own_hostname", "own_proc", "first"])
def test_what_follows_from_a_namespace_needs_it(field: str) -> None:
    with pytest.raises(ValidationError, match=r"expected (uts|pid) in own"):
        unshared("net", **{field: True})


REDIS = a_container("redis_1", mounts=[a_volume("data")])
DUMP = FileCheck.model_validate(
    {
        "id": "dump",
        "kind": "file",
        "container": "redis_1",
        "path": "/data/dump.rdb",
        "begins": "REDIS",
        "unless": {"command": ["aof"], "stdout": "yes"},
    }
)
MOUNT = {"type": "volume", "name": "data", "source": "/v", "destination": "/data"}


def test_a_file_in_a_volume() -> None:
    fact, command = FileInVolume("redis_1", "/data/dump.rdb"), Exec("redis_1", ("aof",))
    for raw, aof, expected in (
        ({"mount": MOUNT, "there": True, "begins": "REDIS0009"}, "no", "ok"),
        ({"mount": MOUNT, "there": True, "begins": "foobar"}, "no", "file.other-format"),
        ({"mount": MOUNT, "there": False}, "no", "file.missing"),
        ({"mount": MOUNT, "there": False}, "yes", "ok"),
        ({"mount": None, "there": True, "begins": "REDIS"}, "no", "file.no-volume"),
        ({"mount": {**MOUNT, "type": "bind"}, "there": True}, "no", "file.no-volume"),
    ):
        answer = {"exit": 0, "stdout": f"{aof}\n", "stderr": "", "problem": ""}
        assert code(DUMP, Given(REDIS, facts={fact: {"place": "/v", **raw}, command: answer})) == expected
    assert code(DUMP, Given(a_container("redis_1", status="exited"))) == "container.exited"
    assert code(DUMP, Given()) == "container.missing"


def test_leftovers_are_those_without_a_name() -> None:
    check = CleanupCheck(id="c", kind="cleanup", leftover="anonymous-volumes")
    assert code(check, Given(facts={UnusedVolumes(): ["data", "compose_data"]})) == "ok"
    assert code(check, Given(facts={UnusedVolumes(): ["data", "0" * 64]})) == "cleanup.anonymous-volumes"


RESTART = RestartCheck(id="r", kind="restart", container="redis_1", command=["get"], stdout="foobar")


def answer(stdout: str = "foobar\n", exit: int | None = 0, problem: str = "") -> dict[str, Any]:
    return {"exit": exit, "stdout": stdout, "stderr": "", "problem": problem}


@pytest.mark.parametrize(
    ("restarted", "before", "after", "expected"),
    [
        (True, answer(), answer(), "ok"),
        (True, answer(), answer(""), "restart.lost"),
        (True, answer(), answer("", None, "timeout"), "restart.lost"),
        (True, answer(), answer("", None, "stopped"), "restart.down"),
        (True, answer("other"), answer(), "restart.before"),
        (False, answer(exit=1), answer(exit=1), "restart.before"),
        (False, answer("", None, "missing"), answer("", None, "missing"), "restart.before"),
        (False, answer(), answer("", None, "missing"), "restart.gone"),
    ],
)
def test_what_outlives_a_restart(restarted: bool, before: Any, after: Any, expected: str) -> None:
    raw = {"restarted": restarted, "before": before, "after": after}
    assert code(RESTART, Given(REDIS, facts={Restarted("redis_1", ("get",)): raw})) == expected


def test_a_container_that_does_not_start_again_says_why() -> None:
    raw = {"restarted": True, "before": answer(), "after": answer(), "refused": "port is already allocated"}
    with pytest.raises(Failed) as failed:
        RESTART.judge(Given(REDIS, facts={Restarted("redis_1", ("get",)): raw}))
    assert failed.value.verdict.code == "restart.refused"
    assert failed.value.verdict.params["error"] == "port is already allocated"


def test_a_container_that_does_not_run_is_not_restarted() -> None:
    see = Given(a_container("redis_1", status="exited"))
    assert code(RESTART, see) == "container.exited"
    assert not [fact for fact in see.asked if isinstance(fact, Restarted)]


def test_any_volume_that_has_a_name() -> None:
    check = VolumeCheck(id="v", kind="volume", service="redis", path="/data", any_name=True)
    for mounts, expected in (
        ([a_volume("compose_data")], "ok"),
        ([a_volume("0" * 64)], "volume.anonymous"),
        ([a_volume("0" * 64), a_volume("data", "/date")], "volume.anonymous"),
        ([], "volume.none"),
        ([{"Type": "bind", "Source": "/srv", "Destination": "/data"}], "volume.bind"),
    ):
        assert code(check, Given(a_service("redis", mounts=mounts))) == expected
    with pytest.raises(ValidationError, match="any_name"):
        VolumeCheck(id="v", kind="volume", service="redis", path="/data", any_name=True, named="data")


def test_a_process_in_a_cgroup() -> None:
    check = CgroupCheck(id="p", kind="cgroup", container="test", process=True)
    ident = hex_id("test")
    for path, listed, expected in (
        (f"/docker/{ident}", True, "ok"),
        ("/elsewhere", True, "cgroup.other-cgroup"),
        (f"/docker/{ident}", False, "cgroup.other-cgroup"),
    ):
        raw = {"id": ident, "private": False, "proc_cgroup": f"0::{path}\n", "listed": {"procs": listed}}
        assert code(check, Given(TEST, facts={CgroupProcess("test"): raw})) == expected
    see = Given(TEST, facts={CgroupProcess("test"): Unobserved("cgroup.unreadable", "no cat")})
    assert hidden(check, see) == "cgroup.unreadable"
    stopped = Given(a_container("test", status="exited"), facts={CgroupProcess("test"): None})
    assert code(check, stopped) == "container.exited"
    assert any("cgget" in command for command in check.shown_by(_with_cgroup()))


def _with_cgroup() -> Given:
    from dockgrader.facts.cgroup import Cgroup

    return Given(TEST, facts={Cgroup("test"): None})
