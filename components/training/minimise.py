"""Minimises one loss: what flows, fields, autoencoders and kernels call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from torch import nn

from adagan.components.training.batches import WeightedBatches
from adagan.components.training.inherited_options import inherited_options
from adagan.components.training.trainer import train

Loss = TypeVar("Loss", bound=nn.Module)


def minimise(
    loss: Loss,
    batches: WeightedBatches,
    *,
    stage: str,
    learning_rate: float,
    ema_decay: float,
    trainer_options: Mapping[str, Any],
) -> Loss:
    """Trains on the minibatches, gradients clipped at norm 1, and returns the loss with averaged parameters.

    Args:
        loss: See `adagan.components.training.loss_training.LossTraining`.
        batches: The minibatches, one per step.
        stage: What is being trained, for progress and messages.
        learning_rate: Adam's.
        ema_decay: Of the exponential average of the parameters.
        trainer_options: Arguments of ``lightning.Trainer``, such as another ``gradient_clip_val``.

    Raises:
        TrainingDiverged: The loss is NaN or infinite.
    """
    from adagan.components.training.loss_training import LossTraining

    device = batches.data.device
    training = LossTraining(
        loss.to(batches.data), num_steps=len(batches), learning_rate=learning_rate, ema_decay=ema_decay
    )
    options = {"gradient_clip_val": 1.0, **inherited_options(), **trainer_options}
    train(training, batches.loader(), stage, device, options)
    return cast(Loss, training.average.module)
