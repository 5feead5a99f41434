"""How one network of a critic is trained: on an objective that tells data from samples, stopped early."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn
from torch.optim import Adam
from torch.utils.data import DataLoader, IterableDataset

from adagan.components.critics.labelled_points import LabelledPoints
from adagan.components.critics.ratio_objectives import RatioObjective, Softmax
from adagan.components.training.logged_losses import log_losses
from adagan.components.training.loss_training import optimiser_steps
from adagan.components.training.precision import may_be_fused
from adagan.components.training.progress import step_of
from adagan.components.training.ranks.shares import all_alike, own_rows
from adagan.components.training.row_draws import draw_rows
from adagan.components.training.trainer import train


class LabelledBatches(IterableDataset[tuple[Tensor, Tensor]]):
    """Batches of points with their classes, one half data, one half samples of the components.

    Args:
        points: Data, drawn by their weights, and samples in the proportions in which they are to be drawn.
        batch_size: Points per batch.
        num_batches: Batches per pass.
        seed: Of the draws, which every pass goes on with.
    """

    def __init__(self, points: LabelledPoints, batch_size: int, num_batches: int, seed: int) -> None:
        self.data, self.cumulative = points.data, points.weights.cumsum(0)
        self.samples, self.labels = points.samples, points.labels
        self.half, self.num_batches = max(batch_size // 2, 1), num_batches
        self.generator = torch.Generator(points.data.device).manual_seed(seed)

    def __len__(self) -> int:
        return self.num_batches

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        device, generator = self.data.device, self.generator
        zeros = torch.zeros(self.half, dtype=torch.int64, device=device)
        for _ in range(self.num_batches):
            rows = draw_rows(self.cumulative, self.half, generator)
            others = own_rows(self.half, self._drawn)
            yield torch.cat([self.data[rows], self.samples[others]]), torch.cat([zeros, self.labels[others]])

    def _drawn(self, count: int) -> Tensor:
        return torch.randint(len(self.samples), (count,), generator=self.generator, device=self.data.device)

    def loader(self) -> DataLoader[tuple[Tensor, Tensor]]:
        """The data loader that hands these batches on as they are."""
        return DataLoader(self, batch_size=None)


class CriticTraining(LightningModule):
    """One network's training, stopped when the held-out loss is *significantly* above its lowest.

    A critic that is nearly at chance has a held-out loss whose noise exceeds what is left to learn, so the lowest loss
    alone would pick an early network by luck. Losses are compared point by point: the network is kept as long as it is
    not worse than the best by more than two standard errors.

    Args:
        network: Points (B, *event) to log ratios (B, K).
        objective: What it learns.
        learning_rate: Of Adam.
        num_steps: Length of training, over which the learning rate falls to zero along a cosine.
        held_out: Points, their classes, and what each of them counts, for early stopping.
        check_every: Steps between two checks.
        patience: Checks in a row with a significantly higher loss after which training stops.
    """

    def __init__(
        self,
        network: nn.Module,
        objective: RatioObjective,
        *,
        learning_rate: float,
        num_steps: int,
        held_out: tuple[Tensor, Tensor, Tensor],
        check_every: int,
        patience: int,
    ) -> None:
        super().__init__()
        self.network, self.objective = network, objective
        self.learning_rate, self.num_steps = learning_rate, num_steps
        self.held_out, self.check_every, self.patience = held_out, check_every, patience
        self.lowest_losses, self.kept_state, self.worse_checks = torch.empty(0), copy.deepcopy(network.state_dict()), 0

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        optimizer = Adam(self.parameters(), lr=self.learning_rate, fused=may_be_fused(self.trainer))
        length = optimiser_steps(self.trainer, self.num_steps)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=length)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        points, labels = batch
        loss = self.objective(self.network, points, labels, points.new_ones(len(points))).losses.mean()
        log_losses(self, {"critic_loss": loss.detach()})
        return loss

    def on_train_batch_end(self, outputs: object, batch: object, batch_idx: int) -> None:
        done = step_of(self) + 1
        if done % self.check_every and done != self.num_steps:
            return
        self.network.eval()
        with torch.no_grad(), all_alike():  # on every rank: all of them stop, or none does
            score = self.objective(self.network, *self._held_out_here())
        self.network.train()
        losses = score.losses
        log_losses(self, {"held_out_loss": losses.mean(), "held_out_accuracy": score.accuracy})
        if len(self.lowest_losses) == 0:
            self.lowest_losses = losses
        excess = losses - self.lowest_losses
        if float(excess.mean()) > 2 * float(excess.std()) / len(excess) ** 0.5:
            self.worse_checks += 1
            self.trainer.should_stop = self.worse_checks >= self.patience
            return
        self.kept_state, self.worse_checks = copy.deepcopy(self.network.state_dict()), 0
        if float(excess.mean()) < 0:
            self.lowest_losses = losses

    def _held_out_here(self) -> tuple[Tensor, Tensor, Tensor]:
        """The held-out points where the network is, in its precision: the trainer may have been told another one."""
        points, labels, counts = self.held_out
        like = next(self.network.parameters())
        return points.to(like), labels.to(like.device), counts.to(like)

    def on_train_end(self) -> None:
        self.network.load_state_dict(self.kept_state)


def train_ratio_network(
    network: nn.Module,
    points: LabelledPoints,
    *,
    max_steps: int,
    batch_size: int,
    learning_rate: float,
    seed: int,
    objective: RatioObjective | None = None,
    trainer_options: Mapping[str, Any] | None = None,
) -> None:
    """Trains a network of log ratios on points, with a tenth of them kept for early stopping.

    Args:
        network: Points (B, *event) to log ratios (B, K), trained in place.
        points: Of all classes.
        max_steps: Length of training.
        batch_size: Points per step, one half of them data.
        learning_rate: Of Adam.
        seed: Of the batches.
        objective: What it learns; ``None`` means `Softmax` without noise.
        trainer_options: Further arguments of ``lightning.Trainer``.
    """
    every = torch.ones_like(points.weights, dtype=torch.bool), torch.ones_like(points.labels, dtype=torch.bool)
    inner, inner_samples = (every_tenth(mask) for mask in every)
    learnt, held_out = points.rows(~inner, ~inner_samples), points.rows(inner, inner_samples)
    batches = LabelledBatches(learnt, batch_size, max_steps, seed)
    module = CriticTraining(
        network,
        objective or Softmax(points.log_shares),
        learning_rate=learning_rate,
        num_steps=max_steps,
        held_out=(held_out.points, held_out.classes, held_out.counts.to(points.data)),
        check_every=100,
        patience=3,
    )
    train(module, batches.loader(), "critic", points.data.device, trainer_options or {})


def every_tenth(mask: Tensor) -> Tensor:
    """Every tenth of the true entries, at least one."""
    return mask & ((mask.cumsum(0) - 1) % 10 == 0)
