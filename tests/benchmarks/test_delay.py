"""The benchmark's far-away machine: nothing is lost or turned around, and round trips are counted."""

from __future__ import annotations

import asyncio

from delay import Proxy

DELAY = 0.01


async def through(proxy_port: int, *parts: bytes, at_once: bool) -> bytes:
    """What an echo answers to these parts, sent together or one after the answer to the other."""
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy_port)
    answers = b""
    if at_once:
        writer.write(b"".join(parts))
        answers = await reader.readexactly(len(b"".join(parts)))
    else:
        for part in parts:
            writer.write(part)
            answers += await reader.readexactly(len(part))
    writer.close()
    return answers


async def counted(*parts: bytes, at_once: bool = False, times: int = 1) -> tuple[bytes, tuple[int, int]]:
    """The last answers, and what the proxy counted of so many connections, one after the other."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            writer.write(data)
        writer.close()

    async with asyncio.timeout(30), await asyncio.start_server(echo, "127.0.0.1", 0) as there:
        proxy = Proxy("127.0.0.1", there.sockets[0].getsockname()[1], DELAY)
        async with await asyncio.start_server(proxy.serve, "127.0.0.1", 0) as here:
            for _ in range(times):
                answers = await through(here.sockets[0].getsockname()[1], *parts, at_once=at_once)
            return answers, proxy.counted()


def test_each_answer_that_is_waited_for_is_a_round_trip() -> None:
    """One more to connect, as over a network."""
    assert asyncio.run(counted(b"a", b"b", b"c")) == (b"abc", (1, 4))


def test_what_is_sent_together_is_one() -> None:
    _, (connections, trips) = asyncio.run(counted(b"a", b"b", b"c", at_once=True))
    assert (connections, trips) == (1, 2)


def test_connections_one_after_the_other_add_up() -> None:
    assert asyncio.run(counted(b"a", times=3)) == (b"a", (3, 6))


def test_order_and_throughput_stay() -> None:
    data = bytes(range(256)) * 4096
    answers, _ = asyncio.run(counted(data, at_once=True))
    assert answers == data
