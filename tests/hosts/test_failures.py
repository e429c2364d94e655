"""Which reason a person reads for what a transport raises."""

from __future__ import annotations

import errno
import http.client
import ssl

import pytest
import requests
import urllib3

from dockgrader.errors import Unobserved
from dockgrader.hosts.failures import explained, garbage, refused, slow

URL = "unix:///docker.sock"


def wrapped(error: BaseException) -> BaseException:
    """As requests gives it: the reason is an argument of an argument."""
    return requests.ConnectionError(urllib3.exceptions.ProtocolError("Connection aborted.", error))


CASES: list[tuple[BaseException, str, str]] = [
    (PermissionError(errno.EACCES, "Permission denied"), "engine.permission", "usermod -aG docker"),
    (FileNotFoundError(errno.ENOENT, "No such file"), "engine.no-socket", "Is Docker installed"),
    (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), "engine.down", "Start the engine"),
    (ConnectionResetError(errno.ECONNRESET, "reset"), "engine.lost", "Did the engine stop?"),
    (BrokenPipeError(errno.EPIPE, "pipe"), "engine.lost", "Did the engine stop?"),
    (http.client.RemoteDisconnected("closed"), "engine.lost", "in the middle"),
    (http.client.IncompleteRead(b"half", 10), "engine.lost", "in the middle"),
    (http.client.BadStatusLine("\x1b[31m"), "engine.garbage", "no HTTP"),
    (http.client.LineTooLong("header"), "engine.garbage", "no HTTP"),
    (TimeoutError("timed out"), "engine.timeout", "within 5 s"),
    (ssl.SSLCertVerificationError(1, "certificate verify failed"), "engine.tls", "certificate verify failed"),
    (ssl.SSLError(1, "wrong version number"), "engine.tls", "wrong version number"),
    (OSError(errno.EHOSTUNREACH, "No route to host"), "engine.lost", "No route to host"),
]


@pytest.mark.parametrize(("error", "code", "said"), CASES)
def test_each_failure_has_a_code_and_says_what_to_do(error: BaseException, code: str, said: str) -> None:
    for raised in (error, wrapped(error)):
        if not isinstance(raised, OSError | ValueError):  # http.client's never come bare
            continue
        with pytest.raises(Unobserved) as caught, explained(URL, 5):
            raise raised
        assert caught.value.code == code
        assert said in caught.value.reason


def test_requests_own_timeouts() -> None:
    for error in (requests.ReadTimeout("x"), requests.ConnectTimeout("x")):
        with pytest.raises(Unobserved) as caught, explained(URL, 5):
            raise error
        assert caught.value.code == "engine.timeout"


def test_what_it_does_not_know_is_said_in_one_harmless_line() -> None:
    with pytest.raises(Unobserved) as caught, explained(URL, 5):
        raise requests.ConnectionError("odd\x1b[31m\n" + "x" * 1000)
    assert caught.value.code == "engine.lost"
    assert "\x1b" not in caught.value.reason and "\n" not in caught.value.reason
    assert len(caught.value.reason) < 300


def test_causes_in_a_circle_end() -> None:
    first, second = OSError("first"), OSError("second")
    first.__cause__, second.__cause__ = second, first
    with pytest.raises(Unobserved), explained(URL, 5):
        raise first


def test_nothing_is_made_of_the_graders_own_bugs() -> None:
    with pytest.raises(ZeroDivisionError), explained(URL, 5):
        _ = 1 // 0


def test_the_words() -> None:
    assert "no JSON" in garbage(URL, "no JSON")
    assert "20 s" in slow(URL, 20.4)
    assert refused(500, b'{"message":"\xff\x1b[2Jno"}') == (
        'The engine answered with an error (500): {"message":"\ufffd [2Jno"}'
    )
