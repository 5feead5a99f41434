"""Announces a training's steps, and ends it at the last of them or when its loss is no longer finite."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer
from torch import Tensor

from adagan.components.training.diverged import TrainingDiverged
from adagan.components.training.logged_losses import OwnCallback
from adagan.components.training.progress import CHECK_EVERY, announce, step_of
from adagan.components.training.ranks.shares import largest_of_ranks


class Watch(OwnCallback):
    """Announces the steps done (see `adagan.components.training.progress`), and ends a training at the last of them.

    It comes earlier for one whose loss is no longer finite: `TrainingDiverged`.

    Args:
        stage: What is being trained, for progress and messages.
        num_steps: Minibatches in all, which the number of epochs need not divide.
    """

    def __init__(self, stage: str, num_steps: int) -> None:
        self.stage, self.num_steps = stage, num_steps

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        step = step_of(pl_module)
        is_last = step + 1 >= self.num_steps
        if is_last or (step + 1) % CHECK_EVERY == 0:
            announce(self.stage, step + 1, self.num_steps)
        if is_last or step % CHECK_EVERY == 0:
            self._check(outputs.get("loss") if isinstance(outputs, Mapping) else outputs, step)
        if is_last:
            trainer.should_stop = True

    def _check(self, loss: Any, step: int) -> None:
        is_finite = not isinstance(loss, Tensor) or bool(torch.isfinite(loss).all())
        if largest_of_ranks(float(not is_finite)):
            told = float(loss) if isinstance(loss, Tensor) and not is_finite else "not finite on another rank"
            raise TrainingDiverged(
                f"{self.stage} diverged at step {step + 1}: its loss is {told}; lower the learning rate, "
                "raise the gradient penalty, or scale the data"
            )
