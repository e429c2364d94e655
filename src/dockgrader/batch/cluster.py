"""Workers on other machines, by Dask distributed (the extra `dockgrader[dask]`): one future a job, as on this one.

Dask gives the jobs of a worker that died to others, three times at the most, and hands each result over once.
"""

from __future__ import annotations

import contextlib
import platform
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Executor, Future
from functools import partial
from typing import Any

import dockgrader
from dockgrader.batch.executor import WorkerDied
from dockgrader.errors import UsageError

CONNECT_SECONDS = 30.0
_NO_WORKER_SECONDS = 60.0
_RESULT_SECONDS = 60.0


class DaskExecutor(Executor):
    """The workers of a scheduler. Raises UsageError when it cannot be reached, or has no usable workers."""

    def __init__(self, scheduler: str, seconds: float = CONNECT_SECONDS) -> None:
        try:
            from distributed import Client
        except ImportError:
            raise UsageError("--engine dask needs Dask: pip install 'dockgrader[dask]'") from None
        self._scheduler = scheduler
        self._flying: dict[Future[Any], Any] = {}
        self._alone_since: float | None = None
        connect: Callable[..., Any] = Client
        try:
            self._client = connect(scheduler, timeout=seconds, set_as_default=False)
            self._client.wait_for_workers(1, timeout=seconds)
        except TimeoutError:
            raise UsageError(
                f"no worker came to the Dask scheduler {scheduler} within {seconds:.0f} s, or it does not answer"
            ) from None
        except (OSError, ValueError) as error:
            raise UsageError(f"the Dask scheduler {scheduler} cannot be reached: {error}") from None
        try:
            self.differences = self._compare()
        except UsageError:
            self._client.close()
            raise

    def _compare(self) -> list[str]:
        """Versions that are not as here. Raises UsageError for workers without dockgrader."""
        ours, differences = versions(), []
        for worker, theirs in self._client.run(versions, on_error="return").items():
            if not isinstance(theirs, dict):
                raise UsageError(
                    f"the Dask worker {worker} cannot run dockgrader: {theirs}. Install the same version there: "
                    f"pip install dockgrader=={ours['dockgrader']}"
                )
            differences += [
                f"the Dask worker {worker} has {name} {theirs.get(name)}, this machine {version}"
                for name, version in ours.items()
                if theirs.get(name) != version
            ]
        return differences

    @property
    def places(self) -> int:
        """Jobs that all workers together do at once: each as many as it has threads (`--nthreads`)."""
        threads: dict[str, int] = self._client.nthreads()
        return max(1, sum(threads.values()))

    def submit(self, call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run a call on some worker; what goes in and out is pickled. The future fails with WorkerDied only."""
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()
        try:
            theirs = self._client.submit(call, *args, **kwargs, pure=False)
        except Exception as error:  # noqa: BLE001 - a client that is closed raises anything
            future.set_exception(WorkerDied(f"the job could not be sent to the Dask scheduler: {error}"))
            return future
        self._flying[future] = theirs
        theirs.add_done_callback(partial(self._done, future))
        return future

    def _done(self, future: Future[Any], theirs: Any) -> None:
        try:
            result = theirs.result(timeout=_RESULT_SECONDS)
        except (Exception, CancelledError) as error:  # noqa: BLE001 - grading raises nothing: it is Dask's
            future.set_exception(WorkerDied(f"{type(error).__name__}: {str(error)[:200]}"))
        else:
            future.set_result(result)
        finally:
            self._flying.pop(future, None)

    def end_worker_of(self, future: Future[Any]) -> None:
        """Give up a job that does not end; it will be sent again. Its worker may have others."""
        theirs = self._flying.get(future)
        if theirs is not None:
            theirs.cancel()

    def problem(self) -> str:
        """Why nothing more can be done, empty while something can."""
        if self._client.status == "closed":
            return f"The Dask scheduler {self._scheduler} is gone. When it is back, go on with --resume."
        if self._client.status == "running" and not self._client.scheduler_info(n_workers=-1)["workers"]:
            self._alone_since = self._alone_since or time.monotonic()
            if time.monotonic() - self._alone_since > _NO_WORKER_SECONDS:
                return f"The Dask scheduler {self._scheduler} has no workers left. Start some, and go on with --resume."
        else:
            self._alone_since = None
        return ""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leave the cluster, which goes on without us; jobs that are not done are given up."""
        with contextlib.suppress(Exception):
            if cancel_futures:
                self._client.cancel(list(self._flying.values()))
            self._client.close(timeout=5)


def versions() -> dict[str, str]:
    """What must be the same on all machines."""
    return {
        "dockgrader": dockgrader.__version__,
        "Python": ".".join(platform.python_version_tuple()[:2]),
    }
