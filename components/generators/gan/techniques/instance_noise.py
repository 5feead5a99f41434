"""Noise on everything that the discriminator sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from adagan.components.generators.gan.techniques.technique import Technique
from adagan.components.training.ranks.shares import normal_like
from adagan.mixtures.numbers import check_positive

if TYPE_CHECKING:
    from adagan.components.generators.gan.gan_training import GANTraining


class InstanceNoise(Technique):
    """Normal noise on data and samples before they are judged, falling linearly to none over the training.

    Distributions near low-dimensional sets can be told apart perfectly, which leaves the generator without a gradient;
    smoothed by noise they overlap, and the discriminator tells how far they are from each other.

    Args:
        std: Standard deviation at the start, in units of the scaled data (standardised vectors, images in [−1, 1]).
        annealed: Whether it falls to zero; otherwise it stays, and the generator learns the data as they are all the
            same, since both sides are smoothed alike.

    References:
        Arjovsky, Bottou, *Towards principled methods for training generative adversarial networks*, 2017, section 3,
        https://arxiv.org/abs/1701.04862

        Sønderby, Caballero, Theis, Shi, Huszár, *Amortised MAP inference for image super-resolution*, 2016,
        section 3.1, https://arxiv.org/abs/1610.04490
    """

    def __init__(self, std: float = 0.5, *, annealed: bool = True) -> None:
        check_positive(std=std)
        self.std, self.annealed = std, annealed

    def install(self, training: GANTraining) -> None:
        def add_noise(points: Tensor) -> Tensor:
            std = self.std * (1 - training.progress) if self.annealed else self.std
            return points + std * normal_like(points)

        training.transforms.append(add_noise)
