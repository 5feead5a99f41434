"""Kernels on learnt features: the adversary of a generator that matches moments."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn

from adagan.components.generators.gan.judged_batches import Judge, JudgedBatch
from adagan.components.generators.gan.objectives import Objective
from adagan.components.generators.gan.penalties import Penalty
from adagan.components.generators.moment_matching.kernels import Kernel, squared_discrepancy
from adagan.components.networks.defaults import MLP, ConvolutionalDiscriminator, is_image
from adagan.components.networks.given_network import GivenNetwork, OwnNetwork
from adagan.components.training.ranks.shares import gathered, own_rows
from adagan.mixtures.numbers import check_counts, check_non_negative, check_positive


@dataclass(frozen=True)
class LearntFeatures:
    """Features φ of points, learnt against the generator, that a kernel k(φ(x), φ(y)) compares.

    Args:
        network: A module from points (B, *event) to features (B, F); ``None`` chooses a convolutional network for
            images, and for vectors an MLP beside whose features the points themselves stand: features that are one to
            one see every difference. It is given scaled data.
        num_features: Learnt ones of the default network.
        steps: Feature steps per generator step.
        learning_rate: Of the features; ``None`` means the generator's.
        penalty: Factor of the `WitnessPenalty`; 0 turns it off.

    References:
        Li, Chang, Cheng, Yang, Póczos, *MMD GAN: towards deeper understanding of moment matching network*, 2017, eq. 2,
        https://arxiv.org/abs/1705.08584
    """

    network: OwnNetwork | None = None
    num_features: int = 16
    steps: int = 1
    learning_rate: float | None = None
    penalty: float = 1.0

    def __post_init__(self) -> None:
        GivenNetwork("network", self.network)  # refuses what is none
        check_counts(num_features=self.num_features, steps=self.steps)
        check_positive(learning_rate=self.learning_rate)
        check_non_negative(penalty=self.penalty)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self  # see `GivenNetwork`


class BesidePoints(nn.Module):
    """x ↦ (x, φ(x)), flattened.

    Args:
        network: φ, points (B, *event) to features (B, F).
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, points: Tensor) -> Tensor:
        return torch.cat([points.flatten(1), self.network(points)], dim=1)


def default_features(event_shape: Sequence[int], num_features: int, width: int) -> nn.Module:
    """A convolutional network for images, the points and an MLP of them for everything else."""
    if is_image(event_shape):
        return ConvolutionalDiscriminator(event_shape, max(width // 2, 16), num_features)
    return BesidePoints(MLP(math.prod(event_shape), (num_features,), (width,) * 3, nn.SiLU))


class FeatureDiscrepancy(Objective):
    """MMD² between the features of data and of samples: the features raise it, the generator lowers it.

    Args:
        kernel: Of the features.
    """

    paired: ClassVar[bool] = True
    needs_bounded_slope: ClassVar[bool] = True

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        return -squared_discrepancy(self.kernel, gathered(real), gathered(fake))

    def generator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        return squared_discrepancy(self.kernel, gathered(real), gathered(fake))


class WitnessPenalty(Penalty):
    """factor · E[(‖∇w(x)‖ − 1)²] at random points x between data and samples.

    w(x) = E_data k(φ(x), φ(y)) − E_model k(φ(x), φ(y)) is the witness, the function that tells the two apart.

    Args:
        kernel: k.
        factor: The reference's lambda.

    References:
        Bińkowski, Sutherland, Arbel, Gretton, *Demystifying MMD GANs*, 2018, section 2.1 (witness) and 4 (penalty),
        https://arxiv.org/abs/1801.01401
    """

    def __init__(self, kernel: Kernel, factor: float = 1.0) -> None:
        super().__init__(factor)
        self.kernel = kernel

    def __call__(self, batch: JudgedBatch, judge: Judge) -> Tensor:
        count = min(len(batch.real), len(batch.fake))
        real, fake = batch.real[:count].detach(), batch.fake[:count].detach()
        ones = [1] * (real.ndim - 1)
        share = own_rows(count, lambda rows: torch.rand(rows, *ones, dtype=real.dtype, device=real.device))
        between = torch.lerp(fake, real, share).requires_grad_()
        features = judge(between)
        at_real, at_fake = gathered(batch.at_real), gathered(batch.at_fake)
        witness = self.kernel(features, at_real).mean(dim=1) - self.kernel(features, at_fake).mean(dim=1)
        (gradient,) = torch.autograd.grad(witness.sum(), between, create_graph=True)
        penalty: Tensor = (torch.linalg.vector_norm(gradient.flatten(1), dim=1) - 1).square().mean()
        return penalty
