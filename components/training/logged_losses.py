"""The one place where trainings log: nothing is done where nobody reads."""

from __future__ import annotations

from collections.abc import Mapping

from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor


class OwnCallback(Callback):
    """A callback of ours, which reads no logged losses."""


def log_losses(module: LightningModule, losses: Mapping[str, Tensor]) -> None:
    """Logs losses of this step by ``module.log`` if there is a logger, or a callback of the user's that may read them.

    They are filed under the index of the minibatch, from 0, counted over all epochs.
    """
    if is_read(module.trainer):
        module.log_dict(dict(losses), on_step=True, on_epoch=False)


def is_read(trainer: Trainer) -> bool:
    """Whether anybody reads what is logged."""
    return bool(trainer.loggers) or any(not isinstance(callback, OwnCallback) for callback in trainer.callbacks)  # type: ignore[attr-defined]
