"""The TCP connection below SSH: opened here, so that what the server says before it speaks SSH can be told."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

from dockgrader.hosts.ssh.errors import Attempt
from dockgrader.hosts.ssh.library import asyncssh

_ADDRESS_PAUSE = 0.25
_LOGIN_CAP = 1 << 20
"""Bytes that a server sends until somebody is logged in; a usual one sends four thousand."""
_PIECE = 1 << 14
"""Bytes that are handed on at once: asyncssh copies what is left of them with each packet."""
_IGNORE = 2
"""SSH_MSG_IGNORE (RFC 4253, 11.2)."""
_QUICK = getattr(socket, "TCP_QUICKACK", None)


class Connector:
    """What asyncssh takes for a tunnel: opens the stream below a connection, directly or `via` a jump host."""

    def __init__(self, via: asyncssh.SSHClientConnection | None, options: Any, attempt: Attempt) -> None:
        self._via = via
        self._options = options
        self._attempt = attempt

    async def create_connection(self, factory: Callable[..., Any], host: str, port: int) -> tuple[Any, Any]:
        """The stream, and the connection that `factory` has made for it."""

        def made() -> Any:
            # The empty packets are against an attack on CBC ciphers: none is offered unless the user wants one.
            connection = factory()
            return connection if self._options.config.get("Ciphers") else _without_empty_packets(connection)

        if self._via is not None:
            watched = _watched_session(made, self._attempt)
            channel, session = await self._via.create_connection(watched, host, port)
            self._attempt.connected = True
            return channel, session
        connection = made()
        await asyncio.get_running_loop().create_connection(
            lambda: _Watched(connection, self._attempt),
            host,
            port,
            family=self._options.family,
            local_addr=self._options.local_addr,
            happy_eyeballs_delay=_ADDRESS_PAUSE,
        )
        return None, connection

    def close(self) -> None:
        """Nothing of its own to close."""

    async def wait_closed(self) -> None:
        """Nothing of its own to wait for."""


def _without_empty_packets(connection: Any) -> Any:
    """asyncssh sends one before each packet, which costs as much as the packet."""
    send = connection.send_packet

    def send_packet(kind: int, *parts: bytes, **more: Any) -> None:
        if kind != _IGNORE:
            send(kind, *parts, **more)

    connection.send_packet = send_packet
    return connection


def _watched_session(factory: Callable[..., Any], attempt: Attempt) -> Callable[[], Any]:
    def made() -> Any:
        connection = factory()
        receive = connection.data_received

        def received(data: bytes, datatype: Any = None) -> None:
            attempt.heard(data)
            receive(data, datatype)

        connection.data_received = received
        return connection

    return made


class _Gathering:
    """A transport that sends what is written in one turn of the event loop in one go.

    asyncssh writes each packet by itself; as many segments would wake the server as often.
    """

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self._waiting: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._send)
        self._waiting.append(data)

    def _send(self) -> None:
        waiting, self._waiting = self._waiting, []
        if waiting and not self._transport.is_closing():
            self._transport.write(b"".join(waiting))

    def close(self) -> None:
        self._send()
        self._transport.close()

    def abort(self) -> None:
        self._send()
        self._transport.abort()


class _Watched(asyncio.Protocol):
    """Hands everything on to the connection. Keeps the greeting, and acknowledges at once what comes.

    Without that, the server's Nagle algorithm and our delayed acknowledgements cost 40 ms at several points.
    """

    def __init__(self, connection: Any, attempt: Attempt) -> None:
        self._connection = connection
        self._attempt = attempt
        self._socket: Any = None
        self._received = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._socket = transport.get_extra_info("socket")
        self._attempt.connected = True
        self._connection.connection_made(_Gathering(self._transport))
        self._acknowledge()

    def _acknowledge(self) -> None:
        if _QUICK is not None and self._socket is not None:
            try:
                self._socket.setsockopt(socket.IPPROTO_TCP, _QUICK, 1)
            except OSError:
                self._socket = None

    def data_received(self, data: bytes) -> None:
        self._acknowledge()
        self._attempt.heard(data)
        self._received += len(data)
        if self._received > _LOGIN_CAP and not self._attempt.logged_in:
            self._attempt.flooded = True
            self._transport.abort()
            return
        for start in range(0, len(data), _PIECE):
            self._connection.data_received(data[start : start + _PIECE])

    def eof_received(self) -> bool | None:
        answer: bool | None = self._connection.eof_received()
        return answer

    def connection_lost(self, error: Exception | None) -> None:
        self._connection.connection_lost(error)

    def pause_writing(self) -> None:
        self._connection.pause_writing()

    def resume_writing(self) -> None:
        self._connection.resume_writing()
