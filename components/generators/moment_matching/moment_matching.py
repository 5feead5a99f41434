"""Generative moment matching: a generator trained by a kernel, without a discriminator or with a learnt kernel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from adagan.components.checks import check_kind
from adagan.components.generators.latent import LatentGenerator
from adagan.components.generators.moment_matching.kernels import (
    GaussianKernel,
    Kernel,
    RationalQuadratic,
    median_distance,
    squared_discrepancy,
)
from adagan.components.generators.moment_matching.learnt_features import (
    FeatureDiscrepancy,
    LearntFeatures,
    WitnessPenalty,
    default_features,
)
from adagan.components.generators.network_plan import NetworkPlan
from adagan.components.networks.defaults import default_generator
from adagan.components.networks.given_network import GivenNetwork, OwnNetwork, Trial
from adagan.components.training.batches import WeightedBatches
from adagan.components.training.minimise import minimise
from adagan.components.training.ranks.shares import gathered, own_rows
from adagan.components.training.row_draws import draw_rows
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
        options: dict[str, Any] = {"device": points.device, "dtype": points.dtype}
        latent = own_rows(len(points), lambda count: torch.randn(count, self.latent_dim, **options))
        real, fake = gathered(points), gathered(self.generator(latent))  # all pairs count, across ranks too
        return squared_discrepancy(self.kernel, real / self.unit, fake / self.unit)


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
        trainer_options: Further arguments of ``lightning.Trainer``: callbacks, loggers, precision (`trainer_settings`).
        seed: Of initialisation and training; ``None`` takes the run's, or a fresh one outside of a run.

    References:
        Li, Swersky, Zemel, *Generative moment matching networks*, 2015, section 3, https://arxiv.org/abs/1502.02761;
        Dziugaite, Roy, Ghahramani, *Training generative neural networks via maximum mean discrepancy optimization*,
        2015, https://arxiv.org/abs/1505.03906
    """

    batch_sizes = (256, 256)

    def __init__(
        self,
        kernel: Kernel | None = None,
        *,
        features: LearntFeatures | None = None,
        generator: OwnNetwork | None = None,
        latent_dim: int | None = None,
        width: int | None = None,
        max_steps: int = 4_000,
        batch_size: int | None = None,
        learning_rate: float = 1e-3,
        ema_decay: float = 0.995,
        trainer_options: Mapping[str, Any] | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(latent_dim, width, max_steps, batch_size, learning_rate, ema_decay, trainer_options, seed)
        if batch_size is not None and batch_size < 2:
            raise UserError(f"batch_size: expected 2 or more, since pairs of points are compared, got {batch_size}")
        check_kind("kernel", kernel, Kernel, "GaussianKernel()")
        check_kind("features", features, LearntFeatures, "LearntFeatures()")
        self.given_generator = GivenNetwork("generator", generator)
        if self.given_generator.is_own and latent_dim is None:
            raise UserError("latent_dim: expected the entries of a latent vector beside generator=, got None")
        self.kernel = kernel or (RationalQuadratic() if features is not None else GaussianKernel())
        self.features = features

    def make_networks(self, plan: NetworkPlan) -> Mapping[str, nn.Module]:
        generator = self.given_generator.make(
            lambda: default_generator(plan.latent_dim, plan.event_shape, plan.width), plan.of_generator()
        )
        return {"generator_": generator}

    def own_output(self, latent: Tensor) -> tuple[nn.Module, Tensor] | None:
        """See `LatentGenerator`."""
        return (self.generator_, latent) if self.given_generator.is_own else None

    def train_networks(self, plan: NetworkPlan, batches: WeightedBatches, labels: Tensor | None) -> nn.Module:
        if self.features is None:
            return self._with_fixed_kernel(plan, batches)
        return self._against(self.features, plan, batches)

    def num_normal(self, plan: NetworkPlan) -> int:
        return plan.latent_dim

    def config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        own = self.given_generator.is_own
        return {"latent_dim": self.latent_dim, "width": self.width, "own_generator": own}

    def _with_fixed_kernel(self, plan: NetworkPlan, batches: WeightedBatches) -> nn.Module:
        rows = draw_rows(batches.cumulative, SCALE_POINTS, torch.Generator(batches.data.device).manual_seed(0))
        unit = median_distance(batches.data[rows])
        loss = minimise(
            Discrepancy(self.generator_, self.kernel, plan.latent_dim, unit),
            batches,
            stage="generator",
            learning_rate=self.learning_rate,
            ema_decay=self.ema_decay,
            trainer_options=self.trainer_options,
        )
        return loss.generator

    def _against(self, features: LearntFeatures, plan: NetworkPlan, batches: WeightedBatches) -> nn.Module:
        from adagan.components.generators.gan.gan_training import GANTraining

        network = GivenNetwork("features", features.network).make(
            lambda: default_features(plan.event_shape, features.num_features, plan.width),
            Trial((plan.points(),), plan.takes(), "a matrix of features (B, F)", None),
        )
        training = GANTraining(
            self.generator_,
            network,
            FeatureDiscrepancy(self.kernel),
            latent_dim=plan.latent_dim,
            num_steps=self.max_steps,
            num_samples=(batches.batch_size, batches.batch_size),
            learning_rates=(self.learning_rate, features.learning_rate or self.learning_rate),
            betas=(0.5, 0.9),
            schedule=None,
            penalty=WitnessPenalty(self.kernel, features.penalty) if features.penalty else None,
            penalty_interval=1,
            discriminator_steps=features.steps,
            ema_decay=self.ema_decay,
            head_start=self._start.head_start(self.max_steps) if self._start else 0,
        )
        train(training, batches.loader(), "generator", batches.data.device, self.trainer_options)
        average: nn.Module = training.average.module
        return average
