"""What published ports answer: a real server on 127.0.0.1 that behaves in all the ways that students' do."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dockgrader.errors import Unobserved
from dockgrader.facts import http
from dockgrader.facts.http import HttpSeries, Page, Series
from tests.givens import a_container, hex_id
from tests.made_up_host import MadeUpHost, raw_answer, read

Answer = bytes | Callable[[int], bytes]


def page(body: str, status: str = "200 OK") -> bytes:
    text = body.encode()
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(text)}\r\n\r\n".encode() + text


def counter(number: int) -> bytes:
    return page(f"Hello, World! I have been seen {number} times.")


@contextmanager
def server(answer: Answer, *, keep_open: bool = False, late: float = 0) -> Iterator[int]:
    """The port of a server; `answer` is sent as it is, or made from the request's number."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", 0))
    kept: list[socket.socket] = []

    def serve() -> None:
        number = 0
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            number += 1
            with_request = connection.recv(4096)
            if with_request:
                connection.sendall(answer(number) if callable(answer) else answer)
            kept.append(connection) if keep_open else connection.close()

    thread = threading.Thread(target=serve, daemon=True)

    def listen() -> None:
        listener.listen()
        thread.start()

    begin = threading.Timer(late, listen)
    begin.daemon = True
    begin.run() if not late else begin.start()
    try:
        yield listener.getsockname()[1]
    finally:
        begin.cancel()
        if thread.is_alive():
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)
        for connection in (*kept, listener):
            connection.close()


def web(*ports: int, address: str = "0.0.0.0") -> MadeUpHost:
    bindings = {
        f"{number}/tcp": [{"HostIp": address, "HostPort": str(port)}] for number, port in enumerate(ports, 80)
    }
    return MadeUpHost(a_container("web", ports=bindings))


def asked(*ports: int, times: int = 2, seconds: float = 5) -> list[tuple[Page, ...]]:
    return [series.pages for series in read(HttpSeries("web", "/", times), web(*ports), seconds=seconds)]


def one(answer: Answer, *, seconds: float = 5, **more: Any) -> Page:
    """The first page of a server."""
    with server(answer, **more) as port:
        return asked(port, times=1, seconds=seconds)[0][0]


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "PAUSE", 0.05)


def test_a_counter_is_asked_twice() -> None:
    with server(counter) as port:
        assert read(HttpSeries("web"), web(port)) == [
            Series(
                "0.0.0.0",
                port,
                (
                    Page(200, "Hello, World! I have been seen 1 times.", ""),
                    Page(200, "Hello, World! I have been seen 2 times.", ""),
                ),
            )
        ]


def test_the_request_is_one_that_servers_understand() -> None:
    requests: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                requests.append(connection.recv(4096))
                connection.sendall(page("ok"))

        threading.Thread(target=serve, daemon=True).start()
        port = listener.getsockname()[1]
        read(HttpSeries("web", "/hits?a=b", 1), web(port))
    lines = requests[0].decode().split("\r\n")
    assert lines[0] == "GET /hits?a=b HTTP/1.1"
    assert f"Host: localhost:{port}" in lines
    assert "Connection: close" in lines


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (page("same"), Page(200, "same", "")),
        (page("oops", "500 INTERNAL SERVER ERROR"), Page(500, "oops", "")),
        (
            b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
            Page(302, "", ""),
        ),
        (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", Page(200, "until the end", "")),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
            Page(200, "abc", ""),
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\ncut short", Page(200, "cut short", "")),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\xff\xfe", Page(200, "��", "")),
        (b"-ERR unknown command 'GET'\r\n", Page(None, "-ERR unknown command 'GET'\r\n", "garbage")),
        (b"HTTP/1.1 OK\r\n\r\n", Page(None, "HTTP/1.1 OK\r\n\r\n", "garbage")),
    ],
    ids=["same", "500", "redirect", "no length", "chunked", "cut", "no UTF-8", "redis", "no status"],
)
def test_what_a_server_sends_is_told_as_it_is(answer: bytes, expected: Page) -> None:
    assert one(answer) == expected


def test_a_size_beyond_any_machines_is_garbage_and_no_error_of_the_grader() -> None:
    assert one(b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 40 + b"\r\n\r\nhi").problem in ("garbage", "")
    assert one(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 40 + b"\r\nhi").status in (
        None,
        200,
    )


@pytest.mark.parametrize(
    "answer", [page("whole"), b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nwhole\r\n0\r\n\r\n"]
)
def test_a_server_that_keeps_the_connection_open_is_not_waited_for(answer: bytes) -> None:
    assert one(answer, keep_open=True) == Page(200, "whole", "")


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 200 OK\r\n\r\nno end", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"]
)
def test_a_server_that_never_ends_is_a_timeout(answer: bytes) -> None:
    assert one(answer, keep_open=True, seconds=0.3) == Page(None, "", "timeout")


