"""A limit on the time by the clock: what hangs is ended, as far as anything can end it."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from adagan.mixtures.errors import UserError


class TookTooLong(RuntimeError):  # noqa: N818 (it says what happened)
    """Something did not end in the time that it was given."""


@contextmanager
def time_limit(minutes: float | None, what: str) -> Iterator[None]:
    """Ends the block with an error when the time is over.

    The system's alarm does it, which Python hears between two of its own instructions, and when it waits for files,
    pipes, processes and locks. A call into native code that never comes back cannot be ended from within its process,
    nor can anything in another thread: against those help ``timeout 8h adagan ...`` and then ``adagan resume``.

    Args:
        minutes: From now; ``None`` is no limit.
        what: What it is, for the message.

    Raises:
        TookTooLong: It is not done by then.
        UserError: There is a limit, and the system has no alarm (Windows), or this is not the main thread.
    """
    if minutes is None:
        yield
        return
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        raise UserError(
            "component_minutes: only the main thread can be interrupted, and not on Windows; leave it out, or give a "
            "component of the package trainer_options={'max_time': ...}, which ends its training between two steps"
        )

    def over(number: int, frame: FrameType | None) -> None:
        raise TookTooLong(f"{what} took longer than the {minutes:g} minutes that component_minutes gives it")

    began = time.monotonic()
    handler = signal.signal(signal.SIGALRM, over)
    left, interval = signal.setitimer(signal.ITIMER_REAL, 60 * minutes)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        if left:  # somebody's alarm was set already
            signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - began), 1e-3), interval)
