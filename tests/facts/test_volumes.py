"""A file in a container's volume, volumes that nobody uses, where a process is, and a restart."""

from __future__ import annotations

import pytest

from dockgrader.errors import Unobserved
from dockgrader.facts.cgroup_process import CgroupProcess
from dockgrader.facts.restarting import Restarted
from dockgrader.facts.volumes import FileInVolume, UnusedVolumes, VolumeThere
from dockgrader.hosts.base import Conflict, Missing, Output, ReadFile
from tests.facts.test_cgroup import V1_FILES, V2_FILES
from tests.givens import a_container, a_volume, an_engine, hex_id
from tests.made_up_host import NO_FILES, MadeUpHost, Turns, raw_answer, read

DUMP = FileInVolume("redis_1", "/data/dump.rdb")
PLACE = a_volume("data")["Source"] + "/dump.rdb"
HEAD = "head -c 16 /data/dump.rdb"
REDIS = a_container("redis_1", mounts=[a_volume("data")])


def test_the_file_in_its_place_on_the_host_of_which_only_the_format_is_kept() -> None:
    host = MadeUpHost(REDIS, files={PLACE: ReadFile(b"REDIS0009\xfa\tredis-ver secret")})
    found = read(DUMP, host)
    assert found is not None and found.mount is not None
    assert (found.there, found.begins, found.place, found.mount.name) == (True, "REDIS0009", PLACE, "data")
    assert "secret" not in str(raw_answer(DUMP, host))


@pytest.mark.parametrize("hidden", [ReadFile(None, "denied"), ReadFile(None, "missing"), NO_FILES])
def test_else_as_the_container_sees_it(hidden: object) -> None:
    found = read(DUMP, MadeUpHost(REDIS, files={PLACE: hidden}, execs={HEAD: "REDIS0009"}))
    assert found is not None and found.there
    found = read(
        DUMP, MadeUpHost(REDIS, files={PLACE: hidden}, execs={HEAD: Output(1, b"", b"no such file")})
    )
    assert found is not None and not found.there


def test_a_file_outside_of_any_mount_and_no_container() -> None:
    bare = MadeUpHost(a_container("redis_1"), execs={HEAD: "REDIS"})
    found = read(DUMP, bare)
    assert found is not None and found.there and found.mount is None
    assert read(DUMP, MadeUpHost()) is None
    nested = a_container("redis_1", mounts=[a_volume("outer", "/"), a_volume("data")])
    found = read(DUMP, MadeUpHost(nested, execs={HEAD: "REDIS"}))
    assert found is not None and found.mount is not None and found.mount.name == "data"


@pytest.mark.parametrize(
    "answer", [Output(127, b"", b""), Output(None, b"", b"", timed_out=True), Conflict()]
)
def test_where_neither_shows_it_the_host_is_at_fault(answer: object) -> None:
    with pytest.raises(Unobserved) as hidden:
        read(DUMP, MadeUpHost(REDIS, files={PLACE: NO_FILES}, execs={HEAD: answer}))
    assert hidden.value.code == "host.files"


def test_whether_a_volume_is_there() -> None:
    assert read(
        VolumeThere("data"),
        MadeUpHost(answers={"/volumes/data": {"Name": "data", "Options": {"o": "secret"}}}),
    )
    assert not read(VolumeThere("data"), MadeUpHost())
    with pytest.raises(Unobserved) as hidden:
        read(VolumeThere("data"), MadeUpHost(answers={"/volumes/data": {}}))
    assert hidden.value.code == "engine.garbage"
    assert VolumeThere("a b").shown_by() == "docker volume inspect 'a b'"


def test_unused_volumes() -> None:
    host = MadeUpHost(answers={"/volumes": {"Volumes": [{"Name": "b"}, {"Name": "a"}]}})
    assert read(UnusedVolumes(), host) == ["a", "b"]
    assert host.params["/volumes"] == {"filters": '{"dangling": ["true"]}'}
    assert read(UnusedVolumes(), MadeUpHost(answers={"/volumes": {"Volumes": None}})) == []
    with pytest.raises(Unobserved):
        read(UnusedVolumes(), MadeUpHost())


ID = hex_id("test_limit")
V1_PROCS = {f"/sys/fs/cgroup/{name}/docker/{ID}/cgroup.procs": "4242\n4300\n" for name in ("memory", "cpu")}
V2_PROCS = {f"/sys/fs/cgroup/system.slice/docker-{ID}.scope/cgroup.procs": "4242\n"}
OWN_VIEW = "cat /proc/1/cgroup"