@pytest.mark.parametrize(
    ("seconds", "expected"), [((9, 9), ["", ""]), ((9, 11), ["", "timeout"]), ((11, 0), ["timeout"])]
)
def test_each_page_has_its_own_ten_seconds(
    seconds: tuple[int, int], expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, passed = time.monotonic, [0]
    monkeypatch.setattr(time, "monotonic", lambda: real() + passed[0])

    def slow(number: int) -> bytes:
        passed[0] += seconds[number - 1]
        return counter(number)

    with server(slow) as port:
        assert [page.problem for page in asked(port, seconds=600)[0]] == expected


def test_a_connection_that_is_closed_without_an_answer_is_empty() -> None:
    assert one(b"", seconds=0.3) == Page(None, "", "empty")


def test_a_flood_is_cut() -> None:
    assert len(one(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 500_000).body) < 70_000


def test_nothing_listens() -> None:
    with server(b"") as port:
        pass
    assert asked(port, seconds=0.2) == [(Page(None, "", "refused"),)]


def test_a_server_that_starts_late_is_awaited() -> None:
    with server(counter, late=0.2) as port:
        assert [page.status for page in asked(port)[0]] == [200, 200]


@pytest.mark.parametrize(("control", "late", "expected"), [(0.2, 0.8, ["", ""]), (0.005, 20.0, ["refused"])])
def test_on_a_slow_machine_a_server_may_take_longer_to_start(
    control: float, late: float, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where `true` takes 0.2 s four seconds are its due. Three times 0.2 s, as for other waits, would be too short."""
    monkeypatch.setattr(http, "HTTP_SECONDS", 0.2)
    with server(counter, late=late) as port:
        host = MadeUpHost(
            a_container("web", ports={"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": str(port)}]}),
            execs={"control": control},
        )
        (series,) = read(HttpSeries("web"), host, seconds=30)
    assert [page.problem for page in series.pages] == expected


def test_a_server_that_is_not_ready_behind_its_proxy_is_awaited() -> None:
    """The engine's proxy accepts, and closes when nothing listens in the container."""
    with server(lambda number: b"" if number < 3 else counter(number)) as port:
        assert [page.status for page in asked(port)[0]] == [200, 200]


def test_a_dead_port_does_not_use_up_the_time_of_the_others() -> None:
    with server(b"", keep_open=True) as hangs, server(counter) as works:
        hung, answered = asked(hangs, works, seconds=0.5)
    assert [page.problem for page in hung] == ["timeout"]
    assert [page.status for page in answered] == [200, 200]


def test_a_port_that_answers_at_one_address_is_not_awaited_at_the_other() -> None:
    """Engines publish at IPv4 and IPv6, also where there is no IPv6."""

    class OnlyIPv4(MadeUpHost):
        def connect(self, address: str, port: int, seconds: float) -> socket.socket:
            if address == "::":
                raise ConnectionRefusedError
            return super().connect(address, port, seconds)

    with server(counter) as port:
        both = [{"HostIp": address, "HostPort": str(port)} for address in ("::", "0.0.0.0")]
        host = OnlyIPv4(a_container("web", ports={"80/tcp": both}))
        begin = time.monotonic()
        ipv6, ipv4 = read(HttpSeries("web"), host, seconds=30)
    assert time.monotonic() - begin < 5
    assert ([page.problem for page in ipv6.pages], [page.status for page in ipv4.pages]) == (
        ["refused"],
        [200, 200],
    )


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (OSError(113, "No route to host"), "unreachable"),
        (ConnectionResetError(), "empty"),
        (TimeoutError(), "timeout"),
    ],
)
def test_a_connection_that_fails(error: OSError, problem: str) -> None:
    class Unreachable(MadeUpHost):
        def connect(self, address: str, port: int, seconds: float) -> socket.socket:
            raise error

    host = Unreachable(a_container("web", ports={"80/tcp": [{"HostIp": "", "HostPort": "80"}]}))
    [series] = read(HttpSeries("web"), host, seconds=0.5)
    assert series.pages == (Page(None, "", problem),)


def test_a_server_that_drips_cannot_hold_the_grader() -> None:
    """Each byte begins the socket's own time-out anew."""
    ours, theirs = socket.socketpair()
    stop = threading.Event()

    class Dripping(MadeUpHost):
        def connect(self, address: str, port: int, seconds: float) -> socket.socket:
            return ours

    def drip() -> None:
        theirs.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while not stop.wait(0.02):
            theirs.sendall(b"x")

    thread = threading.Thread(target=drip, daemon=True)
    host = Dripping(a_container("web", ports={"80/tcp": [{"HostIp": "", "HostPort": "80"}]}))
    with theirs:
        thread.start()
        begin = time.monotonic()
        [series] = read(HttpSeries("web"), host, seconds=0.3)
        assert time.monotonic() - begin < 5
        stop.set()
        thread.join(5)
    assert [page.problem for page in series.pages] == ["timeout"]


