"""A machine far away: a TCP proxy that holds back each direction for a while, and counts round trips.

    python benchmarks/delay.py HOST PORT MILLISECONDS

Listens on a port of its own on HOST and prints its number. Order and throughput stay as they are. To make a connection
costs a round trip of its own, as over a network. A line on standard input is answered with `CONNECTIONS ROUND_TRIPS`
since the line before; the end of standard input ends the proxy.

Round trips are counted along the longest chain of cause and effect: what a client sends depends on all that it has
been given, on any connection, and what a server sends on all that it has been given on that one. That is never too
few; it is too many where somebody does several things at once on a machine that is too busy for that.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable

_CHUNK = 1 << 16
Delivered = Callable[[], None]
Held = asyncio.Queue[tuple[float, bytes, Delivered]]


class Proxy:
    """Connections to one server, each direction `delay` seconds late."""

    def __init__(self, host: str, port: int, delay: float) -> None:
        self._where = host, port
        self._delay = delay
        self._connections = 0
        self._depth = 0

    def counted(self) -> tuple[int, int]:
        """Connections, and round trips of which the client has seen the end; counting begins anew."""
        found = self._connections, self._depth
        self._connections = self._depth = 0
        return found

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client's connection, until it ends on either side.

        To the client it stands at once. What it sends arrives as if it had waited for that, and so does its call.
        """
        self._connections += 1
        connected = heard = self._depth + 1

        def by_client() -> Delivered:
            sent = max(connected, self._depth)

            def delivered() -> None:
                nonlocal heard
                heard = max(heard, sent)

            return delivered

        def by_server() -> Delivered:
            answer = heard + 1

            def delivered() -> None:
                self._depth = max(self._depth, answer)

            return delivered

        up, down = Held(), Held()
        tasks = [asyncio.create_task(self._hold(reader, up, by_client))]
        try:
            await asyncio.sleep(3 * self._delay)
            there, back = await asyncio.open_connection(*self._where)
            tasks.append(asyncio.create_task(self._hold(there, down, by_server)))
            ends = [asyncio.create_task(_deliver(up, back)), asyncio.create_task(_deliver(down, writer))]
            tasks += ends
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            back.close()
        except OSError:
            pass  # nobody listens there: the client finds its connection closed
        finally:
            for task in tasks:
                task.cancel()
            writer.close()

    async def _hold(self, reader: asyncio.StreamReader, held: Held, noted: Callable[[], Delivered]) -> None:
        """Queue what comes, with the time at which it is due; nothing at the end."""
        clock = asyncio.get_running_loop().time
        with contextlib.suppress(OSError):
            while data := await reader.read(_CHUNK):
                held.put_nowait((clock() + self._delay, data, noted()))
        held.put_nowait((clock() + self._delay, b"", noted()))


async def _deliver(held: Held, writer: asyncio.StreamWriter) -> None:
    clock = asyncio.get_running_loop().time
    while True:
        due, data, delivered = await held.get()
        await asyncio.sleep(due - clock())
        if not data or writer.is_closing():
            return
        delivered()
        writer.write(data)


async def main(host: str, port: int, milliseconds: float) -> None:
    """Serve until standard input ends."""
    proxy = Proxy(host, port, milliseconds / 1000)
    server = await asyncio.start_server(proxy.serve, host, 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    # Connections that are cut when this program ends are no news.
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    lines = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(lines)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    while await lines.readline():
        print(*proxy.counted(), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
