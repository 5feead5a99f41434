"""How one network of a critic is trained: softmax regression of data against every component, stopped early."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.optim import Adam
from torch.utils.data import DataLoader, IterableDataset


def class_logits(log_ratios: Tensor, log_shares: Tensor) -> Tensor:
    """Logits of the classes {data, component 1 .. K} from log ratios: the inverse of MATH's u_k = s_k/s_data · priors.

    Args:
        log_ratios: log dP_k/dP_data, shape (N, K).
        log_shares: Logarithms of the classes' shares among the points, shape (K + 1,), the data first.
    """
    data = torch.zeros_like(log_ratios[:, :1])
    return torch.cat([data, log_ratios], dim=1) + log_shares


class LabelledBatches(IterableDataset[tuple[Tensor, Tensor]]):
    """Batches of points with their classes, one half data, one half samples of the components.

    Args:
        data: Points of the class 0, shape (N, *event).
        cumulative: Cumulative weights of these points, shape (N,).
        samples: Points of the other classes, shape (M, *event), in the proportions in which they are to be drawn.
        labels: Their classes, shape (M,), from 1.
        batch_size: Points per batch.
        num_batches: Batches per pass.
        seed: Of the draws.
    """

    def __init__(
        self,
        data: Tensor,
        weights: Tensor,
        samples: Tensor,
        labels: Tensor,
        batch_size: int,
        num_batches: int,
        seed: int,
    ) -> None:
        self.data, self.cumulative = data, weights.cumsum(0)
        self.samples, self.labels = samples, labels
        self.half, self.num_batches, self.seed = max(batch_size // 2, 1), num_batches, seed

    def __len__(self) -> int:
        return self.num_batches

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        from adagan.components.batches import draw_rows

        device = self.data.device
        generator = torch.Generator(device).manual_seed(self.seed)
        zeros = torch.zeros(self.half, dtype=torch.int64, device=device)
        for _ in range(self.num_batches):
            rows = draw_rows(self.cumulative, self.half, generator)
            others = torch.randint(len(self.samples), (self.half,), generator=generator, device=device)
            yield torch.cat([self.data[rows], self.samples[others]]), torch.cat([zeros, self.labels[others]])

    def loader(self) -> DataLoader[tuple[Tensor, Tensor]]:
        """The data loader that hands these batches on as they are."""
        return DataLoader(self, batch_size=None)


class CriticTraining(LightningModule):
    """Softmax regression on noisy points; every so many steps the held-out loss is taken and the best network kept.

    Args:
        network: Points (B, *event) to log ratios (B, K).
        log_shares: Shape (K + 1,), see `class_logits`.
        noise: Standard deviation of the noise added to all points: the critic's resolution.
        learning_rate: Of Adam.
        num_steps: Length of training, over which the learning rate falls to zero along a cosine.
        held_out: Points and classes for early stopping.
        check_every: Steps between two checks.
        patience: Checks without improvement after which training stops.
    """

    def __init__(
        self,
        network: nn.Module,
        log_shares: Tensor,
        *,
        noise: float,
        learning_rate: float,
        num_steps: int,
        held_out: tuple[Tensor, Tensor],
        check_every: int,
        patience: int,
    ) -> None:
        super().__init__()
        self.network = network
        self.log_shares: Tensor
        self.register_buffer("log_shares", log_shares)
        self.noise, self.learning_rate, self.num_steps = noise, learning_rate, num_steps
        self.held_out, self.check_every, self.patience = held_out, check_every, patience
        self.best_loss, self.best_state, self.idle_checks = float("inf"), copy.deepcopy(network.state_dict()), 0

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        optimizer = Adam(self.parameters(), lr=self.learning_rate, fused=True)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=max(self.num_steps, 1))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def _loss(self, points: Tensor, labels: Tensor) -> Tensor:
        if self.noise > 0:
            points = points + self.noise * torch.randn_like(points)
        return cross_entropy(class_logits(self.network(points), self.log_shares), labels)

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        return self._loss(*batch)

    def on_train_batch_end(self, outputs: object, batch: object, batch_idx: int) -> None:
        if (batch_idx + 1) % self.check_every and batch_idx + 1 != self.num_steps:
            return
        self.network.eval()
        with torch.no_grad():
            loss = float(self._loss(*self.held_out))
        self.network.train()
        if loss < self.best_loss:
            self.best_loss, self.best_state, self.idle_checks = loss, copy.deepcopy(self.network.state_dict()), 0
        else:
            self.idle_checks += 1
            self.trainer.should_stop = self.idle_checks >= self.patience

    def on_train_end(self) -> None:
        self.network.load_state_dict(self.best_state)
