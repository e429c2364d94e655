"""The engine's API through the SDK: versions, TLS, and what is kept in bounds.

The fake engine stands in because a real one cannot be made to lie about its version or certificate on demand.
What its answers may do to a whole report is in tests/grading/test_faults.py.
"""

from __future__ import annotations

import json
import ssl
import threading
from pathlib import Path
from typing import Any

import pytest
import trustme

from dockgrader.errors import Unobserved
from dockgrader.hosts import engine as module
from dockgrader.hosts.base import Conflict, Missing
from dockgrader.hosts.client import JSON_CAP
from dockgrader.hosts.deadline import Deadline, background
from dockgrader.hosts.endpoint import Endpoint, Tls
from dockgrader.hosts.engine import TESTED_API, DockerEngine, spoken_version
from dockgrader.hosts.execs import STDOUT_CAP
from fakes.engine import STREAM, FakeEngine, frame, greeting, printed
from fakes.server import Answer, Call, head, page, raw, then_silence, value


@pytest.mark.parametrize(
    ("newest", "oldest", "spoken"),
    [
        ("1.41", "1.12", "1.41"),  # Docker 20.10
        ("1.45", "1.24", "1.45"),  # Docker 26.1
        ("1.52", "1.44", "1.52"),  # Docker 29
        ("1.60", "1.44", TESTED_API),  # newer than what was tested
        ("1.99", "1.70", "1.70"),  # one that no longer speaks what was tested
        ("1.9", "", "1.9"),  # 9 is less than 52: numbers, not texts
        ("1.41", "None", "1.41"),  # Podman names none
        ("1.40", "1.24", "1.40"),
        ("1.41", "no version", "1.41"),
        ("1.41", "9" * 5000, "1.41"),
    ],
)
def test_the_version_that_is_spoken(newest: str, oldest: str, spoken: str) -> None:
    assert spoken_version(newest, oldest) == spoken


def speaks_up_to_1_70(fake: FakeEngine) -> None:
    fake.answers["/_ping"] = greeting("1.70")
    fake.answers["/version"] = value({"ApiVersion": "1.70", "MinAPIVersion": "1.44"})


def test_it_is_spoken_in_every_call(tmp_path: Path) -> None:
    with FakeEngine(tmp_path / "d.sock") as fake:
        speaks_up_to_1_70(fake)
        engine = DockerEngine(Endpoint(f"unix://{tmp_path}/d.sock", ""), Deadline(10))
        engine.get("/info")
        engine.close()
    assert engine.api == TESTED_API
    asked = [(call.path, call.version) for call in fake.calls]
    assert asked == [("/_ping", ""), ("/version", ""), ("/info", TESTED_API)]


@pytest.fixture
def fake(tmp_path: Path) -> Any:
    with FakeEngine(tmp_path / "d.sock") as fake:
        yield fake


def opened(tmp_path: Path) -> DockerEngine:
    return DockerEngine(Endpoint(f"unix://{tmp_path}/d.sock", ""), Deadline(20))


@pytest.fixture
def engine(fake: FakeEngine, tmp_path: Path) -> Any:
    engine = DockerEngine(Endpoint(f"unix://{tmp_path}/d.sock", ""), Deadline(20))
    yield engine
    engine.close()


def test_404_and_409_are_no_failures_of_the_hosts(fake: FakeEngine, engine: DockerEngine) -> None:
    with pytest.raises(Missing):
        engine.get("/containers/nope/json")
    with pytest.raises(Missing):
        engine.get("/nonsense")
    fake.answers["/containers/x/exec"] = value({"message": "paused"}, "409 Conflict")
    with pytest.raises(Conflict):
        engine.exec("x", ["true"], 5)


def test_an_event_with_an_odd_line_separator_in_a_label(fake: FakeEngine, engine: DockerEngine) -> None:
    """Events are lines; what Python also counts as a line's end may stand inside of a student's label."""
    events = [{"Action": "die", "Actor": {"Attributes": {"label": "a\x85b\u2028c"}}}, {"Action": "destroy"}]
    lines = "\n".join(json.dumps(event, ensure_ascii=False) for event in events)
    fake.answers["/events"] = page(lines.encode())
    assert engine.get("/events") == events


