"""How a generator and its discriminator train each other: one Lightning module for every objective."""

from __future__ import annotations

from typing import Any

import torch
from lightning.pytorch import LightningModule
from torch import Tensor, nn
from torch.optim import Adam, Optimizer
from torch.optim.lr_scheduler import LambdaLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from adagan.components.objectives import Objective


def gradient_penalty(points: Tensor, outputs: Tensor) -> Tensor:
    """Mean squared norm of the discriminator's gradient at `points` (which require gradients).

    R1 at data, R2 at samples: Mescheder, Geiger, Nowozin, *Which training methods for GANs do actually converge?*,
    2018, https://arxiv.org/abs/1801.04406, eq. 9.
    """
    (gradient,) = torch.autograd.grad(outputs.sum(), points, create_graph=True)
    return gradient.flatten(1).square().sum(dim=1).mean()


class GANTraining(LightningModule):
    """Alternating steps: the discriminator's, then the generator's, with an exponential average of the generator.

    Args:
        generator: Latent vectors (B, latent_dim) to samples (B, *event).
        discriminator: Points (B, *event) to numbers (B,), larger meaning more real.
        objective: The two losses.
        latent_dim: Entries of a latent vector.
        num_steps: Length of training, over which the learning rates fall to zero along a cosine.
        learning_rate: The generator's.
        discriminator_learning_rate: The discriminator's.
        betas: Of both Adam optimisers.
        penalty: Factor of the R1 penalty at data and the R2 penalty at samples.
        penalty_interval: The penalties are applied at every so many steps, with a factor as much larger.
        discriminator_steps: Discriminator steps per generator step.
        ema_decay: Of the generator's exponential average.
    """

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        objective: Objective,
        *,
        latent_dim: int,
        num_steps: int,
        learning_rate: float,
        discriminator_learning_rate: float,
        betas: tuple[float, float],
        penalty: float,
        penalty_interval: int,
        discriminator_steps: int,
        ema_decay: float,
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.generator, self.discriminator, self.objective = generator, discriminator, objective
        average = get_ema_multi_avg_fn(ema_decay)  # type: ignore[no-untyped-call]
        self.average = AveragedModel(generator, multi_avg_fn=average, use_buffers=True)
        self.latent_dim, self.num_steps = latent_dim, num_steps
        self.rates = (learning_rate, discriminator_learning_rate)
        self.betas = betas
        self.penalty, self.penalty_interval = penalty, penalty_interval
        self.discriminator_steps = discriminator_steps

    def configure_optimizers(self) -> tuple[list[Optimizer], list[LambdaLR]]:
        parts = (self.generator, self.discriminator)
        optimizers: list[Optimizer] = [
            Adam(part.parameters(), lr=rate, betas=self.betas, fused=True)
            for part, rate in zip(parts, self.rates, strict=True)
        ]
        length = torch.pi / max(self.num_steps, 1)
        return optimizers, [
            LambdaLR(o, lambda step: 0.5 + 0.5 * float(torch.cos(torch.tensor(step * length)))) for o in optimizers
        ]

    def _latent(self, like: Tensor) -> Tensor:
        return torch.randn(len(like), self.latent_dim, device=like.device, dtype=like.dtype)

    def training_step(self, real: Tensor, batch_idx: int) -> dict[str, Tensor]:
        optimizers: Any = self.optimizers()
        generator_optimizer, discriminator_optimizer = optimizers
        discriminator_loss = self._discriminator_step(real, batch_idx, discriminator_optimizer)
        loss = discriminator_loss
        if (batch_idx + 1) % self.discriminator_steps == 0:
            loss = loss + self._generator_step(real, generator_optimizer)
            self.average.update_parameters(self.generator)
        schedulers: Any = self.lr_schedulers()
        for scheduler in schedulers:
            scheduler.step()
        return {"loss": loss}

    def _discriminator_step(self, real: Tensor, step: int, optimizer: Any) -> Tensor:
        penalised = self.penalty > 0 and step % self.penalty_interval == 0
        with torch.no_grad():
            fake: Tensor = self.generator(self._latent(real))
        points = torch.cat([real, fake]).requires_grad_(penalised)
        outputs: Tensor = self.discriminator(points)
        at_real, at_fake = outputs.chunk(2)
        loss = self.objective.discriminator_loss(at_real, at_fake)
        total = loss
        if penalised:
            # the mean over both halves is (R1 + R2)/2, and the usual factor is penalty/2 each
            total = loss + self.penalty * self.penalty_interval * gradient_penalty(points, outputs)
        optimizer.zero_grad(set_to_none=True)
        self.manual_backward(total)
        optimizer.step()
        return loss.detach()

    def _generator_step(self, real: Tensor, optimizer: Any) -> Tensor:
        self.discriminator.requires_grad_(False)
        loss = self.objective.generator_loss(self.discriminator(self.generator(self._latent(real))))
        optimizer.zero_grad(set_to_none=True)
        self.manual_backward(loss)
        optimizer.step()
        self.discriminator.requires_grad_(True)
        return loss.detach()
