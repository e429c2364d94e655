"""The limits in a container's cgroup: from the host's files, else as the container sees them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from dockgrader.errors import Unobserved
from dockgrader.facts.cgroup import Cgroup, CgroupLimits
from dockgrader.grading.seeing import LiveSee
from dockgrader.hosts.base import Conflict, Missing, Output, ReadFile
from dockgrader.hosts.deadline import Deadline
from tests.givens import a_container, an_engine, hex_id
from tests.made_up_host import NO_FILES, MadeUpHost, Turns, raw_answer, read

ID = hex_id("test_limit")
V1_TABLE = "".join(
    f"33 25 0:28 / /sys/fs/cgroup/{name} rw - cgroup cgroup rw,{name}\n" for name in ("memory", "cpu")
)
V2_TABLE = "24 23 0:21 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
V1 = f"/sys/fs/cgroup/memory/docker/{ID}/memory.limit_in_bytes"
QUOTA, PERIOD = (f"/sys/fs/cgroup/cpu/docker/{ID}/cpu.cfs_{name}_us" for name in ("quota", "period"))
V2 = f"/sys/fs/cgroup/system.slice/docker-{ID}.scope"
V1_FILES = {
    "/proc/4242/cgroup": f"4:memory:/docker/{ID}\n3:cpu:/docker/{ID}\n",
    "/proc/self/mountinfo": V1_TABLE,
    V1: "209715200\n",
    QUOTA: "50000\n",
    PERIOD: "100000\n",
}
V2_FILES = {
    "/proc/4242/cgroup": f"0::/system.slice/docker-{ID}.scope\n",
    "/proc/self/mountinfo": V2_TABLE,
    f"{V2}/memory.max": "209715200\n",
    f"{V2}/cpu.max": "50000 100000\n",
}


def limits(**more: Any) -> CgroupLimits:
    found = read(Cgroup("test_limit"), MadeUpHost(a_container(), **more))
    assert found is not None
    return found


def values(found: CgroupLimits) -> tuple[int, str | None, str | None, str | None, str]:
    return found.version, found.memory, found.quota, found.period, found.via


def reason(**more: Any) -> str:
    with pytest.raises(Unobserved) as caught:
        limits(**more)
    return caught.value.code


def test_v1_has_a_file_for_each_number() -> None:
    found = limits(files=V1_FILES)
    assert values(found) == (1, "209715200", "50000", "100000", "host")
    assert found.commands == (f"cat {V1}", f"cat {QUOTA}", f"cat {PERIOD}")


def test_v2_keeps_quota_and_period_in_one_file() -> None:
    found = limits(files=V2_FILES)
    assert values(found) == (2, "209715200", "50000", "100000", "host")
    assert found.commands == (f"cat {V2}/memory.max", f"cat {V2}/cpu.max")


def test_unlimited_values_stay_as_the_kernel_writes_them() -> None:
    v1 = limits(files={**V1_FILES, V1: "9223372036854771712\n", QUOTA: "-1\n"})
    assert (v1.memory, v1.quota) == ("9223372036854771712", "-1")
    v2 = limits(files={**V2_FILES, f"{V2}/memory.max": "max\n", f"{V2}/cpu.max": "max 100000\n"})
    assert (v2.memory, v2.quota, v2.period) == ("max", "max", "100000")


def test_a_controller_that_is_not_there_reads_none() -> None:
    """Rootless engines get only the controllers that are delegated to the user."""
    found = limits(files={**V2_FILES, f"{V2}/cpu.max": ReadFile(None, "missing")})
    assert (found.memory, found.quota, found.period) == ("209715200", None, None)


NESTED = f"{V2}/container"


def nested(own: tuple[str, str], deeper: tuple[str | None, str | None]) -> CgroupLimits:
    """Memory and CPU of the container's cgroup, and of the one below it in which its process is."""
    files: dict[str, Any] = {
        "/proc/4242/cgroup": f"0::/system.slice/docker-{ID}.scope/container\n",
        "/proc/self/mountinfo": V2_TABLE,
    }
    for folder, values in ((V2, own), (NESTED, deeper)):
        for name, text in zip(("memory.max", "cpu.max"), values, strict=True):
            files[f"{folder}/{name}"] = ReadFile(None, "missing") if text is None else f"{text}\n"
    return limits(files=files)


