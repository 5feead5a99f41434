"""Small matrices' algebra, by one thread."""

from __future__ import annotations

from contextlib import AbstractContextManager

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]


def one_thread() -> AbstractContextManager[object]:
    """In the block numpy's and scipy's algebra takes one thread.

    Matrices of a few entries are done before another thread has begun, and threads that wait for one another on a busy
    machine took nine times the CPU time.
    """
    limits: AbstractContextManager[object] = threadpool_limits(1, user_api="blas")
    return limits
