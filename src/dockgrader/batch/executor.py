"""Workers on this machine: a process a core, many jobs at once in each, one future a job.

`concurrent.futures.ProcessPoolExecutor` runs one job a process at a time, and gives up all jobs when one process
dies. Here a process takes as many as it is given, a thread each (they wait for the network), and when it dies only
its own jobs fail, with WorkerDied; the next job starts another one.

The first ones are forks of this process, so that what they need is imported once. Later there are threads here, whose
locks a fork would copy: who takes a dead one's place is forked by a server process that imports all of it again.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import multiprocessing
import os
import pickle
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from typing import Any

_PRELOADED = ["dockgrader.batch.work", "dockgrader.hosts.ssh.host"]
_END_SECONDS = 2.0
_TURN_SECONDS = 0.02
"""How long a thread may go on while others wait; with Python's own 0.005 a worker's many threads change too often."""
_GARBAGE = 50_000
"""Objects that are made before garbage is looked for. A host leaves some thousands; Python's own 700 cost a
twentieth of the time."""


class WorkerDied(Exception):
    """The process that ran this job has ended, by a crash or for want of memory."""


class LocalExecutor(Executor):
    """At most `workers` processes, started when there is something to do; each calls `prepare` first."""

    def __init__(self, workers: int, prepare: Callable[[], None] | None = None) -> None:
        self._most = workers
        self._prepare = prepare
        self._context = _context()
        self._lock = threading.Lock()
        self._workers: list[_Worker] = []
        self._closed = False

    def start(self) -> None:
        """Start all workers at once: for whoever has no threads yet. What it has imported and built, they have, too."""
        fork = _may_fork()
        if fork:
            for name in _PRELOADED:
                importlib.import_module(name)
        with self._lock:
            while len(self._workers) < self._most:
                context = multiprocessing.get_context("fork") if fork else self._context
                self._workers.append(_Worker(context, self._prepare, self._free_core()))
            for worker in self._workers:
                worker.listen()

    def submit(self, call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run a call in the worker that has least to do; what goes in and out is pickled."""
        future: Future[Any] = Future()
        with self._lock:
            if self._closed:
                raise RuntimeError("the workers have been stopped")
            self._worker().send(call, args, kwargs, future)
        return future

    def _worker(self) -> _Worker:
        self._workers = [worker for worker in self._workers if not worker.dead.is_set()]
        idle = min(self._workers, key=lambda worker: worker.load, default=None)
        if idle is None or (idle.load and len(self._workers) < self._most):
            idle = _Worker(self._context, self._prepare, self._free_core())
            idle.listen()
            self._workers.append(idle)
        return idle

    def _free_core(self) -> int | None:
        """The core that the fewest workers have; None where that cannot be chosen."""
        cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        taken = [worker.core for worker in self._workers]
        return min(cores, key=taken.count, default=None)

    def end_worker_of(self, future: Future[Any]) -> None:
        """Kill the process that has this job, which does not end by itself. Its other jobs fail with WorkerDied."""
        for worker in list(self._workers):
            if worker.has(future):
                worker.kill()

    def pids(self) -> list[int]:
        """The processes."""
        return [worker.process.pid for worker in self._workers if worker.process.pid]

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the processes, which are waited for only if `wait`; what they still do is left undone."""
        with self._lock:
            self._closed = True
            for worker in self._workers:
                worker.stop(patient=wait and not cancel_futures)


class _Worker:
    """A process, and the two threads that talk with it once it is listened to."""

    def __init__(self, context: BaseContext, prepare: Callable[[], None] | None, core: int | None) -> None:
        self.core = core
        self.dead = threading.Event()
        self._lock = threading.Lock()
        self._jobs: dict[int, Future[Any]] = {}
        self._number = 0
        self._outbox: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        # A fork has all that is open here, the lock of the run folder, too, which must not outlive us.
        forked = context.get_start_method() == "fork"
        ours = _open_files() if forked else []
        self._connection, theirs = context.Pipe()
        ours += [self._connection.fileno()] if forked else []
        served = (theirs, prepare, core, ours)
        self.process: BaseProcess = context.Process(target=_serve, args=served, daemon=True)  # type: ignore[attr-defined]
        self.process.start()
        theirs.close()

    def listen(self) -> None:
        self._sender = threading.Thread(target=self._send, name="dockgrader-worker", daemon=True)
        self._sender.start()
        threading.Thread(target=self._receive, name="dockgrader-worker", daemon=True).start()

    @property
    def load(self) -> int:
        return len(self._jobs)

    def has(self, future: Future[Any]) -> bool:
        with self._lock:
            return any(each is future for each in self._jobs.values())

    def send(self, call: Any, args: Any, kwargs: Any, future: Future[Any]) -> None:
        with self._lock:
            self._number += 1
            number = self._number
            data = pickle.dumps((number, call, args, kwargs))
            future.set_running_or_notify_cancel()
            self._jobs[number] = future
        self._outbox.put(data)
        if self.dead.is_set():
            self._fail()

    def _send(self) -> None:
        """Apart from the caller: a process that hangs does not read."""
        with contextlib.suppress(OSError):
            while (data := self._outbox.get()) is not None:
                self._connection.send_bytes(data)

    def _receive(self) -> None:
        with contextlib.suppress(OSError, EOFError):
            while True:
                number, result, error = pickle.loads(self._connection.recv_bytes())  # noqa: S301 - our own process
                with self._lock:
                    future = self._jobs.pop(number)
                if error is None:
                    future.set_result(result)
                else:
                    future.set_exception(error)
        self.dead.set()
        self._outbox.put(None)
        self._fail()
        self.process.join(_END_SECONDS)
        # Its number may be that of another worker's connection a moment later: nobody must be writing to it any more.
        self._sender.join()
        self._connection.close()

    def _fail(self) -> None:
        with self._lock:
            lost, self._jobs = list(self._jobs.values()), {}
        for future in lost:
            future.set_exception(WorkerDied(f"the worker process {self.process.pid} has ended"))

    def kill(self) -> None:
        self.process.kill()

    def stop(self, *, patient: bool) -> None:
        if patient and not self._jobs:
            self._outbox.put(b"")
        else:
            self.process.kill()
        self._outbox.put(None)
        self.process.join(_END_SECONDS)
        if self.process.is_alive():
            self.process.kill()
            self.process.join(_END_SECONDS)


def _may_fork() -> bool:
    """As `grading.apart`: only where nothing else runs in this process."""
    return sys.platform == "linux" and threading.active_count() == 1


def _open_files() -> list[int]:
    """The descriptors of this process, but the standard streams."""
    found = []
    for number in map(int, os.listdir("/proc/self/fd")):  # noqa: PTH208
        with contextlib.suppress(
            OSError
        ):  # that of the listing is closed again, and may be somebody else's next
            os.fstat(number)
            found.append(number)
    return [number for number in found if number > 2]


def _context() -> BaseContext:
    """A server process imports once what every worker needs, and is forked; else each worker imports for itself."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    return context


