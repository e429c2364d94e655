"""A published page as the container itself sees it, where the ports of its machine are out of our reach.

Asked at the container's own address in its network and at its own port, which is what the engine's forwarding does:
an application that listens for itself only (127.0.0.1) gives no answer there either. That the port is published is
said by the engine. It takes a tool in the image that carries bytes to a port and back.
"""

from __future__ import annotations

import threading
from functools import partial
from typing import Any

from dockgrader.facts.base import Setting
from dockgrader.facts.containers import Inspected
from dockgrader.facts.http import (
    BODY_CAP,
    HTTP_SECONDS,
    NOT_YET,
    PAUSE,
    PORTS,
    answer_in,
    request_for,
    whole,
)
from dockgrader.hosts.base import Conflict, Missing, Output
from dockgrader.hosts.deadline import background

_NO_TOOL = 97
_CANNOT_RUN = (126, 127)
_PYTHON = """\
import socket, sys
page = socket.create_connection((sys.argv[1], int(sys.argv[2])))
page.sendall(sys.argv[3].encode())
for data in iter(lambda: page.recv(65536), b""):
    sys.stdout.buffer.write(data)
    sys.stdout.flush()
"""
# $1 address, $2 port, $3 the request, $4 the program for Python.
_SCRIPT = f"""\
has() {{ command -v "$1" >/dev/null 2>&1; }}
if has python3; then exec python3 -c "$4" "$1" "$2" "$3"
elif has bash && has cat; then
    exec bash -c 'exec 3<>"/dev/tcp/$0/$1" || exit 1; printf %s "$2" >&3; cat <&3' "$1" "$2" "$3"
elif has nc; then printf %s "$3" | nc "$1" "$2"
elif has busybox; then printf %s "$3" | busybox nc "$1" "$2"
else exit {_NO_TOOL}
fi
"""


class NoTool(Exception):
    """The container cannot be asked; the text says why."""


def ask_inside(setting: Setting, inspected: Inspected, path: str, times: int) -> list[dict[str, Any]]:
    """The series of each published port of the container, once. Raises NoTool, Unobserved."""
    if not inspected.addresses:
        raise NoTool(f"{inspected.name} has no address of its own")
    by_port: dict[int, tuple[str, int]] = {}
    for where, own in inspected.publications.items():
        by_port.setdefault(own, where)
    ask = partial(_series, setting, inspected, path, times)
    asked = [background(partial(ask, own, where)) for own, where in list(by_port.items())[:PORTS]]
    return [future.result() for future in asked]


def _series(
    setting: Setting,
    inspected: Inspected,
    path: str,
    times: int,
    own: int,
    where: tuple[str, int],
) -> dict[str, Any]:
    """As many answers as are wanted, again while nothing listens yet."""
    pages: list[dict[str, Any]] = []
    silent: dict[str, Any] | None = None
    pause = threading.Event()
    deadline = setting.deadline.sooner(HTTP_SECONDS)
    while len(pages) < times:
        page = _page(setting, inspected, own, path, max(1.0, deadline.remaining()))
        if page["problem"] in NOT_YET and not deadline.passed():
            silent = page
            pause.wait(min(PAUSE, deadline.remaining()))
            continue
        # A last try that had hardly any time says less than those before it.
        pages.append(silent if silent and page["problem"] == "timeout" else page)
        if page["problem"]:
            break
        deadline, silent = setting.deadline.sooner(HTTP_SECONDS), None
    return {"address": where[0], "port": where[1], "via": "container", "pages": pages}


def _page(setting: Setting, inspected: Inspected, port: int, path: str, seconds: float) -> dict[str, Any]:
    address = inspected.addresses[0]
    request = request_for(path, "localhost", port).decode()
    argv = ["sh", "-c", _SCRIPT, "sh", address, str(port), request, _PYTHON]
    try:
        output = setting.host.engine.exec(inspected.id, argv, seconds)
    except (Conflict, Missing):
        return answer_in(b"", "timeout")  # paused, or it has just ended
    if output.exit in _CANNOT_RUN or output.exit == _NO_TOOL:
        raise NoTool(f"the image of {inspected.name} has no shell with python3, bash or nc to ask it there")
    data = output.stdout[:BODY_CAP]
    return answer_in(data, _problem(output, data))


def _problem(output: Output, data: bytes) -> str:
    if output.timed_out:
        return "" if whole(bytearray(data)) else "timeout"
    if data or output.exit == 0:
        return "" if data else "empty"
    said = output.stderr.lower()
    return "timeout" if b"timed out" in said else "refused" if b"refused" in said else "empty"
