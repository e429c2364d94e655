"""An event loop in a thread of its own, for a library that is asynchronous in a program that is not."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import socket
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

Result = TypeVar("Result")


class _Loop(asyncio.SelectorEventLoop):
    async def getaddrinfo(
        self, host: bytes | str | None, port: bytes | str | int | None, **options: Any
    ) -> list[Any]:
        """Resolve a name in a daemon thread: the interpreter waits at its end for those of asyncio's own pool."""
        done: asyncio.Future[list[Any]] = self.create_future()

        def settle(answer: list[Any] | OSError) -> None:
            if done.cancelled():
                return
            if isinstance(answer, OSError):
                done.set_exception(answer)
            else:
                done.set_result(answer)

        def look_up() -> None:
            answer: list[Any] | OSError
            try:
                answer = socket.getaddrinfo(host, port, **options)
            except OSError as error:
                answer = error
            except UnicodeError:
                answer = socket.gaierror(socket.EAI_NONAME, "not a host's name")
            try:
                self.call_soon_threadsafe(settle, answer)
            except RuntimeError:
                return  # too late: the loop is closed

        threading.Thread(target=look_up, daemon=True).start()
        return await done


class Background:
    """Runs coroutines in its own thread until it is closed."""

    def __init__(self) -> None:
        self._loop = _Loop()
        # What a connection leaves undone when it is torn down is no news to anybody.
        self._loop.set_exception_handler(lambda loop, context: None)
        self._thread = threading.Thread(target=self._loop.run_forever, name="dockgrader-ssh", daemon=True)
        self._thread.start()

    def call(self, work: Coroutine[Any, Any, Result], seconds: float) -> Result:
        """Run a coroutine to its end. Raises what it raises, and TimeoutError after so many seconds."""
        return self.result(self.start(work), seconds)

    def start(self, work: Coroutine[Any, Any, Result]) -> Future[Result]:
        """Begin to run a coroutine."""
        if self._loop.is_closed():
            work.close()
            raise ConnectionError("closed")
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def result(self, future: Future[Result], seconds: float) -> Result:
        """What came of a coroutine that was begun, as `call` says it."""
        try:
            return future.result(timeout=seconds)
        except concurrent.futures.CancelledError:
            raise ConnectionError("closed") from None
        except TimeoutError:
            future.cancel()
            raise

    def close(self) -> None:
        """Cancel what still runs, stop the thread and let go of the loop."""
        if self._loop.is_closed():
            return
        future = asyncio.run_coroutine_threadsafe(_cancel_all(), self._loop)
        with contextlib.suppress(TimeoutError, concurrent.futures.CancelledError):
            future.result(timeout=2)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=2)
        if not self._thread.is_alive():
            self._loop.close()


async def _cancel_all() -> None:
    tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=1)
    await asyncio.get_running_loop().shutdown_default_executor()
