"""Looks at a GAN while it is trained: at so many steps, evenly spread over the last part of the training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from lightning.pytorch import LightningModule, Trainer

from adagan.components.generators.gan.gan_training import GANTraining
from adagan.components.training.logged_losses import OwnCallback
from adagan.components.training.progress import step_of


class Watching(OwnCallback):
    """Calls `look` with the training after some of its steps.

    Args:
        look: What is to be done with it; it may not change it.
        count: How often.
        begin: The share of the training after which that begins, in [0, 1).
    """

    def __init__(self, look: Callable[[GANTraining], None], count: int, begin: float) -> None:
        self.look, self.count, self.begin = look, count, begin
        self.steps: frozenset[int] = frozenset()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        assert isinstance(pl_module, GANTraining)
        length = pl_module.num_steps
        self.steps = frozenset(np.linspace(self.begin * length, length - 1, self.count).astype(int).tolist())

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if step_of(pl_module) in self.steps:
            assert isinstance(pl_module, GANTraining)
            self.look(pl_module)