def test_the_second_request_may_fail_where_the_first_did_not() -> None:
    with server(lambda number: counter(number) if number == 1 else b"bye") as port:
        assert [page.problem for page in asked(port)[0]] == ["", "garbage"]


def test_a_container_without_ports_or_that_is_gone_has_no_pages() -> None:
    assert read(HttpSeries("web"), MadeUpHost(a_container("web"))) == []
    assert read(HttpSeries("web"), MadeUpHost()) == []


def test_in_the_hosts_network_it_answers_on_its_own_port() -> None:
    with server(counter) as port:
        raw = a_container("web", host={"NetworkMode": "host"})
        raw["Config"]["ExposedPorts"] = {f"{port}/tcp": {}}
        (series,) = read(HttpSeries("web"), MadeUpHost(raw))
    assert (series.port, [page.status for page in series.pages]) == (port, [200, 200])


def test_at_most_forty_addresses_are_asked() -> None:
    with server(page("ok")) as port:
        ports = {
            f"{number}/tcp": [{"HostIp": f"127.0.0.{number}", "HostPort": str(port)}]
            for number in range(1, 51)
        }
        host = MadeUpHost(a_container("web", ports=ports))
        assert len(raw_answer(HttpSeries("web", "/", 1), host)) == 40


@pytest.mark.parametrize(
    ("address", "header"),
    [
        ("", "localhost:80"),
        ("0.0.0.0", "localhost:80"),
        ("::", "localhost:80"),
        ("10.1.2.3", "10.1.2.3:80"),
        ("::1", "[::1]:80"),
    ],
)
def test_the_host_header(address: str, header: str) -> None:
    assert http._host_header(address, 80) == header


HEADERS = st.sampled_from(
    [b"Content-Length: ", b"Transfer-Encoding: chunked", b"HTTP/1.1 200 OK", b"HTTP/1.1 100 C"]
)


@given(
    st.lists(
        HEADERS | st.binary(max_size=20) | st.sampled_from([b"\r\n", b"\r\n\r\n", b"9" * 30]), max_size=12
    )
)
@example([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"f" * 40, b"\r\n"])
@example([b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", b"Content-Length: -7\r\n\r\n"])
def test_no_bytes_break_the_reading(parts: list[bytes]) -> None:
    data = b"".join(parts)
    http.whole(bytearray(data))
    answer = http.answer_in(data, "")
    assert answer["problem"] in ("", "empty", "garbage")
    assert (answer["status"] is None) == bool(answer["problem"])


@pytest.mark.parametrize("raw", [None, 5, [None], [{"pages": [None, 5]}], [{"port": "80", "pages": {}}]])
def test_a_recording_of_another_shape_shows_no_status(raw: Any) -> None:
    assert all(page.status is None for series in HttpSeries("web").parse(raw) for page in series.pages)


def test_what_a_person_types_to_see_the_same() -> None:
    assert (
        HttpSeries(hex_id("web"), "/x")
        .shown_by()
        .startswith(f"docker port {hex_id('web')[:12]}  # then twice: curl")
    )


def listed(host: MadeUpHost, *ports: int) -> MadeUpHost:
    """The host, whose list of containers shows these ports of web."""
    found = host.get("/containers/json")
    found[0]["Ports"] = [{"IP": "0.0.0.0", "PublicPort": port, "Type": "tcp"} for port in ports]
    host.calls.clear()
    return host


def test_the_page_is_asked_for_while_the_container_is_still_inspected() -> None:
    """Over SSH each question is a round trip, and the list of containers shows the ports already."""
    with server(counter) as port:
        host = web(port)
        answered = threading.Event()

        class Waiting(MadeUpHost):
            def connect(self, address: str, port: int, seconds: float) -> socket.socket:
                answered.set()
                return super().connect(address, port, seconds)

            def get(self, path: str, params: Any = None) -> Any:
                if path.startswith("/containers/web"):
                    assert answered.wait(5)
                return super().get(path, params)

        host.__class__ = Waiting
        (series,) = read(HttpSeries("web"), host)
    assert [page.body for page in series.pages] == [
        f"Hello, World! I have been seen {number} times." for number in (1, 2)
    ]


def test_the_inspection_decides_which_ports_there_are() -> None:
    with server(counter) as right, server(page("another")) as stale:
        (series,) = read(HttpSeries("web"), listed(web(right), stale))
    assert (series.port, series.pages[0].body) == (right, "Hello, World! I have been seen 1 times.")


def test_a_list_that_cannot_be_had_does_not_matter() -> None:
    with server(counter) as port:
        host = MadeUpHost(
            a_container("web", ports={"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": str(port)}]}),
            answers={"/containers/json": Unobserved("engine.garbage", "no list")},
        )
        (series,) = read(HttpSeries("web"), host)
    assert len(series.pages) == 2