@pytest.mark.parametrize("files", [V1_FILES | V1_PROCS, V2_FILES | V2_PROCS], ids=["v1", "v2"])
def test_a_process_in_its_containers_cgroup(files: dict[str, str]) -> None:
    found = read(CgroupProcess("test_limit"), MadeUpHost(a_container(), files=files))
    assert found is not None and found.there and all(ID in path for path in found.paths.values())
    moved = {path: text if "procs" not in path else "1\n" for path, text in files.items()}
    found = read(CgroupProcess("test_limit"), MadeUpHost(a_container(), files=moved))
    assert found is not None and not found.there


def test_a_process_in_a_cgroup_below_its_containers() -> None:
    """As crun makes it, and a systemd or an engine in the container."""
    folder = f"/sys/fs/cgroup/machine.slice/libpod-{ID}.scope"
    files = {
        "/proc/4242/cgroup": f"0::/machine.slice/libpod-{ID}.scope/container\n",
        "/proc/self/mountinfo": V2_FILES["/proc/self/mountinfo"],
        f"{folder}/cgroup.procs": "",
        f"{folder}/container/cgroup.procs": "4242\n",
    }
    found = read(CgroupProcess("test_limit"), MadeUpHost(a_container(), files=files))
    assert found is not None and found.there
    assert found.listed_in == (f"{folder}/container/cgroup.procs",)


@pytest.mark.parametrize(
    ("version", "mode", "text", "there"),
    [
        ("1", "", f"4:memory:/docker/{ID}\n3:cpu:/docker/{ID}\n0::/\n", True),
        ("1", "host", "4:memory:/\n3:cpu:/\n", False),
        ("1", "private", "4:memory:/\n3:cpu:/\n", True),
        ("1", "", f"4:memory:/docker\n3:cpu:/docker/{ID}\n", False),
        ("2", "", "0::/\n", True),
        ("2", "private", "0::/init.scope\n", True),
        ("2", "private", "0::/../../elsewhere\n", False),
        ("2", "private", "0::/..\n", False),
        ("2", "host", f"0::/system.slice/docker-{ID}.scope\n", True),
        ("2", "host", "0::/\n", False),
    ],
)
def test_else_by_what_the_container_sees(version: str, mode: str, text: str, there: bool) -> None:
    host = MadeUpHost(
        a_container(host={"CgroupnsMode": mode}),
        answers={"/info": an_engine(CgroupVersion=version)},
        execs={OWN_VIEW: text},
        files={"/proc/4242/cgroup": NO_FILES},
    )
    found = read(CgroupProcess("test_limit"), host)
    assert found is not None and found.there is there


def test_what_hides_the_process_is_an_error_and_what_does_not_run_has_none() -> None:
    shared = a_container(host={"PidMode": "host"})
    for host in (MadeUpHost(shared, execs={OWN_VIEW: "0::/"}), MadeUpHost(a_container())):
        with pytest.raises(Unobserved) as hidden:
            read(CgroupProcess("test_limit"), host)
        assert hidden.value.code == "cgroup.unreadable"
    assert read(CgroupProcess("test_limit"), MadeUpHost(a_container(status="exited"))) is None
    assert read(CgroupProcess("test_limit"), MadeUpHost(a_container(), execs={OWN_VIEW: Conflict()})) is None


GET = Restarted("redis_1", ("redis-cli", "get", "mykey"))
KEY = "redis-cli get mykey"


def test_a_restart_between_two_answers() -> None:
    host = MadeUpHost(REDIS, execs={KEY: Turns("foobar\n", "\n")})
    found = read(GET, host)
    assert (found.restarted, found.before.stdout, found.after.stdout) == (True, "foobar\n", "\n")
    assert [call for call in host.calls if call.startswith(("restart", "redis"))] == [
        KEY,
        f"restart {hex_id('redis_1')}",
        KEY,
    ]


@pytest.mark.parametrize(
    "host",
    [
        MadeUpHost(),
        MadeUpHost(a_container("redis_1", status="exited"), execs={KEY: Conflict()}),
        MadeUpHost(a_container("redis_1", status="paused"), execs={KEY: "foobar"}),
    ],
)
def test_what_does_not_run_is_not_touched(host: MadeUpHost) -> None:
    assert read(GET, host).restarted is False
    assert not [call for call in host.calls if call.startswith("restart")]


def test_one_that_is_removed_meanwhile() -> None:
    found = read(GET, MadeUpHost(REDIS, execs={KEY: "foobar"}, answers={"restart": Missing()}))
    assert (found.restarted, found.after.problem) == (False, "missing")
