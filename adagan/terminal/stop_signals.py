"""SIGTERM ends a run as Ctrl-C does."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def stop_signals() -> Iterator[list[int]]:
    """Within the block SIGTERM raises `KeyboardInterrupt`; yields the signals that came."""
    received: list[int] = []

    def stop(number: int, _: FrameType | None) -> None:
        received.append(number)
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():  # only the main thread may handle signals
        yield received
        return
    before = signal.signal(signal.SIGTERM, stop)
    # Lightning's own word on the signal would stand beside ours
    lightning = logging.getLogger("lightning.pytorch.trainer.connectors.signal_connector")
    level = lightning.level
    lightning.setLevel(logging.WARNING)
    try:
        yield received
    finally:
        lightning.setLevel(level)
        signal.signal(signal.SIGTERM, before)
