"""An event loop in a thread of its own, for a library that is asynchronous in a program that is not."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import contextvars
import functools
import socket
import threading
import weakref
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import Executor, Future
from typing import Any, TypeVar, TypeVarTuple

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")


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

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*Arguments], Result], *args: *Arguments
    ) -> asyncio.Future[Result]:
        """Make options at once, which asyncssh would have a thread do: that takes less time than handing it over.

        What else there is may wait for a person or a device (GSSAPI, PKCS #11).
        """
        if not isinstance(func, functools.partial):
            return super().run_in_executor(executor, func, *args)
        done: asyncio.Future[Result] = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - whoever awaits it gets it
            done.set_exception(error)
        return done


class Background:
    """Runs coroutines in its own thread until it is closed."""

    def __init__(self, name: str = "dockgrader-ssh") -> None:
        self._loop = _Loop()
        # What a connection leaves undone when it is torn down is no news to anybody.
        self._loop.set_exception_handler(lambda loop, context: None)
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
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
        future = asyncio.run_coroutine_threadsafe(_end(asyncio.all_tasks), self._loop)
        with contextlib.suppress(TimeoutError, concurrent.futures.CancelledError):
            future.result(timeout=2)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=2)
        if not self._thread.is_alive():
            self._loop.close()


class Guest(Background):
    """A part of a loop that many hosts share: closed, it ends what was begun by way of it, and no more.

    Tasks are told apart by a context variable, which every task and callback inherits from the one that made it.
    """

    def __init__(self, shared: Background) -> None:
        self._loop = shared._loop
        self._tasks: weakref.WeakSet[asyncio.Task[Any]] = weakref.WeakSet()
        self._closed = False

    def start(self, work: Coroutine[Any, Any, Result]) -> Future[Result]:
        """Begin to run a coroutine."""
        if self._closed:
            work.close()
            raise ConnectionError("closed")
        context = contextvars.copy_context()
        context.run(_GUEST.set, self)
        return context.run(asyncio.run_coroutine_threadsafe, work, self._loop)

    def close(self) -> None:
        """Cancel what still runs."""
        if self._closed:
            return
        self._closed = True
        future = asyncio.run_coroutine_threadsafe(_end(lambda: set(self._tasks)), self._loop)
        with contextlib.suppress(TimeoutError, concurrent.futures.CancelledError):
            future.result(timeout=2)


_GUEST: contextvars.ContextVar[Guest | None] = contextvars.ContextVar("guest", default=None)
_shared: Background | None = None


def share() -> None:
    """From now on all hosts of this process share one loop: a thread and three descriptors less a host."""
    global _shared
    if _shared is None:
        _shared = Background("dockgrader-hosts")
        _shared._loop.set_task_factory(_guests_task)


def is_shared() -> bool:
    """Whether many hosts are reached from this process."""
    return _shared is not None


def background() -> Background:
    """A loop for one host."""
    return Guest(_shared) if _shared else Background()


def _guests_task(
    loop: asyncio.AbstractEventLoop, work: Any, *, context: contextvars.Context | None = None, **more: Any
) -> asyncio.Task[Any]:
    task = asyncio.Task(work, loop=loop, context=context, **more)
    if guest := context.get(_GUEST) if context else _GUEST.get():
        guest._tasks.add(task)
    return task


async def _end(running: Any) -> None:
    """Cancel tasks, and wait a moment until they have ended."""
    tasks: Iterable[asyncio.Task[Any]] = [task for task in running() if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=1)
    if running is asyncio.all_tasks:
        await asyncio.get_running_loop().shutdown_default_executor()
