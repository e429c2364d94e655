"""Where a container's cgroup lies, for the shapes of hosts that were seen or are documented."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockgrader.facts.cgroup_paths import CgroupFiles, CgroupMount, locate, memberships, mounts, seen_inside

ID = "4f5e" * 16
SCOPE = f"docker-{ID}.scope"
MEMORY, QUOTA, PERIOD = "memory.limit_in_bytes", "cpu.cfs_quota_us", "cpu.cfs_period_us"


def v1_mount(controllers: str, root: str = "/", point: str | None = None) -> str:
    point = point or f"/sys/fs/cgroup/{controllers}"
    return f"33 25 0:28 {root} {point} rw,nosuid shared:10 - cgroup cgroup rw,{controllers}\n"


def v2_mount(root: str = "/", point: str = "/sys/fs/cgroup") -> str:
    return f"24 23 0:21 {root} {point} rw,nosuid,nodev shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"


def v1(memory: str | None, cpu: str | None) -> CgroupFiles:
    return CgroupFiles(
        1, memory and f"{memory}/{MEMORY}", cpu and f"{cpu}/{QUOTA}", cpu and f"{cpu}/{PERIOD}"
    )


def v2(folder: str) -> CgroupFiles:
    return CgroupFiles(2, f"{folder}/memory.max", f"{folder}/cpu.max", None)


V1_MOUNTS = v1_mount("cpu") + v1_mount("cpuacct") + v1_mount("memory") + v1_mount("name=systemd")
V1_COMOUNTED = v1_mount("cpu,cpuacct") + v1_mount("memory")
INNER = "/docker/" + "a" * 64

SHAPES = {
    "v1, cgroupfs": (
        f"5:cpuacct:/docker/{ID}\n4:memory:/docker/{ID}\n3:cpu:/docker/{ID}\n1:name=systemd:/docker/{ID}\n",
        V1_MOUNTS,
        v1(f"/sys/fs/cgroup/memory/docker/{ID}", f"/sys/fs/cgroup/cpu/docker/{ID}"),
    ),
    "v1, cpu and cpuacct mounted together": (
        f"5:cpu,cpuacct:/docker/{ID}\n4:memory:/docker/{ID}\n",
        V1_COMOUNTED,
        v1(f"/sys/fs/cgroup/memory/docker/{ID}", f"/sys/fs/cgroup/cpu,cpuacct/docker/{ID}"),
    ),
    "v1, systemd": (
        f"9:cpu,cpuacct:/system.slice/{SCOPE}\n6:memory:/system.slice/{SCOPE}\n",
        V1_COMOUNTED,
        v1(f"/sys/fs/cgroup/memory/system.slice/{SCOPE}", f"/sys/fs/cgroup/cpu,cpuacct/system.slice/{SCOPE}"),
    ),
    "v1, the memory controller is off in the kernel": (
        f"5:cpu,cpuacct:/docker/{ID}\n0::/system.slice/docker.service\n",
        v1_mount("cpu,cpuacct"),
        v1(None, f"/sys/fs/cgroup/cpu,cpuacct/docker/{ID}"),
    ),
    "v2, systemd": (
        f"0::/system.slice/{SCOPE}\n",
        v2_mount(),
        v2(f"/sys/fs/cgroup/system.slice/{SCOPE}"),
    ),
    "v2, cgroupfs": (f"0::/docker/{ID}\n", v2_mount(), v2(f"/sys/fs/cgroup/docker/{ID}")),
    "v2, rootless": (
        f"0::/user.slice/user-1000.slice/user@1000.service/user.slice/{SCOPE}\n",
        v2_mount(),
        v2(f"/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/user.slice/{SCOPE}"),
    ),
    "v2, --cgroup-parent": (
        f"0::/course.slice/course-week1.slice/{SCOPE}\n",
        v2_mount(),
        v2(f"/sys/fs/cgroup/course.slice/course-week1.slice/{SCOPE}"),
    ),
    # The grader in a container, as docs/how-to/container.md starts it; the mount table was seen on v1, on v2 it is
    # put together from cgroup_namespaces(7): with the host's namespace, paths and roots are the host's.
    "v1, seen by a grader in a container": (
        f"5:cpuacct:/docker/{ID}\n4:memory:/docker/{ID}\n3:cpu:/docker/{ID}\n",
        "868 860 0:26 / /sys/fs/cgroup ro,nosuid - tmpfs cgroup ro,mode=755\n"
        + V1_MOUNTS.replace(" shared:10", ""),
        v1(f"/sys/fs/cgroup/memory/docker/{ID}", f"/sys/fs/cgroup/cpu/docker/{ID}"),
    ),
    "v2, seen by a grader in a container": (
        f"0::/system.slice/{SCOPE}\n",
        "868 860 0:27 / /sys/fs/cgroup ro,nosuid,nodev - cgroup2 cgroup2 rw,nsdelegate\n",
        v2(f"/sys/fs/cgroup/system.slice/{SCOPE}"),
    ),
    "v2, by a grader in a container with a cgroup namespace of its own": (
        f"0::/../{SCOPE}\n",
        "868 860 0:27 /../.. /sys/fs/cgroup ro,nosuid,nodev - cgroup2 cgroup2 rw,nsdelegate\n",
        None,
    ),
    "v1, --cgroup-parent": (
        f"4:memory:/my/parent/{ID}\n3:cpu:/my/parent/{ID}\n",
        V1_MOUNTS,
        v1(f"/sys/fs/cgroup/memory/my/parent/{ID}", f"/sys/fs/cgroup/cpu/my/parent/{ID}"),
    ),
    "v2, the container made cgroups below its own": (
        f"0::/system.slice/{SCOPE}/init.scope\n",
        v2_mount(),
        v2(f"/sys/fs/cgroup/system.slice/{SCOPE}"),
    ),
    "v2, Podman": (
        f"0::/machine.slice/libpod-{ID}.scope/container\n",
        v2_mount(),
        v2(f"/sys/fs/cgroup/machine.slice/libpod-{ID}.scope"),
    ),
    "v1, Docker in Docker: the outer container's cgroup is mounted": (
        f"4:memory:{INNER}/docker/{ID}\n3:cpu:{INNER}/docker/{ID}\n",
        v1_mount("memory", INNER) + v1_mount("cpu", INNER),
        v1(f"/sys/fs/cgroup/memory/docker/{ID}", f"/sys/fs/cgroup/cpu/docker/{ID}"),
    ),
    "v2, Docker in Docker with a cgroup namespace": (
        f"0::/docker/{ID}\n",
        v2_mount(),
        v2(f"/sys/fs/cgroup/docker/{ID}"),
    ),
    "hybrid: v1 controllers beside an empty v2": (
        f"4:memory:/docker/{ID}\n3:cpu:/docker/{ID}\n0::/docker/{ID}\n",
        V1_MOUNTS + v2_mount(point="/sys/fs/cgroup/unified"),
        v1(f"/sys/fs/cgroup/memory/docker/{ID}", f"/sys/fs/cgroup/cpu/docker/{ID}"),
    ),
    "v2 with only systemd's own v1 tree": (
        f"1:name=systemd:/system.slice/{SCOPE}\n0::/system.slice/{SCOPE}\n",
        v2_mount(point="/sys/fs/cgroup/unified") + v1_mount("name=systemd", point="/sys/fs/cgroup/systemd"),
        v2(f"/sys/fs/cgroup/unified/system.slice/{SCOPE}"),
    ),
    "a mount point with a space in it": (
        f"0::/docker/{ID}\n",
        v2_mount(point=r"/my\040cgroups"),
        v2(f"/my cgroups/docker/{ID}"),
    ),
}
OUT_OF_SIGHT = {
    "another machine's process": ("0::/user.slice/session-1.scope\n", v2_mount()),
    "another machine's process, v1": ("4:memory:/\n3:cpu:/user.slice\n0::/\n", V1_MOUNTS),
    "another container's process": (f"0::/docker/{'b' * 64}\n", v2_mount()),
    "hybrid, only the empty v2 names the container": (
        f"4:memory:/\n0::/docker/{ID}\n",
        V1_MOUNTS + v2_mount(point="/sys/fs/cgroup/unified"),
    ),
    "no such process": ("", v2_mount()),
    "no mounts (macOS, Windows)": (f"0::/docker/{ID}\n", ""),
    "v2, outside of our namespace": (f"0::/../../docker/{ID}\n", v2_mount()),
    "v1, outside of our namespace": (f"4:memory:/../docker/{ID}\n3:cpu:/../docker/{ID}\n", V1_MOUNTS),
    "v1, another part of the tree is mounted here": (
        f"4:memory:/docker/{ID}\n3:cpu:/docker/{ID}\n",
        v1_mount("memory", INNER) + v1_mount("cpu", INNER),
    ),
    "v2, a mount root that only begins alike": (f"0::/docker/{ID}\n", v2_mount(root="/doc")),
}


@pytest.mark.parametrize(("process", "table", "expected"), SHAPES.values(), ids=SHAPES)
def test_the_files_are_found(process: str, table: str, expected: CgroupFiles) -> None:
    assert locate(process, table, ID)[:1] == ([expected] if expected else [])


def test_cgroups_below_the_containers_own_are_its_own_as_well() -> None:
    """Of crun, of a systemd or an engine in the container."""
    folder = f"/sys/fs/cgroup/machine.slice/libpod-{ID}.scope"
    crun = locate(f"0::/machine.slice/libpod-{ID}.scope/container\n", v2_mount(), ID)
    assert crun == [v2(folder), v2(f"{folder}/container")]
    memory, cpu = f"/sys/fs/cgroup/memory/docker/{ID}", f"/sys/fs/cgroup/cpu/docker/{ID}"
    systemd = f"4:memory:/docker/{ID}/system.slice/a.service\n3:cpu:/docker/{ID}\n"
    assert locate(systemd, V1_MOUNTS, ID) == [
        v1(memory, cpu),
        v1(f"{memory}/system.slice", None),
        v1(f"{memory}/system.slice/a.service", None),
    ]


def test_of_many_cgroups_the_containers_and_the_processs_are_among_those_looked_at() -> None:
    deep = "/a" * 1000
    found = locate(f"0::/docker/{ID}{deep}\n", v2_mount(), ID)
    assert found[0] == v2(f"/sys/fs/cgroup/docker/{ID}") and found[-1] == v2(
        f"/sys/fs/cgroup/docker/{ID}{deep}"
    )
    assert len(found) == 8


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", [""]),
        ("/init", ["", "/init"]),
        (f"/docker/{ID}", [f"/docker/{ID}"]),
        (f"/x/{ID}/init", [f"/x/{ID}", f"/x/{ID}/init"]),
        ("/../other", [""]),
    ],
)
def test_cgroups_as_the_container_sees_them(path: str, expected: list[str]) -> None:
    assert seen_inside(path, ID) == expected


@pytest.mark.parametrize(("process", "table"), OUT_OF_SIGHT.values(), ids=OUT_OF_SIGHT)
def test_nothing_is_guessed_where_the_cgroup_is_out_of_sight(process: str, table: str) -> None:
    assert locate(process, table, ID) == []


def test_the_last_mount_hides_earlier_ones() -> None:
    table = v2_mount(point="/hidden") + v2_mount(point="/sys/fs/cgroup")
    assert locate(f"0::/docker/{ID}\n", table, ID) == [v2(f"/sys/fs/cgroup/docker/{ID}")]


def test_other_file_systems_are_no_cgroups() -> None:
    table = "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n25 22 0:22 / /sys/fs/cgroup ro - tmpfs tmpfs ro\nbroken\n"
    assert mounts(table) == []
    assert mounts(v1_mount("memory")) == [
        CgroupMount(1, frozenset({"rw", "memory"}), "/", "/sys/fs/cgroup/memory")
    ]


def test_memberships_by_controller() -> None:
    assert memberships("5:cpu,cpuacct:/a:b\n0::/c\nbroken\n7:x:relative\n") == {
        "cpu": "/a:b",
        "cpuacct": "/a:b",
        "": "/c",
    }


LINES = st.lists(
    st.sampled_from(
        [f"0::/x/{ID}", f"4:memory:/docker/{ID}/../..", "4:memory", "::", ":::", v1_mount("memory").strip()]
    )
    | st.text(max_size=40)
).map("\n".join)


@given(LINES, LINES | st.sampled_from([V1_MOUNTS, v2_mount()]))
def test_no_text_leads_out_of_the_mounts(process: str, table: str) -> None:
    for found in locate(process, table, ID):
        for path in (found.memory, found.quota):
            assert path is None or (ID in path and "/../" not in path)
