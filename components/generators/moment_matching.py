"""Generative moment matching: a generator trained by a kernel, without a discriminator or with a learnt kernel."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from adagan.components.checks import check_decays, check_kind, check_positive
from adagan.components.generators.gan.gan_training import GANTraining
from adagan.components.generators.latent import LatentGenerator, Template
from adagan.components.networks.kernels import (
    GaussianKernel,
    Kernel,
    RationalQuadratic,
    median_distance,
    squared_discrepancy,
)
from adagan.components.networks.learnt_features import (
    FeatureDiscrepancy,
    LearntFeatures,
    WitnessPenalty,
    default_features,
)
from adagan.components.training.batches import WeightedBatches, draw_rows
from adagan.components.training.loss_training import minimise
from adagan.components.training.trainer import train
from adagan.mixtures.errors import UserError

SCALE_POINTS = 1_000
"""Points of which the median distance is taken: the cost grows with their square."""


class Discrepancy(nn.Module):
    """MMD² between a minibatch and as many samples, in units of the data's median distance.

    Args:
        generator: Latent vectors (B, latent_dim) to events (B, *event).
        kernel: Of the distances in these units.
        latent_dim: Entries of a latent vector.
        unit: The median distance, a scalar.
    """

    unit: Tensor

    def __init__(self, generator: nn.Module, kernel: Kernel, latent_dim: int, unit: Tensor) -> None:
        super().__init__()
        self.generator, self.kernel, self.latent_dim = generator, kernel, latent_dim
        self.register_buffer("unit", unit)

    def forward(self, points: Tensor) -> Tensor:
        latent = torch.randn(len(points), self.latent_dim, device=points.device, dtype=points.dtype)
        return squared_discrepancy(self.kernel, points / self.unit, self.generator(latent) / self.unit)


class MomentMatching(LatentGenerator):
    """A generator that minimises the maximum mean discrepancy between its samples and the data.

    A kernel on points suffices in few dimensions; images and long vectors want one on features that are learnt against
    the generator, ``features=LearntFeatures()``.

    Args:
        kernel: Of distances in units of the median distance between data points, or, with `features`, of distances
            between features; ``None`` means GaussianKernel() and, with `features`, RationalQuadratic().
        features: What the kernel compares instead of the points themselves; ``None`` compares the points.
        generator: A module from latent vectors (B, latent_dim) to samples (B, *event); ``None`` chooses an MLP for
            vectors and a small convolutional network for images (1 to 4 channels, 8 to 64 pixels). It learns scaled
            data: standardised vectors, images in [−1, 1].
        latent_dim: Entries of a latent vector; ``None`` means 8 for vectors of up to 8 entries, else 32.
        width: Of the layers of the default generator; ``None`` means 128 for vectors, 64 channels for images.
        max_steps: Minibatches to train on.
        batch_size: Points per step, and as many samples; the discrepancy is estimated from their pairs. ``None`` means
            256, fewer where there are fewer rows.
        learning_rate: Adam's, falling to zero along a cosine.
        ema_decay: Of the exponential average of the generator, the one that samples.
        trainer_options: Further arguments of ``lightning.Trainer``: callbacks, loggers, precision, strategy.
        seed: Of initialisation and training; ``None`` takes torch's last manual seed.

    References:
        Li, Swersky, Zemel, *Generative moment matching networks*, 2015, section 3, https://arxiv.org/abs/1502.02761;
        Dziugaite, Roy, Ghahramani, *Training generative neural networks via maximum mean discrepancy optimization*,
        2015, https://arxiv.org/abs/1505.03906
    """

    def __init__(
        self,
        kernel: Kernel | None = None,
        *,
        features: LearntFeatures | None = None,
        generator: nn.Module | None = None,
        latent_dim: int | None = None,
        width: int | None = None,
        max_steps: int = 4_000,
        batch_size: int | None = None,
        learning_rate: float = 1e-3,
        ema_decay: float = 0.995,
        trainer_options: Mapping[str, Any] | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(
            generator, latent_dim=latent_dim, width=width, max_steps=max_steps, batch_size=batch_size, seed=seed
        )
        if batch_size is not None and batch_size < 2:
            raise UserError(f"batch_size: expected 2 or more, since pairs of points are compared, got {batch_size}")
        check_positive(learning_rate=learning_rate)
        check_decays(ema_decay=ema_decay)
        check_kind("kernel", kernel, Kernel, "GaussianKernel()")
        check_kind("features", features, LearntFeatures, "LearntFeatures()")
        self.kernel = kernel or (RationalQuadratic() if features is not None else GaussianKernel())
        self.features = features
        self.learning_rate, self.ema_decay = learning_rate, ema_decay
        self.trainer_options = dict(trainer_options or {})

    def _batch_size(self, event_shape: Sequence[int]) -> int:
        return 256

    def train_generator(self, batches: WeightedBatches, event_shape: tuple[int, ...]) -> nn.Module:
        if self.features is None:
            return self._with_fixed_kernel(batches, event_shape)
        return self._against(self.features, batches, event_shape)

    def _with_fixed_kernel(self, batches: WeightedBatches, event_shape: tuple[int, ...]) -> nn.Module:
        rows = draw_rows(batches.cumulative, SCALE_POINTS, torch.Generator(batches.data.device).manual_seed(0))
        unit = median_distance(batches.data[rows])
        loss = minimise(
            Discrepancy(self.generator_, self.kernel, self._latent_dim(event_shape), unit),
            batches,
            stage="generator",
            learning_rate=self.learning_rate,
            ema_decay=self.ema_decay,
            trainer_options=self.trainer_options,
        )
        return loss.generator

    def _against(self, features: LearntFeatures, batches: WeightedBatches, event_shape: tuple[int, ...]) -> nn.Module:
        width, points = self._width(event_shape), batches.data
        network = Template(features.network).copy_or(default_features, event_shape, features.num_features, width)
        network.to(points)
        if features.network is not None:
            _check_features(network, points[:2])
        training = GANTraining(
            self.generator_,
            network,
            FeatureDiscrepancy(self.kernel),
            latent_dim=self._latent_dim(event_shape),
            num_steps=self.max_steps,
            num_samples=(batches.batch_size, batches.batch_size),
            learning_rates=(self.learning_rate, features.learning_rate or self.learning_rate),
            betas=(0.5, 0.9),
            schedule=None,
            penalty=WitnessPenalty(self.kernel, features.penalty) if features.penalty else None,
            penalty_interval=1,
            discriminator_steps=features.steps,
            ema_decay=self.ema_decay,
            head_start=self.head_start,
        )
        train(training, batches.loader(), "generator", points.device, self.trainer_options)
        average: nn.Module = training.average.module
        return average


@torch.no_grad()
def _check_features(network: nn.Module, points: Tensor) -> None:
    """Makes sure that a module of the user's own makes features, before training starts."""
    try:
        made: Tensor = copy.deepcopy(network).eval()(points)
    except (RuntimeError, TypeError) as error:
        raise UserError(
            f"features: the network does not take points of shape {('B', *points.shape[1:])}: {error}"
        ) from error
    if made.ndim != 2 or len(made) != len(points):
        raise UserError(f"features: expected the network to make a matrix (B, F), got shape {tuple(made.shape)}")