def test_of_cgroups_below_each_other_the_least_limit_counts() -> None:
    """Versions of crun write the limits into the lower one, systemd and runc into the upper one."""
    unlimited, limited = ("max", "max 100000"), ("209715200", "50000 100000")
    for upper, lower, folder in (
        (unlimited, limited, NESTED),
        (limited, unlimited, V2),
        (limited, limited, V2),
    ):
        found = nested(upper, lower)
        assert values(found) == (2, "209715200", "50000", "100000", "host")
        assert found.commands == (f"cat {folder}/memory.max", f"cat {folder}/cpu.max")
    apart = nested(("209715200", "max 100000"), ("max", "50000 100000"))
    assert apart.commands == (f"cat {V2}/memory.max", f"cat {NESTED}/cpu.max")
    assert (apart.memory, apart.quota) == ("209715200", "50000")
    same_share = nested(("max", "50000 100000"), ("max", "25000 50000"))
    assert (same_share.quota, same_share.period) == ("50000", "100000")
    assert values(nested(unlimited, unlimited)) == (2, "max", "max", "100000", "host")


def test_a_controller_may_be_missing_further_down() -> None:
    found = nested(("max", "50000 100000"), (None, None))
    assert (found.memory, found.quota) == ("max", "50000")


@pytest.mark.parametrize("status", ["exited", "created"])
def test_a_container_that_does_not_run_has_no_cgroup(status: str) -> None:
    assert read(Cgroup("test_limit"), MadeUpHost(a_container(status=status))) is None


def test_a_container_that_is_not_there_has_no_cgroup() -> None:
    assert read(Cgroup("test_limit"), MadeUpHost()) is None


OWN_V1 = {
    "cat /sys/fs/cgroup/memory/memory.limit_in_bytes": "209715200\n",
    "cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us": "50000\n",
    "cat /sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
}
OWN_V2 = {
    "cat /proc/self/cgroup": "0::/\n",
    "cat /sys/fs/cgroup/memory.max": "209715200\n",
    "cat /sys/fs/cgroup/cpu.max": "50000 100000\n",
}
ON_V2 = {"/info": an_engine(CgroupVersion="2", CgroupDriver="systemd")}
OTHER_MACHINE = {"/proc/4242/cgroup": "0::/init.scope\n", "/proc/self/mountinfo": V2_TABLE}
DENIED = {**V1_FILES, V1: ReadFile(None, "denied")}
UNREACHABLE = {"/proc/4242/cgroup": NO_FILES}


@pytest.mark.parametrize(
    "files", [OTHER_MACHINE, DENIED, UNREACHABLE, {}], ids=["other", "denied", "tcp", "macOS"]
)
def test_the_containers_own_view_stands_in_where_the_hosts_files_cannot_be_read(
    files: dict[str, Any],
) -> None:
    assert values(limits(files=files, execs=OWN_V1)) == (1, "209715200", "50000", "100000", "container")
    v2 = limits(files=files, execs=OWN_V2, answers=ON_V2)
    assert values(v2) == (2, "209715200", "50000", "100000", "container")
    assert v2.commands[0] == "docker exec test_limit cat /sys/fs/cgroup/memory.max"


def test_without_a_cgroup_namespace_the_own_view_lies_deeper() -> None:
    execs = {
        "cat /proc/self/cgroup": f"0::/docker/{ID}\n",
        f"cat /sys/fs/cgroup/docker/{ID}/memory.max": "209715200\n",
        f"cat /sys/fs/cgroup/docker/{ID}/cpu.max": "50000 100000\n",
    }
    found = limits(files=UNREACHABLE, execs=execs, answers=ON_V2)
    assert values(found) == (2, "209715200", "50000", "100000", "container")