@pytest.mark.parametrize("body", [b"[]", b"null", b"7", b"{", b'{"a": NaN}', b'{"a": -1e999}', b"\xff"])
def test_what_is_no_json_object(fake: FakeEngine, engine: DockerEngine, body: bytes) -> None:
    fake.answers["/info"] = page(body)
    with pytest.raises(Unobserved) as caught:
        engine.get("/info")
    assert caught.value.code == "engine.garbage"


def test_bytes_that_are_no_utf8_in_an_answer(fake: FakeEngine, engine: DockerEngine) -> None:
    fake.answers["/info"] = page(b'{"Name": "\xff\xfe"}')
    assert engine.get("/info") == {"Name": "\ufffd\ufffd"}


def test_a_large_answer_is_read_and_a_larger_one_is_not(fake: FakeEngine, engine: DockerEngine) -> None:
    fake.answers["/info"] = value({"Name": "x" * (JSON_CAP - 100)})
    assert len(engine.get("/info")["Name"]) == JSON_CAP - 100
    fake.answers["/info"] = value({"Name": "x" * (JSON_CAP + 1)})
    with pytest.raises(Unobserved, match="an endless answer"):
        engine.get("/info")


def test_a_chunked_answer_that_is_cut_short(fake: FakeEngine, engine: DockerEngine) -> None:
    fake.answers["/info"] = raw(head("Transfer-Encoding: chunked") + b'5\r\n{"a":\r\n')
    with pytest.raises(Unobserved, match="in the middle"):
        engine.get("/info")


# Commands.


def test_an_exec(fake: FakeEngine, engine: DockerEngine) -> None:
    fake.execs["echo 'a b'"] = printed(frame(b"a b\n") + frame(b"oops", 2))
    fake.answers["/exec/0/json"] = value({"ExitCode": 3})
    output = engine.exec("redis_2", ["echo", "a b"], 5)
    assert (output.exit, output.stdout, output.stderr) == (3, b"a b\n", b"oops")


def test_an_exec_that_cannot_start_is_told_by_its_status(fake: FakeEngine, engine: DockerEngine) -> None:
    fake.execs["nope"] = value({"message": "OCI runtime exec failed: no such file"}, "400 Bad Request")
    fake.answers["/exec/0/json"] = value({"ExitCode": 127})
    output = engine.exec("redis_2", ["nope"], 5)
    assert output.exit == 127
    assert b"no such file" in output.stderr


def test_a_gigabyte_of_output_is_cut_off(fake: FakeEngine, engine: DockerEngine) -> None:
    sent = 0
    over = threading.Event()

    def gigabyte(call: Call) -> None:
        nonlocal sent
        call.send(STREAM)
        try:
            for _ in range(1 << 14):
                call.send(frame(b"y" * (1 << 16)))
                sent += 1 << 16
        finally:
            over.set()

    fake.execs["yes"] = gigabyte
    output = engine.exec("redis_2", ["yes"], 10)
    assert (output.exit, output.flooded, len(output.stdout)) == (None, True, STDOUT_CAP)
    assert over.wait(5)
    assert sent < 8 << 20  # what fits into the socket's buffers, and no more


def test_a_hung_exec_keeps_what_it_printed(fake: FakeEngine, engine: DockerEngine) -> None:
    fake.execs["sleep 9"] = then_silence(STREAM + frame(b"going to sleep\n"))
    output = engine.exec("redis_2", ["sleep", "9"], 0.3)
    assert (output.exit, output.timed_out, output.stdout) == (None, True, b"going to sleep\n")


@pytest.mark.parametrize("ended", [{}, {"ExitCode": None}, {"ExitCode": "0"}, {"ExitCode": {}}])
def test_an_exec_without_a_status_is_the_hosts(fake: FakeEngine, engine: DockerEngine, ended: Any) -> None:
    fake.answers["/exec/0/json"] = value(ended)
    with pytest.raises(Unobserved, match="no exit status"):
        engine.exec("redis_2", ["true"], 5)


