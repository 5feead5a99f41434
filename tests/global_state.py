"""What a test shares with all that come after it in the process, and therefore leaves as it was."""

from __future__ import annotations

import gc
import logging
import os
import random
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import torch

_OF_LIBRARIES = "PYTEST_", "KMP_", "MPL", "TORCHINDUCTOR_", "PYTORCH_NVML_"
"""Variables that pytest sets for every test, and libraries when they are first imported."""


def global_state() -> dict[str, Any]:
    """By name, each comparable with a later one."""
    figures = sys.modules.get("matplotlib.pyplot")
    os.umask(umask := os.umask(0))
    return {
        "random state of torch": torch.get_rng_state().numpy().tobytes(),
        "random state of numpy": _numpy_state(),
        "random state of Python": random.getstate(),
        "default type of torch": torch.get_default_dtype(),
        "number of threads": torch.get_num_threads(),
        "gradient mode": torch.is_grad_enabled(),
        "precision of products": torch.get_float32_matmul_precision(),
        "deterministic algorithms": torch.are_deterministic_algorithms_enabled(),
        "error handling of numpy": np.geterr(),
        "environment": {name: value for name, value in os.environ.items() if not name.startswith(_OF_LIBRARIES)},
        "working directory": Path.cwd(),
        "umask": umask,
        "signal handlers": [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)],
        "levels and handlers of loggers": {
            name: (logger.level, logger.disabled, logger.propagate, list(logger.handlers))
            for name, logger in logging.root.manager.loggerDict.items()
            if isinstance(logger, logging.Logger)
        },
        "open figures": figures.get_fignums() if figures else [],
    }


def _numpy_state() -> tuple[Any, ...]:
    _, keys, *rest = np.random.get_state()  # noqa: NPY002
    return keys.tobytes(), *rest


def changes(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """The names of what differs, of an entry too, never its value; loggers that are new are no change."""
    found = []
    for name, now in after.items():
        if before[name] == now:
            continue
        if not isinstance(now, dict):
            found.append(name)
            continue
        entries = before[name] if name == "levels and handlers of loggers" else {*before[name], *now}
        found += [f"{name}: {entry}" for entry in entries if before[name].get(entry) != now.get(entry)]
    return found


def left_running() -> set[str]:
    """The threads that run and, where the system tells, the files that are open for writing."""
    threads = {f"thread {thread.name}" for thread in threading.enumerate() if not thread.daemon}
    return threads | {f"file {path}" for path in _open_files()}


def still_running(before: set[str]) -> set[str]:
    """What runs or is open that was not, garbage aside."""
    if left_running() - before:
        gc.collect()
    return left_running() - before


def _open_files() -> set[Path]:
    """Paths of regular files that this process holds open for writing, where the system tells; none elsewhere."""
    found = set()
    for link in Path("/proc/self/fd").glob("*"):
        try:
            path, information = link.readlink(), Path("/proc/self/fdinfo", link.name).read_text(encoding="utf-8")
        except OSError:  # the one that lists them
            continue
        flags = int(information.split("flags:")[1].split()[0], 8)
        if flags & os.O_ACCMODE != os.O_RDONLY and path.is_file():
            found.add(path)
    return found