def test_in_the_own_view_a_cgroup_below_its_own_counts_as_well() -> None:
    execs = {
        **OWN_V2,
        "cat /proc/self/cgroup": "0::/init.scope\n",
        "cat /sys/fs/cgroup/init.scope/memory.max": "max\n",
        "cat /sys/fs/cgroup/init.scope/cpu.max": Output(1, b"", b"No such file"),
    }
    found = limits(files=UNREACHABLE, execs=execs, answers=ON_V2)
    assert values(found) == (2, "209715200", "50000", "100000", "container")


def test_the_own_view_lacks_a_controller_as_well() -> None:
    execs = {**OWN_V1, "cat /sys/fs/cgroup/memory/memory.limit_in_bytes": Output(1, b"", b"No such file")}
    found = limits(files=UNREACHABLE, execs=execs)
    assert (found.memory, found.quota) == (None, "50000")


@pytest.mark.parametrize(
    "answer",
    [
        Conflict(),
        Missing(),
        Output(127, b"", b""),
        Output(126, b"", b""),
        Output(None, b"", b"", timed_out=True),
    ],
    ids=["paused", "gone", "no cat", "cat is no program", "cat hangs"],
)
def test_a_container_that_cannot_show_its_cgroup_either_is_an_error(answer: Any) -> None:
    execs = {**OWN_V1, "cat /sys/fs/cgroup/memory/memory.limit_in_bytes": answer}
    assert reason(files=UNREACHABLE, execs=execs) == "cgroup.unreadable"


def test_a_container_that_ends_meanwhile_is_no_zero() -> None:
    """Its cgroup's files are gone; those that are missing must not be taken for a missing controller."""
    process = Turns(V1_FILES["/proc/4242/cgroup"], ReadFile(None, "missing"))
    assert (
        reason(files={**V1_FILES, "/proc/4242/cgroup": process, V1: ReadFile(None, "missing")})
        == "cgroup.gone"
    )


def test_other_failures_of_the_host_are_not_hidden() -> None:
    assert reason(files={"/proc/4242/cgroup": Unobserved("host.ssh", "connection lost")}) == "host.ssh"


def test_files_are_kept_short_in_the_evidence() -> None:
    files = {**V1_FILES, V1: "9" * 5000, "/proc/4242/cgroup": V1_FILES["/proc/4242/cgroup"] + "x" * 9999}
    raw = raw_answer(Cgroup("test_limit"), MadeUpHost(a_container(), files=files))
    assert len(raw["files"]["memory"]["content"]) == 100
    assert len(raw["proc_cgroup"]) == 4096


def test_a_person_finds_the_path_first() -> None:
    assert (
        Cgroup("my limit").shown_by() == "cat /proc/$(docker inspect -f '{{.State.Pid}}' 'my limit')/cgroup"
    )
    assert f"' {ID[:12]})" in Cgroup(ID).shown_by()
    host = MadeUpHost(a_container(), files=V1_FILES)
    shown = Cgroup("test_limit").shown_by_files(LiveSee(host, Deadline(5), 0))
    assert shown[1] == f"cat {V1}"


def test_two_looks_at_the_hosts_files_are_enough() -> None:
    """Over SSH each is a round trip. The process is looked at once more, after the files: it may have ended."""
    looks: list[list[str]] = []

    class Host(MadeUpHost):
        def read_files(self, paths: Sequence[str], *, regular: bool = False) -> list[ReadFile]:
            looks.append(list(paths))
            return super().read_files(paths, regular=regular)

    assert read(Cgroup("test_limit"), Host(a_container(), files=V1_FILES)) is not None
    assert looks == [
        ["/proc/4242/cgroup", "/proc/self/mountinfo"],
        [V1, QUOTA, PERIOD, "/proc/4242/cgroup"],
    ]
