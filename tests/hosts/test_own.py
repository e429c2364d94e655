"""The grader's own container is none of the student's, whatever its name and its labels are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from dockgrader.hosts.base import Missing, NotBack, Output, ToRestart
from dockgrader.hosts.own import WithoutOwn, own_container

OWN, OTHER = "4f5e" * 16, "0a1b" * 16
DOCKER = f"""\
860 700 0:55 / / ro,relatime - overlay overlay ro,lowerdir=/var/lib/docker/overlay2/l/A
868 860 0:26 / /sys/fs/cgroup ro,nosuid - tmpfs cgroup ro,mode=755
881 860 254:1 /var/lib/docker/containers/{OWN}/resolv.conf /etc/resolv.conf ro,relatime - ext4 /dev/vda1 rw
882 860 254:1 /var/lib/docker/containers/{OWN}/hostname /etc/hostname ro,relatime - ext4 /dev/vda1 rw
"""
PODMAN = (
    f"9 8 0:24 /containers/overlay-containers/{OWN}/userdata/hosts /etc/hosts rw - tmpfs tmpfs rw,mode=700\n"
)
HOST = f"""\
25 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
99 25 254:1 /var/lib/docker/containers/{OTHER}/hosts /srv/copy rw - ext4 /dev/vda1 rw
98 25 0:55 / /var/lib/docker/containers/{OTHER}/mounts/shm rw - tmpfs shm rw
"""


@pytest.mark.parametrize(("table", "expected"), [(DOCKER, OWN), (PODMAN, OWN), (HOST, ""), ("", "")])
def test_the_own_container_by_the_mount_table(table: str, expected: str, tmp_path: Path) -> None:
    file = tmp_path / "mountinfo"
    file.write_text(table)
    assert own_container(file) == expected


def test_where_there_is_no_mount_table(tmp_path: Path) -> None:
    assert own_container(tmp_path / "none") == ""


class TwoContainers:
    """An engine with the grader's container and a student's."""

    version = "20.10.24"
    api = "1.41"
    pings = 0

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        if path == "/containers/json":
            return [{"Id": OWN}, {"Id": OTHER}]
        return {"Id": OTHER if "student" in path or path.startswith("/images") else OWN}

    def exec(self, container: str, argv: Sequence[str], seconds: float) -> Output:
        return Output(0, container.encode(), b"")

    def control(self, container: str) -> float:
        return 0.1

    def restart(self, container: ToRestart) -> None:
        self.restarted = container

    def put_back(self) -> list[NotBack]:
        return [NotBack(self.restarted.name, "gone")]

    def own(self, exec_id: str) -> bool:
        return False

    def events(self, since: str | None, quiet: float) -> Iterator[Mapping[str, Any]]:
        return iter(())

    def ping(self) -> None:
        self.pings += 1


def test_it_is_neither_listed_nor_found_by_name_or_id() -> None:
    inner = TwoContainers()
    engine = WithoutOwn(inner, OWN)
    assert engine.get("/containers/json", {"all": "1"}) == [{"Id": OTHER}]
    assert engine.get("/containers/student/json") == {"Id": OTHER}
    for ref in ("test_limit", OWN):
        with pytest.raises(Missing):
            engine.get(f"/containers/{ref}/json")
    assert engine.get("/images/redis/json") == {"Id": OTHER}
    assert (engine.api, engine.version) == ("1.41", inner.version)
    assert engine.exec("redis_2", ["true"], 1).stdout == b"redis_2"
    engine.ping()
    assert inner.pings == 1
    engine.restart(ToRestart(OTHER, "redis_1", "now", 10))
    assert engine.put_back() == [NotBack("redis_1", "gone")]
