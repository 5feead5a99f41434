"""Errors that nobody foresaw: whose they are, in one line; the traceback goes to a file."""

from __future__ import annotations

import tempfile
import traceback
from pathlib import Path

from adagan.options.own_component import own_modules


def described(error: Exception) -> tuple[str, int]:
    """One line, and the exit status: 2 if the fault is the user's or their machine's, 1 if it is the package's."""
    with tempfile.NamedTemporaryFile("w", prefix="adagan-", suffix=".log", delete=False, encoding="utf-8") as log:
        log.write("".join(traceback.format_exception(error)))
    said = f"{type(error).__name__}: {error}"
    if _no_memory(error):
        return f"out of memory: {error}; take smaller batches, less data, or another --device; see {log.name}", 2
    place = _own_place(error)
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


def _own_place(error: Exception) -> str:
    """Where in the user's own code it was raised, or by what that calls; empty if in ours, called by it or not."""
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
        module = str(frame.f_globals.get("__name__", ""))
        if module.partition(".")[0] in own_modules():
            return f"{Path(frame.f_code.co_filename).name}, line {line}, in {frame.f_code.co_name}"
        if module.partition(".")[0] == "adagan":
            return ""
    return ""
