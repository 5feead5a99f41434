"""Learning rates that change in the course of a training."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler

Schedule: TypeAlias = Callable[[Optimizer], LRScheduler]
"""Makes a learning-rate schedule, stepped once per minibatch, for an optimiser: ``partial(StepLR, step_size=1000)``."""


def cosine(optimizer: Optimizer, num_steps: int) -> LRScheduler:
    """Lets the learning rate fall to zero along half a cosine."""
    length = torch.pi / num_steps
    return LambdaLR(optimizer, lambda step: 0.5 + 0.5 * float(torch.cos(torch.tensor(step * length))))
