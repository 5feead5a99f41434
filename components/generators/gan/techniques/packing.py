"""Packing: several points judged together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn

from adagan.components.generators.gan.techniques.technique import Technique
from adagan.mixtures.errors import UserError
from adagan.mixtures.numbers import check_counts

if TYPE_CHECKING:
    from adagan.components.generators.gan.gan_training import GANTraining


class Packing(Technique):
    """The discriminator judges packs of points, all of the data or all of the model, so that it sees lack of variety.

    The points of a pack are put together along their first axis: a vector of m·D entries, an image of m·C channels. A
    discriminator of the user's own must take these.

    Args:
        size: Points per pack, 2 or more; every minibatch must be a multiple of it.

    References:
        Lin, Khetan, Fanti, Oh, *PacGAN: The power of two samples in generative adversarial networks*, 2018, section 3,
        https://arxiv.org/abs/1712.04086
    """

    def __init__(self, size: int = 2) -> None:
        check_counts(size=size)
        if size == 1:
            raise UserError("size: expected 2 or more points per pack, got 1; leave Packing out")
        self.size = size

    @property
    def points_per_output(self) -> int:
        return self.size

    def install(self, training: GANTraining) -> None:
        training.discriminator = _Packed(training.discriminator, self.size)


class _Packed(nn.Module):
    def __init__(self, discriminator: nn.Module, size: int) -> None:
        super().__init__()
        self.discriminator, self.size = discriminator, size

    def forward(self, points: Tensor) -> Tensor:
        packs = points.reshape(len(points) // self.size, self.size * points.shape[1], *points.shape[2:])
        outputs: Tensor = self.discriminator(packs)
        return outputs