def _keep_to(core: int | None) -> None:
    """Stay on one core. Python's threads take turns anyway, and on two cores they wake each other in vain.

    That took a quarter of a worker's CPU time (measured: `docs/explanation/scale.md`).
    """
    sys.setswitchinterval(_TURN_SECONDS)
    if core is not None:
        with contextlib.suppress(OSError):  # a core that was taken from us since
            os.sched_setaffinity(0, {core})


def _serve(
    connection: Connection, prepare: Callable[[], None] | None, core: int | None, not_ours: Sequence[int]
) -> None:
    """The worker's main thread: takes jobs until the other end is gone, however that came about."""
    for number in not_ours:
        with contextlib.suppress(OSError):
            os.close(number)
    _keep_to(core)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the coordinator decides; Ctrl-C reaches us as well
    if prepare:
        prepare()
    gc.freeze()
    gc.set_threshold(_GARBAGE, 20, 20)
    sending = threading.Lock()
    with contextlib.suppress(OSError, EOFError):
        while data := connection.recv_bytes():
            number, call, args, kwargs = pickle.loads(data)  # noqa: S301 - from the process that started us
            job = (connection, sending, number, call, args, kwargs)
            threading.Thread(target=_run, args=job, daemon=True).start()
    os._exit(0)


def _run(
    connection: Connection, sending: threading.Lock, number: int, call: Any, args: Any, kwargs: Any
) -> None:
    result, error = None, None
    try:
        result = call(*args, **kwargs)
    except BaseException as problem:  # noqa: BLE001 - whoever waits for the future gets it
        error = problem
    try:
        data = pickle.dumps((number, result, error))
    except Exception:  # noqa: BLE001 - what cannot be pickled is told as text
        data = pickle.dumps((number, None, RuntimeError(traceback.format_exc(limit=3))))
    with sending, contextlib.suppress(OSError):
        connection.send_bytes(data)
