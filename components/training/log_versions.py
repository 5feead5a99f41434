"""A folder of its own for everything that a logger writes of one training."""

from __future__ import annotations

from itertools import count
from pathlib import Path

from lightning.pytorch.loggers import CSVLogger, Logger, TensorBoardLogger


def on_a_new_version(logger: Logger) -> Logger:
    """The logger, of Lightning's own kinds that write files, with a version that is not there yet.

    A version that the user has named goes to the first training. For the next ones a number is replaced by the next one
    that is free, and a name gets a suffix. Lightning itself would delete what the first training wrote.
    """
    if isinstance(logger, CSVLogger | TensorBoardLogger):
        logger._experiment = None  # a copy of one that was used already would go on in its file
        named = logger._version
        for number in count(2):
            if logger._version is None or not _is_taken(logger.log_dir):
                break
            logger._version = f"{named}-{number}" if isinstance(named, str) and named else None
    return logger


def _is_taken(folder: str) -> bool:
    path = Path(folder)
    return path.is_dir() and any(path.iterdir())