def test_a_command_that_closed_its_output_and_runs_on_has_no_status(
    fake: FakeEngine, engine: DockerEngine
) -> None:
    fake.answers["/exec/0/json"] = value({"ExitCode": None, "Running": True})
    assert engine.exec("redis_2", ["true"], 5).exit is None


# Connections.


def test_many_at_once_share_a_few_connections(fake: FakeEngine, engine: DockerEngine) -> None:
    now = most = 0
    lock = threading.Lock()
    full = threading.Event()

    def busy(call: Call) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
            if now == module.CONNECTIONS:
                full.set()
        full.wait(5)
        with lock:
            now -= 1
        value({})(call)

    fake.answers["/info"] = busy
    asked = [background(lambda: engine.get("/info")) for _ in range(30)]
    assert [future.result(timeout=20) for future in asked] == [{}] * 30
    assert most == module.CONNECTIONS


def test_no_socket_and_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(Unobserved) as none:
        DockerEngine(Endpoint(f"unix://{tmp_path}/none.sock", ""), Deadline(5))
    assert none.value.code == "engine.no-socket"
    (tmp_path / "file").touch()
    with pytest.raises(Unobserved) as refused:
        DockerEngine(Endpoint(f"unix://{tmp_path}/file", ""), Deadline(5))
    assert refused.value.code == "engine.down"


@pytest.mark.parametrize(
    "config", ["[]", '"x"', "5", '{"auths": 5}', '{"auths": {"a": 5}}', '{"proxies": 7}', '{"proxies": []}']
)
def test_broken_settings_of_the_docker_cli(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: str
) -> None:
    """The SDK reads them; what it cannot take is said, never a traceback."""
    (tmp_path / "config.json").write_text(config)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    with FakeEngine(tmp_path / "d.sock"):
        try:
            DockerEngine(Endpoint(f"unix://{tmp_path}/d.sock", "why"), Deadline(5)).close()
        except Unobserved as error:
            assert error.code in ("engine.endpoint", "engine.client-config")


@pytest.mark.parametrize("config", ["", "{", "\0", "not json"])
def test_settings_that_are_no_json_do_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: str
) -> None:
    (tmp_path / "config.json").write_text(config)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    with FakeEngine(tmp_path / "d.sock"):
        DockerEngine(Endpoint(f"unix://{tmp_path}/d.sock", ""), Deadline(5)).close()


def test_proxies_of_the_environment_are_not_for_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    with FakeEngine(("127.0.0.1", 0)) as fake:
        DockerEngine(Endpoint(f"tcp://127.0.0.1:{fake.port}", ""), Deadline(5)).close()


