"""Hides what Lightning says about how it is usually launched."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

NOTICES = (
    ".*does not have many workers.*",
    ".*`IterableDataset` has `__len__` defined.*",
    ".*GPU available but not used.*",
    ".*The `srun` command is available.*",
    ".*Detected call of `lr_scheduler.step\\(\\)` before.*",  # a generator waits for its discriminator's steps
    ".*You are trying to `self.log\\(\\)`.*",
    ".*is smaller than the logging interval.*",
    ".*Checkpoint directory .* exists and is not empty.*",  # a file that is there is never overwritten
    ".*Using ModelCheckpoint with manual optimization.*",  # a network is wanted as it is after a step
    ".*You defined a `validation_step` but have no `val_dataloader`.*",
    ".*`logger=True` will use `CSVLogger` as the default logger.*",
    ".*Please use `torch.utils._pytree.*",
    ".*isinstance\\(treespec, LeafSpec\\).*",
)
"""Warnings that are not about what the user did."""


@contextmanager
def quiet_lightning() -> Iterator[None]:
    """Within the block, Lightning gives neither tips nor such warnings; what a profiler reports is heard."""
    with warnings.catch_warnings():
        for message in NOTICES:
            warnings.filterwarnings("ignore", message=message)
        loggers = [logging.getLogger(name) for name in ("lightning.pytorch.utilities.rank_zero", "lightning.fabric")]
        levels = [logger.level for logger in loggers]
        for logger in loggers:
            logger.setLevel(logging.WARNING)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
