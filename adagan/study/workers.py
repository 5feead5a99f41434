"""Processes of one thread each, in which trainings run side by side: CPU seconds are what is compared."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, TypeVar

import torch

from adagan.mixtures.errors import UserError

Result = TypeVar("Result")


def results(
    function: Callable[..., Result],
    calls: Sequence[tuple[Any, ...]],
    *,
    lost: Callable[..., Result],
    workers: int | None = None,
    executor: Executor | None = None,
) -> Iterator[Result]:
    """Yields what the calls return, in the order in which they finish.

    Args:
        function: Of a module, so that another process can import it.
        calls: The arguments of each call.
        lost: From a reason and the arguments to what a call gives whose process died, perhaps for want of memory; the
            other calls go on.
        workers: Calls at a time; ``None`` means one per core.
        executor: Runs the calls instead of processes of our own, as many at a time as it likes.
    """
    if executor is not None:
        yield from _results_of(executor, function, calls, lost)
        return
    waiting = deque(calls)
    idle: list[_Worker[Result]] = []
    busy: dict[object, _Worker[Result]] = {}
    try:
        while waiting or busy:
            while waiting and len(busy) < (workers or os.cpu_count() or 1):
                worker = idle.pop() if idle else _Worker(function)
                worker.begin(waiting.popleft())
                busy[worker.connection] = worker
            for connection in wait([worker.connection for worker in busy.values()]):
                worker = busy.pop(connection)
                try:
                    result = worker.result()
                except (EOFError, OSError):
                    yield lost(worker.end(), *worker.call)
                else:
                    idle.append(worker)
                    yield result
    finally:
        for worker in (*busy.values(), *idle):
            worker.process.terminate()
            worker.end()


def _results_of(
    executor: Executor, function: Callable[..., Result], calls: Sequence[tuple[Any, ...]], lost: Callable[..., Result]
) -> Iterator[Result]:
    if isinstance(executor, ThreadPoolExecutor) and executor._max_workers > 1:
        raise UserError(
            "executor: threads share their process's CPU seconds, which are what is compared; give an executor of "
            "processes, such as concurrent.futures.ProcessPoolExecutor, or one thread"
        )
    futures = {executor.submit(_called_on_one_thread, function, *call): call for call in calls}
    try:
        for future in as_completed(futures):
            try:
                yield future.result()
            except Exception as error:  # whatever the executor says of a worker that died
                yield lost(f"{type(error).__name__}: {error}", *futures[future])
    finally:
        for future in futures:
            future.cancel()


def _called_on_one_thread(function: Callable[..., Result], *call: Any) -> Result:
    """What the function returns, on one thread; the process is somebody else's, who gets theirs back."""
    import sklearn  # type: ignore[import-untyped]  # noqa: F401  (its threads can be limited once it is loaded)
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            return function(*call)
    finally:
        torch.set_num_threads(before)


class _Worker(Generic[Result]):
    """A process that answers one call after another."""

    def __init__(self, function: Callable[..., Result]) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, function))
        with _interrupts_ignored():  # in the child, from its first moment
            self.process.start()
        theirs.close()  # so that reading ends when the process does
        self.call: tuple[Any, ...] = ()

    def begin(self, call: tuple[Any, ...]) -> None:
        self.call = call
        with suppress(OSError):  # it died; whoever asks for the result will see
            self.connection.send(call)

    def result(self) -> Result:
        """What the call returned, or an error that it raised; an EOFError where the process has died."""
        result: Result | Exception = self.connection.recv()
        if isinstance(result, Exception):
            raise RuntimeError("a call of a worker failed") from result
        return result

    def end(self) -> str:
        """Waits for its end and says how that came."""
        self.connection.close()
        self.process.join()
        code = self.process.exitcode or 0
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
        return f"the process that trained it died of {how}"


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """A process that begins in the block ignores Ctrl-C; the one who wants its results says when it is over."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _serve(connection: Connection, function: Callable[..., Any]) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _one_thread()
    while True:
        try:
            call = connection.recv()
        except EOFError:
            return
        try:
            connection.send(function(*call))
        except Exception as error:
            connection.send(error)


def _end_with_parent() -> None:
    """Ends this process when the one that wants its results was killed; it would wait for more work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _one_thread() -> None:
    import sklearn  # noqa: F401  (its threads can be limited once it is loaded)
    from threadpoolctl import threadpool_limits

    torch.set_num_threads(1)
    threadpool_limits(1)