# TLS.


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def served(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def over_tls(fake: FakeEngine, tls: Tls) -> DockerEngine:
    return DockerEngine(Endpoint(f"tcp://localhost:{fake.port}", "", tls), Deadline(10))


def test_an_engine_with_the_right_certificate(authority: trustme.CA, tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(ca)
    with FakeEngine(("127.0.0.1", 0), tls=served(authority.issue_cert("localhost"))) as fake:
        engine = over_tls(fake, Tls(str(ca), None, None))
        assert engine.get("/info")["CgroupVersion"] == "1"
        engine.close()


@pytest.mark.parametrize("mistake", ["another authority", "another name", "no TLS at all"])
def test_an_engine_with_the_wrong_certificate(authority: trustme.CA, tmp_path: Path, mistake: str) -> None:
    ca = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(ca)
    signer = trustme.CA() if mistake == "another authority" else authority
    name = "elsewhere.example" if mistake == "another name" else "localhost"
    tls = None if mistake == "no TLS at all" else served(signer.issue_cert(name))
    with FakeEngine(("127.0.0.1", 0), tls=tls) as fake, pytest.raises(Unobserved) as caught:
        over_tls(fake, Tls(str(ca), None, None))
    assert caught.value.code == "engine.tls"
    assert "TLS" in caught.value.reason


@pytest.mark.filterwarnings("ignore:Unverified HTTPS")
def test_verification_that_is_switched_off(tmp_path: Path) -> None:
    with FakeEngine(("127.0.0.1", 0), tls=served(trustme.CA().issue_cert("elsewhere.example"))) as fake:
        over_tls(fake, Tls(None, None, None, verify=False)).close()


def test_a_client_certificate_that_is_not_there(tmp_path: Path) -> None:
    tls = Tls(None, str(tmp_path / "cert.pem"), str(tmp_path / "key.pem"))
    with pytest.raises(Unobserved) as caught:
        DockerEngine(Endpoint("tcp://localhost:1", "DOCKER_HOST", tls), Deadline(5))
    assert caught.value.code == "engine.endpoint"
    assert "DOCKER_HOST" in caught.value.reason


# Questions beside the first one.

ALL = ("/containers/json", {"all": "1"})


def test_what_is_asked_ahead_is_answered_once(fake: FakeEngine, tmp_path: Path) -> None:
    engine = DockerEngine(Endpoint(f"unix://{tmp_path}/d.sock", ""), Deadline(20), ahead=[ALL])
    assert len(engine.get(*ALL)) == 5
    assert [call.path for call in fake.calls].count("/containers/json") == 1
    fake.answers["/containers/json"] = value([])
    assert engine.get(*ALL) == []  # asked anew
    engine.close()


def test_an_engine_is_not_made_to_look_for_its_version(fake: FakeEngine, tmp_path: Path) -> None:
    """Docker starts runc and docker-init for that. But where it is asked whether all is well, it has to."""
    engine = opened(tmp_path)
    assert (engine.version, engine.api) == ("20.10.24", "1.41")
    assert [call.path for call in fake.calls] == ["/_ping"]
    engine.ping()
    engine.close()
    assert [call.path for call in fake.calls] == ["/_ping", "/version"]


@pytest.mark.parametrize(
    "greeted",
    [
        page("Forbidden", "403 Forbidden"),
        page("no such page", "404 Not Found", "Api-Version: 1.41", "Server: Docker/20.10.24 (linux)"),
        page("OK", "200 OK", "Api-Version: 1.41", "Server: haproxy"),
        page("OK", "200 OK", "Server: Docker/20.10.24 (linux)"),
    ],
)
def test_a_proxy_that_lets_no_greeting_through(fake: FakeEngine, tmp_path: Path, greeted: Answer) -> None:
    fake.answers["/_ping"] = greeted
    engine = opened(tmp_path)
    engine.ping()
    fake.answers["/version"] = page("no engine behind me", "503 Service Unavailable")
    with pytest.raises(Unobserved, match="503"):
        engine.ping()
    engine.close()
    assert (engine.version, engine.api) == ("20.10.24", "1.41")


def test_podman_greets_as_itself(fake: FakeEngine, tmp_path: Path) -> None:
    fake.answers["/_ping"] = page("OK", "200 OK", "Api-Version: 1.41", "Server: Libpod/5.4.2 (linux)")
    engine = opened(tmp_path)
    engine.close()
    assert engine.version == "5.4.2"


def test_an_answer_in_a_version_that_is_not_spoken_is_thrown_away(fake: FakeEngine, tmp_path: Path) -> None:
    speaks_up_to_1_70(fake)
    engine = DockerEngine(Endpoint(f"unix://{tmp_path}/d.sock", ""), Deadline(20), ahead=[ALL])
    engine.get(*ALL)
    engine.close()
    assert TESTED_API in [call.version for call in fake.calls if call.path == "/containers/json"]


def test_a_failure_that_was_asked_ahead_is_told_to_who_asks(fake: FakeEngine, tmp_path: Path) -> None:
    fake.answers["/containers/json"] = page(b"{")
    engine = DockerEngine(Endpoint(f"unix://{tmp_path}/d.sock", ""), Deadline(20), ahead=[ALL])
    with pytest.raises(Unobserved) as caught:
        engine.get(*ALL)
    assert caught.value.code == "engine.garbage"
    fake.answers["/containers/json"] = then_silence(b"")
    slow = DockerEngine(Endpoint(f"unix://{tmp_path}/d.sock", ""), Deadline(1), ahead=[ALL])
    with pytest.raises(Unobserved) as caught:
        slow.get(*ALL)
    assert caught.value.code == "engine.timeout"
    for each in (engine, slow):
        each.close()
