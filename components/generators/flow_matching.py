"""Flow matching as a component: a velocity field that carries noise to data along straight paths."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from adagan.components.generators.latent import LatentGenerator
from adagan.components.generators.network_plan import NetworkPlan
from adagan.components.networks.given_network import GivenNetwork, OwnNetwork, Trial
from adagan.components.networks.velocity_fields import default_field
from adagan.components.training.batches import WeightedBatches
from adagan.components.training.minimise import minimise
from adagan.components.training.ranks.shares import normal_like, own_rows
from adagan.mixtures.errors import UserError
from adagan.mixtures.numbers import check_counts


class Transport(nn.Module):
    """Noise (B, D) to events (B, *event): the midpoint rule for dx/dt = v(x, t) from t = 0 to t = 1.

    Args:
        field: v, a module called as ``field(points, time)`` with points (B, *event) and time (B,).
        event_shape: Shape of an event, of D entries.
        steps: Number of steps, of two calls of the field each.

    References:
        Süli, Mayers, *An introduction to numerical analysis*, 2003, section 12.2 (the modified Euler method)
    """

    def __init__(self, field: nn.Module, event_shape: tuple[int, ...], steps: int) -> None:
        super().__init__()
        self.field, self.event_shape, self.steps = field, event_shape, steps

    def forward(self, latent: Tensor) -> Tensor:
        x, step = latent.reshape(len(latent), *self.event_shape), 1 / self.steps
        for index in range(self.steps):
            time = latent.new_full((len(latent),), index * step)
            middle = x + 0.5 * step * self.field(x, time)
            x = x + step * self.field(middle, time + 0.5 * step)
        return x


class StraightPathLoss(nn.Module):
    """E |v(x_t, t) − (x₁ − x₀)|² per entry, at x_t = (1 − t) x₀ + t x₁ for noise x₀, data x₁ and t uniform in (0, 1).

    Its minimiser carries the noise's distribution to the data's.

    Args:
        transport: Holds the field v.

    References:
        Lipman, Chen, Ben-Hamu, Nickel, Le, *Flow matching for generative modeling*, 2023, eq. 23 with a smallest
        deviation of 0, https://arxiv.org/abs/2210.02747; Liu, Gong, Liu, *Flow straight and fast*, 2023, eq. 1,
        https://arxiv.org/abs/2209.03003
    """

    def __init__(self, transport: Transport) -> None:
        super().__init__()
        self.transport = transport

    def forward(self, points: Tensor) -> Tensor:
        noise = normal_like(points)
        time = own_rows(len(points), lambda count: torch.rand(count, device=points.device, dtype=points.dtype))
        between = torch.lerp(noise, points, time.reshape(-1, *[1] * (points.ndim - 1)))
        error: Tensor = self.transport.field(between, time) - (points - noise)
        return error.square().mean()


MOST_STEPS = 10_000
"""Of a sample; more are no closer to the flow."""


class FlowMatching(LatentGenerator):
    """Learns the velocities that carry noise to data along straight paths, by regression; samples by integrating them.

    Args:
        field: A module called as ``field(points, time)`` with points (B, *event) and time (B,) that returns velocities
            (B, *event); ``None`` chooses a residual perceptron for vectors and a small U-Net for images. It learns
            scaled data: standardised vectors, images in [−1, 1].
        width: Of the default field; ``None`` means 128 for vectors, 32 channels for images.
        sampling_steps: Steps of the midpoint rule per sample, of two calls of the field each.
        max_steps: Minibatches to train on.
        batch_size: Points per step; ``None`` means 256 for vectors, 64 for images, fewer where there are fewer rows.
        learning_rate: Adam's, falling to zero along a cosine.
        ema_decay: Of the exponential average of the field, the one that samples.
        trainer_options: Further arguments of ``lightning.Trainer``: callbacks, loggers, precision (`trainer_settings`).
        seed: Of initialisation and training; ``None`` takes the run's, or a fresh one outside of a run.

    References:
        See `StraightPathLoss`.
    """

    widths = (128, 32)
    generator_: Transport

    def __init__(
        self,
        field: OwnNetwork | None = None,
        *,
        width: int | None = None,
        sampling_steps: int = 16,
        max_steps: int = 4_000,
        batch_size: int | None = None,
        learning_rate: float = 2e-3,
        ema_decay: float = 0.995,
        trainer_options: Mapping[str, Any] | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(None, width, max_steps, batch_size, learning_rate, ema_decay, trainer_options, seed)
        check_counts(sampling_steps=sampling_steps)
        if sampling_steps > MOST_STEPS:
            raise UserError(f"sampling_steps: expected {MOST_STEPS:,} or fewer, got {sampling_steps}")
        self.given_field = GivenNetwork("field", field)
        self.sampling_steps = sampling_steps

    def make_networks(self, plan: NetworkPlan) -> Mapping[str, nn.Module]:
        points = Trial((plan.points(),), plan.takes(), "velocities", plan.event_shape)
        field = self.given_field.make(
            lambda: default_field(plan.event_shape, plan.width),
            points.beside(plan.like.new_zeros(2), "times of shape (B,)"),
        )
        return {"generator_": Transport(field, plan.event_shape, self.sampling_steps)}

    def train_networks(self, plan: NetworkPlan, batches: WeightedBatches, labels: Tensor | None) -> nn.Module:
        loss = minimise(
            StraightPathLoss(self.generator_),
            batches,
            stage="field",
            learning_rate=self.learning_rate,
            ema_decay=self.ema_decay,
            trainer_options=self.trainer_options,
        )
        return loss.transport

    def num_normal(self, plan: NetworkPlan) -> int:
        return math.prod(plan.event_shape)

    def config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        own = self.given_field.is_own
        return {"width": self.width, "sampling_steps": self.sampling_steps, "own_generator": own}
