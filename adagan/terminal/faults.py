"""Errors that nobody foresaw: whose they are, in one line; the traceback goes to a file."""

from __future__ import annotations

import tempfile
import traceback

from adagan.options.own_component import own_place


def described(error: Exception) -> tuple[str, int]:
    """One line, and the exit status: 2 if the fault is the user's or their machine's, 1 if it is the package's."""
    with tempfile.NamedTemporaryFile("w", prefix="adagan-", suffix=".log", delete=False, encoding="utf-8") as log:
        log.write("".join(traceback.format_exception(error)))
    said = f"{type(error).__name__}: {error}"
    if _no_memory(error):
        return f"out of memory: {error}; take smaller batches, less data, or another --device; see {log.name}", 2
    place = own_place(error)
    if place:
        return f"--component: {said}, raised in {place}; the traceback is in {log.name}", 2
    return f"{said}; this is a fault of adagan's: please report it with {log.name}", 1


def _no_memory(error: Exception) -> bool:
    # torch raises a class of its own for the memory of a GPU, and a RuntimeError for that of the CPU
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or "can't allocate memory" in str(error)
    )
