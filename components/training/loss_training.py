"""Training by one loss: what flows, fields, autoencoders and kernels share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.optim import Adam
from torch.optim.lr_scheduler import CosineAnnealingLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from adagan.components.training.logged_losses import log_losses
from adagan.components.training.precision import check_average, may_be_fused


class LossTraining(LightningModule):
    """Adam on a loss, the learning rate falling to zero along a cosine, with an exponential average of the parameters.

    Args:
        loss: A module from minibatches (B, *event) to the number to be minimised, or to a dictionary with that number
            as ``loss`` and what it consists of, to be logged; it holds what is trained.
        num_steps: Length of training.
        learning_rate: Adam's.
        ema_decay: Of the average; 0 keeps the last parameters.
    """

    def __init__(self, loss: nn.Module, *, num_steps: int, learning_rate: float, ema_decay: float) -> None:
        super().__init__()
        self.loss = loss
        average = get_ema_multi_avg_fn(ema_decay)  # type: ignore[no-untyped-call]
        self.average = AveragedModel(loss, multi_avg_fn=average, use_buffers=True)
        self.num_steps, self.learning_rate, self.ema_decay = num_steps, learning_rate, ema_decay
        self.averaged = 0

    def on_fit_start(self) -> None:
        check_average(self.trainer, self.ema_decay)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        optimizer = Adam(self.loss.parameters(), lr=self.learning_rate, fused=may_be_fused(self.trainer))
        schedule = CosineAnnealingLR(optimizer, T_max=optimiser_steps(self.trainer, self.num_steps))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        value: Tensor | Mapping[str, Tensor] = self.loss(batch)
        losses = value if isinstance(value, Mapping) else {"loss": value}
        log_losses(self, {name: part.detach() for name, part in losses.items()})
        return losses["loss"]

    def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:
        if self.trainer.global_step > self.averaged:  # where gradients are accumulated, not every minibatch is a step
            self.averaged = self.trainer.global_step
            self.average.update_parameters(self.loss)


def optimiser_steps(trainer: Trainer, num_steps: int) -> int:
    """How often an optimiser steps in so many minibatches, or in the fewer that the trainer was limited to."""
    return max(1, int(min(-(-num_steps // trainer.accumulate_grad_batches), trainer.estimated_stepping_batches)))
