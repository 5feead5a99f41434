"""Processes of one thread each, in which trainings run side by side: CPU seconds are what is compared."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing.connection import wait
from typing import Any, TypeVar

import torch

Result = TypeVar("Result")


def results(
    function: Callable[..., Result],
    calls: Sequence[tuple[Any, ...]],
    *,
    workers: int | None = None,
    calls_per_process: int | None = None,
) -> Iterator[Result]:
    """Yields what the calls return, in the order in which they finish.

    Args:
        function: Of a module, so that another process can import it.
        calls: The arguments of each call.
        workers: Calls at a time; ``None`` means one per core.
        calls_per_process: After so many a process is replaced by a fresh one; ``None`` means never.
    """
    if not calls:
        return
    with ProcessPoolExecutor(
        workers or os.cpu_count() or 1,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_begin,
        max_tasks_per_child=calls_per_process,
    ) as pool:
        futures = [pool.submit(function, *arguments) for arguments in calls]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _begin() -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _one_thread()


def _end_with_parent() -> None:
    """Ends this process when the one that wants its results was killed; it would wait for more work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _one_thread() -> None:
    import sklearn  # type: ignore[import-untyped]  # noqa: F401  (its threads can be limited once it is loaded)
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    torch.set_num_threads(1)
    threadpool_limits(1)
